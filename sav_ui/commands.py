"""What the pages add to the command line: ``sav app``."""

from __future__ import annotations

import os
from typing import Annotated

import typer

__all__ = ["app"]


def app(
    host: Annotated[
        str, typer.Option("--host", help="Address to listen on; 0.0.0.0 lets other machines in.")
    ] = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option("--port", min=1, max=65535, help="Port; the first free one from 7860 on unless given.")
    ] = None,
    mcp: Annotated[bool, typer.Option("--mcp", help="Also offer /fit and /classify as MCP tools.")] = False,
) -> None:
    """Serve the app for a browser: teach, classify, measure, function vectors."""
    from sav_ui.port import port_of

    port_of(os.environ)  # or importing Gradio fails
    from sav_ui.api.endpoints import wants_mcp  # gradio takes seconds, and help must not wait for it
    from sav_ui.app import build
    from sav_ui.launch import launch, prepare

    offered = wants_mcp(["--mcp"] if mcp else [])
    models = prepare()
    launch(build(models), models, mcp=offered, host=host, port=port)
