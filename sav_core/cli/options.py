"""The options that the commands share."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from sav_core.heads.rules import Belief, VotingName
from sav_core.heads.scoring import Scoring
from sav_core.types import ClipWay, Detail

__all__ = [
    "Animated",
    "AsJson",
    "BelievedBy",
    "ClipsAs",
    "DetailChoice",
    "Dtype",
    "Frames",
    "FramesPerSecond",
    "KeptHeads",
    "MaxLayer",
    "Model",
    "Question",
    "ScoredBy",
    "Train",
    "Voting",
]

Model = Annotated[str | None, typer.Option("--model", help="Hub id or folder; the embedded model unless given.")]
Dtype = Annotated[str, typer.Option("--dtype", help="What the model computes in: auto, float32, bfloat16 or float16.")]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON alone to standard output.")]
Train = Annotated[str, typer.Option("--train", help="Folder of label folders, .zip of one, .jsonl or .csv.")]
Frames = Annotated[int, typer.Option("--frames", help="How many frames of a video are shown to the model.")]
FramesPerSecond = Annotated[
    float | None, typer.Option("--fps", help="Instead so many frames of each second of a video, 256 at most.")
]
Animated = Annotated[
    Literal["still", "clip"], typer.Option("--animated", help="GIF, WebP and PNG that move: their first frame, or a clip.")
]
ClipsAs = Annotated[
    ClipWay, typer.Option("--clips-as", help="A video is shown as pictures, or natively, by models with tokens for video.")
]
DetailChoice = Annotated[
    Detail,
    typer.Option(
        "--detail",
        help="How finely pictures are looked at: fewer tokens take less time, where the model cuts pictures into tiles or "
        "takes as many pixels as they have.",
    ),
]
KeptHeads = Annotated[int, typer.Option("--heads", help="How many of the best heads vote.")]
MaxLayer = Annotated[
    str | None,
    typer.Option(
        "--max-layer",
        help="Keep heads up to this layer, counted from 0, and run the model no further; 'kept': choose from all, then run "
        "queries up to the last kept head. All layers by default.",
    ),
]
Voting = Annotated[VotingName, typer.Option("--voting", help="How the kept heads' votes are counted.")]
ScoredBy = Annotated[
    Scoring, typer.Option("--scoring", help="How heads are scored; leave_one_out is honest with few examples.")
]
BelievedBy = Annotated[Belief, typer.Option("--belief", help="What reliability voting measures of a left-out vote.")]
Question = Annotated[str, typer.Option("--question", help="Asked of every image that has no question of its own.")]
