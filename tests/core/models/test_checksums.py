import shutil

import pytest

from sav_core.errors import ModelNotFoundError, UnsupportedModelError
from sav_core.models.checksums import check_files, write_sums
from sav_core.settings import settings


@pytest.fixture
def model(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(bytes(10_000))
    write_sums(tmp_path)
    return tmp_path


def test_the_embedded_model_is_the_one_whose_sums_were_written():
    check_files(settings().embedded_model)
    assert (settings().embedded_model / "SHA256SUMS").exists()


def test_one_bit_that_fell_over_is_found(model):
    check_files(model)
    weights = bytearray(10_000)
    weights[4321] = 1
    (model / "model.safetensors").write_bytes(weights)
    with pytest.raises(UnsupportedModelError, match="are damaged, or others than SHA256SUMS"):
        check_files(model)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_what_is_missing_is_named(model, name):
    (model / name).unlink()
    with pytest.raises(ModelNotFoundError, match="but it has no"):
        check_files(model)
    shutil.rmtree(model)
    with pytest.raises(ModelNotFoundError, match=r"but it has no config\.json: fetch the repository anew"):
        check_files(model)


def test_a_shard_that_is_gone_and_a_folder_without_sums(model):
    (model / "model-2.safetensors").write_bytes(b"more")
    write_sums(model)
    (model / "model-2.safetensors").unlink()
    with pytest.raises(ModelNotFoundError, match=r"model-2\.safetensors cannot be read"):
        check_files(model)
    (model / "SHA256SUMS").unlink()
    check_files(model)
