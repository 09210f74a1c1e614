"""What is known of every architecture that transformers lists for images and text: proven, probed or refused, and why.

    for each in architectures():
        each.name, each.standing, each.reason     # "llava", "proven", "tested end to end on a small checkpoint"
        each.video                                # "none": whether it can be shown clips as video

This is the one table. Most of what is refused is seen on the modules when a model is loaded, with its layers named; what
they do not show is refused by this table. An architecture without a row is probed: it may serve.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import Literal, TypeAlias

from transformers.models.auto.image_processing_auto import IMAGE_PROCESSOR_MAPPING_NAMES
from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES

from sav_core.models.packages import needs
from sav_core.models.video_parts import NO_VIDEO_PART, why_no_video_part

__all__ = [
    "FEWEST_IMAGE_TOKENS",
    "MEASURED",
    "PROVEN",
    "VIDEO",
    "Architecture",
    "Standing",
    "Video",
    "architectures",
    "refusal",
]

Standing: TypeAlias = Literal["proven", "probed", "refused"]
"""Tested end to end; looked at when it is loaded, and refused if it does not fit; or known not to fit."""

Video: TypeAlias = Literal["proven", "not tried", "needs torchvision", "none"]
"""Whether clips can be shown as video: tested end to end; as far as is known; with that package; or not at all."""

_TESTED = "tested end to end on a small checkpoint"
_LOOKED_AT = "not tried; its layers are looked at when it is loaded and probed when it first reads, and refused if unfit"

_READ_BY_TESTS = """
aria aya_vision deepseek_vl ernie4_5_vl_moe fast_vlm gemma3 gemma4 glm4v granite_docling idefics2 idefics3 internvl llava
llava_next llava_next_video llava_onevision mistral3 ovis2 paligemma qwen2_5_vl qwen2_vl qwen3_vl qwen3_vl_moe smolvlm
video_llama_3 video_llava vipllava
"""

PROVEN: dict[str, str] = {
    **dict.fromkeys(_READ_BY_TESTS.split(), _TESTED),
    "pixtral": f"{_TESTED}; its model_type is llava, of its vision_config pixtral",
}
"""Architectures that a test of their own reads pictures with, and how."""

VIDEO = frozenset(
    (
        *("glm4v", "internvl", "llava_next_video", "llava_onevision", "qwen2_5_vl", "qwen2_vl", "qwen3_vl", "qwen3_vl_moe"),
        *("smolvlm", "video_llama_3", "video_llava"),
    )
)
"""Architectures that a test of their own shows clips as video."""

_ENCODER = "its prompt goes into an encoder, not into the decoder that heads are read from"
_LINEAR = "most of its layers have linear attention, convolutions or state spaces in place of self-attention"
_BETWEEN = "its pictures enter by layers of cross-attention, and not as tokens that heads read"
_NO_OUTPUT = "its attention has no o_proj, where the vectors of all heads stand side by side"
_QFORMER = "its question goes into a Q-Former beside the picture, and one picture, first in the prompt, is all it takes"
_OCR = "it reads the text or the chart of one picture, by prompts of its processor's own, and takes no question"

MEASURED: dict[str, str] = {
    **dict.fromkeys(("florence2", "pix2struct", "pp_formulanet", "t5gemma2", "udop", "vision-encoder-decoder"), _ENCODER),
    **dict.fromkeys(("glm5_next", "lfm2_vl", "lfm3_vl", "minicpm_ocr", "minicpmv4_6", "minicpmv4_7"), _LINEAR),
    **dict.fromkeys(("nemotron_h_omni", "qwen3_5", "qwen3_5_moe"), _LINEAR),
    **dict.fromkeys(("idefics", "mllama"), _BETWEEN),
    **dict.fromkeys(("blip", "blip-2", "fuyu", "git", "kosmos-2", "kosmos-2.5"), _NO_OUTPUT),
    "dots3_note": "its layers differ in their number of heads",
}
"""What is refused because its modules show it, and why."""

_BY_NAME: dict[str, str] = {
    "diffusion_gemma": "it writes by diffusion on a canvas beside the prompt, whose last token begins no answer",
    "evolla": "it reads proteins, not pictures",
    "got_ocr2": _OCR,
    "instructblip": _QFORMER,
    "instructblipvideo": _QFORMER,
    "pi0": "it answers with the movements of a robot, not with text",
    "pp_chart2table": _OCR,
    "shieldgemma2": "it judges pictures by policies of its own and answers no question; its base, gemma3, does",
}

FEWEST_IMAGE_TOKENS: dict[str, int] = {"mistral3": 2, "mistral_large4": 2}
"""What the pictures of one prompt must come to at least: these models lose an axis where it is less, and stop."""

_TIMM = ("gemma3n", "perception_lm")  # whose vision towers are of that package


@dataclass(frozen=True, slots=True)
class Architecture:
    """What is known of one architecture.

    Attributes:
        name: its ``model_type`` in ``config.json``.
        standing: proven, probed or refused.
        reason: why that, to stand after "because" where it is refused.
        video: whether it can be shown clips as video; every one can be shown their frames as pictures.
    """

    name: str
    standing: Standing
    reason: str
    video: Video = "none"

    def as_dict(self) -> dict[str, str]:
        """Return the fields as JSON values."""
        found = asdict(self)
        return {"architecture": found.pop("name"), **found}


def architectures() -> list[Architecture]:
    """Return all of them: the proven first, then the probed, then the refused, each by name."""
    names = sorted({*MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES, *PROVEN})
    every = [_known(name) for name in names]
    return [each for standing in ("proven", "probed", "refused") for each in every if each.standing == standing]


def refusal(model_type: str) -> str | None:
    """Why a model of an architecture is refused though its modules may not show it, and what to do; else ``None``."""
    why = _BY_NAME.get(model_type)
    return _lack_of_packages(model_type) if why is None else f"{why}; choose another model"


def _known(name: str) -> Architecture:
    if name in PROVEN:
        return Architecture(name, "proven", PROVEN[name], _video(name))
    if why := MEASURED.get(name) or _BY_NAME.get(name) or _lack_of_packages(name):
        return Architecture(name, "refused", why)
    return Architecture(name, "probed", _LOOKED_AT, _video(name))


def _video(name: str) -> Video:
    if name in VIDEO:
        return "proven"
    why = why_no_video_part(name)
    return "not tried" if not why else "none" if why == NO_VIDEO_PART else "needs torchvision"


def _lack_of_packages(model_type: str) -> str | None:
    """Which packages an architecture needs, for its vision tower or to prepare pictures, that are not installed here."""
    needed = ["timm"] if model_type in _TIMM else []
    if set(IMAGE_PROCESSOR_MAPPING_NAMES.get(model_type) or ()) == {"torchvision"}:
        needed.append("torchvision")
    missing = [package for package in needed if find_spec(package) is None]
    return needs(missing) if missing else None
