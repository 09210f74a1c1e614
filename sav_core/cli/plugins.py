"""Commands that other packages add to ``sav``, through entry points of the group ``sav.commands``."""

from __future__ import annotations

import warnings
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import typer

__all__ = ["GROUP", "installed_commands"]

GROUP = "sav.commands"
"""Each entry point is named as its command and leads to a function with typer's options; see our ``pyproject.toml``."""


def installed_commands(taken: set[str]) -> dict[str, Any]:
    """Return the commands that installed packages bring, by name; one that cannot be is left out with a warning.

    Args:
        taken: names that they may not have.
    """
    commands: dict[str, Any] = {}
    for entry in entry_points(group=GROUP):
        if entry.name in taken or entry.name in commands:
            _leave_out(entry, "there is one of that name")
            continue
        try:
            function = entry.load()
        except (ImportError, AttributeError) as error:
            _leave_out(entry, str(error))
            continue
        alone = typer.Typer(add_completion=False, rich_markup_mode="rich")
        alone.command(entry.name)(function)
        commands[entry.name] = typer.main.get_command(alone)
    return commands


def _leave_out(entry: EntryPoint, reason: str) -> None:
    warnings.warn(f"The command {entry.name!r} of {entry.value} is left out: {reason}.", stacklevel=3)
