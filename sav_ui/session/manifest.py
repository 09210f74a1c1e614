"""What ``project.json`` in a saved project says: readable by people, checked before it is believed."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from sav_core.data.clips.sampling import MOST_FRAMES, ClipSampling
from sav_core.errors import DatasetError
from sav_core.heads.rules import VotingName
from sav_core.heads.scoring import Scoring
from sav_core.types import ClipWay, Detail
from sav_ui.limits import limits
from sav_ui.serving.menu import choice_of
from sav_ui.session.fit import Fit
from sav_ui.session.project import Project

__all__ = ["MANIFEST", "Manifest", "describe", "parse_manifest"]

MANIFEST = "project.json"
_FORMAT = "sav-explorer-project/1"
_LONGEST = 8 << 20


@dataclass(frozen=True)
class Manifest:
    """A project without its examples; the attributes are those of ``Project``.

    ``levels`` has black and white of each kind of number, where pictures have more than eight bits; ``clips`` is ``None``
    where it was written before there were any.
    """

    labels: tuple[str, ...]
    n_examples: int
    question: str
    n_kept: int
    scoring: str
    voting: str
    threshold: float | None
    model: str
    title: str
    name: str
    levels: dict[str, tuple[float, float]]
    clips: ClipSampling | None
    detail: Detail
    max_layer: int | None


def describe(project: Project, fit: Fit | None) -> str:
    """Return the text of ``project.json``.

    Args:
        project: what is saved.
        fit: of just this project; ``None`` when there is none.
    """
    content: dict[str, Any] = {
        "format": _FORMAT,
        "title": project.title,
        "name": project.name,
        "question": project.question,
        "labels": [{"name": label.name, "examples": len(project.of_label(label.id))} for label in project.labels],
        "settings": {
            "heads": project.n_kept,
            "scoring": project.scoring,
            "voting": project.voting,
            "none_below": project.threshold,
            "clips": project.clips.as_dict(),
            "detail": project.detail,
            "max_layer": project.max_layer,
        },
        "model": {"id": project.model, "title": choice_of(project.model).title},
        **({"levels": project.levels.as_dict()} if project.levels.ranges else {}),
        "files": {
            "examples.jsonl": "the examples in their order: pictures, question and label of each",
            "images/": "the pictures as they were given",
        },
    }
    if fit is not None:
        fit = fit.whole
        content["files"]["classifier.sav"] = "the fitted classifier: SavClassifier.load('classifier.sav', backbone)"
        content["result"] = {
            "leave_one_out_right": None if fit.left_out is None else fit.left_out.right,
            "leave_one_out_of": None if fit.left_out is None else fit.left_out.n,
            "kept_heads": [str(head) for head in fit.kept],
        }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def parse_manifest(text: bytes) -> Manifest:
    """Read the text of ``project.json``, from whoever wrote it.

    Raises:
        DatasetError: it is not one that this program can open.
        InputError: it has more labels or examples than a project may have here.
    """
    try:
        if len(text) > _LONGEST:
            raise ValueError("it is too long")
        content = _Content.model_validate(json.loads(text.decode("utf-8")))
    except (ValueError, RecursionError) as error:
        raise DatasetError(
            f"The project's {MANIFEST} cannot be used because {_reason(error)}: save the project again."
        ) from error
    limits().check_labels(len(content.labels))
    limits().check_examples(sum(label.examples for label in content.labels), "A project", "open a smaller one")
    return Manifest(
        labels=tuple(label.name for label in content.labels),
        n_examples=sum(label.examples for label in content.labels),
        question=content.question,
        n_kept=content.settings.heads,
        scoring=content.settings.scoring,
        voting=content.settings.voting,
        threshold=content.settings.none_below,
        model=content.model.id[:200],
        title=content.title[:80],
        name=content.name[:80],
        levels={kind: (black, white) for kind, (black, white) in content.levels.items()},
        clips=None if content.settings.clips is None else ClipSampling(**dict(content.settings.clips)),
        detail=content.settings.detail,
        max_layer=content.settings.max_layer,
    )


_RANGES = {
    "examples": (0, 10**6),
    "heads": (1, 10**6),
    "none_below": (0, 1),
    "frames": (1, MOST_FRAMES),
    "per_second": (0.001, 1000),
    "max_layer": (0, 10**4),
}


def _number(name: str, **more: Any) -> Any:
    least, most = _RANGES[name]
    return Field(ge=least, le=most, allow_inf_nan=False, **more)


def _encodable(text: str) -> str:
    """The same text; half a character, which JSON can hold, is none."""
    text.encode()
    return text


def _ranges(levels: dict[str, list[float]]) -> dict[str, list[float]]:
    """The same black and white of each kind of number; what is no range is none."""
    if not all(len(ends) == 2 and -math.inf < ends[0] < ends[1] < math.inf for ends in levels.values()):
        raise ValueError("black is not below white")
    return levels


_Text = Annotated[str, AfterValidator(_encodable)]


class _Part(BaseModel):
    """An object of the JSON: nothing is converted, and what is not named here is left alone."""

    model_config = ConfigDict(strict=True, frozen=True)


class _Label(_Part):
    name: _Text
    examples: int = _number("examples")


class _Clips(_Part):
    frames: int = _number("frames")
    per_second: float | None = _number("per_second")
    animated: bool
    way: ClipWay


class _Settings(_Part):
    heads: int = _number("heads")
    scoring: Scoring
    voting: VotingName = "majority"  # older projects knew no other
    none_below: float | None = _number("none_below")  # null: as learned from the examples
    clips: _Clips | None = None  # older projects knew none
    detail: Detail = "full"  # nor another
    max_layer: int | None = _number("max_layer", default=None)


class _Model(_Part):
    id: _Text


class _Content(_Part):
    format: Literal["sav-explorer-project/1"]
    title: _Text
    name: _Text = ""  # older projects had none
    question: _Text
    labels: list[_Label]
    settings: _Settings
    model: _Model
    levels: Annotated[dict[str, list[float]], AfterValidator(_ranges)] = Field(default_factory=dict)


def _reason(error: Exception) -> str:
    """Why the text cannot be used, in words that name the first thing that is not as it should be."""
    if isinstance(error, json.JSONDecodeError):
        return f"it is not JSON, {error}"
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors(include_url=False)[0]
    kind, value = first["type"], str(first["input"])[:40]
    name = next((part for part in reversed(first["loc"]) if isinstance(part, str)), "")
    if kind == "missing":
        return f"it lacks {name!r}"
    if kind == "literal_error" and isinstance(first["input"], str):
        if name == "format":
            return f"its format is {value!r}, this program reads {_FORMAT!r}"
        known = first["ctx"]["expected"].replace("'", "")
        return f"its {name} is {value!r}, and there are {known}"
    if name in _RANGES:
        least, most = _RANGES[name]
        return f"its {name!r} must be a number from {least:g} to {most:g}, but is {value!r}"
    if kind in ("string_type", "value_error", "literal_error"):
        return f"its {name!r} must be a text, but is {value!r}"
    if kind == "list_type":
        return f"its {name!r} must be a list, but is {value!r}"
    return f"it has {value!r} where an object was expected"
