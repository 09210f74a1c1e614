"""What a picture costs in full, normal and fast detail: its tokens, and the time until its head vectors are there.

    python -m perf.detail

Of SmolVLM-256M's shape with its tiles, at the usual size of a photograph. All sides run in turns, and the fastest counts.
"""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from perf.extraction import fastest
from perf.machine import describe
from perf.shapes import PICTURE, examples_for, write_tiled_smolvlm
from sav_core.activations.extraction import extract_head_vectors
from sav_core.models.backbones import load_backbone
from sav_core.types import DETAILS

_PICTURES, _TURNS = 1, 1  # one in full takes half a minute of two cores
_WANTED = {"full": "", "normal": "", "fast": "<= 0.10"}


def main() -> None:
    """Print the table."""
    console = Console()
    console.print(describe())
    with tempfile.TemporaryDirectory() as folder:
        write_tiled_smolvlm(Path(folder))
        backbone = load_backbone(folder, dtype="float32")
        examples = examples_for("smolvlm")[:_PICTURES]
        sets = {detail: [example.with_detail(detail) for example in examples] for detail in DETAILS}
        seconds = fastest(
            _TURNS, {name: partial(extract_head_vectors, backbone, some, cache=None) for name, some in sets.items()}
        )
        size = PICTURE["smolvlm"]
        what = f"smolvlm shape with tiles, {backbone.geometry}, one picture of {size[0]} x {size[1]}"
        table = Table(what, "tokens", "seconds", "of full", "wanted")
        for detail in DETAILS:
            one = seconds[detail] / _PICTURES
            share = f"{seconds[detail] / seconds['full']:.3f}"
            table.add_row(detail, f"{backbone.picture_tokens(size, detail):,}", f"{one:.3f}", share, _WANTED[detail])
        console.print(table)


if __name__ == "__main__":
    main()
