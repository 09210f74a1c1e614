"""What a visitor does with an analogy, by the name of the action."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sav_ui.host.dispatch import Actions, Steps
from sav_ui.pages.vectors.analogies import Analogy
from sav_ui.pages.vectors.setup import drawn_task
from sav_ui.pages.vectors.state import VectorState
from sav_ui.session.context import Context, Data

__all__ = ["ANALOGY"]


def _state(context: Context) -> VectorState:
    return context.session.state(VectorState)


def _analogy(context: Context) -> Analogy:
    return _state(context).analogy(context.session.project.model)


def _change(context: Context, **changes: Any) -> None:
    _state(context).keep(context.session.project.model, replace(_analogy(context), **changes))


def _start(context: Context, data: Data) -> Steps:
    """Go straight to an analogy in the drawn scenes."""
    state = _state(context)
    drawn = drawn_task() if state.task is None else state.task
    yield
    if state.task is None:
        state.open(drawn, "above")


def _relation(context: Context, data: Data) -> None:
    """Look at the analogy of another relation, as it was left."""
    relation, state = str(data["value"]), _state(context)
    state.own(relation)  # refused if the task has none
    state.board.relation = relation


def _source(context: Context, data: Data) -> None:
    _change(context, source=_analogy(context).source + 1, words=None, weights=None, own=False)


def _target(context: Context, data: Data) -> None:
    _change(context, target=_analogy(context).target + 1, words=None)


def _weight(context: Context, data: Data) -> None:
    weights = _analogy(context).weights
    relation, value = str(data["relation"]), float(data["value"])
    if weights is None or relation not in weights:
        return
    most = float(max(2, len(weights)))  # a pair that only one base vector predicts gives that one all the weight
    _change(context, weights={**weights, relation: max(-most, min(value, most))}, own=True, words=None)


def _auto(context: Context, data: Data) -> None:
    _change(context, weights=None, own=False, words=None)


ANALOGY: Actions = {
    "board_auto": _auto,
    "board_relation": _relation,
    "board_source": _source,
    "board_start": _start,
    "board_target": _target,
    "board_weight": _weight,
}
"""What can be done with an analogy."""
