"""A ``.sav`` file -> its classifier with its model, in the precision it was fitted in."""

from __future__ import annotations

from pathlib import Path

from sav_core.backbones import load_backbone
from sav_core.classifier_file import read_classifier
from sav_core.sav import SavClassifier, check_model

__all__ = ["open_classifier"]


def open_classifier(path: Path, model: str | None = None) -> SavClassifier:
    """Load a classifier with its model, to classify or search with it.

    Args:
        path: the ``.sav`` file.
        model: hub id or folder; the hub id that the file remembers unless given, else the embedded model.

    Raises:
        ClassifierFileError: the file is damaged, or another model made it.
        BackboneError: the model cannot be loaded.
    """
    fitted, provenance = read_classifier(path)
    named = provenance.model if "/" in provenance.model else None  # a hub id; a folder's name alone does not find it
    backbone = load_backbone(model or named, dtype=provenance.dtype)
    check_model(path, fitted, provenance, backbone)
    return SavClassifier.load(path, backbone)
