"""What a hub model's config.json and list of files tell is told before anything else of it is fetched."""

import json
import shutil

import huggingface_hub
import pytest
import torch
from huggingface_hub.errors import (
    GatedRepoError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from sav_core.errors import ModelNotFoundError, OutOfMemoryError, StorageError, UnsupportedModelError
from sav_core.models import precision
from sav_core.models.backbones import load_backbone
from sav_core.models.checkpoints import find_checkpoint
from tests.support.hub import Hub
from tests.support.tiny_models import write_checkpoint


@pytest.fixture
def folder(tiny_checkpoint, tmp_path):
    """What a repository holds: a copy of a tiny LLaVA, to change."""
    return shutil.copytree(tiny_checkpoint("llava"), tmp_path / "repository")


@pytest.fixture
def hub(folder, tmp_path, monkeypatch):
    hub = Hub(monkeypatch, tmp_path / "cache")
    hub.put("org/tiny", folder)
    return hub


def change(path, **values):
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_a_model_that_can_serve_is_fetched_whole_and_once(hub, folder):
    backbone = load_backbone("org/tiny", dtype="float32")
    assert backbone.fingerprint == load_backbone(folder, dtype="float32").fingerprint
    assert hub.fetched[0] == "config.json"
    assert set(hub.fetched) == {path.name for path in folder.iterdir()}
    load_backbone("org/tiny", dtype="float32")
    assert len(hub.fetched) == len(set(hub.fetched))


def test_a_refused_architecture_costs_its_config_alone(hub, tmp_path):
    hub.put("org/hybrid", write_checkpoint("qwen3_5", tmp_path / "hybrid"))
    with pytest.raises(UnsupportedModelError, match=r"^org/hybrid cannot serve because layers 0-1: linear_attn"):
        load_backbone("org/hybrid")
    assert hub.fetched == ["config.json"]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"model_type": "llama"}, "'org/tiny' is a 'llama' model, which does not read images"),
        ({"model_type": "never_heard_of"}, "its architecture 'never_heard_of' or its config.json is not one"),
        ({"model_type": "new", "auto_map": {"AutoConfig": "code.Config"}}, "needs code from its own repository"),
        ({"model_type": "instructblip"}, "question goes into a Q-Former .*; choose another model"),
        ({"model_type": "llama4"}, "'org/tiny' cannot serve because it needs torchvision: pip install torchvision"),
        ({"quantization_config": {"quant_method": "gptq", "bits": 4}}, "weights are quantised by 'gptq'.*optimum"),
        ({"quantization_config": {"quant_method": "news"}}, "weights are quantised by 'news', and Unknown quant"),
        (
            {"text_config": {"model_type": "llama", "hidden_size": 32, "num_attention_heads": 5}},
            r"takes no 'llava' .* \(The h",
        ),
        ({"vision_config": {"model_type": "timm_wrapper"}}, "because it needs timm: pip install timm"),
        ({"vision_config": {"model_type": "clip_vision_model", "patch_size": 0}}, "makes no model of its config.json"),
    ],
    ids=[
        "text alone",
        "unknown",
        "code",
        "by name",
        "package",
        "quantisation",
        "quantisation of no kind",
        "heads that do not divide",
        "timm",
        "nonsense",
    ],
)
def test_what_the_config_tells_is_told_at_once(hub, folder, config, message, monkeypatch):
    monkeypatch.setattr("sav_core.models.architectures.find_spec", lambda _: None)
    change(folder / "config.json", **config)
    with pytest.raises(UnsupportedModelError, match=message):
        load_backbone("org/tiny")
    assert hub.fetched == ["config.json"]


def test_pickled_weights_are_told_of_the_list_of_files(hub, folder):
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(UnsupportedModelError, match="its weights are pickles, which are never opened"):
        load_backbone("org/tiny")
    assert hub.fetched == ["config.json"]


@pytest.mark.parametrize(
    ("part", "message"), [("*processor_config.json", "has no processor"), ("tokenizer.json", "has no tokenizer")]
)
def test_a_part_that_the_repository_lacks_is_named(hub, folder, part, message):
    for path in folder.glob(part):
        path.unlink()
    with pytest.raises(UnsupportedModelError, match=f"'org/tiny' {message}"):
        load_backbone("org/tiny")
    assert hub.fetched == ["config.json"]


def test_a_repository_without_a_config_is_no_model(hub, folder):
    (folder / "config.json").unlink()
    with pytest.raises(UnsupportedModelError, match=r"'org/tiny' holds no config\.json: it is not a transformers model"):
        load_backbone("org/tiny")
    assert hub.fetched == []


@pytest.mark.parametrize(("dtype", "itemsize"), [("auto", 2), ("float32", 4)])
def test_a_model_larger_than_the_memory_is_not_fetched(hub, tiny_backbone, monkeypatch, dtype, itemsize):
    needed = itemsize * tiny_backbone("llava").model.num_parameters()
    monkeypatch.setattr(precision, "_free_memory", lambda: needed - 1)
    with pytest.raises(OutOfMemoryError, match=r"'org/tiny' needs .* GB are free here: choose a smaller model"):
        load_backbone("org/tiny", device="cpu", dtype=dtype)
    assert hub.fetched == ["config.json"]
    monkeypatch.setattr(precision, "_free_memory", lambda: needed)
    load_backbone("org/tiny", device="cpu", dtype=dtype)


@pytest.mark.parametrize(("device", "free"), [("cpu", 1), ("cuda", 1 + 20 + 300), ("cuda:1", 300)])
def test_what_weights_may_fill_is_what_they_spread_over(monkeypatch, device, free):
    monkeypatch.setattr(precision, "_free_memory", lambda: 1)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda of: ((20, 300)[getattr(of, "index", of)], 10**9))
    precision.check_memory("m", free // 2, "auto", torch.device(device))
    with pytest.raises(OutOfMemoryError, match="'m' needs"):
        precision.check_memory("m", free, "auto", torch.device(device))


def test_a_model_larger_than_the_disk_is_not_fetched(hub):
    hub.sizes["model.safetensors"] = 10**18
    with pytest.raises(StorageError, match=r"'org/tiny' needs 1000000000\.0 GB of disk, and \S+ GB are free"):
        load_backbone("org/tiny")
    assert hub.fetched == ["config.json"]


def test_an_interrupted_download_needs_the_rest_alone(hub, folder):
    find_checkpoint("org/tiny")
    (hub.place("org/tiny") / "tokenizer.json").unlink()
    hub.fetched.clear()
    hub.sizes["model.safetensors"] = 10**18  # it is here
    assert find_checkpoint("org/tiny").folder == hub.place("org/tiny")
    assert hub.fetched == ["tokenizer.json"]


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (GatedRepoError, r"'org/other' asks its users to agree to terms: .* set HF_TOKEN"),
        (RepositoryNotFoundError, r"There is no folder and no hub model 'org/other': check the name"),
        (RevisionNotFoundError, r"'org/other' has no revision 'v9': check it"),
        (LocalEntryNotFoundError, r"'org/other' is not wholly on this disk and the hub cannot be reached"),
    ],
)
def test_what_the_hub_says_of_a_model_is_one_sentence(hub, monkeypatch, kind, message):
    def refuse(*_, local_files_only=False, **__):
        raise LocalEntryNotFoundError("not here") if local_files_only else kind.__new__(kind)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)
    with pytest.raises(ModelNotFoundError, match=message):
        find_checkpoint("org/other", revision="v9")
