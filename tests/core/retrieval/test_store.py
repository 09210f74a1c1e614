"""The index on disk finds what comparing with all finds."""

import json

import numpy as np
import pytest

from sav_core.errors import InputError, SettingError
from sav_core.retrieval import store as module
from sav_core.retrieval.compression import compress
from sav_core.retrieval.export import export_vectors
from sav_core.retrieval.nearest import nearest
from sav_core.retrieval.store import Store, is_store, write_store
from sav_core.types import Head
from tests.support.problems import head_vectors

HEADS = [Head(0, 1), Head(0, 0)]


def vectors(count, seed=0):
    values = np.random.default_rng(seed).standard_normal((count, 1, 2, 8))
    return head_vectors(values, [f"label {row % 3}" for row in range(count)])


def test_without_faiss_one_sentence_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "faiss", None)
    with pytest.raises(SettingError, match=r"pip install -r requirements-index\.txt"):
        write_store(tmp_path / "v.index", ["v.parquet"])
    assert not is_store(tmp_path / "v.index")


@pytest.fixture
def files(tmp_path):
    """The vectors in two files, of the heads in another order than the model's."""
    every = vectors(60)
    paths = [str(tmp_path / f"part-{part}.parquet") for part in (0, 1)]
    for path, rows in zip(paths, (range(25), range(25, 60)), strict=True):
        export_vectors(path, compress(every.take(rows), HEADS), model_name="tiny")
    return paths


def test_it_finds_what_comparing_with_all_finds(files, tmp_path):
    assert write_store(tmp_path / "v.index", files) == 60
    assert is_store(tmp_path / "v.index")
    store, queries = Store(tmp_path / "v.index"), vectors(5, seed=1)
    assert (len(store), store.heads, store.model_name, store.computed_in) == (60, (*HEADS,), "tiny", "float32")
    found, expected = store.nearest(queries.of(HEADS), 4), nearest(vectors(60), queries, HEADS, 4)
    np.testing.assert_array_equal(found.positions, expected.positions)
    np.testing.assert_allclose(found.similarity, expected.similarity, atol=1e-3)
    every = vectors(60)
    assert store.names([40, 3]) == [(every.names[40], "label 1"), (every.names[3], "label 0")]
    assert store.nearest(queries.of(HEADS), 100).positions.shape == (5, 60)


def test_codes_of_one_bit_a_number_find_nearly_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_ALL_COMPARED", 100)
    every, queries = vectors(2000), vectors(20, seed=1)
    export_vectors(tmp_path / "v.parquet", compress(every, HEADS, half=True))
    write_store(tmp_path / "v.index", [str(tmp_path / "v.parquet")])
    found = Store(tmp_path / "v.index").nearest(queries.of(HEADS), 10).positions
    expected = nearest(every, queries, HEADS, 10).positions
    assert np.mean([len({*one} & {*other}) / 10 for one, other in zip(found, expected, strict=True)]) > 0.9


def test_what_cannot_be_indexed_or_searched_is_refused(files, tmp_path):
    export_vectors(tmp_path / "other.parquet", compress(vectors(5), HEADS[:1]))
    export_vectors(tmp_path / "none.parquet", compress(vectors(0), HEADS))
    (tmp_path / "text.parquet").write_text("no table")
    for paths, told in (
        ([files[0], str(tmp_path / "other.parquet")], "of another model or of other heads"),
        ([str(tmp_path / "none.parquet")], "no vectors to index"),
        ([str(tmp_path / "text.parquet")], "no Parquet file of vectors"),
    ):
        with pytest.raises(InputError, match=told):
            write_store(tmp_path / "v.index", paths)
        assert not (tmp_path / "v.index").exists()
    write_store(tmp_path / "v.index", files)
    with pytest.raises(SettingError, match="is there already"):
        write_store(tmp_path / "v.index", files)
    store = Store(tmp_path / "v.index")
    with pytest.raises(InputError, match="of 2 heads x 8 numbers"):
        store.nearest(np.ones((1, 1, 8)))
    with pytest.raises(SettingError, match="k must be 1 or more"):
        store.nearest(np.ones((1, 2, 8)), 0)
    (tmp_path / "v.index" / "about.json").write_text(json.dumps({}))
    with pytest.raises(InputError, match="no index, or damaged"):
        Store(tmp_path / "v.index")
