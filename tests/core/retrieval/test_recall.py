import numpy as np
import pytest
from PIL import Image

from sav_core.data.examples import Example
from sav_core.errors import InputError, SettingError
from sav_core.retrieval.nearest import nearest, recall_at
from sav_core.retrieval.recall import Space, pixel_space, recall_report
from sav_core.types import Head
from tests.support.problems import clusters, head_vectors

HEADS = (Head(0, 1), Head(2, 3))


def test_recall_is_that_of_the_neighbours_in_each_space():
    index, queries = clusters(seed=1), clusters(per_label=2, seed=2)
    report = recall_report({"heads": Space(index, queries, HEADS), "one": Space(index, queries, HEADS[:1])}, [3, 1])
    for name, heads in (("heads", HEADS), ("one", HEADS[:1])):
        found = nearest(index, queries, heads, 3)
        assert report[name] == {k: recall_at(k, found, index.labels, queries.labels) for k in (1, 3)}


def test_an_index_in_itself_finds_no_example_as_itself():
    vectors = head_vectors(np.array([[1, 0], [1, 0.01], [0, 1], [0.01, 1]])[:, None, None], ["a", "b", "a", "b"])
    assert recall_report({"all": Space(vectors, vectors, (Head(0, 0),))}, [1, 3]) == {"all": {1: 0, 3: 1}}


def test_pixels_find_what_looks_alike():
    examples = [Example(Image.new("RGB", (8, 8), (value,) * 3), label=label) for value, label in
                ((0, "dark"), (5, "dark"), (250, "bright"), (255, "bright"))]  # fmt: skip
    assert recall_report({"raw_pixels": pixel_space(examples, examples)}, [1]) == {"raw_pixels": {1: 1.0}}


def test_what_cannot_be_judged_is_refused():
    vectors = clusters()
    with pytest.raises(SettingError, match="k must be from 1 to 17"):
        recall_report({"all": Space(vectors, vectors, HEADS)}, [18])
    with pytest.raises(SettingError, match="k must be from 1"):
        recall_report({"all": Space(vectors, vectors, HEADS)}, [])
    single = clusters(per_label=1)
    with pytest.raises(InputError, match="another example of"):
        recall_report({"all": Space(single, single, HEADS)}, [1])
