"""The host that pages are built in: it shows a session in every panel, and brings what is done there to the handlers.

    def build(host):                                    # a page, called where its tab stands in the layout
        host.panel("bench", teach_view.bench, act=teach.act, run=teach.run)

A page never needs to know the others: whatever one of them changes in a session, every panel is asked what it shows now,
and what differs from what that browser tab has is sent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, TypeAlias

import gradio as gr

from sav_core.errors import SavError
from sav_ui.host.requests import called, caller_in, name_of
from sav_ui.host.tab import OpenTabs, Tab
from sav_ui.panels.errors import unexpected
from sav_ui.panels.panel import Content, panel, parts_place
from sav_ui.panels.parts import Parts, cut
from sav_ui.serving.answers import Answers
from sav_ui.serving.callers import Caller, on_behalf
from sav_ui.serving.event_log import logged
from sav_ui.serving.lanes import Lane, Lanes
from sav_ui.serving.pool import ModelPool
from sav_ui.serving.turns import STOPPED
from sav_ui.session.context import Context, Data
from sav_ui.session.keeper import Keeper
from sav_ui.session.memory import Memory
from sav_ui.session.session import COMES_NEXT, STILL_BUSY, Session, StillBusyError
from sav_ui.session.store import SessionStore
from sav_ui.session.work import Kind

__all__ = ["Act", "HostedPanel", "Outputs", "PageHost", "Run", "Show"]

Show: TypeAlias = Callable[[Session], Content]
"""What a panel shows of a session; it reads and changes nothing."""
Act: TypeAlias = Callable[[Context, Data], None]
"""Do what needs no model; what does need it afterwards is told by ``next_run`` of a panel's content."""
Run: TypeAlias = Callable[[Context, Data], Iterator[None]]
"""Do what needs the model; yields whenever there is something new to show."""
Outputs: TypeAlias = dict[Any, Any]
"""New values of components; those that are left out stay as they are."""

_MOST_RUNS = 6  # of what one visitor asks the model for: one is done, the others wait in order
_STEP_SECONDS = 0.5


@dataclass(frozen=True)
class HostedPanel:
    """A panel of a page: what it shows and does, see ``PageHost.panel``."""

    name: str
    component: gr.HTML
    show: Show
    act: Act | None
    run: Run | None
    fetch: Run | None
    asks: Mapping[str, Kind]
    slides: tuple[str, ...]
    lively: bool
    where: str


class PageHost:
    """What the pages of one app share.

    Attributes:
        models: where models are loaded.
        store: where sessions are found again.
        memory: what there is for what visitors bring, by what the sessions there hold.
        tab: the ``gr.State`` that holds the name of the ``Tab``; ``None`` before the page has loaded.
        keepers: what pages keep in a saved project beside what is taught, by name.
        panels: what was added by ``panel``, by name.
        answers: what the events of one visitor wait for, one after another.
        parts: where the parts of what panels show are sent; an output of every event, as ``tab`` is.
    """

    def __init__(self, models: ModelPool, store: SessionStore) -> None:
        self.models = models
        self.tab = gr.State(None)
        self.parts = parts_place()
        self.store = store
        self.memory = Memory(lambda: store.held_bytes)
        self.keepers: dict[str, Keeper] = {}
        self._first: Parts = self.parts.value["texts"]  # with the page itself, every browser gets these
        self.panels: dict[str, HostedPanel] = {}
        self.answers = Answers()
        # The model chosen last takes the place of one that is on its way, so it must not wait behind that.
        self._lanes = {"run": Lanes(_MOST_RUNS), "fetch": Lanes(_MOST_RUNS, at_once=2)}

    def panel(
        self,
        name: str,
        show: Show,
        *,
        act: Act | None = None,
        run: Run | None = None,
        fetch: Run | None = None,
        asks: Mapping[str, Kind] | None = None,
        slides: tuple[str, ...] = (),
        lively: bool = False,
        where: str = "",
        events: tuple[str, ...] = (),
    ) -> gr.HTML:
        """Add a panel where the layout stands.

        Args:
            name: its ``elem_id``.
            show: what it shows of a session.
            act: gets its ``act`` and ``slide`` events; without one they do nothing.
            run: gets its ``run`` events, one visitor at a time.
            fetch: gets its ``fetch`` events, which wait for a disk or a network and hold nobody up.
            asks: what its buttons ask the model for, by name: as what it is shown while it waits for its turn.
            slides: the panels to show again while a slider of this one moves; all others wait for the next act.
            lively: whether it is shown again at every step of a run, not only at its end.
            where: the part of the page that says what went wrong in it; its name by default.
            events: more events that its script may trigger; the page listens to them itself.
        """
        first, parts = cut(show(Session()))
        self._first.update(parts)
        component = panel({**first, "version": 0}, name, events)  # events wait in the browser for the session's
        self.panels[name] = HostedPanel(name, component, show, act, run, fetch, asks or {}, slides, lively, where or name)
        return component

    def keeps(self, name: str, keeper: Keeper) -> None:
        """Have a page's part of the work saved under that name."""
        self.keepers[name] = keeper

    def context(self, session: Session, where: str) -> Context:
        """What a handler is given of an event at that part of the page."""
        return Context(session, self.models, where, self.keepers, self.memory)

    def open(self, token: object) -> Tab:
        """Return a new tab of the session of that token; a file that was made before is not handed over once more."""
        session = self.store.find(token)
        session.download = None
        return self._new_tab(session)

    def known(self, name: object, token: object) -> Tab:
        """Return the tab in which something was done; a new one if it is not known: after a new start of the server, say.

        Args:
            name: what the page's state says, which anybody who knows the page's name with Gradio can have sent.
            token: of the session, which alone decides what is shown.
        """
        session = self.store.find(token)
        return session.state(OpenTabs).find(name) or self._new_tab(session)

    def _new_tab(self, session: Session) -> Tab:
        return session.state(OpenTabs).add(Tab(session, has={name: len(text) for name, text in self._first.items()}))

    def shown(self, tab: Tab, names: Iterable[str] | None = None, *, always: str = "", rerun: bool = False) -> Outputs:
        """Return what is new in the panels, as an event's outputs.

        Args:
            tab: where they are shown.
            names: of panels; all by default.
            always: the panel to send even if it is as it was, for the visitor may have left something in its fields.
            rerun: whether to send those too that ask for a ``run``, so that they ask again.
        """
        session = tab.session
        self.store.touch(session)
        outputs: Outputs = {self.tab: tab}
        try:
            with session.changing():  # all panels show one moment
                marks = dict(tab.sent)
                for name in self.panels if names is None else names:
                    part = self.panels[name]
                    shown = part.show(session)
                    mark = _digest(shown)
                    if mark != marks.get(name) or name == always or (rerun and shown["next"]):
                        marks[name] = mark
                        outputs[part.component] = {**shown, "version": session.next_version()}
                tab.sent = marks  # not sooner: should one of them fail, nothing is sent
        except StillBusyError as error:
            gr.Warning(str(error))
        return outputs

    def everything(self, tab: Tab) -> Outputs:
        """Return what all panels show, for a browser that has lost what it was sent."""
        tab.forget()
        return self.shown(tab)

    @property
    def outputs(self) -> list[Any]:
        """What an event can change: the tab and every panel."""
        return self.outputs_for(*self.panels)

    def outputs_for(self, *names: str) -> list[Any]:
        """What an event can change that shows these panels alone."""
        return [self.tab, self.parts, *(self.panels[name].component for name in names)]

    def as_sent(self, outputs: Outputs) -> Outputs:
        """Return an event's outputs as they go to the browser: cut into parts, without those that it has."""
        tab, sent = outputs[self.tab], {**outputs, self.tab: outputs[self.tab].name}
        parts: Parts = {}
        for component, shown in outputs.items():
            if component is not self.tab:
                sent[component], pieces = cut(shown)
                parts |= pieces
                tab.keep_newest(component, sent[component])
        fresh, anew = tab.lacks(parts)
        if fresh:
            sent[self.parts] = {"texts": fresh, "anew": anew}
        return sent

    def steps_as_sent(self, steps: Iterator[Outputs]) -> Iterator[Outputs]:
        """Yield a run's steps as they go to the browser.

        What a step leaves out, Gradio's browser half takes away again from a page that was never opened, so each step says
        once more what its panels show, by the names of parts. Gradio sends the last step twice, so that one has no parts.
        What another event has shown in them meanwhile is newer, and said in the place of it.
        """
        said: Outputs = {}
        for step in steps:
            tab, sent = step[self.tab], self.as_sent(step)
            said |= {output: shown for output, shown in sent.items() if output is not self.parts}
            yield sent | tab.newest(said)
        yield tab.newest(said)

    def acted(self, tab: Tab, name: str, data: Data, names: tuple[str, ...] | None = None) -> Outputs:
        """Do what was asked of a panel; returns what is new then, whatever happened.

        Args:
            tab: where it was asked.
            name: of the panel.
            data: what was sent.
            names: of the panels to show again; all by default.
        """
        part = self.panels[name]
        assert part.act is not None
        with logged(called(name, data)) as entry:
            said = tab.session.notice
            try:
                part.act(self.context(tab.session, part.where), data)
            except SavError as error:
                tab.session.say(error, where=part.where)
            except Exception as error:  # noqa: BLE001  # the visitor must see something, whatever it was
                entry.outcome = "broken"
                return self._broken(tab, error, part.where)
            notice = tab.session.notice
            if notice is not None and notice is not said and notice.kind == "error":
                entry.outcome = "refused"
            return self.shown(tab, names, always=name)

    def stepped(
        self,
        tab: Tab,
        run: Run,
        data: Data,
        where: str,
        *,
        caller: Caller | None = None,
        queue: str = "run",
        kind: Kind | None = None,
    ) -> Iterator[Outputs]:
        """Do what takes its time; yields what is new in the lively panels at every step, and in all at the end.

        What a visitor asks for while other work of theirs is under way waits for its turn, in order, and is seen to wait.

        Args:
            tab: where it was asked.
            run: does it.
            data: what was sent; nothing where a panel asks by itself.
            where: the part of the page that says what went wrong.
            caller: for whom the model works.
            queue: "run" for the model, "fetch" for a disk or a network.
            kind: as what it is shown while it waits.
        """
        visitor, what, lanes = tab.session.token, (run, json.dumps(data, sort_keys=True)), self._lanes[queue]
        if lanes.waits(visitor, what):  # a second click, or another panel that asks for what is to come anyway
            yield self.shown(tab)
            return
        lane = lanes.enter(visitor, what, gives_way=not data)
        with logged(called(f"{where} run", data)) as entry, lane or nullcontext():
            if lane is None:
                entry.outcome = "refused"
                if data:  # something was clicked; what a panel asks for by itself, it asks for again
                    tab.session.say(STILL_BUSY, where=where)
                yield self.shown(tab)
                return
            try:
                if not (yield from self._waited(tab, lane, data, where, kind)):
                    yield self.shown(tab, rerun=not lane.given_away)
                    return
                for _ in on_behalf(caller or caller_in(tab), run(self.context(tab.session, where), data)):
                    yield self.shown(tab, self._lively)
            except SavError as error:
                entry.outcome = "refused"
                tab.session.say(error, where=where)
                yield self.shown(tab)
            except Exception as error:  # noqa: BLE001  # or the page would wait for ever
                entry.outcome = "broken"
                yield self._broken(tab, error, where)
            else:
                yield self.shown(tab, rerun=True)

    def _waited(self, tab: Tab, lane: Lane, data: Data, where: str, kind: Kind | None) -> Generator[Outputs, None, bool]:
        """Wait for a turn, and show that what was asked for does; returns whether it is to begin."""
        if lane.is_free():
            return not lane.given_away
        session, said = tab.session, None
        with nullcontext() if kind is None else session.work.waiting(kind, name_of(data)) as task:
            if task is not None:
                yield self.shown(tab, self._lively)
            while not lane.is_free(_STEP_SECONDS):
                if task is not None and task.cancelled():
                    session.say(STOPPED, "done", where=where)
                    return False
                if data and task is None and said is None:
                    session.say(COMES_NEXT, "done", where=where)
                    said = session.notice
                    yield self.shown(tab)
                else:
                    yield {self.tab: tab}
        if said is not None and session.notice is said:
            session.notice = None
        return not lane.given_away

    @property
    def _lively(self) -> tuple[str, ...]:
        return tuple(part.name for part in self.panels.values() if part.lively)

    def _broken(self, tab: Tab, error: Exception, where: str) -> Outputs:
        """Say that something went wrong; returns what all panels show, none of which asks for the model by itself now."""
        tab.session.work.pause(Kind.FIND_HEADS)
        tab.session.say(str(unexpected(error)), where=where)
        tab.sent.clear()
        shown = self.shown(tab)
        return {part: value if part is self.tab else {**value, "next": False} for part, value in shown.items()}


def _digest(shown: Content) -> bytes:
    """A mark that is another one as soon as anything in the content is; long texts are not written out once more for it.

    Pieces are named in the HTML by what they hold.
    """
    texts = [shown["html"], *(text for pair in sorted(shown["figures"].items()) for text in pair)]
    rest = {name: value for name, value in shown.items() if name not in ("html", "figures", "pieces")}
    begin = json.dumps([rest, [len(text) for text in texts]], sort_keys=True)
    return blake2b("".join([begin, *texts]).encode(), digest_size=16).digest()
