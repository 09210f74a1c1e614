import re
import time
import zipfile
from pathlib import Path

import pytest
from gradio.utils import get_upload_folder

from sav_core.sav import SavClassifier
from sav_ui.pages.header import project_menu
from sav_ui.panels import downloads
from sav_ui.serving.pool import Shelf
from sav_ui.session.project import Project
from sav_ui.session.project_file import write_project
from sav_ui.session.session import Visit
from tests.support.archives import zipped
from tests.support.people import sent, shelf_with, small_project, taught


@pytest.fixture
def shelf(tiny_backbone):
    return shelf_with(tiny_backbone("llava"))


def act(visit, shelf, action, **data):
    project_menu.act(visit, shelf, {"do": action, **data})
    return project_menu.show(visit)


def file_of(scene):
    """The file that a scene hands to the browser."""
    prefix = "gradio_api/file="
    assert scene["saved"]["url"].startswith(prefix)
    path = Path(scene["saved"]["url"].removeprefix(prefix))
    assert path.name == scene["saved"]["name"]
    return path


def test_an_empty_project_has_nothing_to_save_and_the_menu_says_so(shelf):
    html = project_menu.show(Visit())["html"]
    assert len(re.findall("disabled", html)) == 3
    assert "Add some pictures" in html
    visit = Visit()
    assert act(visit, shelf, "save")["saved"] is None
    assert visit.notice_at("project").text == "There is nothing to save yet: add some pictures first."


def test_a_taught_project_is_saved_with_its_classifier_and_opens_as_it_was(shelf, tmp_path):
    visit = taught(shelf, small_project(scoring="resubstitution", threshold=0.25))
    scene = act(visit, shelf, "save")
    path = file_of(scene)
    assert path.name == "a-cat-hund-鳥.zip"
    with zipfile.ZipFile(path) as archive:
        (tmp_path / "c.sav").write_bytes(archive.read("classifier.sav"))
    classifier = SavClassifier.load(tmp_path / "c.sav", shelf.get(""))
    assert classifier.kept_heads_ == visit.fit.kept
    assert classifier.question_ == "Which animal?"

    other = Visit()
    act(other, shelf, "open", files=[sent(path, "cats.zip")])
    assert other.notice.text == "Opened “cats.zip”."
    assert other.notice.undo
    assert other.waits_for_heads
    again = taught(shelf, other.project)
    assert again.fit.labels == visit.fit.labels
    assert again.fit.kept == visit.fit.kept
    assert (again.fit.scores.correct == visit.fit.scores.correct).all()
    assert again.project.threshold == 0.25


def test_a_file_is_handed_over_once(shelf):
    visit = taught(shelf, small_project())
    assert act(visit, shelf, "save")["saved"]
    assert project_menu.show(visit)["saved"] is None


def test_the_classifier_alone_is_a_file_that_the_library_loads(shelf):
    visit = taught(shelf, small_project())
    path = file_of(act(visit, shelf, "save_classifier"))
    assert path.suffix == ".sav"
    assert SavClassifier.load(path, shelf.get("")).kept_heads_ == visit.fit.kept


def test_without_a_fit_there_is_no_classifier_and_no_code(shelf):
    visit = Visit()
    visit.project = small_project()
    for action in ("save_classifier", "code"):
        assert act(visit, shelf, action)["saved"] is None
        assert "find heads first" in visit.notice_at("project").text
    assert file_of(act(visit, shelf, "save")).exists()


def test_opening_a_bad_project_keeps_everything_and_says_why(shelf, tmp_path):
    visit = taught(shelf, small_project())
    before, fit = visit.project, visit.fit
    (tmp_path / "photos.zip").write_bytes(zipped({"cat/1.png": b"x"}))
    (tmp_path / "torn.zip").write_bytes(b"PK\x03\x04")
    for name, reason in (("photos.zip", "holds no project.json"), ("torn.zip", "is not a ZIP archive")):
        act(visit, shelf, "open", files=[sent(tmp_path / name)])
        assert reason in visit.notice_at("project").text
        assert visit.notice.kind == "error"
        assert visit.project is before
        assert visit.fit is fit


@pytest.mark.parametrize(
    "files", [None, [], "x", [{"path": "/etc/passwd"}], [3], [{"path": "a"}, {"path": "b"}], [{"path": "a\0b"}]]
)
def test_what_is_no_upload_is_refused(shelf, files):
    visit = Visit()
    act(visit, shelf, "open", files=files)
    assert visit.notice_at("project").kind == "error"
    assert visit.project == Project()


def test_opening_can_be_undone(shelf, tmp_path):
    visit = taught(shelf, small_project())
    before = visit.project
    write_project(tmp_path / "p.zip", small_project(labels=("x", "y"), each=1))
    act(visit, shelf, "open", files=[sent(tmp_path / "p.zip")])
    assert [label.name for label in visit.project.labels] == ["x", "y"]
    visit.undo()
    assert visit.project == before


def test_a_project_of_a_model_that_is_not_here_keeps_the_one_that_is(shelf, tmp_path):
    write_project(tmp_path / "p.zip", small_project(model="Qwen/Qwen2-VL-2B-Instruct"))
    visit = Visit()
    act(visit, shelf, "open", files=[sent(tmp_path / "p.zip")])
    assert visit.project.model == ""
    assert "It was made with Qwen2-VL 2B, and Demo model is here" in visit.notice.text


def test_what_the_menu_does_not_know_is_nothing(shelf):
    visit = Visit()
    assert act(visit, shelf, "rm -rf")["saved"] is None
    assert visit.notice is None


def test_saved_files_cannot_be_guessed_and_go_after_an_hour(monkeypatch):
    first = downloads.fresh_path("a.zip")
    first.write_bytes(b"x")
    assert re.fullmatch(r"[0-9a-f]{32}", first.parent.name)
    assert first.is_relative_to(Path(get_upload_folder()).resolve())
    assert downloads.fresh_path("a.zip") != first
    assert first.exists()
    later = time.time() + 3601
    monkeypatch.setattr(downloads.time, "time", lambda: later)
    downloads.fresh_path("b.zip")
    assert not first.exists()


def test_two_visitors_saving_at_once_get_their_own(shelf):
    one, two = taught(shelf, small_project(labels=("a", "b"))), taught(shelf, small_project(labels=("c", "d")))
    assert {act(one, shelf, "save")["saved"]["name"], act(two, shelf, "save")["saved"]["name"]} == {"a-b.zip", "c-d.zip"}
    assert isinstance(shelf, Shelf)
