"""Which rivals are asked for, as people write them: ``lora``, ``clip:ID`` and ``siglip:ID``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from sav_core.errors import SettingError

__all__ = ["EXAMPLES", "LORA", "TITLES", "Rival", "RivalKind", "read_rivals"]

RivalKind: TypeAlias = Literal["lora", "clip", "siglip"]

EXAMPLES = {"clip": "openai/clip-vit-large-patch14", "siglip": "google/siglip-base-patch16-224"}
"""A model of each kind, to show how one is named."""

TITLES = {"lora": "LoRA", "clip": "CLIP", "siglip": "SigLIP"}
"""What each is called in a sentence."""

_ASKED = f"lora, clip:ID such as clip:{EXAMPLES['clip']}, or siglip:ID such as siglip:{EXAMPLES['siglip']}"


@dataclass(frozen=True, slots=True)
class Rival:
    """Another way to learn from the same examples.

    Attributes:
        kind: ``lora`` trains the model itself, the others are models of pictures and texts.
        model: hub id or folder of that other model; empty for ``lora``.
    """

    kind: RivalKind
    model: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.model}" if self.model else self.kind


LORA = Rival("lora")


def read_rivals(texts: Sequence[str]) -> tuple[Rival, ...]:
    """Return the rivals that are asked for, each once.

    Raises:
        SettingError: one is none of those that there are.
    """
    return tuple(dict.fromkeys(_read(text.strip()) for text in texts))


def _read(text: str) -> Rival:
    kind, colon, model = text.partition(":")
    if text == "lora":
        return LORA
    if kind in ("clip", "siglip") and model.strip():
        return Rival("clip" if kind == "clip" else "siglip", model.strip())
    if kind in ("clip", "siglip"):
        raise SettingError(
            f"Rival {text!r} names no model: write {kind}:ID, such as {kind}:{EXAMPLES[kind]}, or its folder."
        )
    if kind == "lora" and colon:
        raise SettingError(f"Rival {text!r} names a model, but lora trains the one that is measured: write lora.")
    raise SettingError(f"A rival is {_ASKED}, but {text!r} is asked for.")
