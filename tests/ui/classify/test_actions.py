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
from sav_ui.pages.classify import live
from sav_ui.pages.classify import view as classify_view
from sav_ui.pages.classify.run import classify_queries, run
from sav_ui.pages.classify.state import NONE, WHERE, ClassifyState
from sav_ui.pages.shared import webcam
from sav_ui.session.project import Project
from sav_ui.session.work import Kind
from sav_ui.uploads.ready_tasks import Task
from tests.support.people import context, dropped, sent, small_project, taught
from tests.support.pictures import encoded
from tests.support.tiny_models import example_image


@pytest.fixture
def session(models):
    """Somebody who has taught three labels with three pictures each."""
    return taught(models, small_project())


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


def do(session, models, action, **data):
    classify.act(context(session, models, WHERE), {"do": action, **data})


def go_on(session, models):
    """What the browser does when the page asks for the model: returns how often it did."""
    for times in range(10):
        if not classify_view.answers(session)["next"]:
            return times
        for _ in run(context(session, models), {}):
            assert not classify_view.answers(session)["next"], "it asks again while it is at work"
    pytest.fail("it never stops asking")


def give(session, models, files):
    do(session, models, "query", files=files)
    go_on(session, models)


def queries(session):
    return session.state(ClassifyState).shown(session.project)


def answers(session):
    return session.state(ClassifyState).answers(session.project, session.current_fit)


def page(session):
    return classify_view.answers(session)["html"]


def only(session):
    (query,) = queries(session)
    return query, answers(session)[query.id]


@pytest.fixture
def forwards(models, monkeypatch):
    """Counts the examples that the model reads."""
    counted = []
    backbone = models.get("")
    forward = backbone.forward
    monkeypatch.setattr(backbone, "forward", lambda batch: counted.extend(batch["input_ids"]) or forward(batch))
    return counted


def test_before_anything_is_taught_the_page_offers_ready_tasks(models):
    from sav_ui.session.session import Session

    html = classify_view.tray(Session())["html"]
    assert 'data-act="task"' in html
    assert 'data-tab="Teach"' in html
    assert classify_view.answers(Session())["html"] == ""


def test_a_project_that_is_not_ready_is_told_what_is_missing(models):
    from sav_ui.session.session import Session

    session = Session()
    session.project = small_project(labels=("a cat",))
    assert "Add a second label" in classify_view.tray(session)["html"]


def test_pictures_get_the_answers_that_the_library_gives(session, models, upload):
    from sav_core.data.examples import Example
    from sav_core.sav import SavClassifier

    give(session, models, upload(1, 2, 3))
    classifier = SavClassifier(models.get(""), n_kept=5, scoring="leave_one_out", cache=None).fit(
        session.project.examples()
    )
    expected = classifier.predict([Example(query.pictures, "Which animal?") for query in queries(session)])
    for query, prediction in zip(queries(session), expected, strict=True):
        found = answers(session)[query.id].prediction
        assert (found.label, found.shares) == (prediction.label, prediction.shares)
        assert found.similarities == pytest.approx(prediction.similarities, abs=1e-5)


def test_the_model_sees_each_picture_once_for_its_answer(session, models, upload, forwards):
    do(session, models, "query", files=upload(41, 42))  # of no other test: the user's cache knows them not
    assert [query.id in answers(session) for query in queries(session)] == [False, False]
    with session.work.doing(Kind.CLASSIFY) as task:
        list(classify_queries(session, models, task))
    assert len(forwards) == 2
    session.set(n_kept=3)
    assert all(len(answer.prediction.votes) == 3 for answer in answers(session).values())
    assert len(forwards) == 2


def test_the_answer_in_full_names_votes_neighbours_attention_and_what_the_model_says(session, models, upload):
    give(session, models, upload(1))
    html, figures = page(session), classify_view.answers(session)["figures"]
    _, answer = only(session)
    assert answer.prediction.label in html
    assert "How the heads voted" in html
    assert html.count("similar examples") == 1
    assert "heads that decided" in html or len(answer.deciding) == 1
    assert "without your examples" in html
    likelihoods = next(iter(session.state(ClassifyState).model_answers.values())).likelihoods
    assert sum(likelihoods.values()) == pytest.approx(1)
    assert set(likelihoods) == {"a cat", "hund", "鳥"}
    drawn = json.loads(figures["votes"])
    assert len(drawn["data"][0]["x"]) == 3
    assert len(drawn["data"][0]["y"]) == 5


def test_any_vote_opens_its_head_with_overlay_neighbours_and_a_map_that_has_the_query_in_it(session, models, upload):
    give(session, models, upload(1))
    query, answer = only(session)
    assert page(session).count('data-act="vote_head"') == 5, "the squares"
    do(session, models, "vote_head", y="2")
    shown = classify_view.answers(session)
    assert f"Head {answer.prediction.votes[2].head} in this picture" in shown["html"]
    figure = json.loads(shown["figures"]["vote-map"])
    assert figure["data"][-1]["ids"] == [query.id]
    assert figure["data"][-1]["customdata"] == [round(float(answer.prediction.similarities[2].max()), 4)]
    assert f'data-face="{query.id}"' in shown["html"]
    do(session, models, "map", by="distances")
    assert json.loads(classify_view.answers(session)["figures"]["vote-map"]) != figure


def test_the_grid_shows_what_every_head_that_votes_looks_at_and_opens_each(session, models, upload):
    give(session, models, upload(1))
    assert ", which votes for " not in page(session)
    do(session, models, "grid")
    html = page(session)
    votes = only(session)[1].prediction.votes
    cells = re.findall(
        r'data-y="(\d)" aria-label="Look into (\S+), which votes for ([^"]+)"><img src="(data:image[^"]+)"', html
    )
    assert [(int(row), head, label) for row, head, label, _ in cells] == [
        (row, str(vote.head), vote.label) for row, vote in enumerate(votes)
    ]
    assert len({picture for *_, picture in cells}) > 1
    do(session, models, "grid")
    assert ", which votes for " not in page(session)


def test_a_head_that_is_switched_off_on_teach_has_no_vote_here_and_the_page_says_so(session, models, upload):
    give(session, models, upload(1))
    go_on(session, models)
    gone = session.fit.kept[1]
    session.switch((gone,))
    (answer,) = answers(session).values()
    assert [vote.head for vote in answer.prediction.votes] == list(session.fit.kept)
    assert f"so without a vote here: {gone}." in classify_view.answers(session)["html"]
    do(session, models, "all_on")
    assert gone in session.fit.kept
    assert "Switched off" not in classify_view.answers(session)["html"]


def test_below_the_threshold_the_answer_is_none_of_these(session, models, upload):
    give(session, models, upload(1))
    _, answer = only(session)
    acceptance = answer.prediction.confidence * answer.closeness
    session.set(threshold=acceptance)
    assert not only(session)[1].none
    session.set(threshold=acceptance + 0.01)
    assert only(session)[1].none
    assert "None of these" in page(session)


@pytest.mark.parametrize(("value", "kept"), [(-5, 0.0), (400, 1.0), ("37", 0.37)])
def test_the_threshold_stays_a_share(session, models, value, kept):
    do(session, models, "threshold", value=value)
    assert session.project.threshold == kept


def test_a_wrong_guess_becomes_an_example_without_another_forward(session, models, upload, forwards):
    give(session, models, upload(1))
    query, answer = only(session)
    right = next(label for label in session.project.labels if label.name != answer.prediction.label)
    before, old = len(forwards), session.fit
    do(session, models, "teach", query=query.id, label=right.id)
    assert session.project.items[-1].content == query.content
    assert session.project.items[-1].label == right.id
    assert session.fit is not old
    assert len(session.fit.items) == len(old.items) + 1
    assert not session.due
    assert len(forwards) == before
    assert f"an example of <b>{right.name}</b> now" in page(session)
    assert session.notice_at("classify").undo
    do(session, models, "teach", query=query.id, label=right.id)
    assert len(session.project.items) == 10, "twice the same example"
    do(session, models, "undo")
    assert len(session.project.items) == 9


def test_a_right_guess_is_counted_and_what_was_taught_is_not(session, models, upload):
    give(session, models, upload(1, 2, 3))
    first, second, third = queries(session)
    do(session, models, "right", query=first.id)
    do(session, models, "nothing", query=second.id)
    assert "1 of 2 right" in page(session)
    wrong = next(
        i for i in session.current_fit.label_ids if i != session.current_fit.label_ids[answers(session)[third.id].code]
    )
    do(session, models, "teach", query=third.id, label=wrong)
    judged = [q for q in queries(session) if q.truth]
    assert [q.truth for q in judged][1:] == [NONE, wrong]
    assert re.search(r"\d of 2 right", page(session))


def test_csv_and_json_hold_every_answer(session, models, upload):
    give(session, models, upload(1, 2))
    do(session, models, "right", query=queries(session)[0].id)
    texts = {}
    for kind in ("csv", "json"):
        do(session, models, "save", format=kind)
        saved = classify_view.answers(session)["saved"]
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
    do(session, models, "pick", query=queries(session)[0].id)
    assert classify_view.answers(session)["saved"] is None


def test_a_zip_of_pictures_needs_no_labels_but_knows_those_of_its_folders(session, models, tmp_path):
    picture = encoded(example_image(5))
    path = tmp_path / "new.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("loose.png", "hund/1.png", "a horse/2.png"):
            archive.writestr(name, picture)
    give(session, models, [sent(path)])
    names = {label.id: label.name for label in session.project.labels}
    assert {query.name: names.get(query.truth) for query in queries(session)} == {
        "loose.png": None,
        "hund/1.png": "hund",
        "a horse/2.png": None,
    }
    assert len(answers(session)) == 3


def test_a_spreadsheet_takes_no_name_for_a_formula_and_nothing_for_an_apostrophe(session, models, tmp_path):
    files = dropped({"=1+1.png": encoded(example_image(5)), "plain.png": encoded(example_image(6))})
    give(session, models, files)
    do(session, models, "save", format="csv")
    saved = classify_view.answers(session)["saved"]
    text = Path(saved["url"].removeprefix("gradio_api/file=")).read_bytes().decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["image"] for row in rows] == ["'=1+1.png", "plain.png"]
    assert [row["truth"] for row in rows] == ["", ""]
    assert not [value for row in rows for value in row.values() if value == "'"]


def test_a_picture_that_came_twice_counts_once(session, models):
    same = encoded(example_image(5))
    give(session, models, dropped({"hund/1.png": same, "hund/2.png": same}))
    assert len(queries(session)) == 2
    assert re.search(r"\d of 1 right", page(session))


def test_a_mark_can_be_changed_whatever_it_was(session, models, upload):
    give(session, models, upload(1))
    query, _ = only(session)
    do(session, models, "nothing", query=query.id)
    for action in ("right", "teach"):
        assert f'data-act="{action}"' in page(session)
    do(session, models, "right", query=query.id)
    assert "Right." in page(session)
    assert 'data-act="nothing"' in page(session)


def test_a_jsonl_dropped_with_its_pictures_asks_what_its_lines_ask(session, models):
    files = {"q.jsonl": [{"image": "hund/1.png", "question": "Is it wet?", "label": "?"}]}
    files |= {"hund/1.png": encoded(example_image(5)), "new.png": encoded(example_image(6))}
    give(session, models, dropped(files))
    assert session.notice.text == "Added 2 pictures."
    truth = next(label.id for label in session.project.labels if label.name == "hund")
    assert [(q.name, q.text, q.truth) for q in queries(session)] == [
        ("hund/1.png", "Is it wet?", truth),
        ("new.png", "", ""),
    ]
    assert len(answers(session)) == 2


def test_a_jsonl_that_names_files_of_the_server_costs_the_pictures_beside_it_nothing(session, models, upload, tmp_path):
    example_image(5).save(tmp_path / "secret.png")
    lines = [{"image": str(tmp_path / "secret.png"), "question": "What is it?"}]
    give(session, models, [*dropped({"q.jsonl": lines}), *upload(1)])
    assert "None of the pictures that 'q.jsonl' names came with it" in session.notice_at("classify").text
    assert [query.name for query in queries(session)] == ["query 1.png"]


def test_no_spreadsheet_takes_a_name_for_a_formula(session, models, tmp_path):
    path = tmp_path / "a.png"
    example_image(5).save(path)
    give(session, models, [sent(path, "=HYPERLINK(1).png")])
    do(session, models, "save", format="csv")
    text = Path(classify_view.answers(session)["saved"]["url"].removeprefix("gradio_api/file=")).read_text()
    assert "\n'=HYPERLINK(1).png," in text


def test_a_bad_file_is_told_and_the_others_are_classified(session, models, upload, tmp_path):
    bad = tmp_path / "notes.png"
    bad.write_text("no picture")
    give(session, models, [*upload(1), sent(bad)])
    assert "notes.png" in session.notice_at("classify").text
    assert "notes.png" in classify_view.tray(session)["html"]
    assert len(answers(session)) == 1


def test_a_picture_the_model_refuses_gets_its_reason_and_the_others_their_answers(session, models, upload, monkeypatch):
    from sav_core.errors import InputError

    backbone = models.get("")
    encode_all = backbone.encode_all

    def picky(examples):
        if any(example.name == "query 52.png" for example in examples):
            raise InputError("This one is too small: choose another.")
        return encode_all(examples)

    monkeypatch.setattr(backbone, "encode_all", picky)
    give(session, models, upload(51, 52, 53))
    assert [session.state(ClassifyState).refusal(q, session.project) for q in queries(session)] == [
        "",
        "This one is too small: choose another.",
        "",
    ]
    assert len(answers(session)) == 2
    assert "too small" in page(session)


def test_a_model_that_fails_is_told_once_and_not_asked_for_ever(session, models, upload, monkeypatch):
    def fail(*_, **__):
        raise BackboneError("The model ran out of memory: choose a smaller one.")

    monkeypatch.setattr(models, "run", fail)
    give(session, models, upload(1))
    assert "out of memory" in page(session)
    assert go_on(session, models) == 0
    monkeypatch.undo()
    do(session, models, "again")
    go_on(session, models)
    assert len(answers(session)) == 1


def test_stopped_work_waits_for_the_visitor(session, models, upload, monkeypatch):
    do(session, models, "query", files=upload(61, 62))
    original = models.run

    def stopped(*arguments, **watching):
        do(session, models, "stop")
        return original(*arguments, **watching)

    monkeypatch.setattr(models, "run", stopped)
    for _ in run(context(session, models), {}):
        pass
    monkeypatch.undo()
    assert not classify_view.answers(session)["next"] or answers(session)
    assert len(session.state(ClassifyState).missing(session.project)) > 0
    assert "not classified yet" in page(session)
    do(session, models, "again")
    go_on(session, models)
    assert len(answers(session)) == 2


def test_a_model_that_cannot_show_attention_still_answers(session, models, upload, monkeypatch):
    from sav_core.errors import UnsupportedModelError

    def blind(*_):
        raise UnsupportedModelError("Its image tokens are not known.")

    monkeypatch.setattr("sav_ui.pages.classify.run.look_at", blind)
    give(session, models, upload(1))
    assert "Its image tokens are not known." in page(session)
    assert "without your examples" in page(session)


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
def test_what_cannot_be_done_is_one_sentence_and_changes_nothing(session, models, data):
    before = session.project
    classify.act(context(session, models, WHERE), data)
    assert session.notice_at("classify").kind == "error"
    assert session.project == before
    assert queries(session) == ()


@pytest.mark.parametrize("data", [{}, {"do": "__class__"}, {"do": None}])
def test_an_unknown_action_does_nothing(session, models, data):
    classify.act(context(session, models, WHERE), data)
    assert session.notice is None


def test_another_question_is_another_query(session, models, upload, forwards):
    give(session, models, upload(1))
    (query,) = queries(session)
    old = answers(session)[query.id].prediction.similarities
    do(session, models, "query_text", query=query.id, value="Is it big?")
    assert answers(session) == {}
    go_on(session, models)
    assert not np.allclose(answers(session)[query.id].prediction.similarities, old)


def test_removing_moves_on_to_the_next(session, models, upload):
    give(session, models, upload(1, 2, 3))
    first, second, third = queries(session)
    do(session, models, "drop_query", query=first.id)
    assert session.state(ClassifyState).current(session.project).id == second.id
    do(session, models, "pick", query=third.id)
    do(session, models, "drop_query", query=third.id)
    assert session.state(ClassifyState).current(session.project).id == second.id
    do(session, models, "clear_queries")
    assert queries(session) == ()
    assert page(session).strip() == ""


def test_a_ready_tasks_pictures_know_their_labels_and_go_with_it(session, models, monkeypatch):
    examples = tuple(small_project(labels=("hund", "a cat"), each=2).examples())
    task = Task("animals", "Animals", "", "Which animal?", (), examples)
    monkeypatch.setattr("sav_ui.uploads.ready_tasks.ready_tasks", lambda: (task,))
    session.project = Project(**{**vars(session.project), "title": "Animals"})
    tray = classify_view.tray(session)["html"]
    assert tray.count('data-act="try"') == 5
    places = [int(place) for place in re.findall(r'data-place="(\d+)"', tray)]
    assert [examples[place].label for place in places] == ["hund", "a cat", "hund", "a cat"], "one of each label in turn"
    do(session, models, "try", place="1")
    do(session, models, "try", place="1")
    for place in (9999, float("inf")):
        do(session, models, "try", place=place)
        assert "could not be understood" in session.notice_at("classify").text
    assert len(queries(session)) == 1
    do(session, models, "try", place="all")
    go_on(session, models)
    names = {label.id: label.name for label in session.project.labels}
    assert sorted(names[query.truth] for query in queries(session)) == ["a cat", "a cat", "hund", "hund"]
    session.project = Project(**{**vars(session.project), "title": "Something else"})
    assert queries(session) == ()


def test_a_correction_with_a_question_of_its_own_keeps_it(session, models, upload):
    give(session, models, upload(1))
    (query,) = queries(session)
    do(session, models, "query_text", query=query.id, value="Is it big?")
    go_on(session, models)
    do(session, models, "teach", query=query.id, label=session.project.labels[0].id)
    assert session.project.items[-1].text == "Is it big?"
    assert not session.due


def frame(seed=3, size=(64, 48), **options):
    jpeg = encoded(example_image(seed).resize(size), "JPEG", **options)
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()


def test_a_frame_is_answered_like_any_picture_and_nothing_of_it_is_kept(session, models):
    webcam.look(context(session, models, WHERE), {"image": frame(), "serial": 7})
    seen = session.state(webcam.WebcamState).at(WHERE)
    assert (seen.serial, seen.refused) == (7, "")
    html = live.show(session)["html"]
    assert 'data-serial="7"' in html
    assert seen.answers[-1].prediction.label in html
    assert queries(session) == ()
    do(session, models, "keep_frame")
    go_on(session, models)
    _, answer = only(session)
    assert answer.prediction.shares == seen.answers[-1].prediction.shares


@pytest.mark.parametrize(
    "image",
    [
        None,
        3,
        "",
        "data:image/png;base64,AAAA",
        *(f"data:image/jpeg;base64,{end}" for end in ("!!!", "AAAA", "A" * (1 << 21))),
        frame(size=(1400, 1000)),
        frame(progressive=True),
    ],
    ids=["nothing", "a number", "empty", "PNG", "no base64", "no JPEG", "too long", "too large", "in many scans"],
)
def test_a_frame_that_is_none_is_a_sentence(session, models, image):
    webcam.look(context(session, models, WHERE), {"image": image, "serial": 8})
    assert 'role="alert"' in live.show(session)["html"]
    assert 'data-serial="8"' in live.show(session)["html"]


def test_without_a_classifier_the_webcam_says_where_to_go(models):
    from sav_ui.session.session import Session

    session = Session()
    webcam.look(context(session, models, WHERE), {"image": frame(), "serial": 1})
    assert "Teach page" in live.show(session)["html"]


def test_two_visitors_see_nothing_of_each_other(models, upload):
    one, other = taught(models, small_project()), taught(models, small_project())
    give(one, models, upload(1))
    assert queries(other) == ()
    assert page(other).strip() == ""


def test_pictures_given_together_are_one_query_and_teach_one_example(session, models, upload):
    do(session, models, "query", files=upload(1, 2), together="yes")
    go_on(session, models)
    query, group = only(session)
    assert [picture.name for picture in query.pictures] == ["query 1.png", "query 2.png"]
    assert 'class="faces"' not in page(session)  # one query has no table
    give(session, models, upload(1))
    assert page(session).count('class="faces"') == 1
    alone = answers(session)[queries(session)[1].id]
    assert alone.prediction.similarities.tolist() != group.prediction.similarities.tolist()
    do(session, models, "teach", query=query.id, label=session.project.labels[0].id)
    assert len(session.project.items[-1].pictures) == 2


def test_a_group_is_offered_where_examples_are_groups_and_has_a_limit(session, models, upload):
    assert "data-together" not in classify_view.tray(session)["html"]
    do(session, models, "query", files=upload(1, 2), together="yes")
    go_on(session, models)
    do(session, models, "teach", query=only(session)[0].id, label=session.project.labels[0].id)
    session.due = False
    assert "Choose several pictures to classify as one" in classify_view.tray(session)["html"]
    do(session, models, "query", files=upload(*range(17)), together="yes")
    assert "up to 16 pictures" in session.notice_at("classify").text
    assert len(queries(session)) == 1
