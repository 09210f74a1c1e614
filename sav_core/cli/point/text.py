"""What the command that points says on a terminal of what it found, which ``--json`` gives as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sav_core.cli.console import print_line, print_table
from sav_core.wording import percent, percent_range

__all__ = ["print_pointed"]

_LISTED = 10  # heads in the table
_WORDS = {
    "heads": "the chosen heads",
    "random": "as many heads at random",
    "all": "all heads",
    "centre": "a box in the middle",
    "grid": "at best, on the model's cells",
}


def print_pointed(told: Mapping[str, Any], heads: int) -> None:
    """Print the heads' ranking, how they were judged, and where they point on each picture."""
    _print_ranking(told, heads)
    if told["judged"] is not None:
        _print_judged(told["judged"])
    if told["pictures"]:
        _print_pictures(told["pictures"], len(told["heads"]))


def _print_ranking(told: Mapping[str, Any], heads: int) -> None:
    way = (
        f"by how much of their look is in the right box (spread evenly, {percent(told['even'])} would be)"
        if told["by"] == "boxes"
        else "without boxes, by how often their look is among the most compact"
    )
    print_line(f"Heads ranked {way}, on {told['chosen_on']}; the first {min(heads, len(told['heads']))} point.\n")
    columns = ["head", "in the box", "in another’s box", "on pictures at all", "spatial entropy", "most compact in"]
    rows = [
        [
            each["head"],
            *("-" if each[name] is None else percent(each[name]) for name in ("inside", "elsewhere", "on_pictures")),
            "-" if each["entropy"] is None else f"{each['entropy']:.2f}",
            percent(each["selected"]),
        ]
        for each in told["ranking"][: max(_LISTED, heads)]
    ]
    print_table(columns, rows)
    print_line("")


def _print_judged(judged: Mapping[str, Any]) -> None:
    print_line(f"On {judged['n']} other picture{'s' * (judged['n'] > 1)}, with 95 % intervals:\n")
    rows = [
        [
            _WORDS[name],
            f"{each['iou']:.3f} ({each['iou_interval'][0]:.3f} to {each['iou_interval'][1]:.3f})",
            *(f"{percent(each[key])} ({percent_range(each[f'{key}_interval'])})" for key in ("at_half", "hits")),
        ]
        for name, each in judged["conditions"].items()
    ]
    print_table(["way to point", "box IoU", "IoU of 0.5 or more", "looks hardest inside"], rows)
    more = judged["against_random"]
    low, high = more["iou_interval"]
    print_line(f"\nIoU over random heads: {more['iou']:+.3f} ({low:+.3f} to {high:+.3f}), p {more['p']:.2g}.\n")


def _print_pictures(pictures: Sequence[Mapping[str, Any]], heads: int) -> None:
    rows = [
        [
            each["image"],
            each["question"],
            ", ".join(map(str, each["box"])),
            f"{percent(each['inside'])} (even: {percent(each['even'])})",
            f"{each['agree']} of {heads}",
            *([each["file"]] if "file" in each else []),
        ]
        for each in pictures
    ]
    columns = ["image", "asked", "box (px)", "of their look inside", "heads that agree"]
    print_table([*columns, "drawn in"] if "file" in pictures[0] else columns, rows)
    print_line("")
