"""Queries through the model: each once, for its answer; the one that is looked at once more, for what lies behind it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sav_core.data.examples import Example
from sav_core.errors import InputError, SavError
from sav_core.types import HeadVectors, Progress
from sav_ui.pages.classify.state import Desk, Insight, Query, desk_of, fit_of
from sav_ui.panels.jobs import Job
from sav_ui.serving.pool import Shelf
from sav_ui.session.fit import Fit
from sav_ui.session.head_attention import look_at
from sav_ui.session.project import Project
from sav_ui.session.session import Visit

if TYPE_CHECKING:
    from sav_core.models.backbones import Backbone

__all__ = ["classify_queries", "frame_vector", "look_closely", "looked_at", "waits_for_answers", "waits_for_insight"]

_WORDS = 12  # tokens of the model's own answer


def waits_for_answers(visit: Visit) -> bool:
    """Whether there are pictures that the model is to see now."""
    desk = desk_of(visit)
    return fit_of(visit) is not None and not desk.held and bool(desk.missing(visit.project))


def waits_for_insight(visit: Visit) -> bool:
    """Whether the model is to be asked about the query looked at by itself: the small one only, for it is quick."""
    found = looked_at(visit)
    return found is not None and not visit.project.model and desk_of(visit).about(*found) not in desk_of(visit).insights


def looked_at(visit: Visit) -> tuple[Query, Project, Fit] | None:
    """The query that is shown in full with its project and fit; ``None`` while it has no answer."""
    desk, project, fit = desk_of(visit), visit.project, fit_of(visit)
    query = desk.current(project)
    if fit is None or query is None or desk.vector(query, project) is None:
        return None
    return query, project, fit


def classify_queries(visit: Visit, shelf: Shelf) -> Iterator[None]:
    """Show the model the queries it has not seen; a picture it refuses gets its reason, the others their answers."""
    desk = desk_of(visit)
    project, queries = visit.project, desk.missing(visit.project)
    visit.cancelled.clear()
    desk.progress = Progress(0, len(queries), 0.0)
    job = Job(lambda: _show(visit, desk, queries, shelf))
    try:
        yield from job.ticks()
        job.result()
        desk.held = visit.cancelled.is_set()
    except GeneratorExit:
        visit.cancelled.set()
        raise
    except SavError as error:
        with visit.lock:
            for query in desk.missing(project):
                desk.refuse(query, project, str(error))
    finally:
        desk.progress = None
    yield


def look_closely(visit: Visit, shelf: Shelf) -> Iterator[None]:
    """Ask the model itself about the query looked at, and see what its heads look at."""
    found = looked_at(visit)
    if found is None:
        return
    query, project, fit = found
    job = Job(lambda: shelf.run(project.model, insight, query.asked(project), fit.labels))
    try:
        yield from job.ticks()
        learned = job.result()
    except SavError as error:
        learned = Insight(refused=str(error))
    with visit.lock:
        desk_of(visit).learn(Desk.about(query, project, fit), learned)


def insight(backbone: Backbone, example: Example, labels: Sequence[str]) -> Insight:
    """Ask a model for its own answer, and what its heads look at; what it cannot show it says.

    Args:
        backbone: the model.
        example: the query.
        labels: the possible answers.
    """
    from sav_core.models.generation import generate_text, label_likelihoods  # torch takes seconds, the page must not wait

    encoded = backbone.encode(example)
    likelihoods = label_likelihoods(backbone, example, labels, encoded=encoded)
    words = generate_text(backbone, example, max_new_tokens=_WORDS, encoded=encoded)
    try:
        return Insight(likelihoods, words, look_at(backbone, example))
    except SavError as error:
        return Insight(likelihoods, words, refused=str(error))


def frame_vector(backbone: Backbone, example: Example) -> npt.NDArray[np.float32]:
    """Head vectors ``(layer, head, dim)`` of one frame, of which nothing is kept."""
    from sav_core.activations.extraction import extract_head_vectors  # torch takes seconds, the page must not wait

    values: npt.NDArray[np.float32] = extract_head_vectors(backbone, [example], cache=None).values[0]
    return values


def _show(visit: Visit, desk: Desk, queries: Sequence[Query], shelf: Shelf) -> None:
    """Run the model over queries and keep what it says; one after another where it refuses them together."""
    from sav_core.activations.extraction import extract_head_vectors  # torch takes seconds, the page must not wait

    project = visit.project
    shelf.get(project.model)

    def report(progress: Progress) -> None:
        desk.progress = Progress(progress.done, len(queries), progress.seconds)

    def extract(some: Sequence[Query]) -> HeadVectors:
        examples, cancel = [query.asked(project) for query in some], visit.cancelled.is_set
        return shelf.run(project.model, extract_head_vectors, examples, progress=report, cancel=cancel)

    def keep(some: Sequence[Query], vectors: HeadVectors) -> None:
        with visit.lock:
            for position, vector in zip(vectors.positions, vectors.values, strict=True):
                desk.keep(some[position], project, vector)

    try:
        keep(queries, extract(queries))
    except InputError:
        for query in queries:  # what was done before is in the cache
            try:
                keep([query], extract([query]))
            except InputError as error:
                with visit.lock:
                    desk.refuse(query, project, str(error))
