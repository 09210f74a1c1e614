"""Finding heads: what the model has not seen yet goes through it once, the rest is array maths."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sav_core.errors import InputError, SavError
from sav_core.types import HeadVectors, Progress
from sav_ui.panels.jobs import Job
from sav_ui.serving.pool import Shelf
from sav_ui.session.fit import fit_project, gather
from sav_ui.session.head_attention import look_at
from sav_ui.session.project import Project
from sav_ui.session.session import Visit

if TYPE_CHECKING:
    from sav_core.models.backbones import Backbone

__all__ = ["find_heads", "look_inside", "settle"]


def settle(visit: Visit, shelf: Shelf) -> None:
    """After an edit: fit again at once where the model has seen everything; otherwise the project stays due."""
    with visit.lock:
        if not visit.due:
            return
        if visit.project.why_not_ready():
            visit.fit = None  # and stays due: as soon as there are two labels again, heads are found by themselves
            return
        backbone = shelf.ready(visit.project.model)
        if backbone is not None:
            _fit(visit, visit.project, backbone)


def find_heads(visit: Visit, shelf: Shelf) -> Iterator[None]:
    """Show the model every example it has not seen and fit; yields whenever there is something new to show."""
    why = visit.project.why_not_ready()
    if why:
        visit.say(why)
        yield
        return
    visit.cancelled.clear()
    visit.busy, visit.progress, visit.held = "find", None, False
    if visit.notice is not None and visit.notice.kind == "error":
        visit.notice = None  # it is being tried again; what was done, and can be undone, stays said
    try:
        while True:
            project = visit.project
            job = Job(lambda project=project: _show(visit, project, shelf))  # type: ignore[misc]
            try:
                yield from job.ticks()
            except GeneratorExit:
                visit.cancelled.set()
                raise
            backbone, vectors = job.result()
            with visit.lock:
                if not vectors.complete:
                    visit.say(
                        f"Stopped after {len(vectors)} of {vectors.asked} new examples; what is done is kept, so "
                        "finding heads again goes on from there.",
                        "done",
                    )
                    visit.held = True
                    return
                current = visit.project
                if current.why_not_ready() or _fit(visit, current, backbone):
                    return
    except SavError as error:
        visit.say(str(error))
        visit.held = True
    finally:
        visit.busy, visit.progress = "", None


def look_inside(visit: Visit, shelf: Shelf) -> Iterator[None]:
    """Show the model the example under inspection once more and keep what all heads look at in it."""
    asked = visit.to_look_at
    if asked is None:
        return
    item, model = asked, visit.project.model
    visit.busy = "look"
    try:
        job = Job(lambda: shelf.run(model, look_at, visit.project.example(item)))
        yield from job.ticks()
        visit.remember_look(item, job.result())
    except SavError as error:
        visit.remember_look(item, str(error))
    finally:
        visit.busy = ""


def _show(visit: Visit, project: Project, shelf: Shelf) -> tuple[Backbone, HeadVectors]:
    """Run the model over the examples whose vectors are missing; returns those."""
    # torch takes seconds, and the page must not wait for them
    from sav_core.activations.extraction import extract_head_vectors

    backbone = shelf.get(project.model)
    examples = project.examples()
    if not examples:
        raise InputError("There are no examples: add some pictures.")
    missing = {key: e for e in examples if (key := backbone.key(e)) not in visit.vectors}

    def report(progress: Progress) -> None:
        visit.progress = progress

    cancel = visit.cancelled.is_set
    vectors = shelf.run(project.model, extract_head_vectors, list(missing.values()), progress=report, cancel=cancel)
    keys = list(missing)
    with visit.lock:
        for row, position in enumerate(vectors.positions):
            visit.vectors[keys[position]] = vectors.values[row]
    return backbone, vectors


def _fit(visit: Visit, project: Project, backbone: Backbone) -> bool:
    """Fit if every vector is there; returns whether it was."""
    keys = [backbone.key(example) for example in project.examples()]
    if any(key not in visit.vectors for key in keys):
        return False
    visit.fit = fit_project(project, gather(visit.vectors, keys, project, backbone.fingerprint, backbone.dtype_name))
    visit.due = visit.held = False
    if len(visit.vectors) > 2 * len(keys) + 200:
        visit.vectors = {key: visit.vectors[key] for key in keys}
    return True
