"""Serves the app: look, limits, the address, and the model loaded once the pages answer."""

from __future__ import annotations

import gradio as gr
from starlette.middleware import Middleware

from sav_core.errors import SettingError
from sav_ui.panels.theme import look
from sav_ui.serving.link_preview import LinkPreview
from sav_ui.serving.pool import ModelPool

__all__ = ["launch"]


def launch(demo: gr.Blocks, models: ModelPool, *, mcp: bool, host: str | None = None, port: int | None = None) -> None:
    """Serve the app until the process is stopped.

    Args:
        demo: the app, as ``sav_ui.app.build`` made it.
        models: where its models are loaded.
        mcp: whether its endpoints are MCP tools too.
        host: the address to listen on; this machine alone (127.0.0.1) by default.
        port: by default the first that is free from 7860 on.

    Raises:
        SettingError: the port is taken, or the assets lack the theme.
    """
    try:
        demo.queue(default_concurrency_limit=8).launch(
            **look(),
            server_name=host,
            server_port=port,
            max_file_size="1gb",
            footer_links=["api"],
            run_history=False,
            ssr_mode=False,
            show_error=False,
            mcp_server=mcp,
            app_kwargs={"middleware": [Middleware(LinkPreview)]},
            prevent_thread_lock=True,
        )
    except OSError as error:
        raise SettingError(f"The app cannot listen at {host or 'this machine'}, port {port or 'any'}: {error}") from error
    models.warm()  # not sooner: on a slow machine it starves the server of the seconds in which launch must reach it
    demo.block_thread()
