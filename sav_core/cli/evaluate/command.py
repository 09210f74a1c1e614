"""The command of evaluation: one train and test set, or repeated few-shot episodes from one set."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import typer

from sav_core.cli.console import print_beside, print_json, print_line, progress_bar
from sav_core.cli.engines import DevicesOption, EngineOption, open_engine
from sav_core.cli.evaluate.depths import judge_by_depth
from sav_core.cli.evaluate.options import (
    ByDepth,
    Confidence,
    Controls,
    Demonstrations,
    Episodes,
    Foreign,
    HeadsFrom,
    Parts,
    Rivals,
    Rules,
    Seed,
    Shots,
    Sweep,
    Test,
    Ways,
)
from sav_core.cli.evaluate.parts import evaluate_in_parts
from sav_core.cli.evaluate.text import print_evaluation
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
from sav_core.cli.readings import print_readings
from sav_core.errors import SettingError
from sav_core.evaluation.metrics import check_truth
from sav_core.rivals.packages import check_installed
from sav_core.rivals.spec import LORA, read_rivals

if TYPE_CHECKING:
    from sav_core.reports.episode_measurement import EpisodeMeasurement
    from sav_core.reports.measurement import Measurement

__all__ = ["add_evaluate"]


def add_evaluate(app: typer.Typer) -> None:
    """Mount the command."""
    app.command(epilog="Example: [bold]python -m sav_core evaluate --train pets/ --test more-pets/ --controls[/bold]")(
        evaluate
    )


def evaluate(
    train: Train,
    test: Test = None,
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
    controls: Controls = False,
    rival: Rivals = None,
    demonstrations: Demonstrations = 4,
    rules: Rules = False,
    sweep: Sweep = False,
    by_depth: ByDepth = False,
    confidence: Confidence = False,
    foreign: Foreign = None,
    heads_from: HeadsFrom = None,
    episodes: Episodes = None,
    shots: Shots = 5,
    ways: Ways = None,
    seed: Seed = 0,
    devices: DevicesOption = None,
    engine: EngineOption = "local",
    parts: Parts = None,
    as_json: AsJson = False,
) -> None:
    """Fit on one set, judge on another: accuracy with its 95 % interval, per label, confusion."""
    on_one_split = bool(rules or confidence or foreign or heads_from or rival)
    in_parts = devices is not None or engine == "ray"
    _check_split(test, episodes, on_one_split=on_one_split)
    if in_parts and (test is None or controls or sweep or on_one_split):
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
    told = values(found) | (judge_by_depth(classifier, support) if by_depth else {})
    if as_json:
        print_json(told | detail_cost(classifier.backbone, detail))
        return
    print_evaluation(told)
    print_line("")
    print_dtype(classifier.backbone)
    print_detail(classifier.backbone, detail)
    print_readings(found)


def _check_split(test: str | None, episodes: int | None, *, on_one_split: bool) -> None:
    """Refuse what does not say on which split to judge, or asks of many what is judged on one."""
    if (test is None) == (episodes is None):
        raise SettingError("Give either --test, examples to judge by, or --episodes, a number of splits of --train.")
    if episodes is not None and on_one_split:
        raise SettingError(
            "--rules, --confidence, --foreign, --heads-from and --rival judge one split: give --test, not --episodes."
        )


def _warn_of_overlap(shared: int, asked: int) -> None:
    if shared:
        warnings.warn(
            f"{shared} of the {asked} test examples {'is' if shared == 1 else 'are'} also in the training set, which makes "
            "the figures too good: test on others.",
            stacklevel=2,
        )
