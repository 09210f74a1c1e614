"""One visitor's session: their project, what was computed from it, and where they are looking; found again after a reload.

A session is changed only while its lock is held, by its own methods or by an action that ``sav_ui.host.dispatch`` runs: two
events of one visitor never overwrite each other, and sessions share nothing. What a single page keeps is a ``PageState`` of
that page's own.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from cachetools import LRUCache

from sav_core.data.clips.clip import Clip
from sav_core.data.clips.sampling import ClipSampling
from sav_core.data.examples import Skipped
from sav_core.data.pictures.picture import Picture
from sav_core.errors import SavError
from sav_core.types import Detail, Head
from sav_ui.panels.downloads import link, remove
from sav_ui.panels.memo import Memo
from sav_ui.session.asked import Asked
from sav_ui.session.fit import Fit
from sav_ui.session.focus import Download, Focus, Loading, Notice
from sav_ui.session.head_attention import HeadAttention
from sav_ui.session.history import History, Snapshot, Step
from sav_ui.session.memory import check_room
from sav_ui.session.page_state import PageState, new_states
from sav_ui.session.project import Item, Project
from sav_ui.session.work import Kind, NotYetError, Work

__all__ = ["COMES_NEXT", "PATIENCE", "STILL_BUSY", "Session", "StillBusyError"]

_DOWNLOADS = 2  # files of one visitor that lie on the disk: the latest, and one that a browser may still be fetching
_LOOKS = 12  # examples whose attention is kept: a few MB each with a large model
PATIENCE = 20.0
"""Seconds for which a change waits for another one of the same visitor."""

COMES_NEXT = "The model is still at what came before: this begins next."
STILL_BUSY = "What you did before is still being worked on, so this was not done: try again in a moment."


class StillBusyError(SavError):
    """A session's lock was not free in time."""


S = TypeVar("S", bound=PageState)


class Session:
    """A visitor's session.

    Attributes:
        project: what they teach.
        vectors: head vectors of examples by the model's key, so that no example is shown to the model twice.
        fit: of the project as it was when heads were last found; ``None`` before that.
        due: whether the project has changed since, so that it must be fitted again.
        work: what is under way, and what waits for the visitor to ask.
        loading: the model that is on its way to take the place of the project's; ``None`` when none is.
        notice: the latest message; at most one.
        download: the latest file made to download, until the next action; at most one.
        one_detail: why a model that is here shows every picture in one detail, by the model; empty where it has others.
        no_video: why a model that found heads here cannot be shown clips as video, by the model; empty where it can.
        focus: where they are looking.
        memo: what is drawn anew only when it has changed.
        seen: when something of theirs last happened.
        born: which session it is, for the browser, which must not take a new one for the old; no secret.
        stray: whether nobody can come back to it, for it was made without a token.
        line: the work that this is, from its first label on: another one when a project takes another's place.
    """

    def __init__(self, token: str = "") -> None:
        self.token, self.stray = token or secrets.token_hex(16), not token
        self.lock = threading.RLock()
        self.project = Project()
        self.vectors: dict[str, npt.NDArray[np.float32]] = {}
        self.fit: Fit | None = None
        self.due = False
        self.work = Work()
        self.loading: Loading | None = None
        self.notice: Notice | None = None
        self.download: Download | None = None
        self.one_detail: dict[str, str] = {}
        self.no_video: dict[str, str] = {}
        self.focus = Focus()
        self.memo = Memo()
        self.seen = time.monotonic()
        self.born, self.line = secrets.token_hex(8), secrets.token_hex(8)
        self._made: tuple[Path, ...] = ()
        self._states: dict[type[PageState], PageState] = {}
        self._history = History()
        self._step_from: Snapshot | None = None  # the work when the step began that is under way
        self._step_words, self._step_replaced = "", False
        self._looks: LRUCache[tuple[Any, ...], HeadAttention | str] = LRUCache(_LOOKS)
        self._version = 0
        self._held_bytes = 0

    def __deepcopy__(self, memo: dict[int, Any]) -> Session:
        """Return itself: a session is one thing."""
        return self

    @contextmanager
    def changing(self, patience: float | None = None) -> Iterator[Session]:
        """Hold the lock, to change the session; no file is read and no model run inside.

        Args:
            patience: for how many seconds to wait for it; ``PATIENCE`` by default.

        Raises:
            StillBusyError: it was not free in time.
        """
        if not self.lock.acquire(timeout=PATIENCE if patience is None else patience):
            raise StillBusyError(STILL_BUSY)
        try:
            yield self
        finally:
            self.lock.release()

    def state(self, page: type[S]) -> S:
        """Return what a page keeps here, by the class of it; made when it is first asked for."""
        state = self._states.get(page)
        if state is None:
            state = self._states.setdefault(page, page())
        assert isinstance(state, page)
        return state

    def next_version(self) -> int:
        """Return a number larger than any before, so that a late answer never overwrites a newer one."""
        with self.lock:
            self._version += 1
            return self._version

    @contextmanager
    def step(self) -> Iterator[None]:
        """Record what is changed inside as one step that can be undone; in another step it is a part of that one.

        A sentence that was there before goes with the work that it was about.
        """
        with self.changing():
            if self._step_from is not None:
                yield
                return
            said, self._step_from, self._step_words, self._step_replaced = self.notice, self._snapshot(), "", False
            try:
                yield
            finally:
                after = self._snapshot()
                before, self._step_from = self._step_from.with_pages(new_states(after.kept)), None
                if not after.same_work(before):
                    words = self._step_words or "Changed something."
                    step = Step(words, before.beside(after), after.beside(before), self._step_replaced)
                    self._history = self._history.with_step(step)
                    self.notice = None if self.notice is said else self.notice
                elif self._step_words:
                    self.notice = said  # nothing came of it

    def did(self, words: str, more: str = "", *, where: str, shown: bool = True, left_out: Sequence[Skipped] = ()) -> None:
        """Name the step that is under way.

        Args:
            words: what was done, as a sentence, which Undo repeats.
            more: what else there is to say of it now.
            where: the part of the page it was done in.
            shown: whether to say it now; not where the visitor sees it anyway.
            left_out: what was not done of it.
        """
        self._step_words = words
        if shown or left_out:
            kind = "part" if left_out else "done"
            self.say(f"{words} {more}".strip(), kind, where=where, undo=True, left_out=left_out)

    def edit(self, change: Callable[[Project], Project]) -> None:
        """Change the project, which can be undone.

        Raises:
            SavError: the change is refused; the project stays.
        """
        with self.step():
            changed = change(self.project)
            self.check_room((one for item in changed.items for one in item.pictures), self.project)
            self.notice = None
            if changed != self.project:
                self._take(changed)

    def exchange(self, clips: Mapping[str, Clip], sampling: ClipSampling) -> None:
        """Have every clip on every page sampled and shown otherwise, which can be undone.

        Args:
            clips: as they are sampled now, by the digest of what they were.
            sampling: which that is.

        Raises:
            SavError: the change is refused; all stays.
        """
        with self.step():
            self.edit(lambda project: project.resampled(clips, sampling))
            for state in list(self._states.values()):
                state.exchange(clips)

    def replace_project(self, project: Project, *, due: bool) -> None:
        """Put another project in the place of this one, which can be undone; nothing of the old fit is shown any more.

        Args:
            project: the other.
            due: whether heads are to be found for it.
        """
        with self.step():
            self.edit(lambda _: project)
            self._begin(due)
            self._step_replaced, self.line = True, secrets.token_hex(8)
            for state in list(self._states.values()):
                state.project_replaced()

    @property
    def brought_bytes(self) -> int:
        """What the pictures take that the visitor has here, on all pages, each once; without what undoing would bring."""
        return sum(_buffers(self._pictures()).values())

    def check_room(self, pictures: Iterable[Picture], instead_of: Project | None = None) -> None:
        """Refuse pictures that are to be added, or to take the place of a project's, if there is no room for them.

        Raises:
            InputError: there is none.
        """
        here = _buffers(self._pictures(but=instead_of))
        fresh = {name: size for name, size in _buffers(pictures).items() if name not in here}
        before = {} if instead_of is None else _buffers(one for item in instead_of.items for one in item.pictures)
        if sum(fresh.values()) > sum(before.values()):
            check_room(sum(here.values()), sum(fresh.values()))

    @property
    def clips(self) -> tuple[Clip, ...]:
        """Those on all pages that are sampled and shown as the project's, each once."""
        found = {
            one.digest: one for one in self._pictures() if isinstance(one, Clip) and one.sampling == self.project.clips
        }
        return tuple(found.values())

    def _pictures(self, but: Project | None = None) -> Iterator[Picture]:
        if but is not self.project:
            yield from (picture for item in self.project.items for picture in item.pictures)
        for state in list(self._states.values()):
            yield from state.pictures

    def undo(self) -> str:
        """Take the last step back; returns what it was, as a sentence, empty if there was none.

        Settings of the project that it did not change stay as they are now.
        """
        with self.changing():
            if not self._history.done:
                return ""
            step, self._history = self._history.back()
            self._put(step, step.before, step.after)
            return step.words

    def redo(self) -> str:
        """Do again what was undone last; returns what it was, as a sentence, empty if there was nothing."""
        with self.changing():
            if not self._history.undone:
                return ""
            step, self._history = self._history.forth()
            self._put(step, step.after, step.before)
            return step.words

    @property
    def to_undo(self) -> Step | None:
        """The step that ``undo`` takes back."""
        return self._history.done[-1] if self._history.done else None

    @property
    def to_redo(self) -> Step | None:
        """The step that ``redo`` does again."""
        return self._history.undone[-1] if self._history.undone else None

    def _put(self, step: Step, end: Snapshot, other: Snapshot) -> None:
        """Put the work back to one end of a step; only what the step changed."""
        project = step.project_at(end, self.project)
        if project != self.project:
            self._take(project)
        if step.replaced:
            self._begin(end.sought)
            self.line = end.line
        for page, kept in end.kept.items():
            if kept != other.kept[page]:
                self.state(page).restore(kept)
        self.notice = None
        if self._step_from is not None:
            self._step_from = self._snapshot()  # going back is no step

    def _snapshot(self) -> Snapshot:
        kept = {page: value for page, state in self._states.items() if (value := state.kept()) is not None}
        return Snapshot(self.project, self.due or self.fit is not None, self.line, kept)

    def _begin(self, due: bool) -> None:
        """Forget the fit of the project that was here before."""
        self.due, self.fit, self.focus = due, None, Focus()
        self.work.resume(Kind.FIND_HEADS)

    def change_model(self, model: str, detail: Detail | None = None) -> None:
        """Go on with another model; heads that were found are found again with it.

        Args:
            model: what it was loaded by.
            detail: how finely it looks at pictures; as the one before by default.
        """
        with self.changing():
            detail = detail or self.project.detail
            self._take(replace(self.project, model=model, detail=detail, max_layer=None))  # another model has other layers

    def _take(self, project: Project) -> None:
        if project.labels != self.project.labels:
            self.focus = replace(self.focus, cell=None)
        self.project = project
        self.due = self.due or self.fit is not None
        self.work.resume(Kind.FIND_HEADS)

    def ask_for_heads(self) -> None:
        """Have heads found, now or as soon as the model is free."""
        with self.changing():
            self.due, self.notice = True, None
            self.work.resume(Kind.FIND_HEADS)

    def keep_fit(self, fit: Fit | None) -> None:
        """Keep the fit of the project as it is; ``None`` while it cannot be fitted, and then it stays due."""
        with self.changing():
            if fit is not None and (self.fit is None or self.fit.read.geometry != fit.read.geometry):
                self.focus = replace(self.focus, off=())  # the heads of another model
            self.fit = replace(fit, off=self.focus.off) if fit is not None and self.focus.off else fit
            if fit is not None:
                self.due = False
                self.work.resume(Kind.FIND_HEADS)

    @property
    def current_fit(self) -> Fit | None:
        """The fit of the project as it is now; ``None`` while heads are still to be found."""
        return None if self.due else self.fit

    @property
    def finds_heads(self) -> bool:
        """Whether heads are being found, or wait for nothing but the model."""
        return self.work.kind is Kind.FIND_HEADS or self._is_due

    @property
    def waits_for_heads(self) -> bool:
        """Whether heads are to be found now, by themselves."""
        return self._is_due and not self.work.busy

    @property
    def _is_due(self) -> bool:
        return self.due and not self.work.paused(Kind.FIND_HEADS) and not self.project.why_not_ready()

    @property
    def inspected(self) -> Item | None:
        """The example that the head inspector shows; ``None`` while it is closed."""
        if self.fit is None or self.focus.head is None:
            return None
        return next((item for item in self.fit.items if item.id == self.focus.item), self.fit.items[0])

    @property
    def look(self) -> HeadAttention | str | None:
        """What heads look at in the inspected example, or why that cannot be shown; ``None`` before the model has run."""
        item = self.inspected
        return None if item is None else self.look_into(self.project, item)

    @property
    def to_look_at(self) -> Item | None:
        """The example that the model is to be shown once more, now, for its attention; ``None`` when there is none."""
        return self.inspected if self.look is None and not self.work.busy and not self.waits_for_heads else None

    @property
    def classified(self) -> tuple[Asked, ...]:
        """What was classified on any page and can be put beside the examples."""
        return tuple(one for state in list(self._states.values()) for one in state.classified(self.project))

    def look_into(self, project: Project, item: Item) -> HeadAttention | str | None:
        """What heads look at in an example of a project, the visitor's or another, as ``look``."""
        return self._looks.get(_look_key(project, item))

    def remember_look(self, project: Project, item: Item, look: HeadAttention | str) -> None:
        """Keep what heads look at in an example of a project, or why that cannot be shown."""
        with self.changing():
            self._looks[_look_key(project, item)] = look

    def set(self, **settings: Any) -> None:
        """Change settings of the project that need no model: number of heads, scoring, voting rule, threshold, depth."""
        with self.changing():
            self.project = replace(self.project, **settings)
            if self.fit is not None and "max_layer" in settings:
                self.fit = self.fit.within(settings["max_layer"])
                self.focus = self.focus.within(self.fit.depth)
            if self.fit is not None:
                fields = {"n_kept": "n_kept", "scoring": "wanted", "voting": "voting"}
                known = {fields[name]: value for name, value in settings.items() if name in fields}
                self.fit = replace(self.fit, **known)

    def switch(self, off: tuple[Head, ...]) -> None:
        """Switch these heads off and all others on."""
        with self.changing():
            self.look_at(off=off)
            if self.fit is not None:
                self.fit = replace(self.fit, off=off)

    def look_at(self, **where: Any) -> None:
        """Turn to another head, example or label: change attributes of ``focus``."""
        with self.changing():
            self.focus = replace(self.focus, **where)

    def say(
        self,
        said: str | SavError,
        kind: str = "error",
        *,
        where: str,
        undo: bool = False,
        redo: bool = False,
        left_out: Sequence[Skipped] = (),
    ) -> None:
        """Leave one sentence for the visitor, and a list of what was left out.

        Args:
            said: the sentence, or the error whose message it is; that of a ``NotYetError`` goes when it is no longer so.
            kind: as of ``Notice``.
            where: as there.
            undo: as there.
            redo: as there.
            left_out: as there.
        """
        until = said.until if isinstance(said, NotYetError) else None
        self.notice = Notice(str(said), kind, where, undo, redo, tuple(left_out), until)

    def notice_at(self, where: str) -> Notice | None:
        """Return the latest message if it concerns that part of the page; one that is no longer so is taken away."""
        notice = self.notice
        if notice is not None and notice.until is not None and notice.until():
            self.notice = notice = None
        return notice if notice is not None and notice.where == where else None

    def offer(self, path: Path, where: str) -> None:
        """Have the browser download a file; ``where`` is the panel that hands it over. Earlier ones are deleted."""
        self.download = Download(path, where)
        self._made = (*self._made, path)
        for old in self._made[:-_DOWNLOADS]:
            remove(old)
        self._made = self._made[-_DOWNLOADS:]

    def download_at(self, where: str) -> dict[str, str] | None:
        """Return the link of the latest file if that panel is to hand it over."""
        download = self.download
        return link(download.path) if download is not None and download.where == where else None

    @property
    def blank(self) -> bool:
        """Whether there is nothing in it that a visitor would miss, nor anything under way."""
        worked = self.project.begun or self.vectors or self._history.done or self._history.undone
        return not (
            worked or self.loading or self.work.busy or any(state.held_bytes for state in list(self._states.values()))
        )

    def weigh(self) -> int:
        """Return the bytes of its pictures, arrays and drawings; those it last had, if it is being changed right now.

        What is shared with other sessions, such as a ready task's pictures, counts for each of them.
        """
        if self.lock.acquire(blocking=False):
            try:
                self._held_bytes = sum(
                    (
                        self.memo("pictures", (self.project, self._history), self._picture_bytes),
                        self._vector_bytes(),
                        0 if self.fit is None else self.fit.held_bytes,
                        sum(look.held_bytes for look in self._looks.values() if not isinstance(look, str)),
                        sum(state.held_bytes for state in self._states.values()),
                        self.memo.held_bytes,
                    )
                )
            finally:
                self.lock.release()
        return self._held_bytes

    def _picture_bytes(self) -> int:
        """Of the project's pictures, each once, and of what only undoing would bring back."""
        pictures = (each for item in self.project.items for each in item.pictures)
        return sum(_buffers(pictures).values()) + self._history.held_bytes

    def _vector_bytes(self) -> int:
        """Of the vectors that the fit does not hold too."""
        held = None if self.fit is None else self.fit.read.values
        return sum(vector.nbytes for vector in self.vectors.values() if held is None or vector.base is not held)

    def let_go(self, reason: str) -> bool:
        """Let go of all work, for the room it takes, and say why; not while something is under way.

        Returns:
            Whether it was done.
        """
        if not self.lock.acquire(blocking=False):
            return False
        try:
            if self.work.busy or self.loading is not None:
                return False
            kept = {"lock": self.lock, "_version": self._version, "seen": self.seen}
            vars(self).update(vars(Session(self.token)) | kept)
            self.say(reason, where="project")
            return True
        finally:
            self.lock.release()


def _look_key(project: Project, item: Item) -> tuple[Any, ...]:
    return (project.model, item.content, project.question, project.clips.way, project.detail)


def _buffers(pictures: Iterable[Picture]) -> dict[int, int]:
    """The bytes of what pictures hold, each part once, by its identity."""
    return {name: size for picture in pictures for name, size in picture.buffers.items()}
