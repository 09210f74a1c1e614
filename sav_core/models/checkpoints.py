"""A model's files: from a folder or a hub id to files on this disk, checked before anything is loaded from them."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from math import prod
from pathlib import Path
from typing import Any

from sav_core.errors import ModelNotFoundError, UnsupportedModelError
from sav_core.models.hub import Offer, cached_folder
from sav_core.models.hub import download as download_from_hub
from sav_core.settings import settings
from sav_core.types import Cancel

__all__ = ["EMBEDDED", "Checkpoint", "find_checkpoint"]

EMBEDDED = "the embedded model"
"""What the model that ships with the app is called, wherever it lies."""

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
_TOKENIZER = ("tokenizer.json", "tokenizer.model", "vocab.json", "tekken.json", "spiece.model", "vocab.txt")
_PROCESSOR = ("processor_config.json", "preprocessor_config.json")
_DECISIVE = ("config.json", "*processor_config.json", "*token*.json", "vocab.json", "*.model", "chat_template.*")
_OTHERS = {
    "adapter_config.json": "an adapter, such as LoRA, which must be merged into its model and saved with it",
    "model_index.json": "a pipeline of diffusers, which draws pictures",
    ".gguf": "GGUF weights of llama.cpp, which are not read",
    ".onnx": "a graph of ONNX, which is not read",
    ".pth": "pickled weights, which are never opened",
    ".bin": "pickled weights, which are never opened",
}
_SAMPLE = 1024  # bytes of each tensor that tell one set of weights from another
_LONGEST_HEADER = 100 << 20  # the limit of the safetensors format


@dataclass(frozen=True)
class Checkpoint:
    """A model's files, complete and undamaged as far as their headers tell.

    Attributes:
        name: what to call it: the hub id, the folder's name, or "the embedded model".
        folder: where the files lie.
        config: the content of ``config.json``.
    """

    name: str
    folder: Path
    config: dict[str, Any]

    @property
    def weight_files(self) -> list[Path]:
        """The safetensors files, all of one model."""
        return sorted(path for path in self.folder.iterdir() if _holds_weights(path.name))

    @cached_property
    def headers(self) -> dict[Path, dict[str, Any]]:
        """For each weight file what it says of its tensors: ``{tensor: {"dtype", "shape", "data_offsets"}}``.

        Raises:
            UnsupportedModelError: a file is truncated or not safetensors.
        """
        return {path: _header(path) for path in self.weight_files}

    @property
    def parameters(self) -> int:
        """How many numbers the weights are."""
        return sum(prod(tensor["shape"]) for header in self.headers.values() for tensor in header.values())

    @cached_property
    def identity(self) -> str:
        """A digest of the configuration files and of a sample of every tensor; the same wherever the files lie."""
        digest = hashlib.sha256()
        for path in sorted(path for pattern in _DECISIVE for path in self.folder.glob(pattern)):
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
        for path, header in self.headers.items():
            digest.update(json.dumps(header, sort_keys=True).encode())
            for sample in _samples(path, header):
                digest.update(sample)
        return digest.hexdigest()


def find_checkpoint(
    model: str | os.PathLike[str],
    revision: str | None = None,
    *,
    download: bool = True,
    hub_only: bool = False,
    judge: Callable[[Checkpoint], object] | None = None,
    cancel: Cancel | None = None,
) -> Checkpoint:
    """Return the files of a model, from a folder or by a hub id; only a hub id that is not on this disk needs network.

    Args:
        model: a folder, or an id on the hub.
        revision: a branch, tag or commit on the hub.
        download: whether what is not on this disk may be fetched.
        hub_only: whether it is an id on the hub even where a folder here is called so.
        judge: sees a hub model's ``config.json`` before anything else of it is fetched; what it raises ends that.
        cancel: asked now and then while it is fetched; true ends that.

    Raises:
        ModelNotFoundError: there is no such folder, no such id, or no network to fetch it.
        UnsupportedModelError: a part of the checkpoint is missing or damaged.
        StorageError: the disk is too small for it.
        CancelledError: ``cancel`` said so.
    """
    folder = Path(model).expanduser()
    if not hub_only and folder.is_dir():
        embedded = folder.resolve() == settings().embedded_model.resolve()
        return _checked(folder, EMBEDDED if embedded else folder.resolve().name)
    if not hub_only and folder.is_file():
        raise ModelNotFoundError(
            f"{str(model)!r} is a file{_of_kind({folder.name})}: give the folder of a transformers model, with "
            "config.json, weights and processor files."
        )
    if not isinstance(model, str) or not _HUB_ID.fullmatch(model) or model.startswith("."):
        raise ModelNotFoundError(
            f"There is no model folder {str(model)!r}: give a folder with config.json, weights and processor files, or a "
            "hub id such as Qwen/Qwen2-VL-2B-Instruct."
        )
    here = cached_folder(model, revision)
    if here is not None:
        try:
            return _checked(here, model)
        except UnsupportedModelError:  # a download may have been interrupted
            if not download:
                raise
    if not download:
        raise ModelNotFoundError(f"{model!r} is not on this disk: load it once with a network.")

    def check(offer: Offer) -> None:
        offered = Checkpoint(offer.name, offer.folder, _config(offer.folder, offer.name, offer.sizes))
        _check_parts(offered, offer.sizes)
        if judge is not None:
            judge(offered)

    return _checked(download_from_hub(model, revision, check, hub_only=hub_only, cancel=cancel), model)


def _checked(folder: Path, name: str) -> Checkpoint:
    """The checkpoint in a folder, refused if a part is missing."""
    checkpoint = Checkpoint(name, folder, _config(folder, name, {path.name for path in folder.iterdir()}))
    _check_complete(checkpoint)
    return checkpoint


def _config(folder: Path, name: str, files: Collection[str]) -> dict[str, Any]:
    path = folder / "config.json"
    if not path.is_file():
        kind = _of_kind(files)
        advice = "; give the folder or hub id of the transformers model that it was made from" if kind else ""
        raise UnsupportedModelError(f"{name!r} holds no config.json{kind or ': it is not a transformers model'}{advice}.")
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise UnsupportedModelError(f"The config.json of {name!r} is not JSON: download the model again.") from error
    if not isinstance(config, dict) or not isinstance(config.get("model_type"), str):
        raise UnsupportedModelError(f"The config.json of {name!r} names no model_type: it is not a transformers model.")
    return config


def _check_complete(checkpoint: Checkpoint) -> None:
    """Refuse a folder that lacks a part, naming the part."""
    folder, name = checkpoint.folder, checkpoint.name
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        try:
            shards = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        except (ValueError, KeyError, AttributeError) as error:
            raise UnsupportedModelError(f"The weight index of {name!r} is damaged: download it again.") from error
        if missing := sorted(shard for shard in shards if not (folder / str(shard)).is_file()):
            raise UnsupportedModelError(f"{name!r} lacks the weight file {missing[0]!r}: download the model again.")
    _check_parts(checkpoint, {path.name for path in folder.iterdir()})
    _ = checkpoint.headers  # reading them finds what is damaged


def _check_parts(checkpoint: Checkpoint, files: Collection[str]) -> None:
    """Refuse a model among whose files, in a folder or listed by the hub, one that it needs is not."""
    name = checkpoint.name
    if not any(file in files for file in _PROCESSOR):
        from sav_core.models.reads_images import check_reads_images  # which needs transformers, and few come here

        check_reads_images(checkpoint.config["model_type"], name)
        raise UnsupportedModelError(
            f"{name!r} has no processor ({' or '.join(_PROCESSOR)}), so images cannot be prepared for it: add the files "
            "of the model it was made from."
        )
    if not any(file in files for file in _TOKENIZER):
        raise UnsupportedModelError(f"{name!r} has no tokenizer: add the tokenizer files of the model it was made from.")
    if not any(_holds_weights(file) for file in files):
        pickled = any(file.endswith((".bin", ".pt", ".pth")) for file in files)
        advice = "its weights are pickles, which are never opened: convert them" if pickled else "add its weights"
        raise UnsupportedModelError(f"{name!r} has no *.safetensors weights{'' if pickled else _of_kind(files)}: {advice}.")


def _of_kind(files: Collection[str]) -> str:
    """What files are in place of a transformers model, to stand after what is wrong; nothing where they do not tell."""
    found = next((kind for end, kind in _OTHERS.items() if any(file.endswith(end) for file in files)), "")
    return f" but {found}" if found else ""


def _holds_weights(file: str) -> bool:
    return file.endswith(".safetensors") and not file.startswith("consolidated")


def _header(path: Path) -> dict[str, Any]:
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        try:
            if not 2 <= length <= min(size - 8, _LONGEST_HEADER):
                raise ValueError("no header")
            header = json.loads(file.read(length))
            header.pop("__metadata__", None)
            end = max((tensor["data_offsets"][1] for tensor in header.values()), default=0)
            if size != 8 + length + end:
                raise ValueError("cut short")
        except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
            raise UnsupportedModelError(
                f"The weight file {path.name!r} in {path.parent.name!r} is truncated or damaged: download it again."
            ) from error
    return dict(header)


def _samples(path: Path, header: dict[str, Any]) -> Iterator[bytes]:
    """Some bytes from the middle of every tensor: fine-tuning changes them all, and reading them takes no time."""
    with path.open("rb") as file:
        start = 8 + int.from_bytes(file.read(8), "little")
        for tensor in header.values():
            begin, end = tensor["data_offsets"]
            file.seek(start + begin + max(0, (end - begin - _SAMPLE) // 2))
            yield file.read(min(_SAMPLE, end - begin))
