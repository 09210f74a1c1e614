"""The models a visitor can choose."""

from __future__ import annotations

from dataclasses import dataclass

from sav_core.settings import settings

__all__ = ["MENU", "NO_ID", "Choice", "any_allowed", "choice_of", "looks_like_an_id", "offered"]


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of the model menu.

    Attributes:
        id: what ``load_backbone`` takes; empty for the embedded model.
        title: what to call it.
        size: of its weights, in words.
        memory: what loading it takes, in words.
        good_for: what to choose it for.
    """

    id: str
    title: str
    size: str
    memory: str
    good_for: str


EMBEDDED = Choice(
    "", "Demo model", "a few million weights", "under 1 GB", "photographs, drawings; here already, also offline"
)

MENU = (
    EMBEDDED,
    Choice("HuggingFaceTB/SmolVLM-256M-Instruct", "SmolVLM 256M", "0.5 GB", "2 GB", "photographs on any computer"),
    Choice("HuggingFaceTB/SmolVLM-500M-Instruct", "SmolVLM 500M", "1 GB", "3 GB", "photographs on any computer"),
    Choice(
        "llava-hf/llava-onevision-qwen2-0.5b-ov-hf",
        "LLaVA-OneVision 0.5B",
        "1.8 GB",
        "4 GB",
        "photographs, several at once",
    ),
    Choice("OpenGVLab/InternVL3-1B-hf", "InternVL3 1B", "1.9 GB", "4 GB", "photographs and documents"),
    Choice("Qwen/Qwen2-VL-2B-Instruct", "Qwen2-VL 2B", "4.4 GB", "6 GB", "photographs, text in pictures"),
    Choice("Qwen/Qwen3-VL-2B-Instruct", "Qwen3-VL 2B", "4.3 GB", "6 GB", "photographs, text in pictures"),
    Choice("Qwen/Qwen2.5-VL-3B-Instruct", "Qwen2.5-VL 3B", "7.5 GB", "10 GB", "fine differences; a GPU helps"),
    Choice("Qwen/Qwen3-VL-4B-Instruct", "Qwen3-VL 4B", "8.9 GB", "12 GB", "fine differences; a GPU helps"),
    Choice(
        "llava-hf/llava-onevision-qwen2-7b-ov-hf",
        "LLaVA-OneVision 7B",
        "16 GB",
        "20 GB",
        "photographs, as in the paper; needs a GPU",
    ),
)
"""The embedded model first, then hub models by size. Sizes are of 16-bit weights; memory adds room to work."""

NO_ID = (
    "A model is named like Qwen/Qwen2-VL-2B-Instruct: type its id on the hub. One in a folder is used by starting the app "
    "with SAV_MODEL=FOLDER."
)
"""What is told to who types something else, a folder say: which folders there are here is nobody's business."""


def any_allowed() -> bool:
    """Whether a visitor may type any model's id."""
    return settings().allowed_models is None


def offered() -> tuple[Choice, ...]:
    """Return the menu: all of it, or, where the environment lists what is allowed, the embedded model and that."""
    allowed = settings().allowed_models
    return MENU if allowed is None else (EMBEDDED, *(choice_of(model) for model in allowed))


def choice_of(model: str) -> Choice:
    """Return the menu's line of a model, or one made up for an id that is not on it."""
    for choice in MENU:
        if choice.id == model:
            return choice
    return Choice(model, model.split("/")[-1] or model, "unknown size", "twice its size", "what you chose it for")


def looks_like_an_id(model: str) -> bool:
    """Whether a text could be a model's id on the hub; a path of this computer could not."""
    owner, slash, name = model.partition("/")
    plain = owner + name
    known = all(sign.isalnum() or sign in "-_." for sign in plain)
    return bool(slash and owner and name) and known and ".." not in plain and len(model) <= 200
