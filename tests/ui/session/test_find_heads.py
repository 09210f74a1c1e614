import threading

import numpy as np
import pytest

from sav_core.data.examples import Example
from sav_core.errors import SavError
from sav_core.heads.classifier import HeadClassifier
from sav_core.types import Head
from sav_ui.panels.errors import MISHAP
from sav_ui.session.find_heads import find_heads, look_inside, settle
from sav_ui.session.session import Focus, Visit
from tests.support.people import shelf_with, small_project, taught
from tests.support.tiny_models import example_image


def everything(steps):
    return len(list(steps))


def test_what_is_found_is_what_the_library_finds(shelf):
    visit = taught(shelf, small_project())
    reference = HeadClassifier(n_kept=5, scoring="leave_one_out").fit(visit.fit.vectors)
    assert visit.fit.kept == reference.kept_heads_
    np.testing.assert_allclose(visit.fit.scores.accuracy, reference.head_scores_)


def test_it_tells_how_far_it_is(shelf, monkeypatch):
    from sav_core.activations import extraction

    gate = threading.Event()
    original = extraction.extract_head_vectors

    def slow(backbone, examples, *, progress, **more):
        answer = original(backbone, examples, progress=progress, **more)
        gate.wait(60)
        return answer

    monkeypatch.setattr("sav_core.activations.extraction.extract_head_vectors", slow)
    visit = Visit()
    visit.project = small_project()
    steps = find_heads(visit, shelf)
    next(steps)
    assert visit.busy == "find"
    while visit.progress is None or visit.progress.done < 9:
        next(steps)
    assert visit.progress.total == 9
    assert visit.progress.rate > 0
    gate.set()
    everything(steps)
    assert (visit.busy, visit.progress) == ("", None)


def test_cancelling_keeps_what_is_done_and_waits_for_the_visitor(shelf, monkeypatch):
    from sav_core.activations import extraction

    original = extraction.extract_head_vectors

    def cancelled(backbone, examples, *, progress, cancel):
        """The visitor presses Cancel when four examples are done."""
        done = []
        more = {"progress": lambda report: done.append(report.done), "cancel": lambda: bool(done) and done[-1] >= 4}
        return original(backbone, examples, batch_bytes=1, cache=None, **more)

    monkeypatch.setattr("sav_core.activations.extraction.extract_head_vectors", cancelled)
    visit = Visit()
    visit.project = small_project()
    visit.due = True
    everything(find_heads(visit, shelf))
    assert visit.fit is None
    assert "Stopped after 4 of 9" in visit.notice.text
    assert len(visit.vectors) == 4
    assert not visit.waits_for_heads, "it was the visitor who stopped it"
    monkeypatch.undo()
    everything(find_heads(visit, shelf))
    assert len(visit.fit.items) == 9


def test_an_example_added_while_the_model_runs_is_not_lost(shelf):
    visit = Visit()
    visit.project = small_project()
    steps = find_heads(visit, shelf)
    next(steps)
    label = visit.project.labels[0].id
    visit.edit(lambda project: project.with_examples(label, [Example(example_image(500), project.question, "a cat")]))
    everything(steps)
    assert len(visit.fit.items) == 10


def test_a_model_that_fails_says_so_and_keeps_all_work(monkeypatch):
    shelf = shelf_with(None)
    monkeypatch.setattr(shelf, "get", lambda model: (_ for _ in ()).throw(SavError("It does not fit into memory.")))
    visit = Visit()
    visit.project = before = small_project()
    visit.due = True
    everything(find_heads(visit, shelf))
    assert visit.notice.text == "It does not fit into memory."
    assert visit.project == before
    assert not visit.waits_for_heads, "trying for ever helps nobody"


def break_down(*_, **__):
    raise ZeroDivisionError("nobody planned for this")


def test_what_nobody_planned_is_told_once_and_not_tried_for_ever(shelf, monkeypatch):
    visit = taught(shelf, small_project())
    visit.focus, visit.due = Focus(head=Head(0, 0)), True
    monkeypatch.setattr(shelf, "run", break_down)
    everything(find_heads(visit, shelf))
    assert visit.notice.text == MISHAP
    assert (visit.due, visit.held, visit.busy) == (True, True, "")
    everything(look_inside(visit, shelf))
    assert visit.look == MISHAP
    assert (visit.to_look_at, visit.busy) == (None, "")


def test_settling_fits_only_what_the_model_has_seen(shelf):
    visit = taught(shelf, small_project())
    visit.edit(lambda project: project.without_items([project.items[0].id]))
    settle(visit, shelf)
    assert len(visit.fit.items) == 8
    label = visit.project.labels[0].id
    visit.edit(lambda project: project.with_examples(label, [Example(example_image(501), project.question, "a cat")]))
    settle(visit, shelf)
    assert visit.waits_for_heads
    assert len(visit.fit.items) == 8


def test_looking_once_shows_every_head(shelf):
    visit = taught(shelf, small_project())
    assert visit.to_look_at is None, "nothing is inspected"
    visit.focus = Focus(head=Head(0, 0))
    assert visit.to_look_at == visit.fit.items[0]
    everything(look_inside(visit, shelf))
    assert visit.to_look_at is None
    layers, heads = visit.fit.scores.correct.shape
    assert visit.look.image_share.shape == (layers, heads)
    visit.focus = Focus(head=Head(layers - 1, heads - 1))
    assert visit.to_look_at is None, "another head of the same example needs no model"
    visit.focus = Focus(head=Head(0, 0), item=visit.fit.items[4].id)
    assert visit.to_look_at == visit.fit.items[4]


def test_an_example_without_a_picture_says_that_there_is_nothing_to_look_at(shelf):
    project = small_project(labels=("a", "b"))
    label = project.labels[0].id
    project = project.with_examples(label, [Example((), "A text alone", "a")])
    visit = taught(shelf, project)
    visit.focus = Focus(head=Head(0, 0), item=project.items[-1].id)
    everything(look_inside(visit, shelf))
    assert "no picture" in visit.look
    assert visit.to_look_at is None


@pytest.mark.parametrize("labels", [(), ("only one",)])
def test_too_little_to_find_heads_is_said_and_runs_no_model(labels):
    visit = Visit()
    visit.project = small_project(labels=labels)
    everything(find_heads(visit, shelf_with(None)))
    assert visit.notice.text == visit.project.why_not_ready()
