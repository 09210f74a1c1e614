"""The command line of retrieval: ``search``, ``index``, ``recall`` and ``extract``."""

from __future__ import annotations

import typer

from sav_core.cli.retrieval.extract import extract
from sav_core.cli.retrieval.recall import recall
from sav_core.cli.retrieval.search import index, search

__all__ = ["add_retrieval"]


def add_retrieval(app: typer.Typer) -> None:
    """Mount the commands."""
    for command, example in (
        (search, "search --index holiday/ --query photo.jpg --classifier pets.sav"),
        (index, "index --vectors pets.parquet --out pets.index"),
        (recall, "recall --index pets/ --classifier pets.sav"),
        (extract, "extract --images pets/ --out pets.parquet --classifier pets.sav --half"),
    ):
        app.command(epilog=f"Example: [bold]python -m sav_core {example}[/bold]")(command)
