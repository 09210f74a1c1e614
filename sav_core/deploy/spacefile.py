"""What a ``Spacefile`` may say, checked by the rules of the hub before the hub sees it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from huggingface_hub import SpaceHardware

from sav_core.errors import InputError

__all__ = ["Spacefile", "parse_spacefile"]

_COLOURS = ("red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray")
_LONGEST_DESCRIPTION = 60
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")


@dataclass(frozen=True)
class Spacefile:
    """The facts of a deployment.

    Attributes:
        space: the README's front matter, in the order of the file.
        files: shell patterns of what is sent.
        ignore: shell patterns of what is not, though it matches ``files``.
        secrets: names of secrets; their values are nowhere here.
        variables: the environment of the app, the allow-list of models among it.
    """

    space: Mapping[str, Any]
    files: tuple[str, ...]
    ignore: tuple[str, ...]
    secrets: tuple[str, ...]
    variables: Mapping[str, str]


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value)) and len(set(value)) == len(value)


def _matches(pattern: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


# The hub's rules, and what to say when one is broken: {fact: (whether a value will do, what it should be)}.
_SPACE: dict[str, tuple[Callable[[Any], bool], str]] = {
    "title": (_is_text, "a text"),
    "emoji": (lambda value: _is_text(value) and not value.isascii(), "an emoji"),
    "colorFrom": (lambda value: value in _COLOURS, f"one of {', '.join(_COLOURS)}"),
    "colorTo": (lambda value: value in _COLOURS, f"one of {', '.join(_COLOURS)}"),
    "sdk": (lambda value: value == "gradio", "'gradio'"),
    "sdk_version": (_matches(r"\d+\.\d+\.\d+"), "an exact version such as '6.31.0'"),
    "python_version": (_matches(r"3\.\d+(\.\d+)?"), "a version such as '3.12'"),
    "app_file": (_is_text, "the name of a file"),
    "short_description": (
        lambda value: _is_text(value) and len(value) <= _LONGEST_DESCRIPTION,
        f"a text of at most {_LONGEST_DESCRIPTION} characters",
    ),
    "license": (_is_text, "a licence's short name"),
    "pinned": (lambda value: isinstance(value, bool), "true or false"),
    "models": (_are_texts, "a list of hub ids, each once"),
    "tags": (_are_texts, "a list of texts, each once"),
    "suggested_hardware": (
        lambda value: value in {hardware.value for hardware in SpaceHardware},
        f"one of {', '.join(hardware.value for hardware in SpaceHardware)}",
    ),
    "startup_duration_timeout": (_matches(r"\d+[smh]"), "a duration such as '30m'"),
    "preload_from_hub": (_are_texts, "a list of hub ids, each once"),
}
_DEPLOY: dict[str, tuple[Callable[[Any], bool], str]] = {
    "files": (_are_texts, "a list of shell patterns, each once"),
    "ignore": (_are_texts, "a list of shell patterns, each once"),
    "secrets": (
        lambda value: _are_texts(value) and all(map(_VARIABLE.fullmatch, value)),
        "a list of names in capitals, without their values",
    ),
    "models_variable": (_matches(_VARIABLE.pattern), "a name in capitals"),
}


def parse_spacefile(table: Mapping[str, Any]) -> Spacefile:
    """Check the content of a Spacefile.

    Raises:
        InputError: a fact is missing, unknown, or not what the hub accepts.
    """
    if unknown := sorted(set(table) - {"space", "deploy", "variables"}):
        raise InputError(f"The Spacefile has an unknown part {unknown[0]!r}: it has [space], [deploy] and [variables].")
    space = _part(table, "space", _SPACE)
    deploy = _part(table, "deploy", _DEPLOY)
    if missing := sorted(set(space["preload_from_hub"]) - set(space["models"])):
        raise InputError(f"The Spacefile preloads {missing[0]!r}, which is not among its models: add it there or drop it.")
    return Spacefile(
        space=space,
        files=tuple(deploy["files"]),
        ignore=tuple(deploy["ignore"]),
        secrets=tuple(deploy["secrets"]),
        variables=_variables(table.get("variables", {}), {deploy["models_variable"]: ",".join(space["models"])}, deploy),
    )


def _part(table: Mapping[str, Any], name: str, rules: Mapping[str, tuple[Callable[[Any], bool], str]]) -> Mapping[str, Any]:
    """One part of the file, complete, without anything unknown, every value as it should be."""
    part = table.get(name)
    if not isinstance(part, dict):
        raise InputError(f"The Spacefile has no part [{name}]: add it.")
    if unknown := sorted(set(part) - set(rules)):
        raise InputError(f"The Spacefile's [{name}] has an unknown fact {unknown[0]!r}: it has {', '.join(rules)}.")
    for fact, (will_do, expected) in rules.items():
        if fact not in part:
            raise InputError(f"The Spacefile's [{name}] lacks {fact}: add {expected}.")
        if not will_do(part[fact]):
            raise InputError(f"The Spacefile's {fact} must be {expected}, but is {part[fact]!r}.")
    return part


def _variables(given: Any, derived: Mapping[str, str], deploy: Mapping[str, Any]) -> Mapping[str, str]:
    if not isinstance(given, dict):
        raise InputError("The Spacefile's [variables] must be a table of names and texts.")
    for name, value in given.items():
        if not _VARIABLE.fullmatch(name) or not isinstance(value, str):
            raise InputError(f"The Spacefile's variable {name} must have a name in capitals and a text, but is {value!r}.")
    for name in (*given, *derived):
        if name in deploy["secrets"]:
            raise InputError(f"The Spacefile's variable {name} is also a secret, and variables are public: drop it.")
    if twice := sorted(set(given) & set(derived)):
        raise InputError(f"The Spacefile's variable {twice[0]} is made of its models: drop it from [variables].")
    return {**given, **derived}
