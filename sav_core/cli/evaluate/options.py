"""The options that only evaluation has: what else is judged, and on what."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "ByDepth",
    "Confidence",
    "Controls",
    "Demonstrations",
    "Episodes",
    "Foreign",
    "HeadsFrom",
    "Parts",
    "Rivals",
    "Rules",
    "Seed",
    "Shots",
    "Sweep",
    "Test",
    "Ways",
]

Test = Annotated[str | None, typer.Option("--test", help="Labelled examples to judge by, in the same forms as --train.")]
Controls = Annotated[
    bool, typer.Option("--controls", help="Also judge other heads, other classifiers, and the model's own answers.")
]
Rivals = Annotated[
    list[str] | None,
    typer.Option(
        "--rival",
        help="Also judge another way to learn from the same examples, and what each costs: lora (trains the model), "
        "clip:ID or siglip:ID (hub id or folder); may be given several times.",
    ),
]
Demonstrations = Annotated[
    int, typer.Option("--demonstrations", help="Examples that --controls shows the model in context; 0: none.")
]
Rules = Annotated[bool, typer.Option("--rules", help="Also judge every voting rule on the same vectors.")]
Sweep = Annotated[bool, typer.Option("--sweep", help="Also judge other numbers of heads and of examples.")]
ByDepth = Annotated[
    bool, typer.Option("--by-depth", help="Also judge heads of the first layers only, with the time that saves.")
]
Confidence = Annotated[
    bool, typer.Option("--confidence", help="Also calibrate on the support, and judge the probabilities.")
]
Foreign = Annotated[
    str | None, typer.Option("--foreign", help="Images of none of the labels: are they recognised as such?")
]
HeadsFrom = Annotated[
    Path | None, typer.Option("--heads-from", help="A .sav file of another task, whose heads are tried on this one.")
]
Episodes = Annotated[
    int | None, typer.Option("--episodes", help="Without --test: draw so many few-shot splits of --train instead.")
]
Shots = Annotated[int, typer.Option("--shots", help="Examples of each label that an episode learns from.")]
Ways = Annotated[int | None, typer.Option("--ways", help="Labels in an episode; all unless given.")]
Seed = Annotated[int, typer.Option("--seed", help="Of the episodes: the same seed draws the same.")]
Parts = Annotated[
    str | None,
    typer.Option("--parts", help="With --engine ray: folder for the answers, which a run that was stopped uses."),
]
