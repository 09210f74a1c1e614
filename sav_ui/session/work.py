"""What is under way for a visitor: one piece of work at a time, how far it is, whether it is to stop, and what is next."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum

from sav_core.errors import InputError
from sav_core.types import Progress
from sav_ui.panels.jobs import Place

__all__ = ["Kind", "NotYetError", "Task", "Work"]


class NotYetError(InputError):
    """What was asked for needs something that is still to come.

    Attributes:
        until: whether that has come, so that the sentence is no longer so.
    """

    def __init__(self, sentence: str, until: Callable[[], bool]) -> None:
        super().__init__(sentence)
        self.until = until


class Kind(Enum):
    """What a model can be at work for; the values are the field's words and stand nowhere on a page."""

    COUNT_COST = "what a picture costs"
    COUNT_DEPTHS = "accuracy by depth"
    FIND_HEADS = "find heads"
    LOOK = "attention of an example"
    CLASSIFY = "classify"
    ASK_MODEL = "the model's own answer"
    READ_TESTS = "read a test set"
    ASK_BASELINES = "ask the model itself about a test set"
    COMPARE = "compare with baselines"
    TIME_LORA = "time a step of LoRA"
    TRAIN_LORA = "train LoRA"
    ASK_RIVALS = "ask rivals"
    KNOCK_OUT = "knock heads out in the model"
    POINT = "heads that point"
    READ_TASKS = "read ready tasks for the atlas"
    TRY_HEADS = "try other tasks' heads"
    EFFECTS = "effects of heads"
    VECTOR = "build or judge a vector"
    TUNING = "tune a vector"
    ANALOGY = "make or judge an analogy"
    PROMPT = "answer a prompt"


class Task:
    """One piece of work, from its start to its end.

    Attributes:
        kind: what it is for; it may change on the way, as one step follows another.
        name: by which the visitor asked for it; empty if they did not.
        progress: how far it is; ``None`` before anything is counted.
    """

    def __init__(self, kind: Kind, name: str = "") -> None:
        self.kind, self.name = kind, name
        self.progress: Progress | None = None
        self._cancelled = threading.Event()

    def report(self, progress: Progress) -> None:
        """Keep how far it is: what the library's ``progress`` callback calls."""
        self.progress = progress

    def cancel(self) -> None:
        """Ask it to stop."""
        self._cancelled.set()

    def cancelled(self) -> bool:
        """Whether it is to stop: what the library's ``cancel`` callback asks."""
        return self._cancelled.is_set()


class Work:
    """What is under way in a session, and what waits for the visitor's word.

    with session.work.doing(Kind.CLASSIFY) as task:
        job = Job(lambda: long(progress=task.report, cancel=task.cancelled))
        yield from job.ticks()

    Attributes:
        task: what is under way; ``None`` when nothing is.
        place: where it stands in the line for the model, while it waits for its turn.

    The model does one thing at a time, so a session has one ``Work`` and not one a page. What a visitor asks for while it
    is busy waits for its turn, and pages show it by ``at`` as work that is just starting; what nobody asked for comes back.
    """

    def __init__(self) -> None:
        self.task: Task | None = None
        self.place: Place | None = None
        self._waiting: list[Task] = []
        self._paused: set[Kind] = set()

    @property
    def busy(self) -> bool:
        """Whether anything is under way."""
        return self.task is not None

    @property
    def kind(self) -> Kind | None:
        """What is under way; ``None`` when nothing is."""
        return None if self.task is None else self.task.kind

    def at(self, *kinds: Kind) -> Task | None:
        """The work of one of these kinds that is under way, or else the first that waits for its turn."""
        return next((task for task in self._tasks() if task.kind in kinds), None)

    def _tasks(self) -> list[Task]:
        return [*filter(None, [self.task]), *self._waiting]

    def stand(self, place: Place | None) -> None:
        """Keep where the work stands in the line for the model."""
        self.place = place

    def place_of(self, task: Task) -> Place | None:
        """Where that work stands in the line for the model; ``None`` while other work of this visitor is before it."""
        return self.place if task is self.task else None

    def progress(self, *kinds: Kind) -> Progress | None:
        """How far the work is, if it is one of these kinds."""
        task = self.task
        return task.progress if task is not None and task.kind in kinds else None

    @contextmanager
    def waiting(self, kind: Kind, name: str) -> Iterator[Task]:
        """Have what the visitor asked for wait for its turn until the block is left; it may be stopped before that."""
        task = Task(kind, name)
        self._waiting.append(task)
        try:
            yield task
        finally:
            self._waiting.remove(task)

    @contextmanager
    def doing(self, kind: Kind, name: str = "") -> Iterator[Task]:
        """Work on something until the block is left; its job is told to stop then, should its visitor be gone before it."""
        task = self.task = Task(kind, name)
        try:
            yield task
        finally:
            task.cancel()
            if self.task is task:
                self.task = None

    def cancel(self, *kinds: Kind) -> bool:
        """Ask the work to stop if it is one of these kinds, and what waits for its turn; returns whether any was."""
        tasks = [task for task in self._tasks() if task.kind in kinds]
        for task in tasks:
            task.cancel()
        return bool(tasks)

    def pause(self, kind: Kind) -> None:
        """Begin this no more by itself: the visitor stopped it, or it failed."""
        self._paused.add(kind)

    def resume(self, kind: Kind) -> None:
        """Begin this by itself again."""
        self._paused.discard(kind)

    def paused(self, kind: Kind) -> bool:
        """Whether this waits for the visitor to ask."""
        return kind in self._paused
