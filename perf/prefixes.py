"""What a beginning costs that is read once: four questions on one picture, and queries after the same demonstrations.

    python -m perf.prefixes [embedded|smolvlm ...]

Four questions on one picture stand against four questions on four pictures, and against the same four read apart; a query
after four demonstrations against the whole prompt. All sides run in turns, and the fastest of each counts.
"""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from perf.extraction import fastest
from perf.machine import describe
from perf.shapes import PICTURE, SHAPES, write_shape
from sav_core.activations.extraction import extract_head_vectors
from sav_core.activations.prefixes import Beginning, Shares, next_token
from sav_core.data.examples import Example
from sav_core.models.backbones import Backbone, load_backbone
from sav_core.reports.few_shot_prompt import before_queries, in_context
from tests.support.tiny_models import example_image

_TURNS = {"embedded": 9, "smolvlm": 2}
_QUESTIONS = ("What is this?", "What colour is it?", "Is it indoors or outdoors?", "How many of them are there?")


def main() -> None:
    """Print a table for each shape."""
    console = Console()
    console.print(describe())
    for shape in sys.argv[1:] or SHAPES:
        with tempfile.TemporaryDirectory() as folder:
            write_shape(shape, Path(folder))
            console.print(_table(shape, load_backbone(folder, dtype="float32")))


def _table(shape: str, backbone: Backbone) -> Table:
    pictures = [example_image(seed, PICTURE[shape]) for seed in range(5)]
    one = [Example(pictures[0], question) for question in _QUESTIONS]
    four = [Example(picture, question) for picture, question in zip(pictures, _QUESTIONS, strict=False)]
    shown = [Example(picture, _QUESTIONS[0], f"label {place % 2}") for place, picture in enumerate(pictures[:4])]
    prompt, start = (
        backbone.encode(each) for each in (in_context(shown, Example(pictures[4], _QUESTIONS[0])), before_queries(shown))
    )
    beginning = Beginning(backbone, start)
    extract = partial(extract_head_vectors, backbone, cache=None)
    extract(one)  # the first time, it is tried whether beginnings may be shared
    after = beginning.next_token(prompt) is not None
    seconds = fastest(
        _TURNS[shape],
        {
            "one picture": partial(extract, one),
            "apart": partial(_apart, extract, one),
            "four": partial(extract, four),
            "after": partial(beginning.next_token, prompt),
            "whole": partial(_whole, backbone, prompt),
        },
    )
    table = Table(f"{shape} shape, {backbone.geometry}, pictures of {PICTURE[shape]}", "seconds", "of the other side")
    table.add_row("four questions on one picture", f"{seconds['one picture']:.3f}", "")
    for name, words in (
        ("four", "four questions on four pictures"),
        ("apart", "four questions on one picture, read apart"),
    ):
        table.add_row(words, f"{seconds[name]:.3f}", f"{seconds['one picture'] / seconds[name]:.2f}")
    table.add_row("a query after four demonstrations", f"{seconds['after']:.3f}", "")
    table.add_row("the same as one prompt", f"{seconds['whole']:.3f}", f"{seconds['after'] / seconds['whole']:.2f}")
    for pictures_follow, what in ((False, "questions"), (True, "pictures")):
        why_not = Shares(backbone, pictures=pictures_follow).why_not
        if why_not or (pictures_follow and not after):
            table.add_row(f"{what} after a beginning: read whole", why_not or "the processor", "")
    return table


def _apart(extract: partial[object], examples: list[Example]) -> None:
    for example in examples:
        extract([example])


def _whole(backbone: Backbone, prompt: object) -> None:
    next_token(backbone, {**backbone.collate([prompt]), "use_cache": True})  # type: ignore[list-item]


if __name__ == "__main__":
    main()
