import shutil
import socket

import pytest

from sav_core.models.local_models import local_models
from sav_core.settings import Settings
from sav_core.types import Geometry
from tests.support.tiny_models import write_checkpoint


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """``hub(id, folder)`` puts a folder into a hub cache of the test's own."""
    cache = tmp_path / "hub"
    cache.mkdir()
    monkeypatch.setattr("sav_core.models.local_models.scan_cache_dir", lambda: scan(cache))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))

    def put(hub_id, folder):
        home = cache / f"models--{hub_id.replace('/', '--')}"
        (home / "refs").mkdir(parents=True)
        (home / "refs" / "main").write_text("0" * 40)
        return shutil.copytree(folder, home / "snapshots" / ("0" * 40))

    return put


def scan(cache):
    from huggingface_hub import scan_cache_dir

    return scan_cache_dir(cache)


def test_what_can_be_loaded_here_is_listed_without_a_download(hub, tiny_checkpoint, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise AssertionError("the network was asked")

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr(socket, "getaddrinfo", fail)
    monkeypatch.setattr("sav_core.models.local_models.settings", lambda: Settings(model=str(tiny_checkpoint("qwen2_vl"))))
    hub("org/whole", tiny_checkpoint("llava"))
    (hub("org/interrupted", tiny_checkpoint("llava")) / "model.safetensors").unlink()
    hub("org/hybrid", write_checkpoint("qwen3_5", tmp_path / "hybrid"))
    first, hybrid, interrupted, whole = local_models()
    assert (first.architecture, first.note) == ("qwen2_vl", "the default model")
    assert (hybrid.name, hybrid.geometry) == ("org/hybrid", None)
    assert "linear_attn" in hybrid.note
    assert (interrupted.name, interrupted.geometry) == ("org/interrupted", None)
    assert "no *.safetensors weights" in interrupted.note
    assert (whole.name, whole.architecture, whole.geometry) == ("org/whole", "llava", Geometry(3, 4, 16))
    assert whole.size_bytes == (tiny_checkpoint("llava") / "model.safetensors").stat().st_size


def test_no_default_model_is_told_and_the_rest_is_listed(hub, tiny_checkpoint, monkeypatch):
    monkeypatch.setattr("sav_core.models.local_models.settings", lambda: Settings(model="/no/such/folder"))
    hub("org/whole", tiny_checkpoint("llava"))
    missing, whole = local_models()
    assert (missing.geometry, whole.name) == (None, "org/whole")
    assert "no model folder" in missing.note
