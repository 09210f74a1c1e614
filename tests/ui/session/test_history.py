import zipfile

import numpy as np
import pytest

from sav_core.data.examples import Example
from sav_core.data.pictures.picture import as_picture
from sav_ui.pages.classify import actions as classify
from sav_ui.pages.classify import view as classify_view
from sav_ui.pages.classify.run import run as classify_run
from sav_ui.pages.classify.state import WHERE as CLASSIFY
from sav_ui.pages.classify.state import ClassifyState
from sav_ui.pages.header import project_menu
from sav_ui.pages.measure import actions as measure
from sav_ui.pages.measure import view as measure_view
from sav_ui.pages.measure.run import run as measure_run
from sav_ui.pages.measure.state import WHERE as MEASURE
from sav_ui.pages.measure.state import MeasureState
from sav_ui.pages.teach import actions as teach
from sav_ui.pages.teach.state import TeachState
from sav_ui.session import history
from sav_ui.session.find_heads import find_heads
from sav_ui.session.session import Session
from tests.support.people import context, dropped, sent, small_project, taught
from tests.support.pictures import encoded
from tests.support.tiny_models import example_image


@pytest.fixture
def session(models):
    """Somebody who has taught three labels with three pictures each."""
    return taught(models, small_project())


@pytest.fixture
def do(session, models):
    """``do("remove", item="e4")`` is an act on Teach, ``do("right", on=classify, ...)`` on Classify."""

    def act(action, *, on=teach, where="bench", **data):
        on.act(context(session, models, where), {"do": action, **data})
        return session.notice

    return act


@pytest.fixture
def classified(session, models, do):
    """Three pictures on Classify with their answers: one marked right, one as none of these, one not marked."""
    files = dropped({f"{seed}.png": encoded(example_image(300 + seed)) for seed in range(3)})
    do("query", on=classify, where=CLASSIFY, files=files)
    answer(session, models)
    first, second, _ = queries(session)
    do("right", on=classify, where=CLASSIFY, query=first.id)
    do("nothing", on=classify, where=CLASSIFY, query=second.id)
    return session


def answer(session, models):
    for _ in range(10):
        if not classify_view.answers(session)["next"]:
            return
        for _ in classify_run(context(session, models, CLASSIFY), {}):
            pass
    pytest.fail("it never stops asking")


def queries(session):
    return session.state(ClassifyState).queries


def votes(session):
    """Every shown answer, exactly."""
    found = session.state(ClassifyState).answers(session.project, session.current_fit)
    return {name: (each.prediction.label, each.prediction.shares, each.prediction.votes) for name, each in found.items()}


def work(session):
    """All that undoing must bring back exactly."""
    return session.project, queries(session), session.state(MeasureState).own, session.state(TeachState).settled


def forbid(monkeypatch):
    """From here on a forward fails the test."""

    def forward(*arguments, **named):
        pytest.fail("the model ran")

    monkeypatch.setattr("sav_core.activations.extraction.extract_head_vectors", forward)


def set_of(*seeds):
    return dropped({f"hund/{seed}.png": encoded(example_image(400 + seed)) for seed in seeds})


LABEL, ITEM, OTHER = "l1", "e4", "e7"
ACTS = {
    "a ready task": (teach, {"do": "task", "task": "which-colour"}),
    "start over": (teach, {"do": "clear"}),
    "delete a label": (teach, {"do": "drop_label", "label": LABEL}),
    "add a label": (teach, {"do": "add_label", "value": "new"}),
    "rename": (teach, {"do": "rename", "label": LABEL, "value": "tabby"}),
    "remove a picture": (teach, {"do": "remove", "item": ITEM}),
    "remove two": (teach, {"do": "remove", "item": f"{ITEM},{OTHER}"}),
    "move a picture": (teach, {"do": "move", "item": ITEM, "label": "l3"}),
    "move two": (teach, {"do": "move", "item": f"{ITEM},{OTHER}", "label": "l3"}),
    "another question": (teach, {"do": "question", "value": "What is it?"}),
    "a question of its own": (teach, {"do": "text", "item": ITEM, "value": "Is it?"}),
    "settle a warning": (teach, {"do": "fine", "item": "doubt-e4"}),
    "clear the answers": (classify, {"do": "clear_queries"}),
    "remove an answer": (classify, {"do": "drop_query", "query": "q2"}),
    "another question about a picture": (classify, {"do": "query_text", "query": "q1", "value": "Is it?"}),
    "mark as none of these": (classify, {"do": "nothing", "query": "q3"}),
    "mark as right": (classify, {"do": "right", "query": "q3"}),
    "correct": (classify, {"do": "teach", "query": "q3", "label": "l2"}),
    "clear the test set": (measure, {"do": "forget_tests"}),
    "choose another test set": (measure, {"do": "source", "source": "split"}),
}


@pytest.mark.parametrize("name", ACTS)
def test_every_act_that_takes_something_away_can_be_undone_and_done_again_exactly(name, classified, models, do):
    do("bring_tests", on=measure, where=MEASURE, files=set_of(1, 2))
    before, answers, setup = work(classified), votes(classified), classified.state(MeasureState).setup
    page, data = ACTS[name]
    page.act(context(classified, models), data)
    after, answers_after, setup_after = work(classified), classified.current_fit and votes(classified), classified.fit
    assert (work(classified), classified.state(MeasureState).setup) != (before, setup), "it did nothing"
    assert classified.to_undo.words != "Changed something.", "the step has no name"
    done = classified.to_undo.words

    said = do("undo")
    assert said.text == f"Undone: {done[:1].lower()}{done[1:]}"
    assert said.redo
    assert (work(classified), classified.state(MeasureState).setup) == (before, setup)
    assert votes(classified) == answers, "the model has seen all of it"

    said = do("redo")
    assert said.text == f"Done again: {done[:1].lower()}{done[1:]}"
    assert work(classified) == after
    if answers_after:
        assert votes(classified) == answers_after
        np.testing.assert_array_equal(classified.fit.scores.correct, setup_after.scores.correct)
    do("undo")
    assert work(classified) == before


def test_many_steps_go_back_one_by_one_and_the_sentence_says_which(session, do):
    before = session.project
    for item in session.project.items[:3]:
        do("remove", item=item.id)
    names = [item.name for item in before.items[:3]]
    for name in names[::-1]:
        assert do("undo").text == f"Undone: removed “{name}”."
    assert session.project == before
    assert do("undo").text == "There is nothing to undo."


def test_a_step_after_undoing_leaves_nothing_to_do_again(session, do):
    do("remove", item=ITEM)
    do("undo")
    assert session.to_redo.words.startswith("Removed")
    do("rename", label=LABEL, value="tabby")
    assert session.to_redo is None
    assert do("redo").text == "There is nothing to do again."


def test_looking_around_and_settings_are_no_steps(classified, models, do):
    step = classified.to_undo
    for page, data in (
        (teach, {"do": "keep", "value": 3}),
        (teach, {"do": "head", "x": 1, "y": 1}),
        (teach, {"do": "expand", "label": LABEL}),
        (classify, {"do": "threshold", "value": 40}),
        (classify, {"do": "pick", "query": "q2"}),
        (classify, {"do": "refresh"}),
        (measure, {"do": "ask", "value": True}),
    ):
        page.act(context(classified, models), data)
        assert classified.to_undo is step, data


def test_an_act_that_changes_nothing_is_no_step_and_says_nothing(session, do, models):
    step = session.to_undo
    for page, data in (
        (classify, {"do": "clear_queries"}),
        (measure, {"do": "forget_tests"}),
        (teach, {"do": "remove", "item": "e999"}),
        (teach, {"do": "move", "item": ITEM, "label": LABEL}),
    ):
        page.act(context(session, models), data)
        assert session.notice is None, data
        assert session.to_undo is step


def test_a_correction_and_its_mark_are_one_step_and_other_marks_stay(classified, do):
    before, marks = classified.project, [query.truth for query in queries(classified)]
    do("teach", on=classify, where=CLASSIFY, query="q3", label="l2")
    assert len(classified.project.items) == len(before.items) + 1
    do("undo")
    assert classified.project == before
    assert [query.truth for query in queries(classified)] == marks


def test_what_an_undone_step_left_is_read_from_memory_after_a_fit(classified, models, do, monkeypatch):
    before = votes(classified)
    do("clear_queries", on=classify)
    do("drop_label", label=LABEL)
    do("task", task="which-colour")
    for _ in find_heads(classified, models, "bench"):
        pass
    forbid(monkeypatch)
    for _ in range(3):
        do("undo")
    assert votes(classified) == before


def test_a_run_under_way_writes_nothing_into_restored_work(session, models, do):
    do("query", on=classify, where=CLASSIFY, files=dropped({"new.png": encoded(example_image(310))}))
    steps = classify_run(context(session, models, CLASSIFY), {})
    next(steps)
    do("undo")  # of the picture that the model is looking at
    do("remove", item=ITEM)
    do("undo")
    before = work(session)
    for _ in steps:
        pass
    assert work(session) == before
    assert session.state(ClassifyState).held_bytes == 0, "nothing is kept of a picture that is gone"
    do("redo")
    do("undo")
    assert work(session) == before


def test_heads_that_are_being_found_are_found_for_the_work_as_it_is_when_they_are_done(models):
    session = Session()
    session.project = before = small_project()
    label = before.labels[0]
    teach.act(context(session, models), {"do": "find"})
    steps = find_heads(session, models, "bench")
    next(steps)
    teach.act(context(session, models), {"do": "drop_label", "label": label.id})
    teach.act(context(session, models), {"do": "undo"})
    for _ in steps:
        pass
    assert session.project == before
    assert [item.id for item in session.current_fit.items] == [item.id for item in before.items]


def test_undoing_a_ready_task_brings_back_a_project_without_heads_as_it_was(models):
    session = Session()
    session.project = small_project()
    teach.act(context(session, models), {"do": "task", "task": "which-colour"})
    for _ in find_heads(session, models, "bench"):
        pass
    teach.act(context(session, models), {"do": "undo"})
    assert session.fit is None
    assert not session.due, "nobody had asked for heads"


def test_an_identity_is_not_used_twice(session, do):
    do("add", label=LABEL, files=dropped({"new.png": encoded(example_image(320))}))
    undone = session.project.items[-1].id
    do("undo")
    do("add", label=LABEL, files=dropped({"other.png": encoded(example_image(321))}))
    assert session.project.items[-1].id != undone


def test_a_report_is_true_again_when_its_test_set_is_back(session, models, do):
    do("bring_tests", on=measure, where=MEASURE, files=set_of(1, 2))
    for _ in measure_run(context(session, models, MEASURE), {"do": "measure"}):
        pass
    assert "Out of date" not in measure_view.report(session)["html"]
    do("forget_tests", on=measure)
    do("undo")
    assert "Out of date" not in measure_view.report(session)["html"]
    do("undo")
    do("bring_tests", on=measure, where=MEASURE, files=set_of(3))
    assert "Out of date" in measure_view.report(session)["html"]


def test_steps_share_pictures_and_the_oldest_give_way_when_what_they_took_is_too_much(monkeypatch):
    monkeypatch.setattr(history, "MAX_BYTES", 3 * 64 * 64 * 3)
    session = Session()
    session.project = small_project(each=0).with_labelled(
        [Example(as_picture(np.full((64, 64, 3), shade, np.uint8), f"{shade}.png"), "", "hund") for shade in range(8)]
    )
    weight = session.weigh()
    for number, item in enumerate(session.project.items, start=1):
        session.edit(lambda project, item=item: project.without_items([item.id]))
        assert session.weigh() == weight - max(0, number - 3) * 64 * 64 * 3
    for _ in range(5):
        session.undo()
    assert [item.name for item in session.project.items] == ["5.png", "6.png", "7.png"]


def test_of_what_the_model_said_only_that_of_removed_pictures_is_held(classified, models, do):
    do("rename", label=LABEL, value="tabby")
    do("question", value="What is it?")
    answer(classified, models)
    do("drop_query", on=classify, query="q2")
    for step in classified._history.done:
        for end, other in ((step.before, step.after), (step.after, step.before)):
            gone = {query.id for query in _queries_at(end)} - {query.id for query in _queries_at(other)}
            assert set(end.kept[ClassifyState].vectors if ClassifyState in end.kept else ()) <= gone
    assert set(classified.to_undo.before.kept[ClassifyState].vectors) == {"q2"}


def _queries_at(end):
    return end.kept[ClassifyState].queries if ClassifyState in end.kept else ()


def test_the_oldest_of_very_many_steps_give_way():
    session = Session()
    for number in range(history.MAX_STEPS + 5):
        session.edit(lambda project, number=number: project.with_label(f"{number}"))
    while session.undo():
        pass
    assert [label.name for label in session.project.labels] == [f"{number}" for number in range(5)]


def test_the_sentence_of_an_earlier_step_goes_with_the_next(session, do):
    assert do("remove", item=ITEM).undo
    assert do("rename", label=LABEL, value="tabby") is None, "its Undo would take back something else"


def test_an_error_goes_when_what_it_said_is_no_longer_so(session, models, do, tmp_path):
    path = tmp_path / "loose.png"
    example_image(1).save(path)
    do("bring_tests", on=measure, where=MEASURE, files=set_of(1))
    for after in ({"do": "source", "source": "split"}, {"do": "forget_tests"}):
        assert "need a label" in do("bring_tests", on=measure, where=MEASURE, files=[sent(path)]).text
        measure.act(context(session, models, MEASURE), after)
        assert session.notice is None or session.notice.kind == "done"


def test_an_error_goes_with_its_reason_and_with_nothing_else(session, models, do):
    session.due = True
    assert "find heads first" in do("code", on=project_menu, where="project").text
    assert session.notice_at("project"), "heads are still to be found"
    list(find_heads(session, models, "bench"))
    assert session.notice_at("project") is None
    session.due = True
    session.say("“x.zip” is not a ZIP archive.", where="project")
    list(find_heads(session, models, "bench"))
    assert session.notice_at("project"), "it is none, whatever heads are found"


def test_every_file_that_was_left_out_is_listed_with_its_reason_and_reasons_are_counted(session, models, do, tmp_path):
    path = tmp_path / "mixed.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("hund/good.png", encoded(example_image(330)))
        for name in ("a.png", "b.png", "c.png"):
            archive.writestr(f"hund/{name}", b"no picture")
        archive.writestr("loose.png", encoded(example_image(331)))
    notice = do("import", files=[sent(path)])
    assert notice.text == "Added 1 picture under 1 label. 4 pictures were left out."
    counts = sorted(len(names) for names in notice.reasons.values())
    assert counts == [1, 3]
    assert sorted(name for names in notice.reasons.values() for name in names) == sorted(
        each.name for each in notice.left_out
    )
