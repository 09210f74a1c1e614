"""Arrays with a JSON header in one safetensors file, with a checksum over both; never pickle.

    VECTORS = TensorFile("header", VectorFileError, missing="There is no file {path}: ...", ...)
    write_atomically(path, VECTORS.content(arrays, header))
    arrays, header = VECTORS.read(path)

Equal arrays and headers are equal bytes. Each kind of file has its own sentences for what can be wrong with one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from sav_core.errors import SavError

__all__ = ["TensorFile"]

_OTHERS = {
    b"$FL2": "data of SPSS",
    b"$FL3": "data of SPSS",
    b"SR\0\x04": "data of IDL",
    b"SR\0\x06": "data of IDL",
    b"\x80": "a pickle, as scikit-learn's are saved",
    b"PK\x03\x04": "a ZIP or a checkpoint of PyTorch",
    b"\x89HDF": "an HDF5 file",
    b"{": "a JSON text",
}

Arrays = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class TensorFile:
    """A kind of file.

    Attributes:
        key: under which its header lies in the file's metadata.
        error: what is raised where a file is not of this kind, or not whole.
        missing: the message where there is no file; all messages may name ``{path}``.
        broken: where it is no safetensors file or not a whole one, ``{error}`` says why.
        foreign: where it has no such header.
        changed: where its checksum differs.
    """

    key: str
    error: type[SavError]
    missing: str
    broken: str
    foreign: str
    changed: str

    def content(self, arrays: Arrays, header: str) -> bytes:
        """Return the bytes of a file of these arrays and this JSON text."""
        whole = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        return _in_order(save(whole, metadata={self.key: header, "sha256": _digest(header, whole)}))

    def read(self, path: Path) -> tuple[dict[str, npt.NDArray[Any]], str]:
        """Return the arrays and the header's JSON text.

        Raises:
            SavError: of the class ``error``; the file is missing, of another kind, or not as it was written.
        """
        if not path.is_file():
            raise self.error(self.missing.format(path=path))
        try:
            with safe_open(path, framework="numpy") as file:
                metadata = file.metadata() or {}
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # not a mapping
        except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
            cause = _kind_of(path) or error
            raise self.error(self.broken.format(path=path, error=cause)) from error
        header = metadata.get(self.key)
        if header is None:
            raise self.error(self.foreign.format(path=path))
        if metadata.get("sha256") != _digest(header, arrays):
            raise self.error(self.changed.format(path=path))
        return arrays, header


def _kind_of(path: Path) -> str:
    """What a file is instead, where another program calls its files so as well; empty where that is not known."""
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except OSError:
        return ""
    kind = next((kind for start, kind in _OTHERS.items() if head.startswith(start)), "")
    return f"it is {kind}, which another program wrote" if kind else ""


def _in_order(file: bytes) -> bytes:
    """The same file with its header's names sorted: the library writes metadata in another order every time."""
    start = 8 + int.from_bytes(file[:8], "little")
    header = json.dumps(json.loads(file[8:start]), sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)  # as the format aligns its arrays
    return len(header).to_bytes(8, "little") + header + file[start:]


def _digest(header: str, arrays: Arrays) -> str:
    digest = hashlib.sha256(header.encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name} {array.dtype} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
