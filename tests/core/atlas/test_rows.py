"""Rows of an atlas: the counts that a file stores, what older files say, and whom an atlas refuses."""

from pathlib import Path

import numpy as np
import pytest

from sav_core.atlas import Atlas, row_of, row_of_file
from sav_core.errors import InputError
from sav_core.heads.classifier import HeadClassifier
from sav_core.heads.classifier_file import Provenance, write_classifier
from sav_core.heads.scoring import fit_heads
from sav_core.types import Head
from tests.support.atlases import row
from tests.support.problems import clusters

COMPAT = Path(__file__).resolve().parents[2] / "compat"


@pytest.mark.parametrize("voting", ["majority", "gaussian", "reliability"])
def test_a_file_stores_how_often_each_head_is_right_on_an_example_left_out(tmp_path, voting):
    vectors = clusters(noise=2.0)
    fitted = HeadClassifier(4, voting).fit(vectors)
    write_classifier(tmp_path / "pets.sav", fitted.fitted_, Provenance("m", "id", "float32", "pil", None, 4, voting))
    found, codes = row_of_file(tmp_path / "pets.sav"), np.repeat(np.arange(3), 6)
    honest = fit_heads(vectors, codes, 3, scoring="leave_one_out").scores
    np.testing.assert_array_equal(found.correct, honest.correct)
    assert (found.n, found.left_out, found.counted) == (18, True, "left out")
    assert (found.name, found.model, found.identity, found.kept) == ("pets", "m", "id", fitted.kept_heads_)
    assert (found.correct < fit_heads(vectors, codes, 3).scores.correct).any(), "the training score is another"


def test_who_is_alone_under_a_label_is_not_counted():
    vectors = clusters(n_labels=3, per_label=2).take([0, 1, 2, 3, 4])
    found = HeadClassifier(2).fit(vectors).fitted_.left_out
    assert found.n == 4
    assert found.correct.max() <= 4
    assert HeadClassifier(2).fit(vectors.take([0, 2, 4])).fitted_.left_out is None


def test_a_row_without_counts_says_that_it_is_of_training_scores():
    fitted = HeadClassifier(2).fit(clusters(per_label=1)).fitted_
    found = row_of("one each", fitted, [Head(0, 0)], model="m", identity="id")
    assert (found.left_out, found.counted, found.n) == (False, "training score", 3)


@pytest.mark.parametrize("rule", ["majority", "gaussian", "reliability"])
def test_a_file_of_an_earlier_version_is_a_row_of_training_scores(rule):
    found = row_of_file(COMPAT / f"colour-{rule}.sav")
    assert (found.counted, found.n, found.chance) == ("training score", sum(found.examples), 0.25)
    assert len(found.kept) >= 20
    assert found.correct.max() <= found.n


def test_skill_is_nothing_at_guessing_and_one_where_all_is_right():
    found = row("a", [(0, 0)], correct=[[5, 10, 0, 6]], shape=(1, 4))
    np.testing.assert_allclose(found.skill, [[0.0, 1.0, -1.0, 0.2]])
    assert found.best == Head(0, 1)


def test_rows_of_another_model_are_refused_by_their_names():
    with pytest.raises(InputError, match=r"one model, but 'a' is of a model and 'b' of another version of a model: make"):
        Atlas.of([row("a", [(0, 0)]), row("b", [(0, 0)], identity="two")])
    with pytest.raises(InputError, match="'b' of something else"):
        Atlas.of([row("a", [(0, 0)]), row("b", [(0, 0)], identity="two", model="something else")])
    with pytest.raises(InputError, match="needs at least one task"):
        Atlas.of([])


def test_rows_of_one_name_are_told_apart_and_what_was_not_read_is_no_number():
    found = Atlas.of([row("a", [(0, 1)], shape=(1, 4)), row("a", [(1, 3)], shape=(2, 4))])
    assert found.names == ("a", "a (2)")
    assert found.shape == (2, 4)
    assert found.shared_layers == 1
    assert np.isnan(found.skill[0, 1]).all()
    assert not np.isnan(found.skill[1]).any()
    assert np.argwhere(found.kept).tolist() == [[0, 0, 1], [1, 1, 3]]
