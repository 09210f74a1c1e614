"""What a visitor measures: the test set they chose, how to judge it, and what came out; kept with their session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from sav_core.data.clips.clip import Clip
from sav_core.data.examples import Example
from sav_core.data.pictures.picture import Picture
from sav_core.errors import InputError
from sav_core.rivals.spec import Rival
from sav_ui.limits import limits
from sav_ui.pages.measure.own_tests import Fresh, fresh_among, taught_among
from sav_ui.pages.shared.judged import taught_key
from sav_ui.panels.memo import Memo
from sav_ui.session.fit import Fit
from sav_ui.session.page_state import PageState
from sav_ui.session.project import Project
from sav_ui.uploads.ready_tasks import queries_of, task_titled

if TYPE_CHECKING:
    from sav_core.reports.measurement import Measurement

__all__ = ["PANEL", "WHERE", "LoraTime", "MeasureState", "Measured", "Plan", "Setup", "most_to_split", "test_plan"]

WHERE = "measure"
"""The part of the page that this one's sentences concern."""

PANEL = "gauge"
"""The panel that hands saved files over."""


@dataclass(frozen=True)
class Setup:
    """What to judge by and how.

    Attributes:
        source: ``"task"``, the ready task's own test pictures; ``"own"``, the visitor's; ``"split"``, some of the examples.
        each: of every label, how many examples ``"split"`` takes.
        voting: the rule that is judged, one of ``sav_core.heads.rules.VOTING_RULES``; empty for the one that counts on
        Teach.
        ask: whether the model itself is asked too, which takes several more forwards for each test example.
        rivals: other ways to learn that are judged too.
    """

    source: str = ""
    each: int = 1
    voting: str = ""
    ask: bool = False
    rivals: tuple[Rival, ...] = ()


@dataclass(frozen=True)
class Plan:
    """What is judged on what.

    Attributes:
        support: labelled examples to fit on.
        test: labelled with labels of the support.
        unknown: labelled with others: are they recognised as such?
    """

    support: tuple[Example, ...]
    test: tuple[Example, ...]
    unknown: tuple[Example, ...] = ()


@dataclass(frozen=True)
class LoraTime:
    """How long LoRA takes, or why that is not known.

    Attributes:
        key: of what that is true.
        words: a sentence.
    """

    key: tuple[Any, ...]
    words: str


@dataclass(frozen=True, eq=False)
class Measured:
    """What came out.

    Attributes:
        measurement: the figures.
        plan: what they are of.
        model: its title in the menu.
        key: of the project and setup at that time: another key now means that the figures are out of date.
        figures: drawn, as JSON.
    """

    measurement: Measurement
    plan: Plan
    model: str
    key: tuple[Any, ...]
    figures: dict[str, str] = field(repr=False)


@dataclass(frozen=True)
class _Kept:
    """The visitor's own test examples, and which test set is chosen."""

    own: tuple[Example, ...]
    own_version: int
    source: str

    def held(self) -> dict[int, int]:
        """The pictures."""
        return {id(picture): picture.held_bytes for example in self.own for picture in example.images}

    def beside(self, other: _Kept) -> _Kept:
        """All of it."""
        return self


class MeasureState(PageState):
    """The Measure page of one session; changed only under the session's lock.

    Attributes:
        setup: as the visitor left it.
        own: the visitor's test examples; a question of theirs that was the project's is left empty, to follow it.
        own_version: another number for every other test set, and the same when one comes back.
        cell: row and column of the confusion cell whose pictures are shown.
        measured: what came out last; ``None`` before.
        lora_time: how long LoRA takes, as it was measured last; ``None`` before.
        said: what is told of a training while it is under way.
    """

    def __init__(self) -> None:
        self.setup = Setup()
        self.own: tuple[Example, ...] = ()
        self.own_version = 0
        self.cell: tuple[int, int] | None = None
        self.measured: Measured | None = None
        self.lora_time: LoraTime | None = None
        self.said = ""
        self._versions = count(1)
        self._memo = Memo()

    def kept(self) -> _Kept:
        """The own test set, and which one is chosen."""
        return _Kept(self.own, self.own_version, self.setup.source)

    def restore(self, kept: _Kept) -> None:
        """Put them back; what was measured with them is true again."""
        self.own, self.own_version = kept.own, kept.own_version
        self.setup = replace(self.setup, source=kept.source)

    def project_replaced(self) -> None:
        """A test set that was chosen for the project before is not one for this."""
        self.setup = replace(self.setup, source="")

    @property
    def held_bytes(self) -> int:
        """Of the test pictures, those that were measured last too, and of the figures."""
        measured = self.measured
        shown = () if measured is None else (*measured.plan.test, *measured.plan.unknown)
        pictures = {id(picture): picture for example in (*self.own, *shown) for picture in example.images}
        figures = {} if measured is None else measured.figures
        return sum(picture.held_bytes for picture in pictures.values()) + sum(map(len, figures.values()))

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """Those of the visitor's own test set."""
        return tuple(picture for example in self.own for picture in example.images)

    def exchange(self, clips: Mapping[str, Clip]) -> None:
        """Have other clips, by the digest of the one whose place each takes."""
        if not any(one.digest in clips for one in self.pictures):
            return
        shown = ([clips.get(one.digest, one) for one in example.images] for example in self.own)
        self.own = tuple(
            Example(images, example.question, example.label, name=example.name)
            for images, example in zip(shown, self.own, strict=True)
        )
        self.own_version = next(self._versions)

    def add(self, examples: Sequence[Example], question: str) -> Fresh:
        """Add what is new to the visitor's own test set and choose it; returns what was new.

        Raises:
            InputError: it would be too large, or one is more than an example may be.
        """
        came = [each.with_question("") if each.question.strip() == question.strip() else each for each in examples]
        fresh = fresh_among(self.own, came)
        together = (*self.own, *fresh.examples)
        if not fresh.examples:
            self.setup = replace(self.setup, source="own")
            return fresh
        advice = "bring fewer, or use the command line (python -m sav_core evaluate)"
        limits().check_examples(len(together), "A test set", advice)
        for each in fresh.examples:
            limits().check_example(each)
        self.take(together)
        return fresh

    def take(self, own: tuple[Example, ...]) -> None:
        """Have these as the visitor's own test set, which is chosen; nothing is chosen if there are none."""
        self.own, self.own_version = own, next(self._versions)
        self.setup = replace(self.setup, source="own" if own else "" if self.setup.source == "own" else self.setup.source)

    def given(self, project: Project) -> tuple[Example, ...]:
        """The labelled examples of the chosen test set, as they are asked; none for examples that are split off."""
        source, task = self.source(project), task_titled(project.title)
        given = self.own if source == "own" else queries_of(task.title, project.clips) if source == "task" and task else ()
        asked = (each if each.question.strip() else each.with_question(project.question) for each in given)
        return tuple(each.with_detail(project.detail) for each in asked)

    def taught(self, project: Project) -> frozenset[int]:
        """Which examples of the chosen test set are also among those that are taught, or nearly: they are no test."""
        about = (project.items, project.question, project.title, self.source(project), self.own_version)
        return self._memo("taught", about, lambda: taught_among(project.examples(), self.given(project)))

    def source(self, project: Project) -> str:
        """Where the test set comes from: as chosen, else the task's own pictures, else nowhere yet."""
        offered = task_titled(project.title) is not None
        if self.setup.source == "task" and not offered:
            return ""
        return self.setup.source or ("task" if offered else "")

    def voting(self, fit: Fit) -> str:
        """The rule that is judged: as chosen here, else as on Teach."""
        return self.setup.voting or fit.rule.voting

    def key(self, project: Project, fit: Fit) -> tuple[Any, ...]:
        """What figures depend on."""
        source = self.source(project)
        order = tuple(item.id for item in project.items)  # decides which are split off
        details = {"split": (self.setup.each, order), "own": self.own_version}.get(source)
        return (
            taught_key(project, fit),
            (source, details, self.voting(fit), self.setup.ask, self.setup.rivals),
        )


def most_to_split(fit: Fit) -> int:
    """How many examples of every label can be split off at most: one of each label has to stay."""
    return int(np.bincount(fit.codes).min()) - 1


def test_plan(state: MeasureState, project: Project, fit: Fit) -> Plan:
    """Return what is to be judged on what.

    Raises:
        InputError: there is no test set, or none of its labels is taught.
    """
    source, support = state.source(project), tuple(project.example(item) for item in fit.items)
    if source == "split":
        return _split(support, state.setup.each, most_to_split(fit))
    asked = state.given(project)
    if not asked:
        raise InputError("There is no test set yet: bring a ZIP or a folder, or split some of your examples off.")
    test = tuple(each for each in asked if each.label in fit.labels)
    if not test:
        theirs = ", ".join(f"“{label}”" for label in sorted({str(each.label) for each in asked})[:4])
        raise InputError(
            f"The test set is labelled {theirs}, and none of these is taught: its folders must be named like your labels, "
            f"{', '.join(f'“{label}”' for label in fit.labels[:6])}."
        )
    return Plan(support, test, tuple(each for each in asked if each.label not in fit.labels))


def _split(support: tuple[Example, ...], each: int, most: int) -> Plan:
    """Deal ``each`` examples of every label into the test set, the same ones every time."""
    if most < 1:
        raise InputError("To split examples off, every label needs two or more: add examples, or bring a test set.")
    if not 1 <= each <= most:
        raise InputError(
            f"Of every label 1 to {most} examples can be split off, for one has to stay, but {each} were asked."
        )
    rng = np.random.default_rng(0)
    names = np.array([str(example.label) for example in support])
    out = {
        int(row) for label in sorted(set(names.tolist())) for row in rng.permutation(np.flatnonzero(names == label))[:each]
    }
    return Plan(
        tuple(example for row, example in enumerate(support) if row not in out),
        tuple(support[row] for row in sorted(out)),
    )
