"""The options that the commands of retrieval share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["Classifier", "Dtype", "Heads", "Index", "Model", "Question", "Searched"]

Index = Annotated[
    str, typer.Option("--index", help="Images to search in: a folder (of label folders, or not), .zip or .jsonl.")
]
Searched = Annotated[
    str, typer.Option("--index", help="Images to search in, as a folder, .zip or .jsonl; or what the command index wrote.")
]
Classifier = Annotated[
    Path | None,
    typer.Option("--classifier", help="A .sav file whose kept heads decide; else the index's labels, else all heads."),
]
Model = Annotated[str | None, typer.Option("--model", help="Hub id or folder; the classifier's, or the embedded one.")]
Dtype = Annotated[str, typer.Option("--dtype", help="What the model computes in, without a classifier.")]
Heads = Annotated[
    int | None,
    typer.Option("--heads", help="How many heads decide: the classifier's best, or those that tell the labels apart best."),
]
Question = Annotated[str, typer.Option("--question", help="Asked of every image; the classifier's own unless given.")]
