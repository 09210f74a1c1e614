import numpy as np
import pytest
from safetensors.numpy import save

from sav_core.errors import VectorFileError
from sav_core.tensor_file import TensorFile

KIND = TensorFile(
    key="toy",
    error=VectorFileError,
    missing="no {path}",
    broken="{path} is broken: {error}",
    foreign="{path} is another kind",
    changed="{path} was changed",
)
OTHER = TensorFile("other", VectorFileError, "no {path}", "broken", "foreign", "changed")
ARRAYS = {"b": np.arange(6.0).reshape(2, 3), "a": np.array([1, 2], dtype=np.int64)}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "file.toy"
    path.write_bytes(KIND.content(ARRAYS, '{"n": 1}'))
    return path


def test_what_was_written_is_read(path):
    arrays, header = KIND.read(path)
    assert header == '{"n": 1}'
    assert arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(arrays[name], array)
        assert arrays[name].dtype == array.dtype


def test_the_same_content_is_the_same_bytes_whatever_the_order_and_layout_of_the_arrays(path):
    for _ in range(5):
        turned = {"a": ARRAYS["a"], "b": np.asfortranarray(ARRAYS["b"])}
        assert KIND.content(turned, '{"n": 1}') == path.read_bytes()


def test_each_fault_is_told_in_the_sentence_of_its_kind(path, tmp_path):
    with pytest.raises(VectorFileError, match=r"^no .*none\.toy$"):
        KIND.read(tmp_path / "none.toy")
    with pytest.raises(VectorFileError, match="foreign"):
        OTHER.read(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    with pytest.raises(VectorFileError, match=r"file\.toy is broken: \w+"):
        KIND.read(path)
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(VectorFileError, match="was changed"):
        KIND.read(path)
    path.write_bytes(save(ARRAYS))
    with pytest.raises(VectorFileError, match="is another kind"):
        KIND.read(path)


def test_a_header_without_its_own_checksum_is_refused(path):
    path.write_bytes(save(ARRAYS, metadata={"toy": '{"n": 1}'}))
    with pytest.raises(VectorFileError, match="was changed"):
        KIND.read(path)
