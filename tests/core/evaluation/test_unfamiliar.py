import json

import numpy as np
import pytest

from sav_core.errors import BackboneError
from sav_core.evaluation.unfamiliar import FILE_NAME, Unfamiliar, read_unfamiliar
from tests.support.problems import head_vectors

SHAPE = (2, 3, 4)


@pytest.fixture
def told():
    """A kind whose pictures point along one direction in every head."""
    weights = np.zeros(SHAPE)
    weights[..., 0] = 1.0
    return {"model": "abc", "kind": "photographs", "limit": 0.5, "offset": -3.0, "weights": weights.tolist()}


def pictures(*along):
    values = np.zeros((len(along), *SHAPE))
    values[..., 0] = np.array(along)[:, None, None]
    values[..., 1] = np.sqrt(1 - values[..., 0] ** 2)
    return head_vectors(7 * values)  # of any length


def test_a_set_is_of_the_kind_where_its_median_is(tmp_path, told):
    (tmp_path / FILE_NAME).write_text(json.dumps(told))
    weak = read_unfamiliar(tmp_path)
    assert weak.kind == "photographs"
    np.testing.assert_allclose(weak.logits(pictures(1.0, 0.5)), [3.0, 0.0], atol=1e-6)
    assert weak.holds(pictures(1.0, 0.9, 0.1))
    assert not weak.holds(pictures(1.0, 0.1, 0.1))
    assert not weak.holds(head_vectors(np.ones((3, 2, 3, 5)))), "the vectors of another model mean something else"


def test_nothing_stored_is_no_kind_at_all(tmp_path):
    assert read_unfamiliar(tmp_path) is None
    assert read_unfamiliar(tmp_path / "Qwen" / "Qwen2-VL-2B-Instruct") is None


@pytest.mark.parametrize("wrong", ["", "[]", "{}", '{"model": 1}', "weights"])
def test_a_damaged_file_is_named(tmp_path, told, wrong):
    (tmp_path / FILE_NAME).write_text(json.dumps({**told, "weights": [[1.0]]}) if wrong == "weights" else wrong)
    with pytest.raises(BackboneError, match="unfamiliar"):
        read_unfamiliar(tmp_path)


def test_it_is_told_by_a_plain_sum_over_the_heads():
    weights = np.random.default_rng(0).standard_normal(SHAPE)
    weak = Unfamiliar("abc", "photographs", weights, 0.25, 0.0)
    vectors = head_vectors(np.random.default_rng(1).standard_normal((3, *SHAPE)))
    for row, logit in enumerate(weak.logits(vectors)):
        total = 0.25
        for layer in range(2):
            for head in range(3):
                x = vectors.values[row, layer, head].astype(float)
                total += float(x @ weights[layer, head] / np.linalg.norm(x))
        assert logit == pytest.approx(total, abs=1e-6)
