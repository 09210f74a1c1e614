"""How finely the model looks at pictures, where it has a choice: what each detail costs is said before the work begins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sav_core.errors import SavError
from sav_core.types import DETAILS
from sav_ui.host.dispatch import Actions
from sav_ui.pages.teach.state import TeachState
from sav_ui.panels.jobs import Job
from sav_ui.panels.wording import counted, duration
from sav_ui.serving.pool import ModelPool
from sav_ui.session.context import Context, Data
from sav_ui.session.session import Session
from sav_ui.session.work import Kind

__all__ = ["DETAIL_CHOICE", "detail_choice", "learn_costs", "waits_for_costs", "why_one_detail"]


def detail_choice(session: Session) -> dict[str, Any] | None:
    """What can be chosen, what is, and what that costs; ``None`` where the model shows every picture in one detail."""
    project = session.project
    costs, chosen = session.state(TeachState).costs_of(project.model), project.detail
    if not project.items or (costs is None and chosen == "full"):
        return None
    told = {} if costs is None else {each.detail: each for each in costs.of(project.examples())}
    options = [
        {
            "value": detail,
            "words": f"{detail} · {counted(round(told[detail].picture_tokens), 'token')}" if detail in told else detail,
            "chosen": detail == chosen,
        }
        for detail in DETAILS
        if detail in told or detail in ("full", chosen)
    ]
    line = ""
    if chosen in told:
        set_of = counted(len(project.items), "example")
        line = f"About {duration(told[chosen].seconds)} for {set_of}, each shown to the model once."
    return {"options": options, "line": line or session.one_detail.get(project.model, "")}


def why_one_detail(session: Session) -> str:
    """Why there is nothing to choose; empty where there is, or the model is not here yet."""
    return session.one_detail.get(session.project.model, "")


def waits_for_costs(session: Session) -> bool:
    """Whether the model has a choice of details and it is still to be measured what they cost these examples."""
    project, state = session.project, session.state(TeachState)
    if session.one_detail.get(project.model) != "" or not project.items or session.work.busy:
        return False
    examples, known = project.examples(), state.costs_of(project.model)
    return (known is None or not known.serve(examples)) and state.unmeasured != (project.model, len(examples))


def learn_costs(session: Session, models: ModelPool) -> Iterator[None]:
    """Measure what each detail costs; yields now and then. What cannot be measured, finding heads will say."""
    # torch takes seconds, and the page must not wait for them
    from sav_core.activations.reading_cost import reading_costs

    project, state = session.project, session.state(TeachState)
    examples = project.examples()
    with session.work.doing(Kind.COUNT_COST):
        job = Job(lambda: models.run(project.model, reading_costs, examples))
        yield from job.ticks()
        try:
            found = job.result()
        except SavError:
            found = None
        with session.changing():
            if found is None:
                state.unmeasured = (project.model, len(examples))
            else:
                state.costs = (project.model, found)


def _detail(context: Context, data: Data) -> None:
    """Look at every picture in another detail."""
    session = context.session
    wanted = next((detail for detail in DETAILS if detail == data.get("value")), None)
    if wanted is None or wanted == session.project.detail:
        return
    session.edit(lambda project: replace(project, detail=wanted))
    context.did(f"Pictures are looked at in {wanted} detail from now on.", "Classify and Measure do the same.")


DETAIL_CHOICE: Actions = {"picture_detail": _detail}
"""What can be chosen."""
