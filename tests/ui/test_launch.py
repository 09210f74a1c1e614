import gc
import re
import socket

import gradio as gr
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


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # Gradio leaves event loops open
@pytest.mark.parametrize("named", ["by an argument", "by the environment"])
def test_somebody_elses_port_is_not_given_up_for_the_next_one(monkeypatch, named):
    with gr.Blocks() as demo:
        pass
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        if named == "by the environment":
            monkeypatch.setenv("GRADIO_SERVER_PORT", str(port))
        with pytest.raises(SettingError, match=rf"The app cannot listen at 127\.0\.0\.1, port {port}: "):
            launch(demo, None, mcp=False, host="127.0.0.1", port=port if named == "by an argument" else None)
    gc.collect()  # while they are ignored


def test_assets_without_a_theme_are_refused_and_not_served_bare(monkeypatch, tmp_path):
    monkeypatch.setattr(theme, "settings", lambda: Settings(assets=tmp_path))
    with pytest.raises(SettingError, match=re.escape(str(tmp_path / "theme")) + ".* must hold the pages' "):
        theme.look()
