"""What ``project.json`` in a saved project says: readable by people, checked before it is believed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sav_core.errors import DatasetError
from sav_core.heads.rules import VOTING_RULES
from sav_core.heads.scoring import SCORINGS
from sav_ui.serving.menu import choice_of
from sav_ui.session.fit import Fit
from sav_ui.session.project import MAX_LABELS, Project

__all__ = ["MANIFEST", "Manifest", "describe", "parse_manifest"]

MANIFEST = "project.json"
_FORMAT = "sav-explorer-project/1"
_LONGEST = 8 << 20


@dataclass(frozen=True)
class Manifest:
    """A project without its examples; the attributes are those of ``Project``."""

    labels: tuple[str, ...]
    n_examples: int
    question: str
    n_kept: int
    scoring: str
    voting: str
    threshold: float
    model: str
    title: str


def describe(project: Project, fit: Fit | None) -> str:
    """Return the text of ``project.json``.

    Args:
        project: what is saved.
        fit: of just this project; ``None`` when there is none.
    """
    content: dict[str, Any] = {
        "format": _FORMAT,
        "title": project.title,
        "question": project.question,
        "labels": [{"name": label.name, "examples": len(project.of_label(label.id))} for label in project.labels],
        "settings": {
            "heads": project.n_kept,
            "scoring": project.scoring,
            "voting": project.voting,
            "none_below": project.threshold,
        },
        "model": {"id": project.model, "title": choice_of(project.model).title},
        "files": {
            "examples.jsonl": "the examples in their order: pictures, question and label of each",
            "images/": "the pictures as they were given",
        },
    }
    if fit is not None:
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
    """
    try:
        if len(text) > _LONGEST:
            raise ValueError("it is too long")
        content = _Part(json.loads(text.decode("utf-8")))
        if content.text("format") != _FORMAT:
            raise ValueError(f"its format is {content.text('format')[:40]!r}, this program reads {_FORMAT!r}")
        return _read(content)
    except (ValueError, RecursionError) as error:
        reason = f"it is not JSON, {error}" if isinstance(error, json.JSONDecodeError) else str(error)
        raise DatasetError(f"The project's {MANIFEST} cannot be used because {reason}: save the project again.") from error


def _read(content: _Part) -> Manifest:
    labels = content.list("labels")
    if len(labels) > MAX_LABELS:
        raise ValueError(f"it has {len(labels):,} labels, and a project holds up to {MAX_LABELS}")
    labels = [_Part(label) for label in labels]
    settings, model = _Part(content.get("settings")), _Part(content.get("model"))
    scoring = settings.text("scoring")
    if scoring not in SCORINGS:
        raise ValueError(f"its scoring is {scoring[:40]!r}, and there are {', '.join(SCORINGS)}")
    voting = settings.text("voting") if settings.has("voting") else "majority"  # older projects knew no other
    if voting not in VOTING_RULES:
        raise ValueError(f"its voting is {voting[:40]!r}, and there are {', '.join(VOTING_RULES)}")
    return Manifest(
        labels=tuple(label.text("name") for label in labels),
        n_examples=sum(int(label.number("examples", 0, 1e6)) for label in labels),
        question=content.text("question")[:2000],
        n_kept=int(settings.number("heads", 1, 1e6)),
        scoring=scoring,
        voting=voting,
        threshold=float(settings.number("none_below", 0, 1)),
        model=model.text("id")[:200],
        title=content.text("title")[:80],
    )


class _Part:
    """An object of the JSON; whatever is not as it should be is a ``ValueError`` that names it."""

    def __init__(self, value: Any) -> None:
        if not isinstance(value, Mapping):
            raise ValueError(f"it has {str(value)[:40]!r} where an object was expected")
        self._value = value

    def has(self, name: str) -> bool:
        return name in self._value

    def get(self, name: str) -> Any:
        if name not in self._value:
            raise ValueError(f"it lacks {name!r}")
        return self._value[name]

    def text(self, name: str) -> str:
        value = self.get(name)
        if not isinstance(value, str) or any("\ud800" <= sign <= "\udfff" for sign in value):
            raise ValueError(f"its {name!r} must be a text, but is {str(value)[:40]!r}")
        return value

    def number(self, name: str, least: float, most: float) -> float:
        value = self.get(name)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
            raise ValueError(f"its {name!r} must be a number from {least:g} to {most:g}, but is {str(value)[:40]!r}")
        return value

    def list(self, name: str) -> Sequence[Any]:
        value = self.get(name)
        if not isinstance(value, list):
            raise ValueError(f"its {name!r} must be a list, but is {str(value)[:40]!r}")
        return value
