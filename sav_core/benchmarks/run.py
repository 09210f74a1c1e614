"""A benchmark run: heads found on the split's support, every query answered by their vote, counted by the benchmark's rule.

Images are opened a few at a time and forgotten once they have been read, so that a benchmark of any size fits into memory.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sav_core.benchmarks.items import Item, Loaded
from sav_core.benchmarks.prompts import Options, question_of
from sav_core.benchmarks.scoring import HEADLINE, Count, Outcome, count
from sav_core.benchmarks.splits import Split
from sav_core.data.clips.sampling import ClipSampling
from sav_core.data.examples import Example, Skipped
from sav_core.data.folders.listings import Listed
from sav_core.data.notes import Note, merged
from sav_core.data.sets.datasets import EIGHT_FRAMES, open_listed
from sav_core.errors import CancelledError, DatasetError
from sav_core.evaluation.intervals import stratified_interval
from sav_core.evaluation.metrics import wilson_interval
from sav_core.sav import CacheChoice, SavClassifier
from sav_core.types import Cancel, Progress, ProgressCallback

if TYPE_CHECKING:
    from sav_core.models.backbones import Backbone

__all__ = ["BenchmarkRun", "Score", "run_benchmark"]

_AT_ONCE = 128  # queries that are in memory together


@dataclass(frozen=True)
class Score:
    """A share of right answers.

    Attributes:
        value: from 0 to 1.
        interval: at 95 %; Wilson's, for a mean over tasks the bootstrap within each of them.
        n: how many were counted; tasks for a mean over tasks.
    """

    value: float
    interval: tuple[float, float]
    n: int

    @classmethod
    def of(cls, counted: Count) -> Score:
        """Return the share of a count of at least one."""
        return cls(counted.right / counted.n, wilson_interval(counted.right, counted.n), counted.n)


@dataclass(frozen=True)
class BenchmarkRun:
    """What came out.

    Attributes:
        scores: by name; the one that is compared with the published figures first.
        per_task: the same for each sub-task, empty where there is none.
        outcomes: every answer.
        skipped: images that could not be read.
        zero_shot: scores of the model's own answer to the same questions, without any support; empty unless asked for.
        notes: what was converted in reading the images.
    """

    scores: dict[str, Score]
    per_task: dict[str, dict[str, Score]]
    outcomes: tuple[Outcome, ...]
    skipped: tuple[Skipped, ...]
    zero_shot: dict[str, Score] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()

    def __repr__(self) -> str:
        name, score = next(iter(self.scores.items()))
        return f"BenchmarkRun({name} {score.value:.1%}, {len(self.outcomes)} answers)"

    def as_dict(self) -> dict[str, Any]:
        """Return the numbers without the answers, for JSON."""
        return {
            "scores": _plain(self.scores),
            "per_task": {task: _plain(scores) for task, scores in self.per_task.items()},
            "zero_shot": _plain(self.zero_shot),
            "n": len(self.outcomes),
            "skipped": [{"image": each.name, "reason": each.reason} for each in self.skipped],
            "notes": [note.as_dict() for note in self.notes],
        }


def run_benchmark(
    backbone: Backbone,
    loaded: Loaded,
    split: Split,
    *,
    options: Options,
    n_kept: int = 20,
    voting: str = "majority",
    scoring: str = "resubstitution",
    belief: str = "margin",
    zero_shot: bool = False,
    cache: CacheChoice = "user",
    clips: ClipSampling = EIGHT_FRAMES,
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
) -> BenchmarkRun:
    """Run a benchmark.

    Args:
        backbone: the model.
        loaded: the benchmark's items.
        split: which of them support and which are asked.
        options: which answers the questions name.
        n_kept: how many heads vote.
        voting: name of the voting rule.
        scoring: how heads are scored on the support.
        belief: what ``reliability`` voting measures of a head.
        zero_shot: also ask the model itself: its likeliest label counts. That takes another pass for every query.
        cache: where head vectors are kept.
        clips: how videos are sampled.
        progress: called as examples are done, those of the support included.
        cancel: asked between batches; true stops the work.

    Raises:
        DatasetError: no image of a label's support, or of the queries, can be read.
        SettingError: a setting is out of its range.
        CancelledError: ``cancel`` said so.
    """
    reader = _Reader(loaded, options, len(split.support) + len(split.queries), clips, progress)
    items = loaded.by_id()
    support, queries = [items[name] for name in split.support], [items[name] for name in split.queries]
    outcomes: list[Outcome] = []
    own: list[Outcome] = []
    for task in loaded.tasks(queries):
        classifier = SavClassifier(backbone, n_kept=n_kept, voting=voting, scoring=scoring, cache=cache, belief=belief)
        examples = reader.read([item for item in support if loaded.fitting_task(item) == task])[1]
        _check_labels(examples, [item for item in support if loaded.fitting_task(item) == task])
        classifier.fit(examples, progress=reader.step, cancel=cancel)
        reader.finish(len(examples))
        del examples
        for chunk in _chunks([item for item in queries if loaded.fitting_task(item) == task]):
            asked, examples = reader.read(chunk)
            if not asked:
                continue
            answers = classifier.predict(examples, progress=reader.step, cancel=cancel)
            reader.finish(len(examples))
            outcomes += [
                Outcome(item.id, item.label, answer.label, item.task, item.group)
                for item, answer in zip(asked, answers, strict=True)
            ]
            if zero_shot:
                labels = [str(label) for label in classifier.classes_]
                shown = [classifier.as_query(example) for example in examples]
                own += _zero_shot(backbone, loaded, asked, shown, labels, cancel)
    if not outcomes:
        raise DatasetError(f"Not one image of {loaded.benchmark.title} that was to be asked about can be read.")
    run = replace(_scored(loaded, outcomes, reader.skipped), notes=merged(reader.notes))
    return replace(run, zero_shot=_scored(loaded, own, ()).scores) if own else run


def _zero_shot(
    backbone: Backbone,
    loaded: Loaded,
    items: Sequence[Item],
    examples: Sequence[Example],
    labels: Sequence[str],
    cancel: Cancel | None,
) -> Iterator[Outcome]:
    """Ask the model itself: of the labels, the one whose word it finds likeliest as its answer."""
    from sav_core.models.generation import label_likelihoods

    words = {label: loaded.benchmark.spoken.get(label, label) for label in labels}
    for item, example in zip(items, examples, strict=True):
        if cancel is not None and cancel():
            raise CancelledError("Stopped while the model was answering zero-shot.")
        likelihoods = label_likelihoods(backbone, example, list(words.values()))
        answer = max(labels, key=lambda label: likelihoods[words[label]])
        yield Outcome(item.id, item.label, answer, item.task, item.group)


def _scored(loaded: Loaded, outcomes: Sequence[Outcome], skipped: Sequence[Skipped]) -> BenchmarkRun:
    rule = loaded.benchmark.rule
    tasks = list(dict.fromkeys(outcome.task for outcome in outcomes if outcome.task))
    per_task = {task: _scores(loaded, [each for each in outcomes if each.task == task]) for task in tasks}
    scores = _scores(loaded, outcomes)
    if rule == "mean_over_tasks" and per_task:
        counts = [count("accuracy", [each for each in outcomes if each.task == task])["accuracy"] for task in tasks]
        mean = sum(counted.right / counted.n for counted in counts) / len(counts)
        scores = {HEADLINE[rule]: Score(mean, stratified_interval(counts), len(counts)), **scores}
    return BenchmarkRun(scores, per_task, tuple(outcomes), tuple(skipped))


def _scores(loaded: Loaded, outcomes: Sequence[Outcome]) -> dict[str, Score]:
    return {name: Score.of(counted) for name, counted in count(loaded.benchmark.rule, outcomes).items() if counted.n}


class _Reader:
    """Opens items as examples under their questions, and tells how far the whole run is."""

    def __init__(
        self, loaded: Loaded, options: Options, total: int, clips: ClipSampling, progress: ProgressCallback | None
    ) -> None:
        self._loaded = loaded
        self._labels = loaded.labels
        self._options = options
        self._total = total
        self._clips = clips
        self._progress = progress
        self._done = 0
        self._start = time.perf_counter()
        self.skipped: list[Skipped] = []
        self.notes: list[Note] = []

    def read(self, items: Sequence[Item]) -> tuple[list[Item], tuple[Example, ...]]:
        """Return the items whose images can be read, and their examples."""
        benchmark = self._loaded.benchmark
        rows, examples = open_listed(
            [
                Listed(i.source, i.images, question_of(benchmark, i, self._labels, self._options), i.label, f"Item {i.id}")
                for i in items
            ],
            clips=self._clips,
        )
        self.skipped += examples.skipped
        self.notes += examples.notes
        self._done += len(items) - len(rows)
        return [items[row] for row in rows], examples.examples

    def step(self, progress: Progress) -> None:
        """Tell how far the run is while a part of it is under way."""
        if self._progress is not None:
            self._progress(Progress(self._done + progress.done, self._total, time.perf_counter() - self._start))

    def finish(self, count: int) -> None:
        """Count a part as done."""
        self._done += count


def _check_labels(examples: Sequence[Example], items: Sequence[Item]) -> None:
    lost = {item.label for item in items} - {example.label for example in examples}
    if lost:
        raise DatasetError(
            f"Not one image of the support of {', '.join(sorted(lost))} can be read: mend them, or draw with another seed."
        )


def _chunks(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), _AT_ONCE):
        yield items[start : start + _AT_ONCE]


def _plain(scores: dict[str, Score]) -> dict[str, dict[str, Any]]:
    return {name: {"value": each.value, "interval": each.interval, "n": each.n} for name, each in scores.items()}
