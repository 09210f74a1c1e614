import re

import pytest

from sav_core.errors import SettingError
from sav_core.settings import Settings
from sav_ui.launch import launch
from sav_ui.panels import theme


class Taken:
    """An app on a machine where somebody else listens at the port already."""

    def queue(self, **_):
        return self

    def launch(self, **asked):
        self.asked = asked
        raise OSError(f"Cannot find empty port in range: {asked['server_port']}-{asked['server_port']}.")


def test_a_port_that_is_taken_is_refused_in_a_sentence_before_any_model_is_loaded():
    demo = Taken()
    with pytest.raises(SettingError, match=r"The app cannot listen at 127\.0\.0\.1, port 7860: Cannot find empty port"):
        launch(demo, None, mcp=False, host="127.0.0.1", port=7860)
    assert (demo.asked["server_name"], demo.asked["mcp_server"]) == ("127.0.0.1", False)


def test_assets_without_a_theme_are_refused_and_not_served_bare(monkeypatch, tmp_path):
    monkeypatch.setattr(theme, "settings", lambda: Settings(assets=tmp_path))
    with pytest.raises(SettingError, match=re.escape(str(tmp_path / "theme")) + ".* must hold the pages' "):
        theme.look()
