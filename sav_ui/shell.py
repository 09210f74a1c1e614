"""The app as a whole: its pages, and which event of which page calls which handler."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from sav_ui import teach, teach_view
from sav_ui.models import Shelf
from sav_ui.stage import Stage
from sav_ui.visit import Visit, Visits

__all__ = ["build"]

_WHICH_VISIT = "() => [window.SAV.visit()]"
_MODEL_QUEUE = "model"  # one forward at a time, whoever asked


def build(shelf: Shelf | None = None, visits: Visits | None = None) -> gr.Blocks:
    """Build the app.

    Args:
        shelf: where models are loaded; a new one by default.
        visits: where sessions are found again after a reload; a new place by default.
    """
    shelf, visits = shelf or Shelf(), visits or Visits()
    blank = Visit()
    with gr.Blocks(title="SAV Explorer", analytics_enabled=False, delete_cache=(600, 3600), fill_width=True) as app:
        session = gr.State(None)
        token = gr.Textbox(visible=False)
        masthead = Stage(teach_view.masthead(blank), elem_id="masthead")
        with gr.Tabs(elem_id="pages"), gr.Tab("Teach", id="teach"):
            start = Stage(teach_view.start(blank), elem_id="start")
            with gr.Row(elem_id="teach", equal_height=False):
                with gr.Column(elem_id="left"):
                    bench = Stage(teach_view.bench(blank), elem_id="bench")
                with gr.Column(elem_id="right"):
                    findings = Stage(teach_view.findings(blank), elem_id="findings")

        stages = [masthead, start, bench, findings]

        def everything(visit: Visit, *, next_run: bool = False) -> dict[Any, Any]:
            return {
                session: visit,
                masthead: teach_view.masthead(visit),
                start: teach_view.start(visit),
                bench: teach_view.bench(visit, next_run=next_run),
                findings: teach_view.findings(visit),
            }

        def on_load(name: str) -> dict[Any, Any]:
            return everything(visits.find(name))

        def on_act(visit: Visit | None, event: gr.EventData) -> dict[Any, Any]:
            visit = visit or Visit()
            return everything(visit, next_run=teach.act(visit, shelf, _data(event)))

        def on_slide(visit: Visit | None, event: gr.EventData) -> dict[Any, Any]:
            visit = visit or Visit()
            teach.slide(visit, _data(event))
            return {findings: teach_view.findings(visit)}

        def on_run(visit: Visit | None, event: gr.EventData) -> Iterator[dict[Any, Any]]:
            visit = visit or Visit()
            for _ in teach.run(visit, shelf, _data(event)):
                shown: dict[Any, Any] = {bench: teach_view.bench(visit), masthead: teach_view.masthead(visit)}
                if visit.fit is None:
                    shown[findings] = teach_view.findings(visit)
                yield shown
            yield everything(visit)

        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        app.load(on_load, token, [session, *stages], js=_WHICH_VISIT, **quiet)
        for stage in stages:
            stage.act(on_act, session, [session, *stages], trigger_mode="multiple", concurrency_limit=8, **quiet)
            stage.slide(on_slide, session, [findings], trigger_mode="always_last", concurrency_limit=8, **quiet)
            stage.run(
                on_run,
                session,
                [session, *stages],
                trigger_mode="multiple",
                concurrency_id=_MODEL_QUEUE,
                concurrency_limit=1,
                **quiet,
            )
    return app


def _data(event: gr.EventData) -> dict[str, Any]:
    """What the page sent, which may be anything."""
    return event._data if isinstance(event._data, dict) else {}
