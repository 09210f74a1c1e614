import base64
import csv
import io
import json
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest

from sav_core.errors import BackboneError
from sav_ui.pages.classify import actions as classify
from sav_ui.pages.classify import view as classify_view
from sav_ui.pages.classify import webcam as live
from sav_ui.pages.classify.state import NONE, desk_of, fit_of
from sav_ui.session.project import Project
from sav_ui.uploads.ready_tasks import Task
from tests.support.people import dropped, sent, small_project, taught
from tests.support.pictures import encoded
from tests.support.tiny_models import example_image


@pytest.fixture
def visit(shelf):
    """Somebody who has taught three labels with three pictures each."""
    return taught(shelf, small_project())


@pytest.fixture
def upload(tmp_path):
    """``upload(1, 2)`` are two pictures as the browser uploads them."""

    def make(*seeds):
        files = []
        for seed in seeds:
            path = tmp_path / f"query {seed}.png"
            example_image(100 + seed).save(path)
            files.append(sent(path))
        return files

    return make


def do(visit, shelf, action, **data):
    classify.act(visit, shelf, {"do": action, **data})


def go_on(visit, shelf):
    """What the browser does when the page asks for the model: returns how often it did."""
    for times in range(10):
        if not classify_view.answers(visit)["next"]:
            return times
        for _ in classify.run(visit, shelf, {}):
            assert not classify_view.answers(visit)["next"], "it asks again while it is at work"
    pytest.fail("it never stops asking")


def give(visit, shelf, files):
    do(visit, shelf, "query", files=files)
    go_on(visit, shelf)


def queries(visit):
    return desk_of(visit).shown(visit.project)


def answers(visit):
    return desk_of(visit).answers(visit.project, fit_of(visit))


def page(visit):
    return classify_view.answers(visit)["html"]


def only(visit):
    (query,) = queries(visit)
    return query, answers(visit)[query.id]


@pytest.fixture
def forwards(shelf, monkeypatch):
    """Counts the examples that the model reads."""
    counted = []
    backbone = shelf.get("")
    forward = backbone.forward
    monkeypatch.setattr(backbone, "forward", lambda batch: counted.extend(batch["input_ids"]) or forward(batch))
    return counted


def test_before_anything_is_taught_the_page_offers_ready_tasks(shelf):
    from sav_ui.session.session import Visit

    html = classify_view.tray(Visit())["html"]
    assert 'data-act="task"' in html
    assert 'data-tab="Teach"' in html
    assert classify_view.answers(Visit())["html"] == ""


def test_a_project_that_is_not_ready_is_told_what_is_missing(shelf):
    from sav_ui.session.session import Visit

    visit = Visit()
    visit.project = small_project(labels=("a cat",))
    assert "Add a second label" in classify_view.tray(visit)["html"]


def test_pictures_get_the_answers_that_the_library_gives(visit, shelf, upload):
    from sav_core.data.examples import Example
    from sav_core.sav import SavClassifier

    give(visit, shelf, upload(1, 2, 3))
    classifier = SavClassifier(shelf.get(""), n_kept=5, scoring="leave_one_out", cache=None).fit(visit.project.examples())
    expected = classifier.predict([Example(query.pictures, "Which animal?") for query in queries(visit)])
    for query, prediction in zip(queries(visit), expected, strict=True):
        found = answers(visit)[query.id].prediction
        assert (found.label, found.shares) == (prediction.label, prediction.shares)
        assert found.similarities == pytest.approx(prediction.similarities, abs=1e-5)


def test_the_model_sees_each_picture_once_for_its_answer(visit, shelf, upload, forwards):
    do(visit, shelf, "query", files=upload(41, 42))  # of no other test: the user's cache knows them not
    assert [query.id in answers(visit) for query in queries(visit)] == [False, False]
    for _ in classify.classify_queries(visit, shelf):
        pass
    assert len(forwards) == 2
    visit.set(n_kept=3)
    assert all(len(answer.prediction.votes) == 3 for answer in answers(visit).values())
    assert len(forwards) == 2


def test_the_answer_in_full_names_votes_neighbours_attention_and_what_the_model_says(visit, shelf, upload):
    give(visit, shelf, upload(1))
    html, figures = page(visit), classify_view.answers(visit)["figures"]
    _, answer = only(visit)
    assert answer.prediction.label in html
    assert "How the heads voted" in html
    assert html.count("similar examples") == 1
    assert "heads that decided" in html or len(answer.deciding) == 1
    assert "without your examples" in html
    likelihoods = next(iter(desk_of(visit).insights.values())).likelihoods
    assert sum(likelihoods.values()) == pytest.approx(1)
    assert set(likelihoods) == {"a cat", "hund", "鳥"}
    drawn = json.loads(figures["votes"])
    assert len(drawn["data"][0]["x"]) == 3
    assert len(drawn["data"][0]["y"]) == 5


def test_below_the_threshold_the_answer_is_none_of_these(visit, shelf, upload):
    give(visit, shelf, upload(1))
    _, answer = only(visit)
    assurance = answer.confidence * answer.closeness
    visit.set(threshold=assurance)
    assert not only(visit)[1].none
    visit.set(threshold=assurance + 0.01)
    assert only(visit)[1].none
    assert "None of these" in page(visit)


@pytest.mark.parametrize(("value", "kept"), [(-5, 0.0), (400, 1.0), ("37", 0.37)])
def test_the_threshold_stays_a_share(visit, shelf, value, kept):
    do(visit, shelf, "threshold", value=value)
    assert visit.project.threshold == kept


def test_a_wrong_guess_becomes_an_example_without_another_forward(visit, shelf, upload, forwards):
    give(visit, shelf, upload(1))
    query, answer = only(visit)
    right = next(label for label in visit.project.labels if label.name != answer.prediction.label)
    before, old = len(forwards), visit.fit
    do(visit, shelf, "teach", query=query.id, label=right.id)
    assert visit.project.items[-1].content == query.content
    assert visit.project.items[-1].label == right.id
    assert visit.fit is not old
    assert len(visit.fit.items) == len(old.items) + 1
    assert not visit.due
    assert len(forwards) == before
    assert f"an example of <b>{right.name}</b> now" in page(visit)
    assert visit.notice_at("classify").undo
    do(visit, shelf, "teach", query=query.id, label=right.id)
    assert len(visit.project.items) == 10, "twice the same example"
    do(visit, shelf, "undo")
    assert len(visit.project.items) == 9


def test_a_right_guess_is_counted_and_what_was_taught_is_not(visit, shelf, upload):
    give(visit, shelf, upload(1, 2, 3))
    first, second, third = queries(visit)
    do(visit, shelf, "right", query=first.id)
    do(visit, shelf, "nothing", query=second.id)
    assert "1 of 2 right" in page(visit)
    wrong = next(i for i in fit_of(visit).label_ids if i != fit_of(visit).label_ids[answers(visit)[third.id].code])
    do(visit, shelf, "teach", query=third.id, label=wrong)
    judged = [q for q in queries(visit) if q.truth]
    assert [q.truth for q in judged][1:] == [NONE, wrong]
    assert re.search(r"\d of 2 right", page(visit))


def test_csv_and_json_hold_every_answer(visit, shelf, upload):
    give(visit, shelf, upload(1, 2))
    do(visit, shelf, "right", query=queries(visit)[0].id)
    texts = {}
    for kind in ("csv", "json"):
        do(visit, shelf, "save", format=kind)
        saved = classify_view.answers(visit)["saved"]
        assert saved["name"] == f"answers.{kind}"
        texts[kind] = Path(saved["url"].removeprefix("gradio_api/file=")).read_bytes().decode()
    rows, objects = list(csv.DictReader(io.StringIO(texts["csv"]))), json.loads(texts["json"])
    assert [row["image"] for row in rows] == [o["image"] for o in objects] == ["query 1.png", "query 2.png"]
    assert [row["right"] for row in rows] == ["yes", ""]
    assert [o["right"] for o in objects] == [True, None]
    for row, found in zip(rows, objects, strict=True):
        assert row["label"] == found["label"] in ("a cat", "hund", "鳥")
        assert sum(float(row[f"share: {label}"]) for label in found["shares"]) == pytest.approx(1, abs=1e-3)
        assert len(found["votes"]) == len(row["votes"].split(" L")) == 5
    do(visit, shelf, "pick", query=queries(visit)[0].id)
    assert classify_view.answers(visit)["saved"] is None


def test_a_zip_of_pictures_needs_no_labels_but_knows_those_of_its_folders(visit, shelf, tmp_path):
    picture = encoded(example_image(5))
    path = tmp_path / "new.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("loose.png", "hund/1.png", "a horse/2.png"):
            archive.writestr(name, picture)
    give(visit, shelf, [sent(path)])
    names = {label.id: label.name for label in visit.project.labels}
    assert {query.name: names.get(query.truth) for query in queries(visit)} == {
        "loose.png": None,
        "hund/1.png": "hund",
        "a horse/2.png": None,
    }
    assert len(answers(visit)) == 3


def test_a_jsonl_dropped_with_its_pictures_asks_what_its_lines_ask(visit, shelf):
    files = {"q.jsonl": [{"image": "hund/1.png", "question": "Is it wet?", "label": "?"}]}
    files |= {"hund/1.png": encoded(example_image(5)), "new.png": encoded(example_image(6))}
    give(visit, shelf, dropped(files))
    assert visit.notice is None
    truth = next(label.id for label in visit.project.labels if label.name == "hund")
    assert [(q.name, q.text, q.truth) for q in queries(visit)] == [
        ("hund/1.png", "Is it wet?", truth),
        ("new.png", "", ""),
    ]
    assert len(answers(visit)) == 2


def test_a_jsonl_that_names_files_of_the_server_costs_the_pictures_beside_it_nothing(visit, shelf, upload, tmp_path):
    example_image(5).save(tmp_path / "secret.png")
    lines = [{"image": str(tmp_path / "secret.png"), "question": "What is it?"}]
    give(visit, shelf, [*dropped({"q.jsonl": lines}), *upload(1)])
    assert "None of the pictures that 'q.jsonl' names came with it" in visit.notice_at("classify").text
    assert [query.name for query in queries(visit)] == ["query 1.png"]


def test_no_spreadsheet_takes_a_name_for_a_formula(visit, shelf, tmp_path):
    path = tmp_path / "a.png"
    example_image(5).save(path)
    give(visit, shelf, [sent(path, "=HYPERLINK(1).png")])
    do(visit, shelf, "save", format="csv")
    text = Path(classify_view.answers(visit)["saved"]["url"].removeprefix("gradio_api/file=")).read_text()
    assert "\n'=HYPERLINK(1).png," in text


def test_a_bad_file_is_told_and_the_others_are_classified(visit, shelf, upload, tmp_path):
    bad = tmp_path / "notes.png"
    bad.write_text("no picture")
    give(visit, shelf, [*upload(1), sent(bad)])
    assert "notes.png" in visit.notice_at("classify").text
    assert "notes.png" in classify_view.tray(visit)["html"]
    assert len(answers(visit)) == 1


def test_a_picture_the_model_refuses_gets_its_reason_and_the_others_their_answers(visit, shelf, upload, monkeypatch):
    from sav_core.errors import InputError

    backbone = shelf.get("")
    encode_all = backbone.encode_all

    def picky(examples):
        if any(example.name == "query 52.png" for example in examples):
            raise InputError("This one is too small: choose another.")
        return encode_all(examples)

    monkeypatch.setattr(backbone, "encode_all", picky)
    give(visit, shelf, upload(51, 52, 53))
    assert [desk_of(visit).refusal(q, visit.project) for q in queries(visit)] == [
        "",
        "This one is too small: choose another.",
        "",
    ]
    assert len(answers(visit)) == 2
    assert "too small" in page(visit)


def test_a_model_that_fails_is_told_once_and_not_asked_for_ever(visit, shelf, upload, monkeypatch):
    def fail(*_, **__):
        raise BackboneError("The model ran out of memory: choose a smaller one.")

    monkeypatch.setattr(shelf, "run", fail)
    give(visit, shelf, upload(1))
    assert "out of memory" in page(visit)
    assert go_on(visit, shelf) == 0
    monkeypatch.undo()
    do(visit, shelf, "again")
    go_on(visit, shelf)
    assert len(answers(visit)) == 1


def test_stopped_work_waits_for_the_visitor(visit, shelf, upload, monkeypatch):
    do(visit, shelf, "query", files=upload(61, 62))
    run = shelf.run

    def stopped(*arguments, **watching):
        do(visit, shelf, "stop")
        return run(*arguments, **watching)

    monkeypatch.setattr(shelf, "run", stopped)
    for _ in classify.run(visit, shelf, {}):
        pass
    monkeypatch.undo()
    assert not classify_view.answers(visit)["next"] or answers(visit)
    assert len(desk_of(visit).missing(visit.project)) > 0
    assert "not classified yet" in page(visit)
    do(visit, shelf, "again")
    go_on(visit, shelf)
    assert len(answers(visit)) == 2


def test_a_model_that_cannot_show_attention_still_answers(visit, shelf, upload, monkeypatch):
    from sav_core.errors import UnsupportedModelError

    def blind(*_):
        raise UnsupportedModelError("Its image tokens are not known.")

    monkeypatch.setattr("sav_ui.pages.classify.run.look_at", blind)
    give(visit, shelf, upload(1))
    assert "Its image tokens are not known." in page(visit)
    assert "without your examples" in page(visit)


@pytest.mark.parametrize(
    "data",
    [
        {"do": "pick", "query": "q99"},
        {"do": "pick"},
        {"do": "teach", "query": "q1", "label": "l99"},
        {"do": "threshold", "value": "much"},
        {"do": "query", "files": [{"path": "/etc/passwd", "name": "a.png"}]},
        {"do": "query", "files": "all of them"},
        {"do": "try", "place": "0"},
        {"do": "threshold", "value": {}},
        {"do": "query", "files": [{"path": "a\0b"}]},
        {"do": "keep_frame"},
        {"do": "save", "format": "csv"},
        {"do": "right", "query": "q99"},
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_changes_nothing(visit, shelf, data):
    before = visit.project
    classify.act(visit, shelf, data)
    assert visit.notice_at("classify").kind == "error"
    assert visit.project == before
    assert queries(visit) == ()


@pytest.mark.parametrize("data", [{}, {"do": "__class__"}, {"do": None}])
def test_an_unknown_action_does_nothing(visit, shelf, data):
    classify.act(visit, shelf, data)
    assert visit.notice is None


def test_another_question_is_another_query(visit, shelf, upload, forwards):
    give(visit, shelf, upload(1))
    (query,) = queries(visit)
    old = answers(visit)[query.id].prediction.similarities
    do(visit, shelf, "query_text", query=query.id, value="Is it big?")
    assert answers(visit) == {}
    go_on(visit, shelf)
    assert not np.allclose(answers(visit)[query.id].prediction.similarities, old)


def test_removing_moves_on_to_the_next(visit, shelf, upload):
    give(visit, shelf, upload(1, 2, 3))
    first, second, third = queries(visit)
    do(visit, shelf, "drop_query", query=first.id)
    assert desk_of(visit).current(visit.project).id == second.id
    do(visit, shelf, "pick", query=third.id)
    do(visit, shelf, "drop_query", query=third.id)
    assert desk_of(visit).current(visit.project).id == second.id
    do(visit, shelf, "clear_queries")
    assert queries(visit) == ()
    assert page(visit).strip() == ""


def test_a_ready_tasks_pictures_know_their_labels_and_go_with_it(visit, shelf, monkeypatch):
    examples = tuple(small_project(labels=("hund", "a cat"), each=2).examples())
    task = Task("animals", "Animals", "", "Which animal?", (), examples)
    monkeypatch.setattr("sav_ui.pages.classify.state.ready_tasks", lambda: (task,))
    visit.project = Project(**{**vars(visit.project), "title": "Animals"})
    assert classify_view.tray(visit)["html"].count('data-act="try"') == 5
    do(visit, shelf, "try", place="1")
    do(visit, shelf, "try", place="1")
    for place in (9999, float("inf")):
        do(visit, shelf, "try", place=place)
        assert "could not be understood" in visit.notice_at("classify").text
    assert len(queries(visit)) == 1
    do(visit, shelf, "try", place="all")
    go_on(visit, shelf)
    names = {label.id: label.name for label in visit.project.labels}
    assert sorted(names[query.truth] for query in queries(visit)) == ["a cat", "a cat", "hund", "hund"]
    visit.project = Project(**{**vars(visit.project), "title": "Something else"})
    assert queries(visit) == ()


def test_a_correction_with_a_question_of_its_own_keeps_it(visit, shelf, upload):
    give(visit, shelf, upload(1))
    (query,) = queries(visit)
    do(visit, shelf, "query_text", query=query.id, value="Is it big?")
    go_on(visit, shelf)
    do(visit, shelf, "teach", query=query.id, label=visit.project.labels[0].id)
    assert visit.project.items[-1].text == "Is it big?"
    assert not visit.due


def frame(seed=3, size=(64, 48)):
    jpeg = encoded(example_image(seed).resize(size), "JPEG")
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()


def test_a_frame_is_answered_like_any_picture_and_nothing_of_it_is_kept(visit, shelf):
    live.look(visit, shelf, {"image": frame(), "serial": 7})
    glimpse = desk_of(visit).glimpse
    assert (glimpse.serial, glimpse.refused) == (7, "")
    html = live.show(visit)["html"]
    assert 'data-serial="7"' in html
    assert glimpse.answer.prediction.label in html
    assert queries(visit) == ()
    do(visit, shelf, "keep_frame")
    go_on(visit, shelf)
    _, answer = only(visit)
    assert answer.prediction.shares == glimpse.answer.prediction.shares


@pytest.mark.parametrize(
    "image",
    [
        None,
        3,
        "",
        "data:image/png;base64,AAAA",
        *(f"data:image/jpeg;base64,{end}" for end in ("!!!", "AAAA", "A" * (1 << 21))),
    ],
    ids=["nothing", "a number", "empty", "PNG", "no base64", "no JPEG", "too long"],
)
def test_a_frame_that_is_none_is_a_sentence(visit, shelf, image):
    live.look(visit, shelf, {"image": image, "serial": 8})
    assert 'role="alert"' in live.show(visit)["html"]
    assert 'data-serial="8"' in live.show(visit)["html"]


def test_without_a_classifier_the_webcam_says_where_to_go(shelf):
    from sav_ui.session.session import Visit

    visit = Visit()
    live.look(visit, shelf, {"image": frame(), "serial": 1})
    assert "Teach page" in live.show(visit)["html"]


def test_two_visitors_see_nothing_of_each_other(shelf, upload):
    one, other = taught(shelf, small_project()), taught(shelf, small_project())
    give(one, shelf, upload(1))
    assert queries(other) == ()
    assert page(other).strip() == ""


def test_pictures_given_together_are_one_query_and_teach_one_example(visit, shelf, upload):
    do(visit, shelf, "query", files=upload(1, 2), together="yes")
    go_on(visit, shelf)
    query, group = only(visit)
    assert [picture.name for picture in query.pictures] == ["query 1.png", "query 2.png"]
    assert 'class="faces"' not in page(visit)  # one query has no table
    give(visit, shelf, upload(1))
    assert page(visit).count('class="faces"') == 1
    alone = answers(visit)[queries(visit)[1].id]
    assert alone.prediction.similarities.tolist() != group.prediction.similarities.tolist()
    do(visit, shelf, "teach", query=query.id, label=visit.project.labels[0].id)
    assert len(visit.project.items[-1].pictures) == 2


def test_a_group_is_offered_where_examples_are_groups_and_has_a_limit(visit, shelf, upload):
    assert "data-together" not in classify_view.tray(visit)["html"]
    do(visit, shelf, "query", files=upload(1, 2), together="yes")
    go_on(visit, shelf)
    do(visit, shelf, "teach", query=only(visit)[0].id, label=visit.project.labels[0].id)
    visit.due = False
    assert "Choose several pictures to classify as one" in classify_view.tray(visit)["html"]
    do(visit, shelf, "query", files=upload(*range(17)), together="yes")
    assert "up to 16 pictures" in visit.notice_at("classify").text
    assert len(queries(visit)) == 1
