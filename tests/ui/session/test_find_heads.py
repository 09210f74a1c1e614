import threading

import numpy as np
import pytest

from sav_core.data.examples import Example
from sav_core.errors import InputError, SavError
from sav_core.heads.classifier import HeadClassifier
from sav_core.types import Head
from sav_ui.panels.errors import UNEXPECTED
from sav_ui.session.find_heads import find_heads, look_inside, refit_if_ready
from sav_ui.session.focus import Focus
from sav_ui.session.session import Session
from sav_ui.session.work import Kind
from tests.support.people import pool_with, small_project, taught
from tests.support.tiny_models import example_image


def everything(steps):
    return len(list(steps))


def test_what_is_found_is_what_the_library_finds(models):
    session = taught(models, small_project())
    reference = HeadClassifier(n_kept=5, scoring="leave_one_out").fit(session.fit.vectors)
    assert session.fit.kept == reference.kept_heads_
    np.testing.assert_allclose(session.fit.scores.accuracy, reference.head_scores_)


def test_it_tells_how_far_it_is(models, monkeypatch):
    from sav_core.activations import extraction

    gate = threading.Event()
    original = extraction.extract_head_vectors

    def slow(backbone, examples, *, progress, **more):
        answer = original(backbone, examples, progress=progress, **more)
        gate.wait(60)
        return answer

    monkeypatch.setattr("sav_core.activations.extraction.extract_head_vectors", slow)
    session = Session()
    session.project = small_project()
    steps = find_heads(session, models, "bench")
    next(steps)
    assert session.work.kind is Kind.FIND_HEADS
    while session.work.task.progress is None or session.work.task.progress.done < 9:
        next(steps)
    assert session.work.task.progress.total == 9
    assert session.work.task.progress.rate > 0
    gate.set()
    everything(steps)
    assert not session.work.busy


def test_cancelling_keeps_what_is_done_and_waits_for_the_visitor(models, monkeypatch):
    from sav_core.activations import extraction

    original = extraction.extract_head_vectors

    def cancelled(backbone, examples, *, progress, cancel):
        """The visitor presses Cancel when four examples are done."""

        def watch(report):
            progress(report)
            if report.done == 4:
                session.work.task.cancel()

        return original(backbone, examples, batch_bytes=1, cache=None, progress=watch, cancel=cancel)

    monkeypatch.setattr("sav_core.activations.extraction.extract_head_vectors", cancelled)
    session = Session()
    session.project = small_project()
    session.due = True
    everything(find_heads(session, models, "bench"))
    assert session.fit is None
    assert "Stopped after 4 of 9" in session.notice.text
    assert len(session.vectors) == 4
    assert not session.waits_for_heads, "it was the visitor who stopped it"
    monkeypatch.undo()
    everything(find_heads(session, models, "bench"))
    assert len(session.fit.items) == 9


def test_an_example_added_while_the_model_runs_is_not_lost(models):
    session = Session()
    session.project = small_project()
    steps = find_heads(session, models, "bench")
    next(steps)
    label = session.project.labels[0].id
    session.edit(lambda project: project.with_examples(label, [Example(example_image(500), project.question, "a cat")]))
    everything(steps)
    assert len(session.fit.items) == 10


def test_a_model_that_fails_says_so_and_keeps_all_work(monkeypatch):
    models = pool_with(None)
    monkeypatch.setattr(models, "get", lambda model: (_ for _ in ()).throw(SavError("It does not fit into memory.")))
    session = Session()
    session.project = before = small_project()
    session.due = True
    everything(find_heads(session, models, "bench"))
    assert session.notice.text == "It does not fit into memory."
    assert session.project == before
    assert not session.waits_for_heads, "trying for ever helps nobody"


def break_down(*_, **__):
    raise ZeroDivisionError("nobody planned for this")


def test_what_nobody_planned_is_told_once_and_not_tried_for_ever(models, monkeypatch):
    session = taught(models, small_project())
    session.focus, session.due = Focus(head=Head(0, 0)), True
    monkeypatch.setattr(models, "run", break_down)
    everything(find_heads(session, models, "bench"))
    assert session.notice.text == UNEXPECTED
    assert (session.due, session.work.paused(Kind.FIND_HEADS), session.work.busy) == (True, True, False)
    everything(look_inside(session, models))
    assert session.look == UNEXPECTED
    assert (session.to_look_at, session.work.busy) == (None, False)


def test_settling_fits_only_what_the_model_has_seen(models):
    session = taught(models, small_project())
    session.edit(lambda project: project.without_items([project.items[0].id]))
    refit_if_ready(session, models)
    assert len(session.fit.items) == 8
    label = session.project.labels[0].id
    session.edit(lambda project: project.with_examples(label, [Example(example_image(501), project.question, "a cat")]))
    refit_if_ready(session, models)
    assert session.waits_for_heads
    assert len(session.fit.items) == 8


def test_looking_once_shows_every_head(models):
    session = taught(models, small_project())
    assert session.to_look_at is None, "nothing is inspected"
    session.focus = Focus(head=Head(0, 0))
    assert session.to_look_at == session.fit.items[0]
    everything(look_inside(session, models))
    assert session.to_look_at is None
    layers, heads = session.fit.scores.correct.shape
    assert session.look.image_share.shape == (layers, heads)
    session.focus = Focus(head=Head(layers - 1, heads - 1))
    assert session.to_look_at is None, "another head of the same example needs no model"
    session.focus = Focus(head=Head(0, 0), item=session.fit.items[4].id)
    assert session.to_look_at == session.fit.items[4]


def test_an_example_without_a_picture_says_that_there_is_nothing_to_look_at(models):
    project = small_project(labels=("a", "b"))
    label = project.labels[0].id
    project = project.with_examples(label, [Example((), "A text alone", "a")])
    session = taught(models, project)
    session.focus = Focus(head=Head(0, 0), item=project.items[-1].id)
    everything(look_inside(session, models))
    assert "no picture" in session.look
    assert session.to_look_at is None


@pytest.mark.parametrize("labels", [(), ("only one",)])
def test_too_little_to_find_heads_is_said_and_runs_no_model(labels):
    session = Session()
    session.project = small_project(labels=labels)
    everything(find_heads(session, pool_with(None), "bench"))
    assert session.notice.text == session.project.why_not_ready()


def test_examples_that_are_all_the_same_to_the_model_are_refused_though_it_read_them_before(models):
    session = taught(models, small_project())
    first = next(iter(session.vectors.values()))
    session.vectors = dict.fromkeys(session.vectors, first)
    session.due = True
    with pytest.raises(InputError, match="All 9 examples are the same to the model"):  # whoever edits is told
        refit_if_ready(session, models)
    everything(find_heads(session, models, "bench"))
    assert session.notice.text.startswith("All 9 examples are the same to the model")
    assert session.current_fit is None
    assert not session.waits_for_heads
