"""Whether models of a kind read pictures and text into text, by the tables of transformers."""

from __future__ import annotations

from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES
from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES

from sav_core.errors import UnsupportedModelError

__all__ = ["check_reads_images"]


def check_reads_images(model_type: str, name: str) -> None:
    """Refuse a model of a kind that transformers knows, but not as one that answers a picture and a question.

    Raises:
        UnsupportedModelError: it is of such a kind.
    """
    if model_type in CONFIG_MAPPING_NAMES and model_type not in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES:
        raise UnsupportedModelError(
            f"{name!r} is a {model_type!r} model, which does not read images and text into text; choose a multimodal model "
            "such as Qwen/Qwen2-VL-2B-Instruct."
        )
