"""The options that the commands of function vectors share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sav_core.vectors.prompts import Cue

__all__ = [
    "AllPrompts",
    "Data",
    "HeadCount",
    "Images",
    "Layer",
    "Out",
    "Prompts",
    "Relation",
    "Resume",
    "Scale",
    "Seed",
    "Shown",
    "ToldBy",
    "VectorFile",
    "VectorFiles",
]

Data = Annotated[
    Path | None,
    typer.Option("--data", help="Folder of cut-outs, .jsonl of relations, or .json of scene graphs; drawn scenes if none."),
]
Images = Annotated[Path | None, typer.Option("--images", help="Folder of the images that --data names.")]
Relation = Annotated[str, typer.Option("--relation", help="Such as above; the data says which there are.")]
Prompts = Annotated[int, typer.Option("--prompts", min=1, help="How many in-context prompts the heads are judged on.")]
Shown = Annotated[int, typer.Option("--demonstrations", min=1, help="In every in-context prompt.")]
ToldBy = Annotated[
    Cue, typer.Option("--told-by", help="What tells the relation in a prompt: demonstrations, or its name in words.")
]
HeadCount = Annotated[int, typer.Option("--heads", min=1, help="How many of the leading heads make the vector.")]
Layer = Annotated[int | None, typer.Option("--layer", help="Where it is added; the best on validation unless given.")]
Scale = Annotated[float | None, typer.Option("--scale", help="How much of it; the best on validation unless given.")]
Seed = Annotated[int, typer.Option("--seed", help="Of the data and every draw.")]
Out = Annotated[Path, typer.Option("--out", help="Where to write the vector (.fv).")]
VectorFile = Annotated[Path, typer.Option("--vector", help="A vector that extract, tune or compose wrote.")]
VectorFiles = Annotated[list[Path], typer.Option("--vector", help="A base vector; give the option once for each.")]
AllPrompts = Annotated[
    bool, typer.Option("--all-prompts", help="Average over all prompts, not only those the model answers right.")
]
Resume = Annotated[
    Path | None, typer.Option("--resume", help="Keeps the effects found so far; named again, the work goes on from there.")
]
