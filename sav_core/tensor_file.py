"""Arrays with a JSON header in one safetensors file, with a checksum over both; never pickle."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from sav_core.errors import VectorFileError

__all__ = ["read_tensors", "tensor_bytes"]


def tensor_bytes(arrays: Mapping[str, npt.NDArray[Any]], header: str) -> bytes:
    """Return the content of a file; the header is a JSON object with a ``format``."""
    whole = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    content: bytes = save(whole, metadata={"header": header, "sha256": _digest(header, whole)})
    return content


def read_tensors(path: Path, expected: str) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:
    """Return the arrays and the header of a file of the expected format.

    Raises:
        VectorFileError: it is missing, not such a file, or not as it was written.
    """
    if not path.is_file():
        raise VectorFileError(f"There is no file {path}: check the path, or make it first.")
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # not a mapping
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise VectorFileError(f"{path} is not a whole file of vectors ({error}): make it again.") from error
    text = metadata.get("header", "")
    if metadata.get("sha256") != _digest(text, arrays):
        raise VectorFileError(f"{path} was not written by this program, or was changed since: make it again.")
    header: dict[str, Any] = json.loads(text)
    if header.get("format") != expected:
        raise VectorFileError(f"{path} holds {header.get('format')!r} but {expected!r} is wanted: name another file.")
    return arrays, header


def _digest(header: str, arrays: Mapping[str, npt.NDArray[Any]]) -> str:
    digest = hashlib.sha256(header.encode())
    for name in sorted(arrays):
        digest.update(f"{name} {arrays[name].dtype} {arrays[name].shape}".encode())
        digest.update(np.ascontiguousarray(arrays[name]).tobytes())
    return digest.hexdigest()
