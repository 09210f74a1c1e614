import csv
import io
import json
import re
import zipfile
from pathlib import Path

import pytest

from sav_core.errors import BackboneError
from sav_ui.pages.measure import actions as measure
from sav_ui.pages.measure import state as measure_state
from sav_ui.pages.measure import view as measure_view
from sav_ui.pages.measure.run import MEASURING
from sav_ui.pages.measure.run import run as measure_run
from sav_ui.pages.measure.state import WHERE, MeasureState, most_to_split
from sav_ui.pages.shared.judged import taught_key
from sav_ui.pages.teach import actions as teach
from sav_ui.pages.teach import view as teach_view
from sav_ui.session.session import Session
from tests.support.people import context, dropped, html_of, sent, small_project, taught
from tests.support.pictures import encoded
from tests.support.tiny_models import example_image

LABELS = ("a cat", "hund")


@pytest.fixture
def session(models):
    """Somebody who has taught two labels with four pictures each."""
    return taught(models, small_project(LABELS, each=4))


@pytest.fixture
def tests_zip(tmp_path):
    """``tests_zip(a=2, fish=1)`` is a ZIP with so many pictures in each label's folder, as the browser uploads it."""

    def make(counts, name="tests.zip"):
        path = tmp_path / name
        with zipfile.ZipFile(path, "w") as zipped:
            for number, (label, count) in enumerate(counts.items()):
                for row in range(count):
                    buffer = io.BytesIO()
                    example_image(200 + 10 * number + row).save(buffer, "PNG")
                    zipped.writestr(f"{label}/{row}.png", buffer.getvalue())
        return [sent(path)]

    return make


def do(session, models, action, **data):
    measure.act(context(session, models, WHERE), {"do": action, **data})


def run(session, models):
    """Measure, as the button does; returns what the progress said."""
    words = []
    for _ in measure_run(context(session, models, WHERE), {"do": "measure"}):
        assert session.work.kind in (None, *MEASURING)
        shown = re.search(r"<span>([A-Z][^:…<]*)[^<]*</span>\s*</div>", html_of(measure_view.setup(session)))
        if session.work.busy:
            words.append(shown[1].strip())
    assert not session.work.busy
    return words


def shown(session):
    """The report as text."""
    return re.sub(r"\s+", " ", measure_view.report(session)["html"])


def saved(session, models, kind):
    do(session, models, "save_report", format=kind)
    link = measure_view.setup(session)["saved"]
    return Path(link["url"].removeprefix("gradio_api/file=")).read_text(encoding="utf-8")


def test_before_anything_is_taught_the_page_says_what_to_do(models):
    session = Session()
    assert "Nothing is taught yet" in measure_view.setup(session)["html"]
    assert measure_view.report(session)["html"] == ""
    run(session, models)
    assert "Start from an example" in session.notice.text
    assert session.notice_at("measure") is session.notice


def test_without_a_test_set_it_asks_for_one(session, models):
    assert re.search(r'data-run="measure" disabled', measure_view.setup(session)["html"])
    run(session, models)
    assert "no test set yet" in session.notice.text
    assert session.state(MeasureState).measured is None


def test_a_zip_of_label_folders_is_measured(session, models, tests_zip):
    do(session, models, "bring_tests", files=tests_zip({"a cat": 3, "hund": 2}))
    assert session.notice.text == "Added 5 pictures to your test set."
    assert "5 pictures of your labels" in measure_view.setup(session)["html"]
    assert run(session, models)[0] == "Showing the model"
    found = session.state(MeasureState).measured.measurement
    assert found.evaluation.n == 5
    assert found.evaluation.confusion.sum(1).tolist() == [3, 2]
    assert {"kept_heads", "hidden_mean", "pixels"} <= {each.name for each in found.beside.judged}
    assert "zero_shot_text" not in {each.name for each in found.beside.judged}
    assert f"of 5 test pictures right ({found.right.sum()})" in shown(session)
    figures = measure_view.report(session)["figures"]
    assert {"baselines", "rules", "by_heads", "by_shots", "calibration", "selective"} == set(figures)
    assert all(f'data-figure="{name}"' in shown(session) for name in figures)


def test_what_is_measured_is_what_classify_would_answer(session, models, tests_zip):
    do(session, models, "bring_tests", files=tests_zip({"a cat": 3, "hund": 3}))
    run(session, models)
    measured = session.state(MeasureState).measured
    vectors = models.run("", _vectors, list(measured.plan.test))
    assert [p.label for p in session.fit.classifier.predict(vectors)] == list(measured.measurement.answers)


def _vectors(backbone, examples):
    from sav_core.activations.extraction import extract_head_vectors

    return extract_head_vectors(backbone, examples)


def test_unknown_labels_only_test_whether_they_are_recognised(session, models, tests_zip):
    do(session, models, "bring_tests", files=tests_zip({"a cat": 2, "fish": 2}))
    assert "“fish”, not taught" in measure_view.setup(session)["html"]
    run(session, models)
    found = session.state(MeasureState).measured.measurement
    assert (found.evaluation.n, found.unknown.n) == (2, 2)
    assert "unknown" in measure_view.report(session)["figures"]
    assert f" of {found.unknown.roc.area:.3f}. " in shown(session)  # after the term, which has a tip


def test_a_test_set_of_nothing_taught_is_refused_with_both_names(session, models, tests_zip):
    do(session, models, "bring_tests", files=tests_zip({"fish": 2}))
    run(session, models)
    assert "“fish”" in session.notice.text
    assert "“a cat”, “hund”" in session.notice.text


def test_bad_files_are_told_and_what_was_there_stays(session, models, tests_zip, tmp_path):
    do(session, models, "bring_tests", files=tests_zip({"a cat": 2, "hund": 2}))
    bad = tmp_path / "notes.zip"
    bad.write_bytes(b"no archive at all")
    do(session, models, "bring_tests", files=[sent(bad)])
    assert session.notice.kind == "error"
    assert "notes.zip" in session.notice.text
    loose = tmp_path / "loose.png"
    example_image(1).save(loose)
    do(session, models, "bring_tests", files=[sent(loose)])
    assert "need a label" in session.notice.text
    do(session, models, "bring_tests", files="nonsense")
    assert "No file arrived" in session.notice.text
    assert len(session.state(MeasureState).own) == 4
    do(session, models, "forget_tests")
    assert session.state(MeasureState).own == ()


def test_a_jsonl_in_a_zip_and_pictures_in_folders_are_test_sets_too(session, models, tmp_path):
    example_image(50).save(tmp_path / "x.png")
    path = tmp_path / "lines.zip"
    with zipfile.ZipFile(path, "w") as zipped:
        zipped.write(tmp_path / "x.png", "x.png")
        zipped.writestr("t.jsonl", json.dumps({"image": "x.png", "question": "Really?", "label": "hund"}))
    do(session, models, "bring_tests", files=[sent(path)])
    do(session, models, "bring_tests", files=[{**sent(tmp_path / "x.png"), "folder": "a cat"}])
    own = session.state(MeasureState).own
    assert [(each.label, each.question) for each in own] == [("hund", "Really?"), ("a cat", "")]
    plan = measure_state.test_plan(session.state(MeasureState), session.project, session.fit)
    assert [each.question for each in plan.test] == ["Really?", "Which animal?"]


def test_a_jsonl_dropped_with_its_pictures_is_a_test_set(session, models):
    lines = [{"image": f"{n}.png", "question": "Really?", "label": label} for n, label in enumerate(LABELS)]
    pictures = {f"{n}.png": encoded(example_image(50 + n)) for n in range(2)}
    do(session, models, "bring_tests", files=dropped({"t.jsonl": lines, **pictures}))
    assert (session.notice.kind, session.notice.text) == ("done", "Added 2 pictures to your test set.")
    assert [(each.label, each.question) for each in session.state(MeasureState).own] == [
        (label, "Really?") for label in LABELS
    ]


def test_a_jsonl_alone_asks_for_its_pictures_and_the_test_set_stays(session, models, tmp_path):
    secret = tmp_path / "secret.png"
    example_image(50).save(secret)
    do(session, models, "bring_tests", files=dropped({"a cat/1.png": encoded(example_image(51))}))
    own = session.state(MeasureState).own
    do(session, models, "bring_tests", files=dropped({"t.jsonl": [{"image": str(secret), "label": "hund"}]}))
    assert session.notice_at("measure").text == (
        "None of the pictures that 't.jsonl' names came with it: send them together with it, or a ZIP of both."
    )
    assert session.state(MeasureState).own == own


def test_a_broken_zip_costs_the_folders_beside_it_nothing(session, models):
    files = {"broken.zip": b"PK no zip", "a cat/1.png": encoded(example_image(51)), "loose.png": encoded(example_image(52))}
    do(session, models, "bring_tests", files=dropped(files))
    assert [each.label for each in session.state(MeasureState).own] == ["a cat"]
    assert session.notice.text == "Added 1 picture to your test set. 1 picture and 1 file were left out."
    told = measure_view.setup(session)["html"]
    assert "<b>broken.zip</b> is not a ZIP archive" in told
    assert "<b>loose.png</b> came without a folder" in told


def test_examples_split_off_are_judged_by_the_others(session, models):
    assert most_to_split(session.fit) == 3
    do(session, models, "each", value="2")
    run(session, models)
    measured = session.state(MeasureState).measured
    assert (len(measured.plan.support), len(measured.plan.test)) == (4, 4)
    assert not {e.name for e in measured.plan.support} & {e.name for e in measured.plan.test}
    assert sorted(e.label for e in measured.plan.test) == ["a cat", "a cat", "hund", "hund"]
    assert measured.measurement.about.support == 4
    again = measure_state.test_plan(session.state(MeasureState), session.project, session.fit)
    assert [e.name for e in again.test] == [e.name for e in measured.plan.test]
    do(session, models, "each", value="99")
    assert session.state(MeasureState).setup.each == 3


def test_the_leave_one_out_figure_of_the_examples_stands_beside(session, models):
    do(session, models, "source", source="split")
    run(session, models)
    trust = session.state(MeasureState).measured.measurement.trust
    assert f"each left out in turn, {round(100 * trust.left_out_accuracy)} % of {trust.left_out_n}" in shown(session)


def test_teach_tells_what_was_measured_of_the_same_heads(session, models, tests_zip):
    do(session, models, "bring_tests", files=tests_zip({"a cat": 3, "hund": 2}))
    run(session, models)
    found = session.state(MeasureState).measured.measurement
    assert (
        f"tested these heads on pictures of your own: {found.right.sum()} of 5 are right"
        in teach_view.findings(session)["html"]
    )


def test_a_click_in_the_confusion_shows_exactly_its_pictures(session, models, tests_zip):
    do(session, models, "bring_tests", files=tests_zip({"a cat": 3, "hund": 3}))
    run(session, models)
    found = session.state(MeasureState).measured.measurement
    for row, truth in enumerate(found.evaluation.labels):
        for column, answer in enumerate(found.evaluation.labels):
            do(session, models, "cell", row=str(row), column=str(column))
            names = re.findall(r'<img src="data:[^"]*" alt="([^"]*)"', shown(session))
            pairs = zip(found.names, found.truth, found.answers, strict=True)
            assert sorted(names) == sorted(name for name, *both in pairs if both == [truth, answer])
    do(session, models, "cell", row="9", column="0")
    assert session.state(MeasureState).cell == (1, 1)
    do(session, models, "cell", row="1", column="1")
    assert session.state(MeasureState).cell is None


def test_of_very_many_labels_the_worst_confusions_are_shown(session, models, tests_zip, monkeypatch):
    monkeypatch.setattr(measure_view, "MOST_IN_A_TABLE", 1)
    do(session, models, "bring_tests", files=tests_zip({"a cat": 4, "hund": 4}))
    run(session, models)
    found = session.state(MeasureState).measured.measurement
    labels, confusion = found.evaluation.labels, found.evaluation.confusion
    wrong = {f"{confusion[r, c]} of {labels[r]} taken for {labels[c]}" for r, c in ((0, 1), (1, 0)) if confusion[r, c]}
    assert set(re.findall(r'aria-label="(\d+ of [^"]+ taken for [^"]+)"', shown(session))) == wrong
    said = f"The {len(wrong)} worst confusions of 2 labels" if wrong else "Nothing is taken for anything else."
    assert said in shown(session)


def test_another_number_of_heads_makes_the_report_out_of_date(session, models):
    do(session, models, "source", source="split")
    run(session, models)
    assert "Out of date" not in shown(session)
    teach.act(context(session, models), {"do": "keep", "value": 3})
    assert "Out of date" in shown(session)
    teach.act(context(session, models), {"do": "keep", "value": 5})
    assert "Out of date" not in shown(session)
    taught = taught_key(session.project, session.fit)
    teach.act(context(session, models), {"do": "shift", "item": session.project.items[0].id, "by": "later"})
    assert taught_key(session.project, session.fit) == taught
    assert "Out of date" in shown(session)  # for others are split off
    teach.act(context(session, models), {"do": "undo"})
    assert "Out of date" not in shown(session)
    do(session, models, "voting", value="gaussian")
    assert "The choice above has changed" in shown(session)
    run(session, models)
    assert "Out of date" not in shown(session)
    assert session.state(MeasureState).measured.measurement.rules.judged[0].name == "gaussian"
    teach.act(context(session, models), {"do": "remove", "item": session.project.items[0].id})
    assert "What is taught has changed" in shown(session)
    teach.act(context(session, models), {"do": "drop_label", "label": session.project.labels[0].id})
    assert "heads are still to be found" in shown(session)


def test_test_pictures_that_were_taught_are_told(session, models, tmp_path):
    path = tmp_path / "same.png"
    example_image(0).save(path)  # the first example of the first label
    do(session, models, "bring_tests", files=[{**sent(path), "folder": "a cat"}])
    run(session, models)
    assert "1 of the test pictures is also among the examples" in shown(session)


def test_the_model_itself_is_asked_when_wished(session, models):
    do(session, models, "source", source="split")
    do(session, models, "ask", value=True)
    run(session, models)
    measured = session.state(MeasureState).measured.measurement
    names = {each.name for each in measured.baselines.judged} | set(measured.baselines.refused)
    assert {"zero_shot_likelihood", "zero_shot_text", "in_context"} <= names


def test_it_stops_when_told_and_the_report_before_stays(session, models):
    do(session, models, "source", source="split")
    run(session, models)
    before = session.state(MeasureState).measured
    for _ in measure_run(context(session, models, WHERE), {"do": "measure"}):
        do(session, models, "stop")
        do(session, models, "forget_tests")  # nothing it works on may change meanwhile
    assert session.state(MeasureState).measured is before
    assert "Stopped" in session.notice.text
    assert session.notice.kind == "done"


def test_a_model_that_fails_is_told_and_the_report_before_stays(session, models, monkeypatch):
    do(session, models, "source", source="split")

    def broken(*args, **more):
        raise BackboneError("The model has gone: choose another.")

    monkeypatch.setattr(models, "run", broken)
    run(session, models)
    assert session.notice.text == "The model has gone: choose another."


def test_everything_can_be_downloaded(session, models):
    do(session, models, "save_report", format="json")
    assert "measure first" in session.notice.text
    do(session, models, "source", source="split")
    run(session, models)
    found = session.state(MeasureState).measured.measurement
    report = json.loads(saved(session, models, "json"))
    assert report["accuracy"] == found.evaluation.accuracy
    assert report["heads"] == 5
    answers = list(csv.DictReader(io.StringIO(saved(session, models, "csv"))))
    assert [line["label"] for line in answers] == list(found.answers)
    table = list(csv.DictReader(io.StringIO(saved(session, models, "table"))))
    assert float(table[0]["value"]) == pytest.approx(found.evaluation.accuracy)
    page = saved(session, models, "html")
    assert page.startswith("<!doctype html>")
    assert "a cat or hund" in page
    assert re.search(r"<td>model</td><td>Demo model</td>", page), "one name on the page and in what is to be read"
    assert report["model"] == found.about.model == "llava"
    do(session, models, "save_report", format="pickle")
    assert "could not be understood" in session.notice.text


def test_too_many_test_pictures_are_refused(session, models, tests_zip, lower):
    lower(examples=3)
    do(session, models, "bring_tests", files=tests_zip({"a cat": 4}))
    assert "holds 4 examples, and up to 3 are taken here" in session.notice.text
    assert session.state(MeasureState).own == ()


def test_two_visits_share_nothing(session, models):
    do(session, models, "source", source="split")
    run(session, models)
    other = Session()
    assert other.state(MeasureState).measured is None
    assert "Nothing is taught yet" in measure_view.setup(other)["html"]


def test_the_same_test_pictures_are_never_counted_twice(session, models, tests_zip, tmp_path):
    do(session, models, "bring_tests", files=tests_zip({"a cat": 3, "hund": 2}))
    own = session.state(MeasureState).own
    do(session, models, "bring_tests", files=tests_zip({"a cat": 3, "hund": 2}, name="again.zip"))
    assert session.state(MeasureState).own == own
    assert session.notice.text == "5 pictures are there already and left out."
    assert not session.notice.undo
    resized = example_image(200).resize((150, 150))  # the first of the cats, nearly the same
    pair = {"hund/small.png": encoded(resized), "hund/new.png": encoded(example_image(290))}
    do(session, models, "bring_tests", files=dropped(pair))
    assert session.notice.text == "Added 1 picture to your test set. 1 picture is there already and left out."
    assert session.notice.left_out[0].reason == (
        "'small.png' is nearly the same as 'a cat/0.png', which is labelled 'a cat', so it is not counted again."
    )
    assert len(session.state(MeasureState).own) == 6


def test_test_pictures_that_were_taught_are_told_before_measuring_and_can_be_left_out(session, models, tmp_path):
    same, near = example_image(0), example_image(1).resize((150, 150))  # of what was taught
    files = {"a cat/same.png": same, "a cat/near.png": near, "hund/new.png": example_image(291)}
    do(session, models, "bring_tests", files=dropped({name: encoded(image) for name, image in files.items()}))
    assert "2 of these test pictures are also among the examples" in measure_view.setup(session)["html"]
    do(session, models, "leave_taught")
    assert [each.name for each in session.state(MeasureState).own] == ["new.png"]
    assert "also among the examples" not in measure_view.setup(session)["html"]
    do(session, models, "undo")
    assert len(session.state(MeasureState).own) == 3


def test_another_task_does_not_take_over_the_test_set_of_the_one_before(session, models, tests_zip):
    do(session, models, "bring_tests", files=tests_zip({"a cat": 3, "hund": 2}))
    state = session.state(MeasureState)
    assert state.source(session.project) == "own"
    teach.act(context(session, models), {"do": "task", "task": "which-colour"})
    assert state.source(session.project) == "task"
    assert len(state.own) == 5, "and it is kept"
    do(session, models, "undo")
    assert state.source(session.project) == "own"
