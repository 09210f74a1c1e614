"""The command of evaluation: one train and test set, or repeated few-shot episodes from one set."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sav_core.cli.console import print_beside, print_json, print_line, progress_bar
from sav_core.cli.engines import DevicesOption, EngineOption, open_engine
from sav_core.cli.evaluate_parts import evaluate_in_parts
from sav_core.cli.evaluate_text import print_evaluation
from sav_core.cli.opening import (
    check_classifier_file,
    clip_sampling,
    detail_cost,
    open_classifier_for,
    open_examples,
    open_heads,
    open_queries,
    print_detail,
    print_dtype,
    print_left_out,
    print_notes,
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
from sav_core.errors import SettingError
from sav_core.evaluation.metrics import check_truth
from sav_core.rivals.packages import check_installed
from sav_core.rivals.spec import LORA, read_rivals

if TYPE_CHECKING:
    from sav_core.data.examples import ExampleSet
    from sav_core.reports.episode_measurement import EpisodeMeasurement
    from sav_core.reports.measurement import Measurement
    from sav_core.sav import SavClassifier

__all__ = ["add_evaluate"]


def add_evaluate(app: typer.Typer) -> None:
    """Mount the command."""
    app.command(epilog="Example: [bold]python -m sav_core evaluate --train pets/ --test more-pets/ --controls[/bold]")(
        evaluate
    )


def evaluate(
    train: Train,
    test: Annotated[
        str | None, typer.Option("--test", help="Labelled examples to judge by, in the same forms as --train.")
    ] = None,
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
    controls: Annotated[
        bool, typer.Option("--controls", help="Also judge other heads, other classifiers, and the model's own answers.")
    ] = False,
    rival: Annotated[
        list[str] | None,
        typer.Option(
            "--rival",
            help="Also judge another way to learn from the same examples, and what each costs: lora (trains the model), "
            "clip:ID or siglip:ID (hub id or folder); may be given several times.",
        ),
    ] = None,
    demonstrations: Annotated[
        int, typer.Option("--demonstrations", help="Examples that --controls shows the model in context; 0: none.")
    ] = 4,
    rules: Annotated[bool, typer.Option("--rules", help="Also judge every voting rule on the same vectors.")] = False,
    sweep: Annotated[bool, typer.Option("--sweep", help="Also judge other numbers of heads and of examples.")] = False,
    by_depth: Annotated[
        bool, typer.Option("--by-depth", help="Also judge heads of the first layers only, with the time that saves.")
    ] = False,
    confidence: Annotated[
        bool, typer.Option("--confidence", help="Also calibrate on the support, and judge the probabilities.")
    ] = False,
    foreign: Annotated[
        str | None, typer.Option("--foreign", help="Images of none of the labels: are they recognised as such?")
    ] = None,
    heads_from: Annotated[
        Path | None, typer.Option("--heads-from", help="A .sav file of another task, whose heads are tried on this one.")
    ] = None,
    episodes: Annotated[
        int | None, typer.Option("--episodes", help="Without --test: draw so many few-shot splits of --train instead.")
    ] = None,
    shots: Annotated[int, typer.Option("--shots", help="Examples of each label that an episode learns from.")] = 5,
    ways: Annotated[int | None, typer.Option("--ways", help="Labels in an episode; all unless given.")] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of the episodes: the same seed draws the same.")] = 0,
    devices: DevicesOption = None,
    engine: EngineOption = "local",
    parts: Annotated[
        str | None,
        typer.Option("--parts", help="With --engine ray: folder for the answers, which a run that was stopped uses."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fit on one set, judge on another: accuracy with its 95 % interval, per label, confusion."""
    if (test is None) == (episodes is None):
        raise SettingError("Give either --test, examples to judge by, or --episodes, a number of splits of --train.")
    if episodes is not None and (rules or confidence or foreign or heads_from or rival):
        raise SettingError(
            "--rules, --confidence, --foreign, --heads-from and --rival judge one split: give --test, not --episodes."
        )
    in_parts = devices is not None or engine == "ray"
    if in_parts and (test is None or controls or rules or sweep or confidence or foreign or heads_from or rival):
        raise SettingError(
            "--devices and --engine ray judge the classifier alone on a --test set: ask for the rest without."
        )
    if (engine == "ray") != (parts is not None):
        raise SettingError("--engine ray needs a folder for its answers, --parts, which nothing else has use for.")
    rivals = read_rivals(rival or ())
    if LORA in rivals:
        check_installed()
    clips = clip_sampling(frames, fps, animated, clips_as)
    support = open_examples(train, question, clips, detail)
    queries = None if test is None or in_parts else open_examples(test, question, clips, detail)
    if queries is not None:
        check_truth([example.label for example in queries], support.labels)
    unknown = () if foreign is None else open_queries([foreign], question, clips, detail)
    if heads_from is not None:
        check_classifier_file(heads_from)
    classifier = open_classifier_for(
        support, model, dtype, heads=heads, voting=voting, scoring=scoring, belief=belief, max_layer=max_layer
    )
    # They take torch and scikit-learn with them, which a mistake in the options should not wait for.
    from sav_core.reports.episodes import measure_episodes
    from sav_core.reports.measure import measure
    from sav_core.reports.values import values

    found: Measurement | EpisodeMeasurement
    if in_parts and test is not None:
        found = measured = evaluate_in_parts(
            classifier, support, test, question, clips, model, lambda task: open_engine(task, devices, parts)
        )
        _warn_of_overlap(measured.overlap or 0, measured.evaluation.n)
    elif queries is None:
        found = measure_episodes(
            classifier,
            support,
            count=episodes or 0,
            shots=shots,
            n_way=ways,
            seed=seed,
            baselines=controls,
            own_answers=controls,
            demonstrations=demonstrations,
            sweeps=sweep,
            watch=progress_bar,
        )
    else:
        found = measured = measure(
            classifier,
            support,
            queries,
            baselines=controls,
            own_answers=controls,
            demonstrations=demonstrations,
            rules=rules,
            sweeps=sweep,
            confidence=confidence,
            unknown=unknown,
            heads_from=None if heads_from is None else open_heads(heads_from, classifier.backbone),
            rivals=rivals,
            say=print_beside,
            test_name=str(test),
            watch=progress_bar,
        )
        _warn_of_overlap(measured.overlap or 0, len(queries))
    told = values(found) | (_by_depth(classifier, support) if by_depth else {})
    if as_json:
        print_json(told | detail_cost(classifier.backbone, detail))
        return
    print_evaluation(told)
    print_line("")
    print_dtype(classifier.backbone)
    print_detail(classifier.backbone, detail)
    print_notes(found.notes)
    print_left_out(len(found.skipped))


def _by_depth(classifier: SavClassifier, support: ExampleSet) -> dict[str, Any]:
    """Accuracy by depth on the training set, for JSON: each example left out, heads of the first 1, 2, ... layers."""
    from sav_core.activations.depth_times import time_layers
    from sav_core.data.sets.one_scale import on_one_scale
    from sav_core.evaluation.depths import leave_out_by_depth
    from sav_core.heads.classifier import HeadClassifier

    examples = on_one_scale(support)
    with progress_bar("judging every depth") as progress:
        vectors = classifier.extract(examples, progress=progress)
        heads = HeadClassifier(classifier.n_kept, classifier.voting, classifier.scoring, classifier.belief)
        fits = leave_out_by_depth(heads, vectors)
    seconds = time_layers(classifier.backbone, examples[0])[: vectors.geometry.layers]
    curve = fits.at(classifier.n_kept, seconds)
    points = [
        {"layers": depth, "right": right, "accuracy": right / curve.n, "interval": interval, "time": time}
        for depth, (right, interval, time) in enumerate(
            zip(curve.right.tolist(), curve.intervals, curve.time.tolist(), strict=True), start=1
        )
    ]
    return {"by_depth": {"n": curve.n, "timed": curve.timed, "enough": curve.enough, "points": points}}


def _warn_of_overlap(shared: int, asked: int) -> None:
    if shared:
        warnings.warn(
            f"{shared} of the {asked} test examples {'is' if shared == 1 else 'are'} also in the training set, which makes "
            "the figures too good: test on others.",
            stacklevel=2,
        )
