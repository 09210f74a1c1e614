"""Files of function vectors and of effects: arrays and a JSON header that names the format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy.typing as npt

from sav_core.errors import VectorFileError
from sav_core.tensor_file import TensorFile

__all__ = ["VECTOR_FILE", "read_vectors"]

_NOT_OURS = "{path} was not written by this program, or was changed since: make it again."

VECTOR_FILE = TensorFile(
    key="header",
    error=VectorFileError,
    missing="There is no file {path}: check the path, or make it first.",
    broken="{path} is not a whole file of vectors ({error}): make it again.",
    foreign=_NOT_OURS,
    changed=_NOT_OURS,
)


def read_vectors(path: Path, expected: str) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:
    """Return the arrays and the header of a file of the expected format.

    Raises:
        VectorFileError: it is missing, not such a file, or not as it was written.
    """
    arrays, text = VECTOR_FILE.read(path)
    try:
        header: dict[str, Any] = json.loads(text)
        found = header.get("format")
    except (ValueError, AttributeError, RecursionError) as error:
        raise VectorFileError(_NOT_OURS.format(path=path)) from error
    if found != expected:
        raise VectorFileError(f"{path} holds {found!r} but {expected!r} is wanted: name another file.")
    return arrays, header
