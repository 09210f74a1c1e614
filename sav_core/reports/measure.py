"""The one experiment: a classifier's settings judged on a test set, as far as is asked.

    found = measure(SavClassifier(backbone), support, test, baselines=True, confidence=True)
    found.evaluation.accuracy, found.baselines.comparisons["all_heads"].difference, found.trust.diagram.expected_error

Every example goes through the model once, for its head vectors and its last hidden state together; only the model's own
answers need it again. The command ``evaluate`` and the page Measure call this and add nothing; ``sav_core.reports.values``
tells what came out as plain values, and ``sav_core.reports.episodes`` does the same over few-shot episodes of one set.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from sav_core.data.examples import Example, ExampleSet, Skipped
from sav_core.data.notes import Note
from sav_core.data.sets.asking import as_asked, shared_question
from sav_core.data.sets.duplicates import count_shared
from sav_core.data.sets.one_scale import at_levels, levels_of, on_one_scale
from sav_core.evaluation.baselines import Baseline, pixel_baseline
from sav_core.evaluation.costs import Cost
from sav_core.evaluation.metrics import check_truth
from sav_core.heads.classifier import HeadClassifier
from sav_core.heads.support_checks import check_labels, check_vectors
from sav_core.models.depth import check_max_layer
from sav_core.models.metering import Meter
from sav_core.reports.measure_vectors import measure_vectors
from sav_core.reports.measurement import Measurement
from sav_core.reports.model_baselines import model_baselines
from sav_core.reports.reading import Run, Watch, read_vectors, reading_cost, run_here, unwatched
from sav_core.reports.rival_answers import check_rivals, rival_answers
from sav_core.reports.wording import ASKING, COMPARING, READING
from sav_core.rivals.spec import Rival
from sav_core.sav import SavClassifier
from sav_core.types import Cancel

__all__ = ["measure", "notes_of", "other_answers", "skipped_of"]


def measure(
    classifier: SavClassifier,
    support: Sequence[Example],
    test: Sequence[Example],
    *,
    baselines: bool = False,
    own_answers: bool = False,
    demonstrations: int = 4,
    rules: bool = False,
    sweeps: bool = False,
    confidence: bool = False,
    unknown: Sequence[Example] = (),
    heads_from: HeadClassifier | None = None,
    rivals: Sequence[Rival] = (),
    hub_only: bool = False,
    say: Callable[[str], object] = lambda words: None,
    title: str = "",
    test_name: str = "",
    run: Run | None = None,
    watch: Watch = unwatched,
    cancel: Cancel | None = None,
) -> Measurement:
    """Fit a classifier's settings on one set and judge them on another.

    Args:
        classifier: whose settings and model are used; it is not changed and need not be fitted.
        support: labelled examples to learn from.
        test: labelled examples to judge by, of labels that the support has; one without a question is asked the support's.
        baselines: also judge other heads, other classifiers on the same vectors, and raw pixels, see
            ``sav_core.evaluation.baselines``.
        own_answers: also judge what the model answers by itself, for which it runs again on every test example, see
            ``sav_core.reports.model_baselines``.
        demonstrations: how many of the support the model is then shown in context; 0: none.
        rules: also judge every voting rule.
        sweeps: also judge other numbers of heads, and fewer examples a label.
        confidence: also calibrate on the support, and judge the probabilities.
        unknown: examples of labels that are not taught: are they recognised as such?
        heads_from: fitted on another task with the same model: its heads are tried on this one.
        rivals: other ways to learn that are judged too, see ``sav_core.rivals``; each row then says what it costs.
        hub_only: whether a rival's model is an id on the hub even where a folder here is called so.
        say: told, before a rival is trained, how long that takes at most.
        title: what to call the measurement; the labels unless given.
        test_name: what to call the test set.
        run: how the model is called; directly unless given.
        watch: opened for each stage of the work.
        cancel: asked between steps; true stops the work.

    Raises:
        InputError: a set is empty, an example has no label or one that the support has not, or there are fewer than two.
        SettingError: a setting is out of its range, or what a rival needs is not installed.
        BackboneError: there is no such model as a rival names.
        CancelledError: ``cancel`` said so.
    """
    heads = HeadClassifier(classifier.n_kept, classifier.voting, classifier.scoring, classifier.belief)
    heads.check_settings()
    check_max_layer(classifier.max_layer, classifier.backbone)
    labels = sorted(set(check_labels([each.label for each in support], [each.name for each in support])))
    check_truth([each.label for each in test], labels)  # a wrong test set is refused before the model runs
    support = on_one_scale(support) if not isinstance(support, ExampleSet) else support
    queries, others = (_asked(some, support) for some in (test, unknown))
    run = run or run_here(classifier.backbone)
    check_rivals(rivals, support, queries, hub_only=hub_only, cancel=cancel)
    with watch(READING) as progress:
        every = [*support, *queries, *others]
        vectors = run(read_vectors, every, classifier.cache, baselines, progress=progress, cancel=cancel)
    reading = run(reading_cost, [*support, *queries], baselines, cancel=cancel) if rivals else None
    learnt, judged = len(support), len(support) + len(queries)
    taught = vectors.take(range(learnt))
    check_vectors(taught)
    began = time.perf_counter()
    taught = heads.fit_within(taught, classifier.max_layer)
    if reading is not None:
        reading = reading.and_then(Cost(learnt, time.perf_counter() - began, 0))
    vectors = vectors.up_to(taught.geometry.layers - 1)
    more, refused = other_answers(
        run,
        support,
        queries,
        labels,
        pixels=baselines,
        demonstrations=demonstrations if own_answers else None,
        watch=watch,
        cancel=cancel,
    )
    against = (run, classifier.backbone, support, queries, labels)
    rows, lacking = rival_answers(rivals, *against, hub_only=hub_only, say=say, watch=watch, cancel=cancel)
    with watch(COMPARING):
        found = measure_vectors(
            heads,
            taught,
            vectors.take(range(learnt, judged)),
            baselines=baselines,
            others=(*more, *rows),
            refused={**refused, **lacking},
            reading=reading,
            rules=rules,
            sweeps=sweeps,
            confidence=confidence,
            unknown=vectors.take(range(judged, len(every))) if others else None,
            heads_from=heads_from,
            cancel=cancel,
        )
    about = replace(found.about, model=classifier.backbone.name, question=shared_question(support) or "", test=test_name)
    return replace(
        found,
        about=replace(about, title=title or about.title),
        overlap=count_shared(support, queries),
        skipped=skipped_of(support, test, unknown),
        notes=notes_of(support, test, unknown),
        scores=heads.fitted_.scores,
        heads=heads.kept_heads_,
        pictures=tuple(each.images[0] if each.images else None for each in queries),
    )


def other_answers(
    run: Run,
    support: Sequence[Example],
    queries: Sequence[Example],
    labels: Sequence[str],
    *,
    pixels: bool,
    demonstrations: int | None,
    watch: Watch = unwatched,
    cancel: Cancel | None = None,
) -> tuple[tuple[Baseline, ...], Mapping[str, str]]:
    """Return the ways to answer that look at the examples themselves, and why some cannot be tried.

    Args:
        run: how the model is called.
        support: labelled.
        queries: labelled, with their questions.
        labels: the possible answers.
        pixels: whether to judge the nearest class mean of the pixels.
        demonstrations: how many of the support the model is shown in context, or ``None`` where it is not to be asked.
        watch: opened for each stage of the work.
        cancel: asked between queries; true stops the work.

    Raises:
        CancelledError: ``cancel`` said so.
    """
    with Meter() as meter:
        nearest = pixel_baseline(support, queries) if pixels and support else None
    if nearest is not None:
        nearest = replace(nearest, cost=Cost(len(support), meter.seconds, meter.peak_bytes))
    own: tuple[Baseline, ...] = ()
    refused: Mapping[str, str] = {}
    if demonstrations is not None:
        with watch(ASKING) as progress:
            arguments = (list(queries), list(labels), list(support), demonstrations)
            own, refused = run(model_baselines, *arguments, progress=progress, cancel=cancel)
    return (*([nearest] if nearest else []), *own), refused


def _asked(queries: Sequence[Example], support: Sequence[Example]) -> list[Example]:
    """The queries as the support is shown: its question where they have none, its levels.

    They may ask nothing if some of the support do.
    """
    question, levels = shared_question(support), levels_of(picture for each in support for picture in each.images)
    queries = at_levels(queries, levels)
    if question is None and not all(each.question.strip() for each in support):
        return queries
    return [as_asked(each, question) for each in queries]


def skipped_of(*sets: Sequence[Example]) -> tuple[Skipped, ...]:
    """Return what of some sets could not be read; only a set that was read from files knows."""
    return tuple(each for one in sets if isinstance(one, ExampleSet) for each in one.skipped)


def notes_of(*sets: Sequence[Example]) -> tuple[Note, ...]:
    """Return what was converted or guessed in some sets; only a set that was read from files knows."""
    return tuple(dict.fromkeys(each for one in sets if isinstance(one, ExampleSet) for each in one.notes))
