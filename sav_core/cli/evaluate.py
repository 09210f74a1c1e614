"""The command line of evaluation: one train and test set, or repeated few-shot episodes from one set."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from sav_core.cli.console import print_json, print_line, progress_bar
from sav_core.cli.evaluate_text import print_evaluation
from sav_core.cli.opening import (
    open_classifier_for,
    open_examples,
    open_queries,
    print_dtype,
    print_left_out,
    skipped_as_dicts,
)
from sav_core.cli.options import AsJson, BelievedBy, Dtype, KeptHeads, Model, Question, ScoredBy, Train, Voting
from sav_core.errors import SettingError
from sav_core.reports.values import confidence_values, evaluation_values, foreign_values, point_values, way_values

if TYPE_CHECKING:
    from sav_core.data.examples import ExampleSet
    from sav_core.heads.classifier import FittedHeads
    from sav_core.heads.classifier_file import Provenance
    from sav_core.reports.evaluate import Report
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
    question: Question = "",
    controls: Annotated[
        bool, typer.Option("--controls", help="Also judge other heads, other classifiers, and the model's own answers.")
    ] = False,
    demonstrations: Annotated[
        int, typer.Option("--demonstrations", help="Examples that --controls shows the model in context; 0: none.")
    ] = 4,
    rules: Annotated[bool, typer.Option("--rules", help="Also judge every voting rule on the same vectors.")] = False,
    sweep: Annotated[bool, typer.Option("--sweep", help="Also judge other numbers of heads and of examples.")] = False,
    confidence: Annotated[
        bool, typer.Option("--confidence", help="Also calibrate on the support, and judge the probabilities.")
    ] = False,
    foreign: Annotated[
        str | None, typer.Option("--foreign", help="Images of none of the labels: does doubt tell them from the test set?")
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
    as_json: AsJson = False,
) -> None:
    """Fit on one set, judge on another: accuracy with its 95 % interval, per label, confusion."""
    from sav_core.evaluation.metrics import check_truth
    from sav_core.heads.classifier_file import read_classifier

    if (test is None) == (episodes is None):
        raise SettingError("Give either --test, examples to judge by, or --episodes, a number of splits of --train.")
    if episodes is not None and (rules or confidence or foreign or heads_from):
        raise SettingError(
            "--rules, --confidence, --foreign and --heads-from judge one split: give --test, not --episodes."
        )
    support = open_examples(train, question)
    queries = None if test is None else open_examples(test, question)
    if queries is not None:
        check_truth([example.label for example in queries], support.labels)
    others = None if foreign is None else open_queries([foreign], question)
    moved = None if heads_from is None else read_classifier(heads_from)
    classifier = open_classifier_for(support, model, dtype, heads=heads, voting=voting, scoring=scoring, belief=belief)
    if heads_from is not None and moved is not None:
        from sav_core.sav import check_model

        check_model(heads_from, *moved, classifier.backbone)
    if queries is None:
        drawn = _Drawn(episodes or 0, shots, ways, seed)
        result = _episodes(classifier, support, drawn, controls=controls, sweep=sweep, demonstrations=demonstrations)
    else:
        with progress_bar("finding heads") as progress:
            classifier.fit(support, progress=progress, hidden=controls)
        overlap = _overlap(classifier, support, queries)
        report = _report(classifier, support, queries, controls=controls, demonstrations=demonstrations)
        result = _split(report, controls=controls)
        result |= {"overlap": overlap, "skipped": skipped_as_dicts((*support.skipped, *queries.skipped))}
        result |= _more(classifier, report, rules=rules, sweep=sweep, confidence=confidence)
        result |= _elsewhere(classifier, report, others, moved)
    if as_json:
        print_json(result)
        return
    print_evaluation(result)
    print_line("")
    print_dtype(classifier.backbone)
    print_left_out(len(result["skipped"]))


def _overlap(classifier: SavClassifier, support: ExampleSet, queries: ExampleSet) -> int:
    """Count the test examples that are also in the training set, and warn of any."""
    from sav_core.data.duplicates import count_shared

    shared = count_shared(*([classifier.as_query(example) for example in each] for each in (support, queries)))
    if shared:
        warnings.warn(
            f"{shared} of the {len(queries)} test examples {'is' if shared == 1 else 'are'} also in the training set, "
            "which makes the figures too good: test on others.",
            stacklevel=2,
        )
    return shared


class _Drawn(NamedTuple):
    """How episodes are drawn."""

    number: int
    shots: int
    ways: int | None
    seed: int


def _report(
    classifier: SavClassifier, support: ExampleSet, queries: ExampleSet, *, controls: bool, demonstrations: int
) -> Report:
    from sav_core.reports.evaluate import evaluate_classifier

    with progress_bar("judging") as progress:
        return evaluate_classifier(
            classifier, queries, controls=controls, support=support, demonstrations=demonstrations, progress=progress
        )


def _split(report: Report, *, controls: bool) -> dict[str, Any]:
    result = evaluation_values(report.evaluation)
    if controls:
        result["controls"] = report.controls
        result["control_details"] = way_values(report.judged, report.comparisons)
        result["refused"] = dict(report.refused)
    return result


def _more(classifier: SavClassifier, report: Report, *, rules: bool, sweep: bool, confidence: bool) -> dict[str, Any]:
    """What the same vectors say besides, as asked for."""
    from sav_core.evaluation.intervals import compare
    from sav_core.reports.evaluate import judge_confidence, judge_rules, sweep_support

    heads, support = classifier.head_classifier_, classifier.vectors_
    result: dict[str, Any] = {}
    if rules:
        judged, refused = judge_rules(heads, support, report.vectors)
        beside = {each.name: compare(report.right, each.right > 0) for each in judged if each.name != heads.voting}
        result["rules"], result["rules_refused"] = way_values(judged, beside), dict(refused)
    if sweep:
        swept = sweep_support(heads, support, report.vectors)
        result["sweep"] = {name: [point_values(point) for point in points] for name, points in swept.items()}
    if confidence:
        try:
            result["confidence"] = confidence_values(judge_confidence(heads, support, report.vectors))
        except SettingError as error:  # such as one example a label: all else has been judged and stands
            result["confidence"], result["confidence_refused"] = None, str(error)
    return result


def _elsewhere(
    classifier: SavClassifier,
    report: Report,
    foreign: ExampleSet | None,
    heads_from: tuple[FittedHeads, Provenance] | None,
) -> dict[str, Any]:
    """What images of other things, and heads of another task, say."""
    import numpy as np

    from sav_core.evaluation.baselines import answer_control
    from sav_core.evaluation.intervals import compare
    from sav_core.evaluation.sweeps import transfer_heads
    from sav_core.heads.classifier import HeadClassifier
    from sav_core.reports.evaluate import foreign_roc

    heads = classifier.head_classifier_
    result: dict[str, Any] = {}
    if foreign is not None:
        with progress_bar("foreign images") as progress:
            others = classifier.extract([classifier.as_query(each) for each in foreign], progress=progress)
        curve = foreign_roc(heads, report.vectors, others)
        result["foreign"] = foreign_values(curve, len(others))
    if heads_from is not None:
        fitted, provenance = heads_from
        source = HeadClassifier.from_fitted(fitted, provenance.n_kept, provenance.voting)
        moved = transfer_heads(source, heads)
        answers = moved.classes_[moved.vote(report.vectors).winner].tolist()
        control = answer_control("transfer", answers, report.vectors.labels)
        shared = set(source.kept_heads_) & set(heads.kept_heads_)
        result["transfer"] = {
            **way_values([control], {"transfer": compare(report.right, np.array(control.right > 0))})["transfer"],
            "shared_heads": sorted(map(str, shared)),
        }
    return result


def _episodes(
    classifier: SavClassifier,
    examples: ExampleSet,
    drawn: _Drawn,
    *,
    controls: bool,
    sweep: bool,
    demonstrations: int,
) -> dict[str, Any]:
    """Read the set once, then draw, fit and judge."""
    from sav_core.evaluation.baselines import episode_controls, episode_pixels
    from sav_core.evaluation.episodes import draw_episodes, run_episodes
    from sav_core.evaluation.intervals import bootstrap_interval
    from sav_core.evaluation.sweeps import sweep_heads_over, sweep_shots
    from sav_core.heads.classifier import HeadClassifier
    from sav_core.reports.model_baselines import episode_model_controls

    labels = [example.label for example in examples]
    episodes = draw_episodes(labels, shots=drawn.shots, count=drawn.number, ways=drawn.ways, seed=drawn.seed)
    heads = HeadClassifier(classifier.n_kept, classifier.voting, classifier.scoring, classifier.belief)
    heads.check_settings()
    with progress_bar("reading") as progress:
        vectors = classifier.extract(list(examples), progress=progress, hidden=controls)
    found = run_episodes(heads, vectors, episodes)
    result = evaluation_values(found.evaluation) | {
        "accuracy": found.mean,
        "interval": found.interval,
        "skipped": skipped_as_dicts(examples.skipped),
        "episodes": {
            "count": drawn.number,
            "shots": drawn.shots,
            "ways": len(episodes[0].labels),
            "seed": drawn.seed,
            "accuracy": found.accuracy.tolist(),
        },
    }
    if controls:
        judged = episode_controls(heads, vectors, episodes)
        pixels = episode_pixels(examples, episodes)
        with progress_bar("asking the model") as progress:
            own, refused = episode_model_controls(
                classifier.backbone, examples, episodes, demonstrations=demonstrations, progress=progress
            )
        judged |= ({} if pixels is None else {"pixels": pixels}) | own
        result["refused"] = dict(refused)
        result["controls"] = {name: float(accuracy.mean()) for name, accuracy in judged.items()}
        result["control_details"] = {
            name: {
                "accuracy": float(accuracy.mean()),
                "interval": bootstrap_interval(accuracy),
                "difference": found.mean - float(accuracy.mean()),
                "difference_interval": bootstrap_interval(found.accuracy - accuracy),
            }
            for name, accuracy in judged.items()
        }
    if sweep:
        least = 2 if heads.scoring == "leave_one_out" or heads.voting == "reliability" else 1
        shots = [number for number in (1, 2, 5, 10, 20, 50, 100) if least <= number < drawn.shots]
        points = sweep_shots(heads, vectors, episodes, [*shots, drawn.shots])
        by_heads = sweep_heads_over(heads, vectors, episodes)
        result["sweep"] = {
            "heads": [point_values(point) for point in by_heads],
            "shots": [point_values(point) for point in points],
        }
    return result
