"""One visitor's session: their project, what was computed from it, and where they are looking; found again after a reload.

A visit is changed only through its methods, under its own lock: two events of one visitor never overwrite each other, and
visits share nothing.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from sav_core.errors import SavError
from sav_core.types import Head, Progress
from sav_ui.session.fit import Fit
from sav_ui.session.head_attention import Looks
from sav_ui.session.project import Item, Project

__all__ = ["Focus", "Loading", "Notice", "Visit"]

_UNDO_STEPS = 20
_SETTINGS = ("n_kept", "scoring", "voting", "threshold", "model")  # which are set rather than edited
_LOOKS = 12  # examples whose attention is kept: a few MB each with a large model


@dataclass(frozen=True)
class Notice:
    """A sentence for the visitor: ``kind`` is ``"error"`` or ``"done"``; ``where`` is the part of the page it concerns."""

    text: str
    kind: str = "error"
    where: str = "bench"
    undo: bool = False


@dataclass(frozen=True)
class Focus:
    """Where a visitor is looking.

    Attributes:
        head: whose inspector is open.
        versus: the head beside it.
        cell: row and column of the confusion cell whose pictures are shown.
        item: the example whose neighbours and attention are shown.
        expanded: labels of which more examples are shown, once for each step.
        texts: whether each example's own question is shown; ``None`` leaves that to whether any has one.
    """

    head: Head | None = None
    versus: Head | None = None
    cell: tuple[int, int] | None = None
    item: str = ""
    expanded: tuple[str, ...] = ()
    texts: bool | None = None


@dataclass(frozen=True, eq=False)
class Loading:
    """A model on its way, since when."""

    model: str
    started: float = field(default_factory=time.monotonic)


class Visit:
    """A visitor's session.

    Attributes:
        project: what they teach.
        vectors: head vectors of examples by the model's key, so that no example is shown to the model twice.
        fit: of the project as it was when heads were last found; ``None`` before that.
        due: whether the project has changed since, so that it must be fitted again.
        held: whether that waits for the visitor to ask, because they cancelled or it failed.
        busy: what is under way, such as ``"find"`` or ``"look"``; empty when nothing is.
        loading: the model that is on its way to take the place of the project's; ``None`` when none is.
        progress: of the work under way; ``None`` when there is none.
        cancelled: set to stop that work.
        notice: the latest message; at most one.
        focus: where they are looking.
        extras: what pages keep for themselves, by name.
    """

    def __init__(self, token: str = "") -> None:
        self.token = token
        self.lock = threading.RLock()
        self.project = Project()
        self.vectors: dict[str, npt.NDArray[np.float32]] = {}
        self.fit: Fit | None = None
        self.due = False
        self.held = False
        self.busy = ""
        self.loading: Loading | None = None
        self.progress: Progress | None = None
        self.cancelled = threading.Event()
        self.notice: Notice | None = None
        self.focus = Focus()
        self.extras: dict[str, Any] = {}
        self.seen = time.monotonic()
        self._undo: list[tuple[Project, Project]] = []  # before and after each edit
        self._looks: OrderedDict[tuple[Any, ...], Looks | str] = OrderedDict()
        self._version = 0

    def __deepcopy__(self, memo: dict[int, Any]) -> Visit:
        """Return itself: a session is one thing."""
        return self

    def version(self) -> int:
        """Return a number larger than any before, so that a late answer never overwrites a newer one."""
        with self.lock:
            self._version += 1
            return self._version

    def edit(self, change: Callable[[Project], Project], *, where: str = "bench") -> bool:
        """Change the project; when the change is refused, the project stays and the reason becomes the notice.

        Returns:
            Whether it was changed.
        """
        with self.lock:
            try:
                changed = change(self.project)
            except SavError as error:
                self.notice = Notice(str(error), where=where)
                return False
            self.notice = None
            if changed != self.project:
                self._undo = [*self._undo, (self.project, changed)][-_UNDO_STEPS:]
                self.project = changed
                self.due, self.held = self.due or self.fit is not None, False
            return True

    def undo(self) -> None:
        """Go back to the project before the last edit; settings that it did not change stay as they are now."""
        with self.lock:
            if self._undo:
                before, after = self._undo.pop()
                kept = [name for name in _SETTINGS if getattr(before, name) == getattr(after, name)]
                self.project = replace(before, **{name: getattr(self.project, name) for name in kept})
                self.due, self.held = self.due or self.fit is not None, False
            self.notice = None

    @property
    def waits_for_heads(self) -> bool:
        """Whether heads are to be found now, by themselves."""
        return self.due and not self.held and not self.busy and not self.project.why_not_ready()

    @property
    def inspected(self) -> Item | None:
        """The example that the head inspector shows; ``None`` while it is closed."""
        if self.fit is None or self.focus.head is None:
            return None
        return next((item for item in self.fit.items if item.id == self.focus.item), self.fit.items[0])

    @property
    def look(self) -> Looks | str | None:
        """What heads look at in the inspected example, or why that cannot be shown; ``None`` before the model has run."""
        item = self.inspected
        return None if item is None else self._looks.get(self._look_key(item))

    @property
    def to_look_at(self) -> Item | None:
        """The example that the model is to be shown once more, now, for its attention; ``None`` when there is none."""
        return self.inspected if self.look is None and not self.busy and not self.waits_for_heads else None

    def remember_look(self, item: Item, look: Looks | str) -> None:
        """Keep what heads look at in an example, or why that cannot be shown."""
        with self.lock:
            self._looks[self._look_key(item)] = look
            while len(self._looks) > _LOOKS:
                self._looks.popitem(last=False)

    def _look_key(self, item: Item) -> tuple[Any, ...]:
        return (self.project.model, item.content, self.project.question)

    def set(self, **settings: Any) -> None:
        """Change settings of the project that need no model: number of heads, scoring, voting rule, threshold."""
        with self.lock:
            self.project = replace(self.project, **settings)
            if self.fit is not None:
                fields = {"n_kept": "n_kept", "scoring": "wanted", "voting": "voting"}
                known = {fields[name]: value for name, value in settings.items() if name in fields}
                self.fit = replace(self.fit, **known)

    def let_go(self, reason: str) -> bool:
        """Let go of all work, for the room it takes, and say why; not while something is under way.

        Returns:
            Whether it was done.
        """
        if not self.lock.acquire(blocking=False):
            return False
        try:
            if self.busy or self.loading is not None:
                return False
            kept = {"lock": self.lock, "_version": self._version, "seen": self.seen}
            vars(self).update(vars(Visit(self.token)) | kept)
            self.say(reason, where="project")
            return True
        finally:
            self.lock.release()

    def say(self, text: str, kind: str = "error", where: str = "bench", *, undo: bool = False) -> None:
        """Leave one sentence for the visitor."""
        self.notice = Notice(text, kind, where, undo)

    def notice_at(self, where: str) -> Notice | None:
        """Return the latest message if it concerns that part of the page."""
        notice = self.notice
        return notice if notice is not None and notice.where == where else None
