import json
import shutil
import socket
import time

import huggingface_hub.constants
import pytest

from sav_core.errors import ModelNotFoundError, StorageError, UnsupportedModelError
from sav_core.models.checkpoints import find_checkpoint
from sav_core.settings import Settings

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def folder(tiny_checkpoint, tmp_path):
    """A copy of a tiny LLaVA, to damage."""
    return shutil.copytree(tiny_checkpoint("llava"), tmp_path / "copy")


@pytest.fixture
def hub_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


@pytest.fixture
def unplugged(monkeypatch):
    """Hosts that were asked for, on a machine whose network is down though nobody said so."""
    asked = []

    def fail(host, *_, **__):
        asked.append(host)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    for proxy in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(proxy, raising=False)
    monkeypatch.setattr(socket, "getaddrinfo", fail)
    return asked


def cache_as(hub_id, folder, hub_cache):
    """Lay a folder out as the hub client's cache does."""
    home = hub_cache / f"models--{hub_id.replace('/', '--')}"
    (home / "refs").mkdir(parents=True)
    (home / "refs" / "main").write_text(COMMIT)
    return shutil.copytree(folder, home / "snapshots" / COMMIT)


def test_a_folder_is_itself(folder, unplugged):
    checkpoint = find_checkpoint(folder)
    assert checkpoint.folder == folder
    assert checkpoint.name == "copy"
    assert unplugged == []


def test_the_embedded_model_is_called_so(folder, monkeypatch):
    assets = folder.parent / "assets"
    folder.rename(assets.mkdir() or assets / "model")
    monkeypatch.setattr("sav_core.models.checkpoints.settings", lambda: Settings(assets=assets))
    assert find_checkpoint(assets / "model").name == "the embedded model"


def test_parameters_are_counted_from_the_headers(tiny_backbone, folder):
    model = tiny_backbone("llava").model
    assert find_checkpoint(folder).parameters == sum(parameter.numel() for parameter in model.parameters())


def test_a_cached_hub_id_needs_no_network(folder, hub_cache, unplugged):
    cached = cache_as("org/tiny", folder, hub_cache)
    checkpoint = find_checkpoint("org/tiny")
    assert (checkpoint.name, checkpoint.folder) == ("org/tiny", cached)
    assert find_checkpoint("org/tiny", revision=COMMIT).folder == cached
    assert unplugged == []


def test_equal_files_have_one_identity_wherever_they_lie(folder, hub_cache):
    cache_as("org/tiny", folder, hub_cache)
    assert find_checkpoint("org/tiny").identity == find_checkpoint(folder).identity


@pytest.mark.parametrize("file", ["chat_template.jinja", "config.json", "preprocessor_config.json", "tokenizer.json"])
def test_identity_depends_on_what_a_model_reads(folder, file):
    before = find_checkpoint(folder).identity
    path = folder / file
    path.write_bytes(path.read_bytes() + b" ")
    assert find_checkpoint(folder).identity != before


def test_identity_depends_on_every_tensor_and_not_on_other_files(folder):
    before = find_checkpoint(folder)
    (folder / "README.md").write_text("Words.")
    (folder / "training.json").write_text("{}")
    assert find_checkpoint(folder).identity == before.identity
    ((path, header),) = before.headers.items()
    whole = path.read_bytes()
    start = len(whole) - max(tensor["data_offsets"][1] for tensor in header.values())
    for tensor in header.values():
        middle = start + sum(tensor["data_offsets"]) // 2
        path.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
        assert find_checkpoint(folder).identity != before.identity


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("/no/such/folder", "no model folder '/no/such/folder'"),
        ("./here", "no model folder './here'"),
        ("one-word", "no model folder 'one-word'"),
        ("org/tiny", "'org/tiny' is not wholly on this disk and the hub cannot be reached"),
        ("org/-bad-", "'org/-bad-' is neither a folder nor a hub id"),
    ],
)
def test_what_is_not_there_is_one_sentence(model, message, hub_cache):
    with pytest.raises(ModelNotFoundError, match=message):
        find_checkpoint(model)


def test_an_unknown_id_without_network_fails_fast(hub_cache, unplugged, monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda seconds: pytest.fail(f"it waits {seconds} s to ask again"))
    with pytest.raises(ModelNotFoundError, match="hub cannot be reached"):
        find_checkpoint("org/tiny")
    assert unplugged


def test_what_others_type_never_opens_a_folder_here(folder, hub_cache, monkeypatch):
    monkeypatch.chdir(folder.parent)
    name = f"{folder.parent.name}/{folder.name}"
    monkeypatch.chdir(folder.parent.parent)
    assert find_checkpoint(name).folder.resolve() == folder.resolve()
    with pytest.raises(ModelNotFoundError, match=r"hub cannot be reached .* or choose a model that is here") as caught:
        find_checkpoint(name, hub_only=True)
    assert "folder" not in str(caught.value)


def test_a_disk_too_small_for_a_model_is_told_from_a_hub_out_of_reach(monkeypatch):
    def full(*_, local_files_only=False, **__):
        raise FileNotFoundError if local_files_only else OSError(28, "No space left on device")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", full)
    with pytest.raises(StorageError, match="The disk is full before all of 'org/tiny' is fetched"):
        find_checkpoint("org/tiny")


def test_nothing_is_fetched_unless_it_may_be(folder, hub_cache, unplugged):
    with pytest.raises(ModelNotFoundError, match="'org/tiny' is not on this disk: load it once"):
        find_checkpoint("org/tiny", download=False)
    (cache_as("org/tiny", folder, hub_cache) / "model.safetensors").unlink()
    with pytest.raises(UnsupportedModelError, match=r"'org/tiny' has no \*\.safetensors weights"):
        find_checkpoint("org/tiny", download=False)
    assert unplugged == []


def test_a_partly_cached_id_without_network_says_so(folder, hub_cache):
    (cache_as("org/tiny", folder, hub_cache) / "model.safetensors").unlink()
    with pytest.raises(ModelNotFoundError, match="'org/tiny' is not wholly on this disk and the hub cannot be reached"):
        find_checkpoint("org/tiny")


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("config.json", "holds no config.json"),
        ("tokenizer.json", "has no tokenizer"),
        ("model.safetensors", r"has no \*\.safetensors weights: add its weights"),
    ],
)
def test_a_missing_part_is_named(folder, file, message):
    (folder / file).unlink()
    with pytest.raises(UnsupportedModelError, match=message):
        find_checkpoint(folder)


def test_a_folder_without_processor_is_refused(folder):
    for path in folder.glob("*processor_config.json"):
        path.unlink()
    with pytest.raises(UnsupportedModelError, match="'copy' has no processor"):
        find_checkpoint(folder)
    (folder / "config.json").write_text('{"model_type": "llama"}')
    with pytest.raises(UnsupportedModelError, match="'copy' is a 'llama' model, which does not read images"):
        find_checkpoint(folder)


def test_pickled_weights_are_never_opened(folder):
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(UnsupportedModelError, match="pickles, which are never opened"):
        find_checkpoint(folder)


@pytest.mark.parametrize(
    "damage",
    [
        lambda whole: whole[:-1],
        lambda whole: whole[:100],
        lambda whole: whole[:5],
        lambda whole: b"",
        lambda whole: b"\xff" * len(whole),
        lambda whole: whole[:8] + b"[" + whole[9:],
    ],
    ids=["last byte", "header", "length", "empty", "length too large", "not JSON"],
)
def test_damaged_weights_are_refused(folder, damage):
    path = folder / "model.safetensors"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(UnsupportedModelError, match=r"'model\.safetensors' in 'copy' is truncated or damaged"):
        find_checkpoint(folder)


def test_a_missing_shard_is_named(folder):
    index = {"weight_map": {"a": "model.safetensors", "b": "model-2.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(UnsupportedModelError, match=r"lacks the weight file 'model-2\.safetensors'"):
        find_checkpoint(folder)


@pytest.mark.parametrize("text", ["", "[]", "not JSON", "{}", '{"model_type": null}'])
def test_a_config_that_is_none_is_refused(folder, text):
    (folder / "config.json").write_text(text)
    with pytest.raises(UnsupportedModelError, match=r"config\.json of 'copy'"):
        find_checkpoint(folder)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (["adapter_config.json", "adapter_model.safetensors"], r"no config\.json but an adapter, such as LoRA, .* merged"),
        (["model_index.json"], r"no config\.json but a pipeline of diffusers"),
        (
            ["model-q4.gguf"],
            r"no config\.json but GGUF weights of llama\.cpp, .*; give the folder or hub id of the transformers",
        ),
        (["model.onnx"], r"no config\.json but a graph of ONNX"),
        (["consolidated.00.pth"], r"no config\.json but pickled weights"),
        (["notes.txt"], r"no config\.json: it is not a transformers model\.$"),
    ],
)
def test_models_of_other_programs_are_called_what_they_are(tmp_path, files, message):
    for file in files:
        (tmp_path / file).write_bytes(b"GGUF")
    with pytest.raises(UnsupportedModelError, match=message):
        find_checkpoint(tmp_path)
    if "gguf" in files[0]:
        with pytest.raises(ModelNotFoundError, match=r"is a file but GGUF weights .*: give the folder"):
            find_checkpoint(tmp_path / files[0])


def test_weights_of_other_programs_beside_a_config_are_named(folder):
    (folder / "model.safetensors").rename(folder / "model.gguf")
    with pytest.raises(UnsupportedModelError, match=r"has no \*\.safetensors weights but GGUF weights .*: add its weights"):
        find_checkpoint(folder)
