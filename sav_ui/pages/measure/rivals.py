"""Rivals on the Measure page: which are chosen, and how long LoRA would take, measured on a step before anything begins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sav_core.errors import CancelledError, InputError, SavError
from sav_core.rivals.packages import is_installed
from sav_core.rivals.spec import EXAMPLES, LORA, TITLES, Rival, read_rivals
from sav_core.settings import settings
from sav_ui.pages.measure.state import LoraTime, MeasureState, test_plan
from sav_ui.panels.jobs import Job
from sav_ui.serving.menu import NO_ID, any_allowed, looks_like_an_id
from sav_ui.session.context import Context, Data
from sav_ui.session.fit import Fit
from sav_ui.session.project import Project
from sav_ui.session.session import Session
from sav_ui.session.work import Kind

__all__ = ["MOST", "add", "drop", "lora", "shown", "time_lora", "waits_for_time"]

MOST = 4
"""Models of pictures and texts that can be chosen at once."""


def lora(context: Context, data: Data) -> None:
    """Choose LoRA, or leave it."""
    state = context.session.state(MeasureState)
    others = tuple(rival for rival in state.setup.rivals if rival != LORA)
    state.setup = replace(state.setup, rivals=(LORA, *others) if data["value"] and is_installed() else others)


def add(context: Context, data: Data) -> None:
    """Choose a model of pictures and texts by its id on the hub.

    Raises:
        InputError: it is no id, or not offered here.
        SettingError: no id was typed.
    """
    state, model = context.session.state(MeasureState), str(data.get("model", "")).strip()
    (rival,) = read_rivals([f"{data.get('kind')}:{model}"])
    if not looks_like_an_id(model):
        raise InputError(NO_ID)
    _check_offered(rival)
    chosen = tuple(dict.fromkeys((*state.setup.rivals, rival)))
    if len([each for each in chosen if each != LORA]) > MOST:
        raise InputError(f"Up to {MOST} such models are measured at once: remove one first.")
    state.setup = replace(state.setup, rivals=chosen)


def drop(context: Context, data: Data) -> None:
    """Leave one of those models."""
    state = context.session.state(MeasureState)
    state.setup = replace(state.setup, rivals=tuple(each for each in state.setup.rivals if str(each) != data.get("rival")))


def shown(session: Session, state: MeasureState, project: Project, fit: Fit) -> dict[str, Any]:
    """What of them the page shows."""
    allowed = settings().allowed_models
    return {
        "lora": LORA in state.setup.rivals,
        "installed": is_installed(),
        "time": _known_time(state, project, fit),
        "timing": session.work.at(Kind.TIME_LORA) is not None,
        "models": [(str(each), TITLES[each.kind], each.model) for each in state.setup.rivals if each != LORA],
        "kinds": [(kind, TITLES[kind]) for kind in EXAMPLES],
        "example": EXAMPLES["clip"],
        "any": allowed is None or bool(allowed),
    }


def waits_for_time(session: Session, state: MeasureState, project: Project, fit: Fit) -> bool:
    """Whether LoRA is chosen and nobody knows yet how long it takes."""
    wanted = LORA in state.setup.rivals and state.source(project) != "" and not session.work.busy
    return wanted and not _known_time(state, project, fit)


def time_lora(context: Context) -> Iterator[None]:
    """Make a step of LoRA as the examples are now and keep how long it would take; what goes wrong is kept in its place."""
    session = context.session
    with session.changing():
        state, fit, project = session.state(MeasureState), session.current_fit, session.project
    if fit is None or session.work.busy or not waits_for_time(session, state, project, fit):
        return
    key = _key(state, project, fit)
    with session.work.doing(Kind.TIME_LORA) as task:
        try:
            support = list(test_plan(state, project, fit).support)
            job = Job(lambda: context.models.run(project.model, _time, support, cancel=task.cancelled))
            yield from job.ticks()
            words = job.result()
        except CancelledError:
            words = "How long it takes was not measured."
        except SavError as error:
            words = str(error)
        with session.changing():
            state.lora_time = LoraTime(key, words)
    yield


def _time(backbone: Any, support: list[Any], **watching: Any) -> str:
    from sav_core.reports.lora_row import plan_in_words  # torch takes seconds, and the page must not wait for them
    from sav_core.rivals.training import plan_lora

    return plan_in_words(plan_lora(backbone, support, **watching))


def _known_time(state: MeasureState, project: Project, fit: Fit) -> str:
    """How long LoRA takes on the examples as they are now; empty before that is known."""
    found = state.lora_time
    return found.words if found is not None and found.key == _key(state, project, fit) else ""


def _key(state: MeasureState, project: Project, fit: Fit) -> tuple[Any, ...]:
    """What the time depends on: the model, and what is learnt from, which is less where some of it is set aside."""
    source = state.source(project)
    return (frozenset(project.items), project.question, project.model, state.setup.each if source == "split" else 0)


def _check_offered(rival: Rival) -> None:
    if not any_allowed() and rival.model not in (settings().allowed_models or ()):
        raise InputError(f"{rival.model} is not offered here: run the app on your own computer, or use the command line.")
