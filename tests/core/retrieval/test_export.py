import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from sav_core.errors import SettingError
from sav_core.retrieval.compression import compress
from sav_core.retrieval.export import export_vectors
from sav_core.types import Head
from tests.support.problems import clusters, head_vectors

HEADS = [Head(3, 4), Head(0, 1)]


@pytest.mark.parametrize("half", [False, True])
def test_an_npz_opens_without_pickle_and_holds_what_went_in(tmp_path, half):
    vectors = clusters()
    size = export_vectors(tmp_path / "v.npz", compress(vectors, HEADS, half=half), model_name="tiny")
    assert size == (tmp_path / "v.npz").stat().st_size
    with np.load(tmp_path / "v.npz", allow_pickle=False) as file:
        assert file["values"].dtype == (np.float16 if half else np.float32)
        np.testing.assert_allclose(file["values"][:, 0], vectors.values[:, 3, 4], rtol=1e-3 if half else 0, atol=1e-6)
        assert file["heads"].tolist() == [[3, 4], [0, 1]]
        assert file["labels"].tolist() == list(vectors.labels)
        assert file["names"].tolist() == list(vectors.names)
        assert file["model_name"].item() == "tiny"


@pytest.mark.parametrize("half", [False, True])
def test_a_parquet_file_has_a_column_for_each_head(tmp_path, half):
    vectors = clusters()
    export_vectors(tmp_path / "v.parquet", compress(vectors, HEADS, half=half), model_name="tiny")
    table = pq.read_table(tmp_path / "v.parquet")
    assert table.column_names == ["name", "label", "L3.H4", "L0.H1"]
    assert table["label"].to_pylist() == list(vectors.labels)
    np.testing.assert_allclose(table["L0.H1"].to_pylist(), vectors.values[:, 0, 1], rtol=1e-3 if half else 1e-7, atol=1e-6)
    about = json.loads(table.schema.metadata[b"sav"])
    heads = ["L3.H4", "L0.H1"]
    assert about == {"model": "", "model_name": "tiny", "computed_in": "float32", "dim": 8, "heads": heads}


def test_a_label_that_is_unknown_stays_unknown(tmp_path):
    vectors = head_vectors(np.ones((2, 1, 1, 3)), [None, "cat"])
    export_vectors(tmp_path / "v.parquet", compress(vectors))
    assert pq.read_table(tmp_path / "v.parquet")["label"].to_pylist() == [None, "cat"]
    export_vectors(tmp_path / "v.npz", compress(vectors))
    with np.load(tmp_path / "v.npz", allow_pickle=False) as file:
        assert file["labels"].tolist() == ["", "cat"]


def test_another_ending_is_refused(tmp_path):
    with pytest.raises(SettingError, match=r"\.npz or \.parquet"):
        export_vectors(tmp_path / "v.csv", compress(clusters()))
    assert not list(tmp_path.iterdir())
