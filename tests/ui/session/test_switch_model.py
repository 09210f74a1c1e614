import threading

import pytest

from sav_core.errors import ModelNotFoundError
from sav_ui.session.session import Session
from sav_ui.session.switch_model import bytes_here, switch_model
from tests.support.people import pool_with, put, small_project, taught

OTHER = "org/another"


def steps(session, models, model):
    return list(switch_model(session, models, model))


def test_another_model_takes_over_and_the_same_work_is_fitted_with_it(tiny_backbone):
    models = pool_with(tiny_backbone("llava"))
    session = taught(models, small_project())
    put(models, OTHER, tiny_backbone("smolvlm"))
    steps(session, models, f" {OTHER} ")
    assert session.project.model == OTHER
    assert session.loading is None
    assert session.waits_for_heads
    assert len(session.project.items) == 9


@pytest.mark.parametrize("name", ["nonsense", "a/b/c", "../../etc/passwd", "org/", "/etc", "org/na me", f"org/{'x' * 300}"])
def test_what_is_no_id_is_refused_without_loading_anything(models, name, monkeypatch):
    monkeypatch.setattr(models, "get", lambda model: pytest.fail("it was loaded"))
    session = Session()
    steps(session, models, name)
    assert session.project.model == ""
    assert "Qwen/Qwen2-VL-2B-Instruct" in session.notice.text
    assert session.notice.where == "model"


def test_a_model_that_cannot_be_loaded_keeps_the_old_one_and_all_work(models, monkeypatch):
    session = taught(models, small_project())
    before, fit = session.project, session.fit

    def refuse(model):
        raise ModelNotFoundError(f"{model!r} is not wholly on this disk and the hub cannot be reached.")

    monkeypatch.setattr("sav_ui.serving.zerogpu.load", refuse)
    steps(session, models, OTHER)
    assert session.project == before
    assert session.fit is fit
    assert "hub cannot be reached" in session.notice.text
    assert not session.waits_for_heads


@pytest.mark.parametrize("error", [MemoryError("no room"), RuntimeError("odd weights\n at 0x00"), OSError("disk")])
def test_whatever_goes_wrong_is_one_sentence(models, monkeypatch, error):
    def fail(model):
        raise error

    monkeypatch.setattr("sav_ui.serving.zerogpu.load", fail)
    session = Session()
    steps(session, models, OTHER)
    assert session.notice.text == f"{OTHER} cannot be loaded here: {str(error).splitlines()[0].rstrip('.')}."


def test_a_choice_made_meanwhile_takes_the_place_of_the_first(models, tiny_backbone, monkeypatch):
    gate = threading.Event()
    model = tiny_backbone("smolvlm")
    monkeypatch.setattr("sav_ui.serving.zerogpu.load", lambda name: gate.wait(60) and model)
    session = Session()
    first = switch_model(session, models, OTHER)
    next(first)
    assert session.loading.model == OTHER
    steps(session, models, "")
    gate.set()
    list(first)
    assert session.project.model == "", "the visitor went back to the model they had"
    assert session.notice is None


def test_what_is_loaded_waits_for_nothing_that_loads(models, monkeypatch):
    gate = threading.Event()
    monkeypatch.setattr("sav_ui.serving.zerogpu.load", lambda name: gate.wait(60) and object())
    slow = switch_model(Session(), models, OTHER)
    next(slow)
    assert models.get("") is models.ready("")
    gate.set()
    list(slow)


def test_of_guests_only_the_last_stays_and_the_embedded_model_always(models, monkeypatch):
    monkeypatch.setattr("sav_ui.serving.zerogpu.load", lambda name: f"<{name}>")
    for name in ("org/one", "org/two"):
        models.get(name)
    assert models.ready("org/one") is None
    assert models.ready("org/two") == "<org/two>"
    assert models.ready("") is not None


def test_bytes_here_counts_what_was_fetched(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    assert bytes_here(OTHER) == 0
    blobs = tmp_path / "models--org--another" / "blobs"
    blobs.mkdir(parents=True)
    (blobs / "abc").write_bytes(bytes(1000))
    (blobs / "def.incomplete").write_bytes(bytes(24))
    assert bytes_here(OTHER) == 1024
