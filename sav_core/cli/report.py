"""The command that writes what labelled examples taught as one page to show."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sav_core.cli.console import print_json, print_line, progress_bar
from sav_core.cli.opening import (
    clip_sampling,
    open_classifier_for,
    open_examples,
    print_detail,
    print_dtype,
)
from sav_core.cli.options import (
    Animated,
    AsJson,
    BelievedBy,
    ClipsAs,
    DetailChoice,
    Dtype,
    Frames,
    FramesPerSecond,
    KeptHeads,
    Model,
    Question,
    ScoredBy,
    Train,
    Voting,
)
from sav_core.cli.readings import print_readings, reading_values

__all__ = ["add_report"]


def add_report(app: typer.Typer) -> None:
    """Mount the command."""
    app.command(epilog="Example: [bold]python -m sav_core report --train pets/ --out pets.html --title Pets[/bold]")(report)


def report(
    train: Train,
    out: Annotated[Path, typer.Option("--out", help="Where to write the page (.html).")],
    title: Annotated[str, typer.Option("--title", help="What was taught; the name of the set by default.")] = "",
    model: Model = None,
    dtype: Dtype = "auto",
    heads: KeptHeads = 20,
    voting: Voting = "majority",
    scoring: ScoredBy = "resubstitution",
    belief: BelievedBy = "margin",
    question: Question = "",
    frames: Frames = 8,
    fps: FramesPerSecond = None,
    animated: Animated = "still",
    clips_as: ClipsAs = "frames",
    detail: DetailChoice = "full",
    as_json: AsJson = False,
) -> None:
    """Write which heads know your labels as a page to show: how good they are, heatmap, map of the examples, thumbnails.

    The page is one file of at most a megabyte that opens anywhere, without a network.
    """
    from sav_core.evaluation.support_fit import fit_support
    from sav_core.files import write_atomically
    from sav_core.reports.heads_page import heads_page

    support = open_examples(train, question, clip_sampling(frames, fps, animated, clips_as), detail)
    classifier = open_classifier_for(support, model, dtype, heads=heads, voting=voting, scoring=scoring, belief=belief)
    with progress_bar("finding heads") as progress:
        classifier.fit(support, progress=progress)
    fitted = fit_support(classifier.vectors_, voting=voting, scoring=scoring, belief=belief)
    page = heads_page(
        fitted,
        heads,
        [example.images[0] if example.images else None for example in support],
        title=title or Path(train).stem,
        model=classifier.backbone.name,
        question=classifier.question_ or "",
    )
    write_atomically(out, page.encode())
    if as_json:
        print_json(
            {
                "report": str(out),
                "model": classifier.backbone.name,
                "labels": classifier.classes_.tolist(),
                "n": len(support),
                **reading_values(support),
            }
        )
        return
    print_line(f"Wrote {out}: {len(support)} examples of {len(classifier.classes_)} labels, {classifier.backbone.name}.")
    print_dtype(classifier.backbone)
    print_detail(classifier.backbone, detail)
    print_readings(support)
