"""How many bytes a click sends to the browser: with every panel sent each time, and with those alone that have changed.

python -m perf.clicks --task new-things
"""

from __future__ import annotations

import argparse
import json
from typing import Any

import gradio as gr
from rich.console import Console
from rich.table import Table

from perf.machine import describe
from sav_ui.app import lay_out
from sav_ui.host.page_host import Outputs, PageHost, Tab
from sav_ui.pages.teach.run import run
from sav_ui.pages.teach.state import WHERE
from sav_ui.serving.pool import ModelPool
from sav_ui.session.store import SessionStore

CLICKS: tuple[tuple[str, str, dict[str, Any], tuple[str, ...] | None], ...] = (
    ("a cell of the heatmap", "findings", {"do": "head", "x": 3, "y": 2}, None),
    ("another cell", "findings", {"do": "head", "x": 5, "y": 4}, None),
    ("closing the inspector", "findings", {"do": "close_head"}, None),
    ("a move of the slider", "findings", {"do": "keep", "value": 11}, ("findings",)),
    ("another test set on Measure", "gauge", {"do": "source", "source": "split"}, None),
    ("the code of the project", "project", {"do": "code"}, None),
    ("removing an example", "bench", {"do": "remove", "item": "e9"}, None),
)
"""What is clicked, in which panel, what that sends, and the panels that a slider shows again."""


def main() -> None:
    """Print a row for each click."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--task", default="new-things", help="name of a ready task")
    asked = options.parse_args()
    with gr.Blocks():
        host = PageHost(ModelPool(), SessionStore())
        lay_out(host)
    tab = host.open(None)
    host.acted(tab, WHERE, {"do": "task", "task": asked.task})
    for _ in host.stepped(tab, run, {}, WHERE):
        pass
    pictures = sum(len(item.pictures) for item in tab.session.project.items)
    table = Table(f"{asked.task}, {pictures} pictures: a click on ...", "every panel, kB", "what changed, kB", "times less")
    for words, panel, data, names in CLICKS:
        changed = size(host.acted(tab, panel, data, names))
        every = size(host.shown(Tab(tab.session), names))
        table.add_row(words, f"{every / 1000:.1f}", f"{changed / 1000:.1f}", f"{every / changed:.1f}")
    console = Console()
    console.print(describe())
    console.print(table)


def size(outputs: Outputs) -> int:
    """Bytes of what is sent, as JSON."""
    return sum(len(json.dumps(value).encode()) for value in outputs.values() if not isinstance(value, Tab))


if __name__ == "__main__":
    main()
