"""The command line: fit, classify, evaluate, look at the heads, list the models, deploy the Space.

Exit status 0 on success, 2 on bad input with one line that says what to do, 1 on a fault of the program.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from sav_core import __version__
from sav_core.bulk.answers import check_answers, open_answers
from sav_core.bulk.gathering import Gathered
from sav_core.bulk.task import Task, portions
from sav_core.cli.ablate import add_ablate
from sav_core.cli.answers import Neighbourhood, print_answers
from sav_core.cli.atlas import add_atlas
from sav_core.cli.benchmark import add_benchmark
from sav_core.cli.console import exit_status, print_json, print_line, print_table, progress_bar
from sav_core.cli.engines import DevicesOption, EngineOption, open_engine, watched
from sav_core.cli.evaluate.command import add_evaluate
from sav_core.cli.opening import (
    clip_sampling,
    detail_cost,
    open_classifier_for,
    open_examples,
    print_detail,
    print_dtype,
    sampling_of,
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
    MaxLayer,
    Model,
    Question,
    ScoredBy,
    Train,
    Voting,
)
from sav_core.cli.plugins import installed_commands
from sav_core.cli.point.command import add_point
from sav_core.cli.readings import print_readings, reading_values
from sav_core.cli.report import add_report
from sav_core.cli.retrieval.commands import add_retrieval
from sav_core.cli.space import space_app
from sav_core.cli.vectors.commands import vectors_app
from sav_core.data.sets.telling import check_any
from sav_core.errors import SettingError
from sav_core.wording import percent

# What needs torch or transformers is imported inside the commands: help and mistakes are answered at once.

__all__ = ["app", "main"]

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Teach a frozen multimodal model your own labels with a few images and see which attention heads know them.",
    epilog=(
        "Example: [bold]python -m sav_core fit --train pets/ --out pets.sav[/bold] where pets/ holds one folder of images "
        "for each label, then [bold]python -m sav_core classify --classifier pets.sav photo.jpg[/bold]"
    ),
)

FittedModel = Annotated[
    str | None, typer.Option("--model", help="Its model, if it was fitted with one from a folder; a hub id it remembers.")
]
ClassifierFile = Annotated[Path, typer.Option("--classifier", help="A .sav file that fit wrote.")]


_PROGRAM = "python -m sav_core"  # as the examples in the help call it


def main(arguments: Sequence[str] | None = None, program: str = _PROGRAM) -> int:
    """Run one command and return its exit status.

    Args:
        arguments: of the command line; those of this process by default.
        program: how it was called, for the help.
    """

    def run() -> int | None:
        command: Any = typer.main.get_command(app)
        command.commands |= installed_commands(taken=set(command.commands))
        _name_program(command, program)
        status: int | None = command.main(
            args=None if arguments is None else list(arguments), prog_name=program, standalone_mode=False
        )
        return status

    return exit_status(run)


def _name_program(command: Any, program: str) -> None:
    """Let the examples in the help of a command, and of those below it, call the program as it was called."""
    if command.epilog:
        command.epilog = command.epilog.replace(_PROGRAM, program)
    for below in getattr(command, "commands", {}).values():
        _name_program(below, program)


def _print_version(wanted: bool) -> None:
    if wanted:
        print_line(f"sav-explorer {__version__}")
        raise typer.Exit


@app.callback()
def _before_all(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Take the options that come before a command."""


@app.command(
    epilog="Example: [bold]python -m sav_core fit --train pets/ --out pets.sav --question 'Which pet is this?'[/bold]"
)
def fit(
    train: Train,
    out: Annotated[Path, typer.Option("--out", help="Where to write the classifier (.sav).")],
    model: Model = None,
    dtype: Dtype = "auto",
    heads: KeptHeads = 20,
    voting: Voting = "majority",
    scoring: ScoredBy = "resubstitution",
    belief: BelievedBy = "margin",
    max_layer: MaxLayer = None,
    question: Question = "",
    frames: Frames = 8,
    fps: FramesPerSecond = None,
    animated: Animated = "still",
    clips_as: ClipsAs = "frames",
    detail: DetailChoice = "full",
    calibrate: Annotated[
        bool, typer.Option(help="Turn shares into probabilities, fitted with each example left out; not with one a label.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Find the heads that tell your labels apart, and save them as a classifier."""
    support = open_examples(train, question, clip_sampling(frames, fps, animated, clips_as), detail)
    classifier = open_classifier_for(
        support, model, dtype, heads=heads, voting=voting, scoring=scoring, belief=belief, max_layer=max_layer
    )
    with progress_bar("finding heads") as progress:
        classifier.fit(support, progress=progress)
    temperature, why_not = None, ""
    if calibrate:
        try:
            temperature = classifier.calibrate().temperature
        except SettingError as error:  # too few examples to leave one out
            why_not = str(error)
    classifier.save(out)
    rejection = classifier.head_classifier_.rejection_
    kept = [(head, float(classifier.head_scores_[head.layer, head.index])) for head in classifier.kept_heads_]
    if as_json:
        print_json(
            {
                "classifier": str(out),
                "model": classifier.backbone.name,
                "dtype": classifier.backbone.dtype_name,
                "labels": classifier.classes_.tolist(),
                "n": len(support),
                "heads": [{"head": str(head), "accuracy": accuracy} for head, accuracy in kept],
                "temperature": temperature,
                "none_below": None if rejection is None else asdict(rejection),
                **reading_values(support),
                **detail_cost(classifier.backbone, detail),
                **({} if max_layer is None else {"max_layer": classifier.head_classifier_.fitted_.geometry.layers - 1}),
            }
        )
        return
    best, accuracy = kept[0]
    print_line(
        f"Fitted {len(support)} examples of {len(classifier.classes_)} labels with {classifier.backbone.name}: "
        f"{len(kept)} heads kept, best {best} at {percent(accuracy)} ({scoring}). Saved {out}."
    )
    if why_not:
        print_line(f"Its answers carry no probability, and none is “none of these”. {why_not}")
    if rejection is not None:
        print_line(
            f"“None of these” below {rejection.threshold:.2f}: refuses {rejection.refused} of {rejection.own} examples not "
            f"learned from, lets {rejection.passed} of {rejection.strangers} pass when their label is hidden."
        )
    print_dtype(classifier.backbone)
    print_detail(classifier.backbone, detail)
    print_readings(support)


@app.command(epilog="Example: [bold]python -m sav_core classify --classifier pets.sav photo.jpg holiday/ --json[/bold]")
def classify(
    classifier: ClassifierFile,
    images: Annotated[list[str], typer.Argument(help="Images, folders or .zip of them, or a .jsonl with questions.")],
    model: FittedModel = None,
    question: Question = "",
    none_below: Annotated[
        float | None,
        typer.Option(
            help="Say “none of these” below this share of the vote, taken times closeness to the examples; by default as "
            "learned from the examples, 0 for never."
        ),
    ] = None,
    index: Annotated[
        str | None, typer.Option("--index", help="Images, such as the support: also tell which are nearest to each query.")
    ] = None,
    out: Annotated[
        str | None,
        typer.Option("--out", help="Write the answers to this .jsonl or .parquet, with --engine ray a folder; print none."),
    ] = None,
    devices: DevicesOption = None,
    engine: EngineOption = "local",
    as_json: AsJson = False,
) -> None:
    """Classify images; with --json one object a line: image, label, shares, votes, confidence.

    What was left out or converted follows with --json in an object of its own: skipped, notes. Of many images the answers
    come part after part.
    """
    if engine == "ray" and out is None:
        raise SettingError("--engine ray writes its answers into a folder of parts: name it with --out.")
    if engine == "local" and out is not None:
        check_answers(out)
    if index is not None and (devices is not None or engine == "ray"):
        raise SettingError("--index compares in this process: leave --devices and --engine out, or use search.")
    from sav_core.data.sets.listings import EIGHT_FRAMES, listed_queries

    clips = sampling_of(classifier) or EIGHT_FRAMES
    with listed_queries(images, question=question, clips=clips) as listing:
        check_any(len(listing.examples), listing.skipped)
        task = Task("answers", model, classifier=str(classifier), clips=clips, none_below=none_below)
        working = open_engine(task, devices, out if engine == "ray" else None)
        near = None if index is None else Neighbourhood(working, index, question)
        gathered = Gathered(listing)
        outcomes = gathered.watch(watched(working, portions(listing.examples), "classifying"))
        with nullcontext() if out is None or engine == "ray" else open_answers(Path(out)) as write:
            for outcome in outcomes:
                if out is None:
                    print_answers(outcome.answers, None if near is None else near.of_last(), as_json=as_json)
                elif write is not None:
                    write(outcome.answers)
            gathered.finish()
    if as_json:
        told = reading_values(gathered)
        if out is not None:
            print_json({"out": out, "n": len(gathered), **told})
        elif any(told.values()):
            print_json(told)
        return
    if out is not None:
        print_line(f"Wrote the answers on {len(gathered)} examples to {out}.")
    print_readings(gathered)


add_evaluate(app)


@app.command(epilog="Example: [bold]python -m sav_core heads --classifier pets.sav --html heads.html[/bold]")
def heads(
    classifier: ClassifierFile,
    html: Annotated[Path | None, typer.Option("--html", help="Also write the heatmap as a page of its own.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the heads that a classifier keeps, best first; no model is loaded."""
    from sav_core.figures.heads import classifier_heatmap
    from sav_core.figures.plotly_script import as_page
    from sav_core.files import write_atomically
    from sav_core.heads.classifier import HeadClassifier
    from sav_core.heads.classifier_file import read_classifier

    fitted, provenance = read_classifier(classifier)
    scores = fitted.scores
    kept = HeadClassifier.from_fitted(fitted, provenance.n_kept, provenance.voting).kept_heads_
    rows: list[dict[str, Any]] = [
        {
            "rank": rank,
            "head": str(head),
            "accuracy": float(scores.accuracy[head.layer, head.index]),
            "margin": float(scores.margin[head.layer, head.index]),
        }
        for rank, head in enumerate(kept, start=1)
    ]
    if html is not None:
        write_atomically(html, as_page(classifier_heatmap(scores, kept, provenance.model)).encode())
    if as_json:
        print_json({"model": provenance.model, "labels": fitted.labels, "scoring": scores.scoring, "heads": rows})
        return
    print_table(
        ["rank", "head", "accuracy", "margin"],
        [[str(row["rank"]), str(row["head"]), percent(row["accuracy"], 1), f"{row['margin']:.4f}"] for row in rows],
    )


@app.command(epilog="Example: [bold]python -m sav_core models --json[/bold]")
def models(
    known: Annotated[
        bool, typer.Option("--architectures", help="Which architectures are proven, probed or refused instead, and why.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List the models that can be loaded here without a download, with their geometry."""
    if known:
        _print_architectures(as_json)
        return
    from sav_core.models.local_models import local_models

    found = local_models()
    if as_json:
        print_json([each.as_dict() for each in found])
        return
    rows = [[m.name, m.architecture, str(m.geometry or "-"), f"{m.size_bytes / 1e6:,.0f} MB", m.note] for m in found]
    print_table(["model", "architecture", "geometry", "size", "note"], rows)


def _print_architectures(as_json: bool) -> None:
    from sav_core.models.architectures import architectures

    if as_json:
        print_json([each.as_dict() for each in architectures()])
        return
    print_table(
        ["architecture", "standing", "video", "reason"],
        [[each.name, each.standing, each.video, each.reason] for each in architectures()],
    )


# After the others, for help lists commands in the order they were added.
add_report(app)
add_ablate(app)
add_atlas(app)
add_point(app)
add_retrieval(app)
add_benchmark(app)
app.add_typer(space_app, name="space")
app.add_typer(vectors_app, name="vectors")
