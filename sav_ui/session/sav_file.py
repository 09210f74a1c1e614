"""A ``.sav`` file that somebody brings: the classifier in it, with the model it was made with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sav_core.data.allowance import allowance
from sav_core.errors import SavError
from sav_ui.limits import limits
from sav_ui.serving.pool import ModelPool

if TYPE_CHECKING:
    from sav_core.sav import SavClassifier

__all__ = ["open_sav"]


def open_sav(models: ModelPool, file: Path) -> tuple[str, SavClassifier]:
    """Open a ``.sav`` file; returns what its model is loaded by here, and the classifier.

    Args:
        models: where that model is, or is loaded.
        file: from whoever.

    Raises:
        SavError: it is damaged, or of another model than is here; the message names the file, not where it lies.
    """
    # torch takes seconds, and the page must not wait for them
    from sav_core.heads.classifier_file import read_classifier
    from sav_core.sav import SavClassifier, check_model

    try:
        allowed = allowance()
        if allowed is not None:
            allowed.take(file.stat().st_size)
        heads, provenance = read_classifier(file)
        limits().check_labels(len(heads.labels))
        model = provenance.model if "/" in provenance.model else ""  # of the embedded one it has but the folder's name
        backbone = models.get(model)
        check_model(file, heads, provenance, backbone)
        classifier = SavClassifier.load(file, backbone)
        limits().checked_question(classifier.question_ or "")
        return model, classifier
    except SavError as error:
        raise type(error)(str(error).replace(str(file), file.name)) from error
