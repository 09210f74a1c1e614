import threading

import pytest

from sav_core.errors import ModelNotFoundError
from sav_ui.serving.switching import bytes_here, load
from sav_ui.session.session import Visit
from tests.support.people import put, small_project, taught

OTHER = "org/another"


def steps(visit, shelf, model):
    return list(load(visit, shelf, {"model": model}))


def test_another_model_takes_over_and_the_same_work_is_fitted_with_it(shelf, tiny_backbone):
    visit = taught(shelf, small_project())
    put(shelf, OTHER, tiny_backbone("smolvlm"))
    steps(visit, shelf, f" {OTHER} ")
    assert visit.project.model == OTHER
    assert visit.loading is None
    assert visit.waits_for_heads
    assert len(visit.project.items) == 9


@pytest.mark.parametrize("name", ["nonsense", "a/b/c", "../../etc/passwd", "org/", "/etc", "org/na me", f"org/{'x' * 300}"])
def test_what_is_no_id_is_refused_without_loading_anything(shelf, name, monkeypatch):
    monkeypatch.setattr(shelf, "get", lambda model: pytest.fail("it was loaded"))
    visit = Visit()
    steps(visit, shelf, name)
    assert visit.project.model == ""
    assert "Qwen/Qwen2-VL-2B-Instruct" in visit.notice.text
    assert visit.notice.where == "model"


def test_a_model_that_cannot_be_loaded_keeps_the_old_one_and_all_work(shelf, monkeypatch):
    visit = taught(shelf, small_project())
    before, fit = visit.project, visit.fit

    def refuse(model):
        raise ModelNotFoundError(f"{model!r} is not on this disk and the hub cannot be reached.")

    monkeypatch.setattr("sav_ui.serving.zerogpu.load", refuse)
    steps(visit, shelf, OTHER)
    assert visit.project == before
    assert visit.fit is fit
    assert "hub cannot be reached" in visit.notice.text
    assert not visit.waits_for_heads


@pytest.mark.parametrize("error", [MemoryError("no room"), RuntimeError("odd weights\n at 0x00"), OSError("disk")])
def test_whatever_goes_wrong_is_one_sentence(shelf, monkeypatch, error):
    def fail(model):
        raise error

    monkeypatch.setattr("sav_ui.serving.zerogpu.load", fail)
    visit = Visit()
    steps(visit, shelf, OTHER)
    assert visit.notice.text == f"{OTHER} cannot be loaded here: {str(error).splitlines()[0]}"


def test_a_choice_made_meanwhile_takes_the_place_of_the_first(shelf, tiny_backbone, monkeypatch):
    gate = threading.Event()
    model = tiny_backbone("smolvlm")
    monkeypatch.setattr("sav_ui.serving.zerogpu.load", lambda name: gate.wait(60) and model)
    visit = Visit()
    first = load(visit, shelf, {"model": OTHER})
    next(first)
    assert visit.loading.model == OTHER
    steps(visit, shelf, "")
    gate.set()
    list(first)
    assert visit.project.model == "", "the visitor went back to the model they had"
    assert visit.notice is None


def test_what_is_loaded_waits_for_nothing_that_loads(shelf, monkeypatch):
    gate = threading.Event()
    monkeypatch.setattr("sav_ui.serving.zerogpu.load", lambda name: gate.wait(60) and object())
    slow = load(Visit(), shelf, {"model": OTHER})
    next(slow)
    assert shelf.get("") is shelf.ready("")
    gate.set()
    list(slow)


def test_of_guests_only_the_last_stays_and_the_embedded_model_always(shelf, monkeypatch):
    monkeypatch.setattr("sav_ui.serving.zerogpu.load", lambda name: f"<{name}>")
    for name in ("org/one", "org/two"):
        shelf.get(name)
    assert shelf.ready("org/one") is None
    assert shelf.ready("org/two") == "<org/two>"
    assert shelf.ready("") is not None


def test_bytes_here_counts_what_was_fetched(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    assert bytes_here(OTHER) == 0
    blobs = tmp_path / "models--org--another" / "blobs"
    blobs.mkdir(parents=True)
    (blobs / "abc").write_bytes(bytes(1000))
    (blobs / "def.incomplete").write_bytes(bytes(24))
    assert bytes_here(OTHER) == 1024
