"""The command line: fit, classify, evaluate, look at the heads, list the models, deploy the Space.

Exit status 0 on success, 2 on bad input with one line that says what to do, 1 on a fault of the program.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sav_core.benchmark_cli import add_benchmark
from sav_core.console import exit_status, print_json, print_line, print_table, progress_bar, spinner
from sav_core.heads import Scoring
from sav_core.retrieval_cli import add_retrieval
from sav_core.space_cli import space_app
from sav_core.vectors_cli import vectors_app
from sav_core.voting import VotingName

# What needs torch or transformers is imported inside the commands: help and mistakes are answered at once.
if TYPE_CHECKING:
    from sav_core.backbones import Backbone
    from sav_core.records import ExampleSet, Prediction, Skipped

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

Model = Annotated[str | None, typer.Option("--model", help="Hub id or folder; the embedded model unless given.")]
FittedModel = Annotated[
    str | None, typer.Option("--model", help="Its model, if it was fitted with one from a folder; a hub id it remembers.")
]
Dtype = Annotated[str, typer.Option("--dtype", help="What the model computes in: auto, float32, bfloat16 or float16.")]
ClassifierFile = Annotated[Path, typer.Option("--classifier", help="A .sav file that fit wrote.")]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON alone to standard output.")]
Train = Annotated[str, typer.Option("--train", help="Folder of label folders, .zip of one, or .jsonl.")]
KeptHeads = Annotated[int, typer.Option("--heads", help="How many of the best heads vote.")]
Voting = Annotated[VotingName, typer.Option("--voting", help="How the kept heads' votes are counted.")]
ScoredBy = Annotated[
    Scoring, typer.Option("--scoring", help="How heads are scored; leave_one_out is honest with few examples.")
]
Question = Annotated[str, typer.Option("--question", help="Asked of every image that has no question of its own.")]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    return exit_status(
        lambda: app(
            args=None if arguments is None else list(arguments), prog_name="python -m sav_core", standalone_mode=False
        )
    )


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
    question: Question = "",
    as_json: AsJson = False,
) -> None:
    """Find the heads that tell your labels apart, and save them as a classifier."""
    from sav_core.sav import SavClassifier

    support = _read(train, question)
    classifier = SavClassifier(_backbone(model, dtype), n_kept=heads, voting=voting, scoring=scoring)
    with progress_bar("finding heads") as progress:
        classifier.fit(support, progress=progress)
    classifier.save(out)
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
                "skipped": _skipped(support.skipped),
            }
        )
        return
    best, accuracy = kept[0]
    print_line(
        f"Fitted {len(support)} examples of {len(classifier.classes_)} labels with {classifier.backbone.name}: "
        f"{len(kept)} heads kept, best {best} at {accuracy:.0%} ({scoring}). Saved {out}."
    )
    _print_dtype(classifier.backbone)
    _print_left_out(len(support.skipped))


@app.command(epilog="Example: [bold]python -m sav_core classify --classifier pets.sav photo.jpg holiday/ --json[/bold]")
def classify(
    classifier: ClassifierFile,
    images: Annotated[list[str], typer.Argument(help="Images, folders or .zip of them, or a .jsonl with questions.")],
    model: FittedModel = None,
    question: Question = "",
    as_json: AsJson = False,
) -> None:
    """Classify images; with --json one object a line: image, label, shares, votes, confidence."""
    from sav_core.datasets import read_queries
    from sav_core.opening import open_classifier

    queries = read_queries(images, question=question)
    fitted = open_classifier(classifier, model)
    with progress_bar("classifying") as progress:
        predictions = fitted.predict(queries, progress=progress)
    if as_json:
        for prediction in predictions:
            print_json(prediction.as_dict())
        return
    rows = [[each.name, each.label, f"{each.confidence:.0%}", _shares(each)] for each in predictions]
    print_table(["image", "label", "confidence", "shares"], rows)
    _print_left_out(len(queries.skipped))


@app.command(epilog="Example: [bold]python -m sav_core evaluate --train pets/ --test more-pets/ --controls[/bold]")
def evaluate(
    train: Train,
    test: Annotated[str, typer.Option("--test", help="Labelled examples to judge by, in the same forms as --train.")],
    model: Model = None,
    dtype: Dtype = "auto",
    heads: KeptHeads = 20,
    voting: Voting = "majority",
    scoring: ScoredBy = "resubstitution",
    question: Question = "",
    controls: Annotated[bool, typer.Option("--controls", help="Also judge other choices of heads and zero-shot.")] = False,
    as_json: AsJson = False,
) -> None:
    """Fit on one set, judge on another: accuracy with its 95 % interval, per label, confusion."""
    from sav_core.reports import evaluate_classifier
    from sav_core.sav import SavClassifier

    support, queries = _read(train, question), _read(test, question)
    classifier = SavClassifier(_backbone(model, dtype), n_kept=heads, voting=voting, scoring=scoring)
    with progress_bar("finding heads") as progress:
        classifier.fit(support, progress=progress)
    with progress_bar("judging") as progress:
        report = evaluate_classifier(classifier, queries, controls=controls, progress=progress)
    result: dict[str, Any] = {
        "accuracy": report.evaluation.accuracy,
        "interval": report.evaluation.interval,
        "n": report.evaluation.n,
        "per_label": report.evaluation.per_label,
        "confusion": report.evaluation.confusion.tolist(),
        "labels": report.evaluation.labels,
        "skipped": _skipped((*support.skipped, *queries.skipped)),
    }
    if controls:
        result["controls"] = report.controls
    if as_json:
        print_json(result)
    else:
        _print_report(result)
        print_line("")
        _print_dtype(classifier.backbone)
        _print_left_out(len(result["skipped"]))


@app.command(epilog="Example: [bold]python -m sav_core heads --classifier pets.sav --html heads.html[/bold]")
def heads(
    classifier: ClassifierFile,
    html: Annotated[Path | None, typer.Option("--html", help="Also write the heatmap as a page of its own.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the heads that a classifier keeps, best first; no model is loaded."""
    from sav_core.classifier import HeadClassifier
    from sav_core.classifier_file import read_classifier
    from sav_core.figures import head_heatmap
    from sav_core.storage import write_atomically

    fitted, provenance = read_classifier(classifier)
    scores = fitted.scores
    kept = HeadClassifier.from_fitted(fitted, provenance.n_kept, provenance.voting).kept_heads_
    rows = [
        {
            "rank": rank,
            "head": str(head),
            "accuracy": float(scores.accuracy[head.layer, head.index]),
            "margin": float(scores.margin[head.layer, head.index]),
        }
        for rank, head in enumerate(kept, start=1)
    ]
    if html is not None:
        title = f"Accuracy of every head of {provenance.model} ({scores.scoring}, {scores.scored} examples)"
        page = head_heatmap(scores, kept, title=title).to_html(include_plotlyjs=True, full_html=True)
        write_atomically(html, page.encode())
    if as_json:
        print_json({"model": provenance.model, "labels": fitted.labels, "scoring": scores.scoring, "heads": rows})
        return
    print_table(
        ["rank", "head", "accuracy", "margin"],
        [[str(row["rank"]), str(row["head"]), f"{row['accuracy']:.1%}", f"{row['margin']:.4f}"] for row in rows],
    )


@app.command(epilog="Example: [bold]python -m sav_core models --json[/bold]")
def models(as_json: AsJson = False) -> None:
    """List the models that can be loaded here without a download, with their geometry."""
    from sav_core.catalogue import local_models

    found = local_models()
    if as_json:
        print_json([each.as_dict() for each in found])
        return
    rows = [[m.name, m.architecture, str(m.geometry or "-"), f"{m.size_bytes / 1e6:,.0f} MB", m.note] for m in found]
    print_table(["model", "architecture", "geometry", "size", "note"], rows)


# After the others, for help lists commands in the order they were added.
add_retrieval(app)
add_benchmark(app)
app.add_typer(space_app, name="space")
app.add_typer(vectors_app, name="vectors")


def _backbone(model: str | None, dtype: str) -> Backbone:
    with spinner(f"loading {model or 'the model'}"):  # importing torch is a part of it; a download may be
        from sav_core.backbones import load_backbone

        return load_backbone(model, dtype=dtype)


def _read(source: str, question: str) -> ExampleSet:
    from sav_core.datasets import read_examples

    return read_examples(source, question=question)


def _shares(prediction: Prediction) -> str:
    """``"cat 80%, dog 20%"``, largest first."""
    largest_first = sorted(prediction.shares.items(), key=lambda item: -item[1])
    return ", ".join(f"{label} {share:.0%}" for label, share in largest_first if share > 0)


def _print_report(result: dict[str, Any]) -> None:
    low, high = result["interval"]
    print_line(f"accuracy {result['accuracy']:.1%} (95 % interval {low:.1%} to {high:.1%}, n = {result['n']})\n")
    rows = []
    for label, counts in zip(result["labels"], result["confusion"], strict=True):
        own = f"{result['per_label'][label]:.0%}" if label in result["per_label"] else "-"
        rows.append([label, own, *map(str, counts)])
    print_table(["label", "accuracy", *(f"as {label}" for label in result["labels"])], rows)
    if "controls" in result:
        print_line("")
        print_table(
            ["instead of the kept heads", "accuracy"],
            [[name.replace("_", " "), f"{accuracy:.1%}"] for name, accuracy in result["controls"].items()],
        )


def _skipped(skipped: Sequence[Skipped]) -> list[dict[str, str]]:
    return [{"image": each.name, "reason": each.reason} for each in skipped]


def _print_dtype(backbone: Backbone) -> None:
    print_line(f"The model computes in {backbone.dtype_name}: {backbone.why_dtype}.")


def _print_left_out(count: int) -> None:
    if count:
        print_line(f"{count} image{'s were' if count > 1 else ' was'} left out; the warnings say why.")
