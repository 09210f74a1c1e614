"""The frame that pages are built in: it shows a visit in every stage, and brings what is done there to the pages' handlers.

    def build(frame):                                   # a page, called where its tab stands in the layout
        frame.stage("bench", teach_view.bench, act=teach.act, run=teach.run)

A page never needs to know the others: whatever one of them changes in a visit, all stages are shown again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from sav_ui.panels.errors import mishap
from sav_ui.panels.panel import stage
from sav_ui.serving.pool import Shelf
from sav_ui.session.session import Visit
from sav_ui.session.store import Visits

__all__ = ["MODEL_QUEUE", "QUIET", "Act", "Data", "Frame", "Run", "Show"]

Data = Mapping[str, Any]
Show = Callable[[Visit], dict[str, Any]]
"""A visit to a scene."""
Act = Callable[[Visit, Shelf, Data], None]
"""Do what needs no model; what does need it afterwards is told by ``Visit.waits_for_heads``."""
Run = Callable[[Visit, Shelf, Data], Iterator[None]]
"""Do what needs the model; yields whenever there is something new to show."""

MODEL_QUEUE: dict[str, Any] = {"concurrency_id": "model", "concurrency_limit": 1}
"""One forward at a time, whoever asked: every event that runs the model has these arguments."""

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
"""Events of the page show their own progress and are no part of the API."""

_WHICH_VISIT = "() => [window.SAV.visit()]"


@dataclass(frozen=True)
class _Part:
    show: Show
    act: Act | None
    run: Run | None
    fetch: Run | None
    slides: tuple[str, ...]
    lively: bool
    where: str


class Frame:
    """What the pages of one app share.

    Attributes:
        shelf: where models are loaded.
        visits: where sessions are found again.
        session: the ``gr.State`` that holds the visit; ``None`` before the page has loaded.
    """

    def __init__(self, shelf: Shelf, visits: Visits) -> None:
        self.shelf = shelf
        self.session = gr.State(None)
        self.visits = visits
        self._parts: dict[str, tuple[gr.HTML, _Part]] = {}

    def stage(
        self,
        name: str,
        show: Show,
        *,
        act: Act | None = None,
        run: Run | None = None,
        fetch: Run | None = None,
        slides: tuple[str, ...] = (),
        lively: bool = False,
        where: str = "",
        events: tuple[str, ...] = (),
    ) -> gr.HTML:
        """Add a stage where the layout stands.

        Args:
            name: its ``elem_id``.
            show: what it shows of a visit.
            act: gets its ``act`` and ``slide`` events; without one they do nothing.
            run: gets its ``run`` events, one visitor at a time.
            fetch: gets its ``fetch`` events, which wait for a disk or a network and hold nobody up.
            slides: the stages to show again while a slider of this one moves; all others wait for the next act.
            lively: whether it is shown again at every step of a run, not only at its end.
            where: the part of the page that says what went wrong in it; its name by default.
            events: more events that its script may trigger; the page listens to them itself.
        """
        part = stage({**show(Visit()), "version": 0}, name, events)  # events wait in the browser for the visit's own
        self._parts[name] = (part, _Part(show, act, run, fetch, slides, lively, where or name))
        return part

    def shown(self, visit: Visit, names: tuple[str, ...] | None = None) -> dict[Any, Any]:
        """Return what the stages show of a visit, as an event's outputs.

        Args:
            visit: the visit.
            names: of stages; all by default.
        """
        self.visits.touch(visit)
        chosen = self._parts if names is None else {name: self._parts[name] for name in names}
        with visit.lock:  # all stages show one moment
            return {self.session: visit, **{component: part.show(visit) for component, part in chosen.values()}}

    @property
    def outputs(self) -> list[Any]:
        """What an event can change: the session and every stage."""
        return [self.session, *(component for component, _ in self._parts.values())]

    def connect(self, app: gr.Blocks) -> None:
        """Connect the stages' events; to be called when every page is laid out."""
        token = gr.Textbox(visible=False)
        app.load(lambda name: self.shown(self.visits.find(name)), token, self.outputs, js=_WHICH_VISIT, **QUIET)
        for component, part in self._parts.values():
            if part.act is not None:
                self._connect_act(component, part)
            if part.run is not None:
                self._connect_steps(component.run, part.run, part.where, **MODEL_QUEUE)
            if part.fetch is not None:
                self._connect_steps(component.fetch, part.fetch, part.where, concurrency_limit=8)
            if part.act is not None and part.slides:
                self._connect_slide(component, part)

    def _acted(self, visit: Visit, part: _Part, data: Data, names: tuple[str, ...] | None = None) -> dict[Any, Any]:
        """Do what was asked of a stage; returns what the stages show then, whatever happened."""
        assert part.act is not None
        try:
            part.act(visit, self.shelf, data)
        except Exception as error:  # noqa: BLE001  # the visitor must see something, whatever it was
            return self._after_mishap(visit, error, part.where)
        return self.shown(visit, names)

    def _after_mishap(self, visit: Visit, error: Exception, where: str) -> dict[Any, Any]:
        """Say that something went wrong; returns what all stages show, none of which asks for the model by itself now."""
        visit.held = True
        visit.say(str(mishap(error)), where=where)
        scenes = self.shown(visit)
        return {part: scene if part is self.session else {**scene, "next": False} for part, scene in scenes.items()}

    def _connect_act(self, component: gr.HTML, part: _Part) -> None:
        def on_act(visit: Visit | None, event: gr.EventData) -> dict[Any, Any]:
            return self._acted(visit or Visit(), part, sent(event))

        component.act(on_act, self.session, self.outputs, trigger_mode="multiple", concurrency_limit=8, **QUIET)

    def _connect_slide(self, component: gr.HTML, part: _Part) -> None:
        outputs = [self.session, *(self._parts[name][0] for name in part.slides)]

        def on_slide(visit: Visit | None, event: gr.EventData) -> dict[Any, Any]:
            scenes = self._acted(visit or Visit(), part, sent(event), part.slides)
            return {output: scenes[output] for output in outputs}

        component.slide(on_slide, self.session, outputs, trigger_mode="always_last", concurrency_limit=8, **QUIET)

    def _connect_steps(self, listen: Callable[..., Any], run: Run, where: str, **queue: Any) -> None:
        lively = tuple(name for name, (_, part) in self._parts.items() if part.lively)

        def on_run(visit: Visit | None, event: gr.EventData) -> Iterator[dict[Any, Any]]:
            visit = visit or Visit()
            try:
                for _ in run(visit, self.shelf, sent(event)):
                    yield self.shown(visit, lively)
            except Exception as error:  # noqa: BLE001  # or the page would wait for ever
                yield self._after_mishap(visit, error, where)
            else:
                yield self.shown(visit)

        listen(on_run, self.session, self.outputs, trigger_mode="multiple", **queue, **QUIET)


def sent(event: gr.EventData) -> Data:
    """What the page sent, which may be anything."""
    return event._data if isinstance(event._data, dict) else {}
