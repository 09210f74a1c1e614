import pytest

from sav_core.errors import SavError
from sav_core.settings import Settings
from sav_ui.pages.header import masthead
from sav_ui.serving import zerogpu as gpu
from sav_ui.serving.menu import MENU, any_allowed, offered
from sav_ui.serving.pool import ModelPool
from sav_ui.session.session import Session


@pytest.fixture
def space(monkeypatch):
    """A Space that allows two models, one of them not on our own menu."""
    allowed = Settings(allowed_models=("Qwen/Qwen2-VL-2B-Instruct", "org/fine-tuned"))
    monkeypatch.setattr("sav_ui.serving.menu.settings", lambda: allowed)


def test_anywhere_else_the_whole_menu_and_any_id_are_offered():
    assert offered() == MENU
    assert any_allowed()
    assert 'id="model-id"' in masthead.show(Session())["html"]


def test_a_space_offers_the_embedded_model_and_what_its_list_allows(space):
    assert [choice.id for choice in offered()] == ["", "Qwen/Qwen2-VL-2B-Instruct", "org/fine-tuned"]
    assert [choice.title for choice in offered()] == ["Demo model", "Qwen2-VL 2B", "fine-tuned"]


def test_the_page_shows_no_field_for_what_is_not_allowed(space):
    html = masthead.show(Session())["html"]
    assert "Qwen2-VL 2B" in html
    assert "SmolVLM" not in html
    assert 'id="model-id"' not in html


def test_an_id_that_was_not_on_the_menu_is_refused_before_anything_is_fetched(space, monkeypatch):
    monkeypatch.setattr(gpu, "load", lambda model: model)
    with pytest.raises(SavError, match="Qwen/Qwen3-VL-4B-Instruct is not offered here: choose a model from the menu"):
        ModelPool().get("Qwen/Qwen3-VL-4B-Instruct")
    assert ModelPool().get("org/fine-tuned") == "org/fine-tuned"
    assert ModelPool().get("") == ""
