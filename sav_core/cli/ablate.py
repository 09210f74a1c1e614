"""The command of causes: whether the model uses the heads that a classifier keeps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sav_core.causes.ways import ReplacedBy, Tokens
from sav_core.cli.console import print_json, print_line, print_table, progress_bar
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
from sav_core.evaluation.metrics import check_truth
from sav_core.wording import percent, percent_range

if TYPE_CHECKING:
    from sav_core.causes.ablation import Ablation
    from sav_core.data.examples import Example
    from sav_core.sav import SavClassifier

__all__ = ["add_ablate"]


def add_ablate(app: typer.Typer) -> None:
    """Mount the command."""
    app.command(epilog="Example: [bold]python -m sav_core ablate --train pets/ --test more-pets/ --html used.html[/bold]")(
        ablate
    )


def ablate(
    train: Train,
    test: Annotated[
        str | None,
        typer.Option("--test", help="Labelled examples that the model answers; those of --train unless given."),
    ] = None,
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
    by: Annotated[
        ReplacedBy,
        typer.Option("--by", help="What a head that is off says: its mean over --train, nothing, or another's vector."),
    ] = "mean",
    tokens: Annotated[
        Tokens, typer.Option("--tokens", help="Where heads are off: at the prompt's last token, or at every token.")
    ] = "last",
    draws: Annotated[int, typer.Option("--draws", help="How often random heads of the same layers are drawn.")] = 20,
    patch: Annotated[
        bool, typer.Option("--patch", help="Also put heads' vectors of other pictures in: does the answer follow?")
    ] = False,
    seed: Annotated[int, typer.Option("--seed", help="Of all that is drawn: the same seed draws the same.")] = 0,
    html: Annotated[Path | None, typer.Option("--html", help="Also write the bars as a page of their own.")] = None,
    as_json: AsJson = False,
) -> None:
    """Switch the kept heads off in the model: what does its own answer lose? Readable is not yet used."""
    clips = clip_sampling(frames, fps, animated, clips_as)
    support = open_examples(train, question, clips, detail)
    asked = support if test is None else open_examples(test, question, clips, detail)
    check_truth([example.label for example in asked], support.labels)
    classifier = open_classifier_for(support, model, dtype, heads=heads, voting=voting, scoring=scoring, belief=belief)
    # They take torch with them, which a mistake in the options should not wait for.
    from sav_core.causes import KnockOut, choose_heads, patch_pictures
    from sav_core.causes import ablate as switch_off
    from sav_core.causes.values import ablation_values, patching_values

    how = KnockOut(by, tokens, seed)
    with progress_bar("finding heads") as progress:
        classifier.fit(support, progress=progress)
    backbone, ranking = classifier.backbone, classifier.head_classifier_.fitted_.scores.ranking
    sets = choose_heads(classifier.kept_heads_, backbone.geometry, ranking, draws=draws, seed=seed)
    labels = classifier.classes_.tolist()
    shown, queries = ([classifier.as_query(each) for each in examples] for examples in (support, asked))
    with progress_bar("switching heads off") as progress:
        found = switch_off(
            backbone, sets, queries, labels, support=shown, vectors=classifier.vectors_, how=how, progress=progress
        )
    told = {
        "model": backbone.name,
        "dtype": backbone.dtype_name,
        "heads": [str(head) for head in sets.kept],
        "readable": _readable(classifier, queries),
        "label_tokens": max(len(backbone.answer_ids(queries[0], label)) for label in labels),
        **ablation_values(found),
    }
    if patch:
        with progress_bar("patching pictures") as progress:
            patched = patch_pictures(backbone, sets, queries, labels, seed=seed, progress=progress)
        told["patching"] = patching_values(patched)
    if html is not None:
        _write_page(html, found)
    sources = (support,) if test is None else (support, asked)
    if as_json:
        print_json({**told, **reading_values(*sources)})
        return
    _print_told(told, own=test is None)
    print_dtype(backbone)
    print_detail(backbone, detail)
    print_readings(*sources)


def _readable(classifier: SavClassifier, queries: list[Example]) -> dict[str, Any]:
    """How often the kept heads' vote is right on the same queries."""
    from sav_core.evaluation.metrics import evaluate_labels

    answers = [each.label for each in classifier.predict(queries)]
    found = evaluate_labels([query.label for query in queries], answers, classifier.classes_.tolist())
    return {"accuracy": found.accuracy, "interval": found.interval}


def _write_page(path: Path, found: Ablation) -> None:
    from sav_core.causes.bars import switched_off
    from sav_core.figures.causes import loss_figure
    from sav_core.figures.plotly_script import as_page
    from sav_core.files import write_atomically

    write_atomically(path, as_page(loss_figure(switched_off(found))).encode())


def _print_told(told: dict[str, Any], *, own: bool) -> None:
    from sav_core.causes.values import CONDITION_WORDS

    readable = told["readable"]
    print_line(
        f"Readable: the vote of the {len(told['heads'])} kept heads is right on {percent(readable['accuracy'], 1)} "
        f"({percent_range(readable['interval'], 1)}) of {told['n']}.\n"
        f"{told['sentence']}\n"
    )
    if own:
        print_line("These are the examples that the heads were chosen on; with --test the vote is judged on others.\n")
    if told["tokens"] == "last" and told["label_tokens"] > 1:
        print_line(
            "A label is several tokens here: heads are off where its first is answered, and on while the rest is read; "
            "--tokens every switches them off throughout.\n"
        )
    rows = [
        [CONDITION_WORDS[name], str(each["heads"]), percent(each["accuracy"], 1), *_lost(each)]
        for name, each in told["conditions"].items()
    ]
    columns = ["heads switched off", "how many", "accuracy", "lost (points)", "p", "log-likelihood lost", "p"]
    print_table(columns, rows)
    if "patching" in told:
        print_line(f"\n{told['patching']['sentence']}\n")
        rows = [
            [
                CONDITION_WORDS[name],
                str(each["heads"]),
                f"{percent(each['follows'], 1)} ({percent_range(each['follows_interval'], 1)})",
                percent(each["stays"], 1),
                f"{each['shift']:+.2f} ({each['shift_interval'][0]:+.2f} to {each['shift_interval'][1]:+.2f})",
            ]
            for name, each in told["patching"]["conditions"].items()
        ]
        print_table(["heads patched", "how many", "follows the other picture", "stays", "log-odds gained"], rows)
    print_line("")


def _lost(found: dict[str, Any]) -> list[str]:
    if "accuracy_lost" not in found:
        return ["-", "-", "-", "-"]
    points, nats = ((found[f"{name}_lost"], *found[f"{name}_lost_interval"]) for name in ("accuracy", "log_likelihood"))
    return [
        "{:+.1f} ({:+.1f} to {:+.1f})".format(*(100 * each for each in points)),
        f"{found['accuracy_p']:.2g}",
        "{:+.3f} ({:+.3f} to {:+.3f})".format(*nats),
        f"{found['log_likelihood_p']:.2g}",
    ]
