"""Somebody at the page Function vectors: what they do there, without a browser."""

from sav_ui.pages.vectors.actions import act
from sav_ui.pages.vectors.ready import Ready
from sav_ui.pages.vectors.run import run
from sav_ui.pages.vectors.state import WHERE, VectorState
from sav_ui.session.session import Session
from tests.support.people import context

# How many items a vector is placed, judged and tuned on, and a whole layer's mean is taken over: few, to be quick.
FEW = {
    "sav_ui.pages.vectors.study_runs._VALIDATION": 4,
    "sav_ui.pages.vectors.study_runs.TEST": 4,
    "sav_ui.pages.vectors.study_runs._TRAIN": 8,
    "sav_core.vectors.evaluation._PROMPTS": 3,
}


def do(session, models, name, **data):
    act(context(session, models, "vector"), {"do": name, **data})


def go(session, models, name="", where=WHERE, **data):
    """Run, and afterwards what the page asks for by itself."""
    steps = len(list(run(context(session, models, where), {"do": name, **data})))
    assert not session.work.busy
    return steps


def begun(models, relation="above", prompts=3, *, ready=False):
    """A session in which a relation was chosen; without ready vectors everything is made as with any other model."""
    session = Session()
    if not ready:
        state_of(session).ready = Ready()
    do(session, models, "relation", relation=relation)
    do(session, models, "prompts", value=str(prompts))
    return session


def state_of(session):
    return session.state(VectorState)


def study_of(session):
    return state_of(session).study(session.project.model)
