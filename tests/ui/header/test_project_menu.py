import re
import time
import zipfile
from pathlib import Path

import pytest
from gradio.utils import get_upload_folder

from sav_core.sav import SavClassifier
from sav_ui.pages.header import project_menu
from sav_ui.panels import downloads
from sav_ui.serving.pool import ModelPool
from sav_ui.session.project import Project
from sav_ui.session.project_file import write_project
from sav_ui.session.session import Session
from tests.support.archives import zipped
from tests.support.people import context, pool_with, sent, small_project, taught


@pytest.fixture
def models(tiny_backbone):
    return pool_with(tiny_backbone("llava"))


def act(session, models, action, **data):
    project_menu.act(context(session, models, project_menu.WHERE), {"do": action, **data})
    return project_menu.show(session)


def file_of(scene):
    """The file that a scene hands to the browser."""
    prefix = "gradio_api/file="
    assert scene["saved"]["url"].startswith(prefix)
    path = Path(scene["saved"]["url"].removeprefix(prefix))
    assert path.name == scene["saved"]["name"]
    return path


def test_an_empty_project_has_nothing_to_save_and_the_menu_says_so(models):
    html = project_menu.show(Session())["html"]
    assert len(re.findall("disabled", html)) == 5  # its name too
    assert "Add some pictures" in html
    session = Session()
    assert act(session, models, "save")["saved"] is None
    assert session.notice_at("project").text == "There is nothing to save yet: add some pictures first."


def test_a_taught_project_is_saved_with_its_classifier_and_opens_as_it_was(models, tmp_path):
    session = taught(models, small_project(scoring="resubstitution", threshold=0.25))
    scene = act(session, models, "save")
    path = file_of(scene)
    assert path.name == "a-cat-hund-鳥.zip"
    with zipfile.ZipFile(path) as archive:
        (tmp_path / "c.sav").write_bytes(archive.read("classifier.sav"))
    classifier = SavClassifier.load(tmp_path / "c.sav", models.get(""))
    assert classifier.kept_heads_ == session.fit.kept
    assert classifier.question_ == "Which animal?"

    other = Session()
    act(other, models, "open", files=[sent(path, "cats.zip")])
    assert other.notice.text == "Opened “cats.zip”."
    assert other.notice.undo
    assert other.waits_for_heads
    again = taught(models, other.project)
    assert again.fit.labels == session.fit.labels
    assert again.fit.kept == session.fit.kept
    assert (again.fit.scores.correct == session.fit.scores.correct).all()
    assert again.project.threshold == 0.25


def test_a_file_is_offered_until_the_next_action(models):
    session = taught(models, small_project())
    saved = act(session, models, "save")["saved"]
    assert project_menu.show(session)["saved"] == saved, "showing a page changes nothing"
    assert act(session, models, "close_code")["saved"] is None


def test_the_classifier_alone_is_a_file_that_the_library_loads(models):
    session = taught(models, small_project())
    path = file_of(act(session, models, "save_classifier"))
    assert path.suffix == ".sav"
    assert SavClassifier.load(path, models.get("")).kept_heads_ == session.fit.kept


def test_the_report_is_a_page_of_what_is_taught_with_every_head_on(models):
    session = taught(models, small_project(each=4))
    path = file_of(act(session, models, "save_report"))
    page = path.read_text(encoding="utf-8")
    assert path.suffix == ".html"
    judged = session.fit.left_out
    assert f"{judged.right} of {judged.n} (95 % interval" in page
    assert re.findall(r"<td>\d+</td><td>(L\d+\.H\d+)</td>", page) == [str(head) for head in session.fit.kept]
    assert page.count("<symbol id=") == 12
    assert "Which animal?" in page
    session.switch(session.fit.kept[:1])
    assert file_of(act(session, models, "save_report")).read_text(encoding="utf-8") == page


def test_without_a_fit_there_is_no_classifier_and_no_code(models):
    session = Session()
    session.project = small_project()
    for action in ("save_classifier", "save_report", "code"):
        assert act(session, models, action)["saved"] is None
        assert "find heads first" in session.notice_at("project").text
    assert file_of(act(session, models, "save")).exists()


def test_opening_a_bad_project_keeps_everything_and_says_why(models, tmp_path):
    session = taught(models, small_project())
    before, fit = session.project, session.fit
    (tmp_path / "photos.zip").write_bytes(zipped({"cat/1.png": b"x"}))
    (tmp_path / "torn.zip").write_bytes(b"PK\x03\x04")
    (tmp_path / "notes.txt").write_text("nothing")
    for name, reason in (
        ("photos.zip", "holds no project.json"),
        ("torn.zip", "is not a ZIP archive"),
        ("notes.txt", "“notes.txt” is neither a project (.zip) nor a classifier (.sav)"),
    ):
        act(session, models, "open", files=[sent(tmp_path / name)])
        assert reason in session.notice_at("project").text
        assert session.notice.kind == "error"
        assert session.project is before
        assert session.fit is fit


@pytest.mark.parametrize(
    "files", [None, [], "x", [{"path": "/etc/passwd"}], [3], [{"path": "a"}, {"path": "b"}], [{"path": "a\0b"}]]
)
def test_what_is_no_upload_is_refused(models, files):
    session = Session()
    act(session, models, "open", files=files)
    assert session.notice_at("project").kind == "error"
    assert session.project == Project()


def test_opening_can_be_undone(models, tmp_path):
    session = taught(models, small_project())
    before = session.project
    write_project(tmp_path / "p.zip", small_project(labels=("x", "y"), each=1))
    act(session, models, "open", files=[sent(tmp_path / "p.zip")])
    assert [label.name for label in session.project.labels] == ["x", "y"]
    session.undo()
    assert session.project == before


def test_a_project_of_a_model_that_is_not_here_keeps_the_one_that_is(models, tmp_path):
    write_project(tmp_path / "p.zip", small_project(model="Qwen/Qwen2-VL-2B-Instruct"))
    session = Session()
    act(session, models, "open", files=[sent(tmp_path / "p.zip")])
    assert session.project.model == ""
    assert "It was made with Qwen2-VL 2B, and Demo model is here" in session.notice.text


def test_what_the_menu_does_not_know_is_nothing(models):
    session = Session()
    assert act(session, models, "rm -rf")["saved"] is None
    assert session.notice is None


def test_saved_files_cannot_be_guessed_and_go_after_an_hour(monkeypatch):
    first = downloads.fresh_path("a.zip")
    first.write_bytes(b"x")
    assert re.fullmatch(r"[0-9a-f]{32}", first.parent.name)
    assert first.is_relative_to(Path(get_upload_folder()).resolve())
    assert downloads.fresh_path("a.zip") != first
    assert first.exists()
    later = time.monotonic() + 3601  # the clock on the wall may be set back
    monkeypatch.setattr(downloads.time, "monotonic", lambda: later)
    downloads.fresh_path("b.zip")
    assert not first.exists()


def test_two_visitors_saving_at_once_get_their_own(models):
    one, two = taught(models, small_project(labels=("a", "b"))), taught(models, small_project(labels=("c", "d")))
    assert {act(one, models, "save")["saved"]["name"], act(two, models, "save")["saved"]["name"]} == {"a-b.zip", "c-d.zip"}
    assert isinstance(models, ModelPool)
