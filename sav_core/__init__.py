"""Sparse Attention Vectors: a few attention heads of a frozen multimodal model classify after a few examples.

from sav_core import load_backbone, read_examples, SavClassifier

backbone = load_backbone()                       # the embedded model, a hub id, or a folder
classifier = SavClassifier(backbone).fit(read_examples("pets/"))
classifier.predict(["query.png"])[0].label
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

# At once, for the function has its module's name: imported later, that would stand in its place.
from sav_core.settings import Settings, settings

__version__ = "0.1.0"

if TYPE_CHECKING:
    from sav_core.answers import generate_text, label_likelihoods
    from sav_core.backbones import Backbone, load_backbone
    from sav_core.cache import VectorCache
    from sav_core.classifier import HeadClassifier
    from sav_core.comparison import compare
    from sav_core.datasets import read_examples, read_queries
    from sav_core.episodes import draw_episodes, run_episodes
    from sav_core.errors import InputError, SavError
    from sav_core.evaluation import Evaluation
    from sav_core.extraction import extract_head_vectors
    from sav_core.figures import head_heatmap
    from sav_core.images import Picture
    from sav_core.records import (
        Example,
        ExampleSet,
        Geometry,
        Head,
        HeadScores,
        HeadVectors,
        Prediction,
        Progress,
        Vote,
    )
    from sav_core.reports import Report, evaluate_classifier
    from sav_core.sav import SavClassifier

# Name -> module that holds it. Imported at first use: the command line's help must not wait for torch.
_HOMES = {
    "Backbone": "backbones",
    "Evaluation": "evaluation",
    "Example": "records",
    "ExampleSet": "records",
    "Geometry": "records",
    "Head": "records",
    "HeadClassifier": "classifier",
    "HeadScores": "records",
    "HeadVectors": "records",
    "InputError": "errors",
    "Picture": "images",
    "Prediction": "records",
    "Progress": "records",
    "Report": "reports",
    "SavClassifier": "sav",
    "SavError": "errors",
    "Settings": "settings",
    "VectorCache": "cache",
    "Vote": "records",
    "compare": "comparison",
    "draw_episodes": "episodes",
    "evaluate_classifier": "reports",
    "extract_head_vectors": "extraction",
    "generate_text": "answers",
    "head_heatmap": "figures",
    "label_likelihoods": "answers",
    "load_backbone": "backbones",
    "read_examples": "datasets",
    "read_queries": "datasets",
    "run_episodes": "episodes",
    "settings": "settings",
}

__all__ = [
    "Backbone",
    "Evaluation",
    "Example",
    "ExampleSet",
    "Geometry",
    "Head",
    "HeadClassifier",
    "HeadScores",
    "HeadVectors",
    "InputError",
    "Picture",
    "Prediction",
    "Progress",
    "Report",
    "SavClassifier",
    "SavError",
    "Settings",
    "VectorCache",
    "Vote",
    "compare",
    "draw_episodes",
    "evaluate_classifier",
    "extract_head_vectors",
    "generate_text",
    "head_heatmap",
    "label_likelihoods",
    "load_backbone",
    "read_examples",
    "read_queries",
    "run_episodes",
    "settings",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
