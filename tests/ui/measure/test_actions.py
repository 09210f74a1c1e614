import csv
import io
import json
import re
import zipfile
from pathlib import Path

import pytest

from sav_core.errors import BackboneError
from sav_ui.pages.measure import actions as measure
from sav_ui.pages.measure import state as gauges
from sav_ui.pages.measure import view as measure_view
from sav_ui.pages.measure.state import gauge_of, most_to_split, set_out
from sav_ui.pages.teach import actions as teach
from sav_ui.pages.teach import view as teach_view
from sav_ui.session.session import Visit
from tests.support.people import dropped, sent, small_project, taught
from tests.support.pictures import encoded
from tests.support.tiny_models import example_image

LABELS = ("a cat", "hund")


@pytest.fixture
def visit(shelf):
    """Somebody who has taught two labels with four pictures each."""
    return taught(shelf, small_project(LABELS, each=4))


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


def do(visit, shelf, action, **data):
    measure.act(visit, shelf, {"do": action, **data})


def run(visit, shelf):
    """Measure, as the button does; returns what the progress said."""
    words = []
    for _ in measure.run(visit, shelf, {"do": "measure"}):
        if gauge_of(visit).busy:
            words.append(gauge_of(visit).busy)
        measure_view.gauge(visit)
    assert not gauge_of(visit).busy
    return words


def shown(visit):
    """The report as text."""
    return re.sub(r"\s+", " ", measure_view.report(visit)["html"])


def saved(visit, shelf, kind):
    do(visit, shelf, "save_report", format=kind)
    link = measure_view.gauge(visit)["saved"]
    return Path(link["url"].removeprefix("gradio_api/file=")).read_text(encoding="utf-8")


def test_before_anything_is_taught_the_page_says_what_to_do(shelf):
    visit = Visit()
    assert "Nothing is taught yet" in measure_view.gauge(visit)["html"]
    assert measure_view.report(visit)["html"] == ""
    run(visit, shelf)
    assert "Start from an example" in visit.notice.text
    assert visit.notice_at("measure") is visit.notice


def test_without_a_test_set_it_asks_for_one(visit, shelf):
    assert re.search(r'data-run="measure" disabled', measure_view.gauge(visit)["html"])
    run(visit, shelf)
    assert "no test set yet" in visit.notice.text
    assert gauge_of(visit).measured is None


def test_a_zip_of_label_folders_is_measured(visit, shelf, tests_zip):
    do(visit, shelf, "bring_tests", files=tests_zip({"a cat": 3, "hund": 2}))
    assert visit.notice is None
    assert "5 pictures of your labels" in measure_view.gauge(visit)["html"]
    assert run(visit, shelf)[0] == "Showing the model"
    found = gauge_of(visit).measured.measurement
    assert found.evaluation.n == 5
    assert found.evaluation.confusion.sum(1).tolist() == [3, 2]
    assert {"kept_heads", "hidden_mean", "pixels"} <= {each.name for each in found.beside.judged}
    assert "zero_shot_text" not in {each.name for each in found.beside.judged}
    assert f"of 5 test pictures right ({found.right.sum()})" in shown(visit)
    figures = measure_view.report(visit)["figures"]
    assert {"baselines", "rules", "by_heads", "by_shots", "calibration", "selective"} == set(figures)
    assert all(f'data-figure="{name}"' in shown(visit) for name in figures)


def test_what_is_measured_is_what_classify_would_answer(visit, shelf, tests_zip):
    do(visit, shelf, "bring_tests", files=tests_zip({"a cat": 3, "hund": 3}))
    run(visit, shelf)
    measured = gauge_of(visit).measured
    vectors = shelf.run("", _vectors, list(measured.exam.test))
    assert [p.label for p in visit.fit.classifier.predict(vectors)] == list(measured.measurement.answers)


def _vectors(backbone, examples):
    from sav_core.activations.extraction import extract_head_vectors

    return extract_head_vectors(backbone, examples)


def test_unknown_labels_only_test_whether_they_are_recognised(visit, shelf, tests_zip):
    do(visit, shelf, "bring_tests", files=tests_zip({"a cat": 2, "fish": 2}))
    assert "“fish”, not taught" in measure_view.gauge(visit)["html"]
    run(visit, shelf)
    found = gauge_of(visit).measured.measurement
    assert (found.evaluation.n, found.unknown.n) == (2, 2)
    assert "unknown" in measure_view.report(visit)["figures"]
    assert f"ROC area of {found.unknown.roc.area:.3f}" in shown(visit)


def test_a_test_set_of_nothing_taught_is_refused_with_both_names(visit, shelf, tests_zip):
    do(visit, shelf, "bring_tests", files=tests_zip({"fish": 2}))
    run(visit, shelf)
    assert "“fish”" in visit.notice.text
    assert "“a cat”, “hund”" in visit.notice.text


def test_bad_files_are_told_and_what_was_there_stays(visit, shelf, tests_zip, tmp_path):
    do(visit, shelf, "bring_tests", files=tests_zip({"a cat": 2, "hund": 2}))
    bad = tmp_path / "notes.zip"
    bad.write_bytes(b"no archive at all")
    do(visit, shelf, "bring_tests", files=[sent(bad)])
    assert visit.notice.kind == "error"
    assert "notes.zip" in visit.notice.text
    loose = tmp_path / "loose.png"
    example_image(1).save(loose)
    do(visit, shelf, "bring_tests", files=[sent(loose)])
    assert "need a label" in visit.notice.text
    do(visit, shelf, "bring_tests", files="nonsense")
    assert "No file arrived" in visit.notice.text
    assert len(gauge_of(visit).own) == 4
    do(visit, shelf, "forget_tests")
    assert gauge_of(visit).own == ()


def test_a_jsonl_in_a_zip_and_pictures_in_folders_are_test_sets_too(visit, shelf, tmp_path):
    example_image(50).save(tmp_path / "x.png")
    path = tmp_path / "lines.zip"
    with zipfile.ZipFile(path, "w") as zipped:
        zipped.write(tmp_path / "x.png", "x.png")
        zipped.writestr("t.jsonl", json.dumps({"image": "x.png", "question": "Really?", "label": "hund"}))
    do(visit, shelf, "bring_tests", files=[sent(path)])
    do(visit, shelf, "bring_tests", files=[{**sent(tmp_path / "x.png"), "folder": "a cat"}])
    own = gauge_of(visit).own
    assert [(each.label, each.question) for each in own] == [("hund", "Really?"), ("a cat", "")]
    exam = set_out(gauge_of(visit), visit.project, visit.fit)
    assert [each.question for each in exam.test] == ["Really?", "Which animal?"]


def test_a_jsonl_dropped_with_its_pictures_is_a_test_set(visit, shelf):
    lines = [{"image": f"{n}.png", "question": "Really?", "label": label} for n, label in enumerate(LABELS)]
    pictures = {f"{n}.png": encoded(example_image(50 + n)) for n in range(2)}
    do(visit, shelf, "bring_tests", files=dropped({"t.jsonl": lines, **pictures}))
    assert visit.notice is None
    assert [(each.label, each.question) for each in gauge_of(visit).own] == [(label, "Really?") for label in LABELS]


def test_a_jsonl_alone_asks_for_its_pictures_and_the_test_set_stays(visit, shelf, tmp_path):
    secret = tmp_path / "secret.png"
    example_image(50).save(secret)
    do(visit, shelf, "bring_tests", files=dropped({"a cat/1.png": encoded(example_image(51))}))
    own = gauge_of(visit).own
    do(visit, shelf, "bring_tests", files=dropped({"t.jsonl": [{"image": str(secret), "label": "hund"}]}))
    assert visit.notice_at("measure").text == (
        "None of the pictures that 't.jsonl' names came with it: send them together with it, or a ZIP of both."
    )
    assert gauge_of(visit).own == own


def test_a_broken_zip_costs_the_folders_beside_it_nothing(visit, shelf):
    files = {"broken.zip": b"PK no zip", "a cat/1.png": encoded(example_image(51)), "loose.png": encoded(example_image(52))}
    do(visit, shelf, "bring_tests", files=dropped(files))
    assert [each.label for each in gauge_of(visit).own] == ["a cat"]
    assert "'broken.zip' is not a ZIP archive" in visit.notice.text
    assert "'loose.png' came without a folder" in visit.notice.text


def test_examples_split_off_are_judged_by_the_others(visit, shelf):
    assert most_to_split(visit.fit) == 3
    do(visit, shelf, "each", value="2")
    run(visit, shelf)
    measured = gauge_of(visit).measured
    assert (len(measured.exam.support), len(measured.exam.test)) == (4, 4)
    assert not {e.name for e in measured.exam.support} & {e.name for e in measured.exam.test}
    assert sorted(e.label for e in measured.exam.test) == ["a cat", "a cat", "hund", "hund"]
    assert measured.measurement.about.support == 4
    again = set_out(gauge_of(visit), visit.project, visit.fit)
    assert [e.name for e in again.test] == [e.name for e in measured.exam.test]
    do(visit, shelf, "each", value="99")
    assert gauge_of(visit).setup.each == 3


def test_the_leave_one_out_figure_of_the_examples_stands_beside(visit, shelf):
    do(visit, shelf, "source", source="split")
    run(visit, shelf)
    trust = gauge_of(visit).measured.measurement.trust
    assert f"each left out in turn, {round(100 * trust.left_out_accuracy)} % of {trust.left_out_n}" in shown(visit)


def test_teach_tells_what_was_measured_of_the_same_heads(visit, shelf, tests_zip):
    do(visit, shelf, "bring_tests", files=tests_zip({"a cat": 3, "hund": 2}))
    run(visit, shelf)
    found = gauge_of(visit).measured.measurement
    assert f"On test pictures (brought) {found.right.sum()} of 5 are right" in teach_view.findings(visit)["html"]


def test_a_click_in_the_confusion_shows_exactly_its_pictures(visit, shelf, tests_zip):
    do(visit, shelf, "bring_tests", files=tests_zip({"a cat": 3, "hund": 3}))
    run(visit, shelf)
    found = gauge_of(visit).measured.measurement
    for row, truth in enumerate(found.evaluation.labels):
        for column, answer in enumerate(found.evaluation.labels):
            do(visit, shelf, "cell", row=str(row), column=str(column))
            names = re.findall(r'<img src="data:[^"]*" alt="([^"]*)"', shown(visit))
            pairs = zip(found.names, found.truth, found.answers, strict=True)
            assert sorted(names) == sorted(name for name, *both in pairs if both == [truth, answer])
    do(visit, shelf, "cell", row="9", column="0")
    assert gauge_of(visit).cell == (1, 1)
    do(visit, shelf, "cell", row="1", column="1")
    assert gauge_of(visit).cell is None


def test_another_number_of_heads_makes_the_report_out_of_date(visit, shelf):
    do(visit, shelf, "source", source="split")
    run(visit, shelf)
    assert "Out of date" not in shown(visit)
    teach.act(visit, shelf, {"do": "keep", "value": 3})
    assert "Out of date" in shown(visit)
    teach.act(visit, shelf, {"do": "keep", "value": 5})
    assert "Out of date" not in shown(visit)
    do(visit, shelf, "voting", value="gaussian")
    assert "The choice above has changed" in shown(visit)
    run(visit, shelf)
    assert "Out of date" not in shown(visit)
    assert gauge_of(visit).measured.measurement.rules.judged[0].name == "gaussian"
    teach.act(visit, shelf, {"do": "remove", "item": visit.project.items[0].id})
    assert "What is taught has changed" in shown(visit)
    teach.act(visit, shelf, {"do": "drop_label", "label": visit.project.labels[0].id})
    assert "heads are still to be found" in shown(visit)


def test_test_pictures_that_were_taught_are_told(visit, shelf, tmp_path):
    path = tmp_path / "same.png"
    example_image(0).save(path)  # the first example of the first label
    do(visit, shelf, "bring_tests", files=[{**sent(path), "folder": "a cat"}])
    run(visit, shelf)
    assert "1 of the test pictures is also among the examples" in shown(visit)


def test_the_model_itself_is_asked_when_wished(visit, shelf):
    do(visit, shelf, "source", source="split")
    do(visit, shelf, "ask", value=True)
    run(visit, shelf)
    measured = gauge_of(visit).measured.measurement
    names = {each.name for each in measured.baselines.judged} | set(measured.baselines.refused)
    assert {"zero_shot_likelihood", "zero_shot_text", "in_context"} <= names


def test_it_stops_when_told_and_the_report_before_stays(visit, shelf):
    do(visit, shelf, "source", source="split")
    run(visit, shelf)
    before = gauge_of(visit).measured
    for _ in measure.run(visit, shelf, {"do": "measure"}):
        do(visit, shelf, "stop")
        do(visit, shelf, "forget_tests")  # nothing it works on may change meanwhile
    assert gauge_of(visit).measured is before
    assert "Stopped" in visit.notice.text
    assert visit.notice.kind == "done"


def test_a_model_that_fails_is_told_and_the_report_before_stays(visit, shelf, monkeypatch):
    do(visit, shelf, "source", source="split")

    def broken(*args, **more):
        raise BackboneError("The model has gone: choose another.")

    monkeypatch.setattr(shelf, "run", broken)
    run(visit, shelf)
    assert visit.notice.text == "The model has gone: choose another."


def test_everything_can_be_downloaded(visit, shelf):
    do(visit, shelf, "save_report", format="json")
    assert "measure first" in visit.notice.text
    do(visit, shelf, "source", source="split")
    run(visit, shelf)
    found = gauge_of(visit).measured.measurement
    report = json.loads(saved(visit, shelf, "json"))
    assert report["accuracy"] == found.evaluation.accuracy
    assert report["heads"] == 5
    answers = list(csv.DictReader(io.StringIO(saved(visit, shelf, "csv"))))
    assert [line["label"] for line in answers] == list(found.answers)
    table = list(csv.DictReader(io.StringIO(saved(visit, shelf, "table"))))
    assert float(table[0]["value"]) == pytest.approx(found.evaluation.accuracy)
    page = saved(visit, shelf, "html")
    assert page.startswith("<!doctype html>")
    assert "a cat or hund" in page
    do(visit, shelf, "save_report", format="pickle")
    assert "could not be understood" in visit.notice.text


def test_too_many_test_pictures_are_refused(visit, shelf, tests_zip, monkeypatch):
    monkeypatch.setattr(gauges, "MAX_TESTS", 3)
    do(visit, shelf, "bring_tests", files=tests_zip({"a cat": 4}))
    assert "up to 3 examples" in visit.notice.text
    assert gauge_of(visit).own == ()


def test_two_visits_share_nothing(visit, shelf):
    do(visit, shelf, "source", source="split")
    run(visit, shelf)
    other = Visit()
    assert gauge_of(other).measured is None
    assert "Nothing is taught yet" in measure_view.gauge(other)["html"]
