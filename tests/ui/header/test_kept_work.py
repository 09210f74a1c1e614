"""What a visitor's browser is told of their work, the pieces it gets, and what it brings back."""

import base64
import json
import re
from dataclasses import replace

import pytest

from sav_core.data.examples import Example
from sav_ui.pages.classify import keeping
from sav_ui.pages.classify.state import ClassifyState, Query
from sav_ui.pages.header import kept_work, project_menu
from sav_ui.session.context import Context
from sav_ui.session.focus import Loading
from sav_ui.session.project import Project
from sav_ui.session.session import Session
from sav_ui.session.work import Kind
from sav_ui.uploads.ready_tasks import ready_tasks
from tests.support.archives import zipped
from tests.support.people import pool_with, sent, small_project
from tests.support.pictures import noise

KEEPERS = {keeping.NAME: keeping.KEEPER}
LINE = "0123456789abcdef"


@pytest.fixture
def models(tiny_backbone):
    return pool_with(tiny_backbone("llava"))


@pytest.fixture
def session():
    session = Session()
    session.project = small_project()
    session.state(ClassifyState).add([Query("", small_project().items[0].pictures, truth=session.project.labels[1].id)])
    return session


def work(session):
    return kept_work.show(session, KEEPERS)["work"]


def fetched(session):
    """Everything a browser that has nothing asks for, some pieces at a time."""
    told = kept_work.answer(session, KEEPERS, {"asked": 1})
    pieces, asked = {}, 0

    def get(wanted):
        nonlocal asked
        while missing := [digest for digest in wanted if digest not in pieces]:
            answer = kept_work.answer(session, KEEPERS, {"asked": 2, "want": missing})
            asked += 1
            assert answer["pieces"], "it would ask for ever"
            pieces.update({digest: base64.b64decode(piece) for digest, piece in answer["pieces"].items()})

    get([digest for _, digest in told["parts"]])
    entries = {}
    for name, digest in told["parts"]:
        entries[name] = entries.get(name, b"") + pieces[digest]
    lines = b"".join(text for name, text in entries.items() if name.endswith(("jsonl", "rows")))
    places = [place for line in filter(None, lines.split(b"\n")) for place in json.loads(line)["images"]]
    get([place.split("/")[1] for place in places])
    return told, entries | {place: pieces[place.split("/")[1]] for place in places}, asked


def bring_back(session, models, path, **data):
    project_menu.act(Context(session, models, project_menu.WHERE, KEEPERS), {"do": "open", "files": [sent(path)], **data})


def test_the_mark_changes_with_the_work_and_with_nothing_else(session):
    first = work(session)
    assert first["begun"]
    session.say("Something happened.", where="bench")
    session.look_at(texts=True)
    assert work(session) == first
    marks = {first["mark"]}
    session.set(n_kept=3)
    marks.add(work(session)["mark"])
    session.state(ClassifyState).change("q1", truth="")
    marks.add(work(session)["mark"])
    session.edit(lambda project: project.with_label("more"))
    marks.add(work(session)["mark"])
    assert len(marks) == 4
    assert work(session)["line"] == first["line"]
    session.replace_project(Project(), due=False)
    assert work(session)["line"] != first["line"], "another work must not be kept in the place of this one"
    assert not work(session)["begun"]
    assert not work(Session())["begun"]


def test_what_was_kept_is_here_again_under_its_own_line_and_name(session, models, tmp_path):
    told, entries, _ = fetched(session)
    assert told["told"]["labels"] == ["a cat", "hund", "鳥"]
    assert (told["told"]["examples"], told["told"]["pictures"], told["asked"]) == (9, 9, 1)
    (tmp_path / "kept.zip").write_bytes(zipped(entries))
    other = Session()
    bring_back(other, models, tmp_path / "kept.zip", line=LINE, name="  My\n animals ")
    assert other.notice.text == "Your work is here again."
    assert other.line == LINE
    assert other.project.name == "My animals"
    assert [item.pictures for item in other.project.items] == [item.pictures for item in session.project.items]
    assert other.state(ClassifyState).queries[0].truth == other.project.labels[1].id
    assert other.waits_for_heads


@pytest.mark.parametrize("line", ["", "x", "../" * 5, "0" * 17, None, 3])
def test_a_line_that_is_none_makes_it_an_ordinary_project(session, models, tmp_path, line):
    (tmp_path / "kept.zip").write_bytes(zipped(fetched(session)[1]))
    other = Session()
    bring_back(other, models, tmp_path / "kept.zip", line=line)
    assert re.fullmatch("[0-9a-f]{16}", other.line)
    assert other.notice.text == "Opened “kept.zip”."


def test_what_cannot_be_used_leaves_all_that_is_here(session, models, tmp_path):
    entries = fetched(session)[1]
    before, queries, line = session.project, session.state(ClassifyState), session.line
    for name, content in (("work.json", b"{"), ("project.json", b"{"), ("examples.jsonl", b"{"), ("classify.rows", b"{")):
        (tmp_path / "bad.zip").write_bytes(zipped(entries | {name: content}))
        bring_back(session, models, tmp_path / "bad.zip", line=LINE)
        assert session.notice.kind == "error"
        assert (session.project, session.state(ClassifyState), session.line) == (before, queries, line)


def test_large_pictures_come_one_by_one_and_small_ones_together(session, monkeypatch):
    assert fetched(session)[2] == 2  # the texts, then all pictures
    monkeypatch.setattr(kept_work, "_BATCH_BYTES", 1)
    told, _, asked = fetched(session)
    assert asked == len(told["parts"]) + 9


@pytest.mark.parametrize("want", [["x", 3, None, {"a": 1}], ["../../etc/passwd"], [[]], ["0" * 32] * 1000])
def test_nobody_gets_what_is_not_of_this_work(session, want):
    assert kept_work.answer(session, KEEPERS, {"want": want})["pieces"] == {}


def test_one_visitors_pieces_are_not_anothers(session):
    digest = session.project.items[0].pictures[0].digest[:32]
    assert kept_work.answer(session, KEEPERS, {"want": [digest]})["pieces"]
    assert not kept_work.answer(Session(), KEEPERS, {"want": [digest]})["pieces"]


def test_a_model_on_its_way_is_the_one_that_is_kept(session):
    session.loading = Loading("org/model")
    assert json.loads(fetched(session)[1]["project.json"])["model"]["id"] == "org/model"


def test_a_ready_task_as_everybody_finds_it_is_told_from_work():
    task = ready_tasks()[0]
    session = Session()
    session.project = Project(title=task.title, question=task.question).with_labelled(task.support)

    def untouched():
        return kept_work.answer(session, KEEPERS, {})["told"]["untouched"]

    assert untouched()
    session.state(ClassifyState).add([Query("", task.queries[0].images, task=task.title)])
    assert untouched()
    session.state(ClassifyState).add([Query("", Example(noise(), "").images)])
    assert not untouched()
    session.state(ClassifyState).remove(["q2"])
    assert untouched()
    whole = session.project
    for changed in (whole.without_items([whole.items[0].id]), whole.renamed("l1", "other"), replace(whole, name="mine")):
        session.project = changed
        assert not untouched()


def test_forgetting_leaves_nothing_but_the_word_of_it(session, models):
    born = session.born
    kept_work.act(Context(session, models, "project", KEEPERS), {"do": "forget"})
    assert session.project == Project()
    assert not session.state(ClassifyState).queries
    session.undo()
    assert session.project == Project(), "not even by taking it back"
    assert session.born != born


def test_forgetting_says_that_it_is_done_and_waits_for_what_is_under_way(session, models):
    with session.work.doing(Kind.FIND_HEADS):
        kept_work.act(Context(session, models, "project", KEEPERS), {"do": "forget"})
        assert "still under way" in session.notice_at("project").text
        assert session.project.items
    kept_work.act(Context(session, models, "project", KEEPERS), {"do": "forget"})
    assert session.notice_at("project").text == kept_work.FORGOTTEN
    assert session.notice_at("project").kind == "done"


def test_a_copy_is_another_work(session, models):
    before = work(session)
    kept_work.act(Context(session, models, "project", KEEPERS), {"do": "copy"})
    assert work(session)["line"] != before["line"]
    assert work(session)["mark"] == before["mark"]


def test_a_name_is_given_in_the_menu_and_taken_back(session, models):
    here = Context(session, models, project_menu.WHERE, KEEPERS)
    project_menu.act(here, {"do": "name", "value": "  My   cats "})
    assert session.project.name == "My cats"
    assert 'value="My cats"' in project_menu.show(session)["html"]
    project_menu.act(here, {"do": "name", "value": "x" * 300})
    assert len(session.project.name) == 80
    session.edit(lambda project: project.with_label("more"))
    assert session.undo() == "Changed something."
    assert session.undo().startswith("Named the project “xxx")
    assert session.project.name == "My cats"
    project_menu.act(here, {"do": "name", "value": ""})
    assert session.project.name == ""


def test_undoing_goes_back_to_the_other_work_and_neither_is_kept_in_the_others_place(session, models, tmp_path):
    (tmp_path / "kept.zip").write_bytes(zipped(fetched(session)[1]))
    mine, line = session.project, session.line
    bring_back(session, models, tmp_path / "kept.zip", line=LINE)
    assert session.line == LINE
    session.undo()
    assert (session.project.items, session.line) == (mine.items, line)
    assert session.state(ClassifyState).queries[0].id == "q1"
    session.redo()
    assert session.line == LINE
    assert session.state(ClassifyState).queries[0].id == "q2", "no identity is used twice"
