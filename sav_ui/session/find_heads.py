"""Finding heads: what the model has not seen yet goes through it once, the rest is array maths."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from sav_core.errors import InputError, SavError
from sav_core.heads.support_checks import check_vectors
from sav_core.types import HeadVectors
from sav_ui.panels.jobs import Job
from sav_ui.serving.pool import ModelPool
from sav_ui.session.fit import fit_project, gather
from sav_ui.session.head_attention import look_at
from sav_ui.session.project import Item, Project
from sav_ui.session.session import Session
from sav_ui.session.work import Kind, Task

if TYPE_CHECKING:
    from sav_core.models.backbones import Backbone

Vectors: TypeAlias = dict[str, npt.NDArray[np.float32]]

__all__ = ["find_heads", "learn_details", "look_inside", "look_inside_of", "refit_if_ready"]


def refit_if_ready(session: Session, models: ModelPool) -> None:
    """After an edit: fit again at once where the model has seen everything; otherwise the project stays due."""
    model = session.project.model
    backbone = models.ready(model) if session.due else None
    if session.due and session.project.why_not_ready():
        with session.changing():
            if session.project.why_not_ready():
                session.keep_fit(None)  # and stays due: with two labels again, heads are found by themselves
    elif backbone is not None:
        _fit(session, model, backbone)


def learn_details(session: Session, model: str, backbone: Backbone | None) -> None:
    """Know of a model, as soon as it is here, whether there is another detail than the full one to look at pictures in."""
    if backbone is not None and model not in session.one_detail:
        fewer = [why for detail, why in backbone.details.items() if detail != "full"]
        session.one_detail[model] = "" if "" in fewer else fewer[-1]


def find_heads(session: Session, models: ModelPool, where: str) -> Iterator[None]:
    """Show the model every example it has not seen and fit; yields whenever there is something new to show.

    Args:
        session: whose examples.
        models: where the model is.
        where: the part of the page that says what went wrong.
    """
    why = session.project.why_not_ready()
    if why:
        session.say(why, where=where)
        yield
        return
    with session.changing():
        session.work.resume(Kind.FIND_HEADS)
    with session.work.doing(Kind.FIND_HEADS) as task:
        try:
            while True:
                project = session.project
                job = Job(lambda project=project: _show(session, project, models, task))  # type: ignore[misc]
                yield from job.ticks()
                backbone, vectors = job.result()
                if not vectors.complete and not task.cancelled():
                    continue  # in another detail
                if not vectors.complete:
                    session.work.pause(Kind.FIND_HEADS)
                    session.say(
                        f"Stopped after {len(vectors)} of {vectors.asked} new examples; what is done is kept, so "
                        "finding heads again goes on from there.",
                        "done",
                        where=where,
                    )
                    return
                if session.project.why_not_ready() or _fit(session, project.model, backbone):
                    return
        except SavError as error:
            session.work.pause(Kind.FIND_HEADS)
            session.say(str(error), where=where)


def look_inside(session: Session, models: ModelPool) -> Iterator[None]:
    """Show the model the example under inspection once more and keep what all heads look at in it."""
    item = session.to_look_at
    if item is not None:
        yield from look_inside_of(session, models, session.project, item)


def look_inside_of(session: Session, models: ModelPool, project: Project, item: Item) -> Iterator[None]:
    """Do so with an example of a project, the visitor's or another."""
    example = project.example(item)
    with session.work.doing(Kind.LOOK):
        job = Job(lambda: models.run(project.model, look_at, example))
        yield from job.ticks()
        try:
            session.remember_look(project, item, job.result())
        except SavError as error:
            session.remember_look(project, item, str(error))


def _show(session: Session, project: Project, models: ModelPool, task: Task) -> tuple[Backbone, HeadVectors]:
    """Run the model over the examples whose vectors are missing; returns those."""
    from sav_core.activations.extraction import (
        extract_head_vectors,  # torch takes seconds, and the page must not wait for them
    )

    backbone = models.get(project.model)
    examples = project.examples()
    if not examples:
        raise InputError("There are no examples: add some pictures.")
    missing = {key: e for e in examples if (key := backbone.key(e)) not in session.vectors}

    def stop() -> bool:
        return task.cancelled() or session.project.detail != project.detail  # in which all would be read in vain

    vectors = models.run(project.model, extract_head_vectors, list(missing.values()), progress=task.report, cancel=stop)
    keys = list(missing)
    with session.changing():
        for row, position in enumerate(vectors.positions):
            session.vectors[keys[position]] = vectors.values[row]
    return backbone, vectors


def _fit(session: Session, model: str, backbone: Backbone) -> bool:
    """Fit the project as it is, if it is still this model's and every vector is there; returns whether that was so.

    The arrays are worked on without the lock. Was the project changed meanwhile, it is done again with the new one.

    Raises:
        InputError: all examples are the same to the model.
    """
    while True:
        project = session.project
        examples = project.examples()
        keys = [backbone.key(example) for example in examples]
        vectors = session.vectors
        if project.model != model or project.why_not_ready() or any(key not in vectors for key in keys):
            return False
        support = gather(vectors, keys, project, backbone.fingerprint, backbone.dtype_name)
        check_vectors(support)
        fit = fit_project(project, support).prepared()
        with session.changing():
            if session.project is not project:
                continue
            session.keep_fit(fit)
            session.no_video[model] = backbone.why_no_video
            learn_details(session, model, backbone)
            session.vectors = _beside_fit(session.vectors, keys, support.values)
            return True


def _beside_fit(vectors: Vectors, keys: Sequence[str], held: npt.NDArray[np.float32]) -> Vectors:
    """The vectors that a session keeps, without holding twice what its fit holds anyway.

    Args:
        vectors: by the model's key.
        keys: of the fit's examples.
        held: the fit's vectors ``(example, layer, head, dim)``, in that order.
    """
    shared = dict(zip(keys, held, strict=True))
    others = {key: vector for key, vector in vectors.items() if key not in shared}
    if len(others) > len(keys) + 200:
        return shared
    # A row of an array keeps all of the array.
    return {key: vector if vector.base is None else vector.copy() for key, vector in others.items()} | shared
