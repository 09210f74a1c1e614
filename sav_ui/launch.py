"""Serves the app: look, limits, the address, and the model loaded once the pages answer."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import gradio as gr

from sav_core.data.pictures.processes import read_in_processes
from sav_core.errors import SettingError
from sav_core.models.checksums import check_files
from sav_core.settings import settings
from sav_ui.panels.theme import look
from sav_ui.port import port_of
from sav_ui.serving.event_log import write_json
from sav_ui.serving.heap import share_heaps
from sav_ui.serving.layers import layers
from sav_ui.serving.menu import looks_like_an_id
from sav_ui.serving.own_folder import take_folder
from sav_ui.serving.patience import lose_patience
from sav_ui.serving.pool import ModelPool
from sav_ui.serving.readiness import readiness
from sav_ui.serving.upload_form import take_files_alone

__all__ = ["launch", "prepare", "serve"]

_THREADS = 256  # a job that waits for the model has one, and does nothing in it
_MOST_EVENTS = 2000  # that wait to be begun


def prepare() -> ModelPool:
    """Check what the app needs before its pages are built, and take the folder of its files; returns its models.

    Raises:
        SavError: a setting cannot be, the model is missing or damaged, or the disk refuses.
    """
    model = Path(settings().model)
    if model.is_dir() or not looks_like_an_id(settings().model):
        check_files(model)  # one of the hub is checked when it is fetched
    take_folder()
    share_heaps()
    take_files_alone()
    lose_patience()
    read_in_processes()
    return ModelPool()


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
    serve(demo, models, mcp=mcp, host=host, port=port)
    models.warm()  # not sooner: on a slow machine it starves the server of the seconds in which launch must reach it
    demo.block_thread()


def serve(demo: gr.Blocks, models: ModelPool, *, mcp: bool, host: str | None = None, port: int | None = None) -> str:
    """Begin to serve the app, for as long as it is not closed; returns its address.

    Args:
        demo: see ``launch``, as all that follow.
        models: likewise.
        mcp: likewise.
        host: likewise.
        port: likewise.

    Raises:
        SettingError: likewise.
    """
    port = port or port_of(os.environ)  # given as an argument it is that one or none, and not the next one free
    if settings().trusted_proxies is not None:
        os.environ["FORWARDED_ALLOW_IPS"] = ",".join(settings().trusted_proxies or ())  # uvicorn asks nobody else

    def state() -> dict[str, Any]:
        return readiness(models, lambda: _waiting(demo, models))

    try:
        _, address, _ = demo.queue(default_concurrency_limit=8, max_size=_MOST_EVENTS).launch(
            **look(),
            server_name=host,
            server_port=port,
            max_file_size="1gb",
            max_threads=_THREADS,
            footer_links=["api"],
            run_history=False,
            ssr_mode=False,
            show_error=False,
            quiet=settings().log == "json",
            mcp_server=mcp,
            app_kwargs={"middleware": layers(settings(), state, lambda name: _unheard(demo, name))},
            state_session_capacity=200,  # each takes 0.1 MB; of a page that is forgotten, the next event makes a new one
            prevent_thread_lock=True,
        )
    except OSError as error:
        raise SettingError(f"The app cannot listen at {host or 'this machine'}, port {port or 'any'}: {error}") from error
    if settings().log == "json":
        write_json()  # not sooner: the server sets up loggers of its own
    return str(address)


def _waiting(demo: gr.Blocks, models: ModelPool) -> int:
    """How many events wait to be begun, and how many jobs for their turn at the model."""
    return len(demo._queue) + len(models.turns)


def _unheard(demo: gr.Blocks, name: str) -> int:
    """How many messages wait for the page of a name to listen."""
    messages = demo._queue.pending_messages_per_session.get(name)
    return 0 if messages is None else messages.qsize()
