"""What a ``Spacefile`` may say, checked by the rules of the hub before the hub sees it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from huggingface_hub import SpaceHardware
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, StrictStr, StringConstraints, ValidationError

from sav_core.errors import InputError

__all__ = ["Spacefile", "parse_spacefile"]

Colour = Literal["red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"]
_COLOUR = "one of red, yellow, green, blue, indigo, purple, pink, gray"
_HARDWARE = f"one of {', '.join(hardware.value for hardware in SpaceHardware)}"
_LONGEST_DESCRIPTION = 60


def _each_once(values: list[str]) -> list[str]:
    if len(set(values)) < len(values):
        raise ValueError("a value stands there twice")
    return values


def _no_plain_letters(text: str) -> str:
    if text.isascii():
        raise ValueError("it has none but plain letters")
    return text


Text = Annotated[StrictStr, StringConstraints(pattern=r"\S")]
Texts = Annotated[list[Text], AfterValidator(_each_once)]
Variable = Annotated[StrictStr, StringConstraints(pattern=r"\A[A-Z][A-Z0-9_]*\z")]


class _Part(BaseModel):
    """One part of the file: complete, with nothing unknown. Each field's description is what its value must be."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class _Space(_Part):
    """The README's front matter, in the hub's own names."""

    title: Text = Field(description="a text")
    emoji: Annotated[Text, AfterValidator(_no_plain_letters)] = Field(description="an emoji")
    colorFrom: Colour = Field(description=_COLOUR)  # noqa: N815
    colorTo: Colour = Field(description=_COLOUR)  # noqa: N815
    sdk: Literal["gradio"] = Field(description="'gradio'")
    sdk_version: StrictStr = Field(pattern=r"\A\d+\.\d+\.\d+\z", description="an exact version such as '6.31.0'")
    python_version: StrictStr = Field(pattern=r"\A3\.\d+(\.\d+)?\z", description="a version such as '3.12'")
    app_file: Text = Field(description="the name of a file")
    short_description: Text = Field(
        max_length=_LONGEST_DESCRIPTION, description=f"a text of at most {_LONGEST_DESCRIPTION} characters"
    )
    license: Text = Field(description="a licence's short name")
    pinned: StrictBool = Field(description="true or false")
    models: Texts = Field(description="a list of hub ids, each once")
    tags: Texts = Field(description="a list of texts, each once")
    suggested_hardware: SpaceHardware = Field(description=_HARDWARE)
    startup_duration_timeout: StrictStr = Field(pattern=r"\A\d+[smh]\z", description="a duration such as '30m'")
    preload_from_hub: Texts = Field(description="a list of hub ids, each once")


class _Deploy(_Part):
    """What is sent, and what the Space's settings hold besides."""

    files: Texts = Field(description="a list of shell patterns, each once")
    ignore: Texts = Field(description="a list of shell patterns, each once")
    secrets: Annotated[list[Variable], AfterValidator(_each_once)] = Field(
        description="a list of names in capitals, without their values"
    )
    models_variable: Variable = Field(description="a name in capitals")


class _File(_Part):
    space: _Space
    deploy: _Deploy
    variables: dict[Variable, StrictStr] = Field(default={}, description="a table of names and texts")


class Spacefile(_Part):
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


def parse_spacefile(table: Mapping[str, Any]) -> Spacefile:
    """Check the content of a Spacefile.

    Raises:
        InputError: a fact is missing, unknown, or not what the hub accepts.
    """
    try:
        file = _File.model_validate(table)
    except ValidationError as error:
        raise InputError(_first_fault(error)) from error
    space, deploy = file.space, file.deploy
    if missing := sorted(set(space.preload_from_hub) - set(space.models)):
        raise InputError(f"The Spacefile preloads {missing[0]!r}, which is not among its models: add it there or drop it.")
    for name in (*file.variables, deploy.models_variable):
        if name in deploy.secrets:
            raise InputError(f"The Spacefile's variable {name} is also a secret, and variables are public: drop it.")
    if deploy.models_variable in file.variables:
        raise InputError(
            f"The Spacefile's variable {deploy.models_variable} is made of its models: drop it from [variables]."
        )
    return Spacefile(
        space={fact: table["space"][fact] for fact in table["space"]},
        files=tuple(deploy.files),
        ignore=tuple(deploy.ignore),
        secrets=tuple(deploy.secrets),
        variables={**file.variables, deploy.models_variable: ",".join(space.models)},
    )


def _first_fault(error: ValidationError) -> str:
    """The first thing that is wrong, in a sentence that says what to do."""
    fault = error.errors()[0]
    kind, given = fault["type"], fault["input"]
    part, *rest = (str(name) for name in fault["loc"])
    if not rest:
        if kind == "extra_forbidden":
            return f"The Spacefile has an unknown part {part!r}: it has [space], [deploy] and [variables]."
        if part == "variables":
            return "The Spacefile's [variables] must be a table of names and texts."
        return f"The Spacefile has no part [{part}]: add it."
    fact = rest[0]
    if part == "variables":
        return f"The Spacefile's variable {fact} must have a name in capitals and a text, but is {given!r}."
    fields = (_Space if part == "space" else _Deploy).model_fields
    if kind == "extra_forbidden":
        return f"The Spacefile's [{part}] has an unknown fact {fact!r}: it has {', '.join(fields)}."
    expected = fields[fact].description
    if kind == "missing":
        return f"The Spacefile's [{part}] lacks {fact}: add {expected}."
    return f"The Spacefile's {fact} must be {expected}, but is {given!r}."
