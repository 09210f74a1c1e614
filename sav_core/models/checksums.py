"""Whether the weights in a folder are those that were put there: a bit that fell over loads, and answers wrongly.

The sums lie beside the files as ``SHA256SUMS``, so that ``sha256sum -c`` reads them too; ``tools.export`` writes them.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from sav_core.errors import ModelNotFoundError, UnsupportedModelError

__all__ = ["check_files", "write_sums"]

_SUMS = "SHA256SUMS"


def write_sums(folder: Path) -> None:
    """Write down the sums of a model's weights."""
    lines = [f"{_sum(path)}  {path.name}\n" for path in sorted(folder.glob("*.safetensors"))]
    (folder / _SUMS).write_text("".join(lines), encoding="utf-8")


def check_files(folder: Path) -> None:
    """Check that a model's configuration and weights are there, and that the weights are whole where sums are given.

    Raises:
        ModelNotFoundError: something is missing.
        UnsupportedModelError: the weights are others than were written down.
    """
    for pattern in ("config.json", "*.safetensors"):
        if not any(folder.glob(pattern)):
            raise ModelNotFoundError(
                f"The model's folder {folder} must hold config.json and weights as .safetensors, but it has no {pattern}: "
                "fetch the repository anew, or let SAV_MODEL name another folder or an id of the hub."
            )
    sums = folder / _SUMS
    for line in sums.read_text(encoding="utf-8").splitlines() if sums.is_file() else ():
        expected, name = line.split(maxsplit=1)
        if _sum(folder / name) != expected:
            raise UnsupportedModelError(
                f"The model's weights {folder / name} are damaged, or others than {_SUMS} beside them was written for: "
                "fetch them anew or, if you have replaced them on purpose, write it again with `python -m tools.checksums`."
            )


def _sum(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelNotFoundError(
            f"The model's weights {path} cannot be read ({error.strerror}): fetch them anew."
        ) from error
