"""Sparse Attention Vectors: a few attention heads of a frozen multimodal model classify after a few examples.

from sav_core import load_backbone, read_examples, SavClassifier

backbone = load_backbone()                       # the embedded model, a hub id, or a folder
classifier = SavClassifier(backbone).fit(read_examples("pets/"))
classifier.predict(["query.png"])[0].label
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sav_core.lazy import lazy_names

# At once, for the function has its module's name: imported later, that would stand in its place.
from sav_core.settings import Settings, settings

__version__ = "0.1.0"

if TYPE_CHECKING:
    from sav_core.activations.extraction import extract_head_vectors
    from sav_core.activations.vector_cache import VectorCache
    from sav_core.data.clips.clip import Clip
    from sav_core.data.clips.sampling import ClipSampling
    from sav_core.data.examples import Example, ExampleSet
    from sav_core.data.pictures.picture import Picture
    from sav_core.data.sets.datasets import read_examples, read_queries
    from sav_core.errors import InputError, SavError
    from sav_core.evaluation.episodes import draw_episodes, run_episodes
    from sav_core.evaluation.intervals import compare
    from sav_core.evaluation.metrics import Evaluation
    from sav_core.figures.heads import head_heatmap
    from sav_core.heads.classifier import HeadClassifier
    from sav_core.models.backbones import Backbone, load_backbone
    from sav_core.models.generation import generate_text, label_likelihoods
    from sav_core.reports.evaluate import Report, evaluate_classifier
    from sav_core.sav import SavClassifier
    from sav_core.types import Geometry, Head, HeadScores, HeadVectors, Prediction, Progress, Vote

# Name -> module that holds it. Imported at first use: the command line's help must not wait for torch.
_HOMES = {
    "Backbone": "models.backbones",
    "Clip": "data.clips.clip",
    "ClipSampling": "data.clips.sampling",
    "Evaluation": "evaluation.metrics",
    "Example": "data.examples",
    "ExampleSet": "data.examples",
    "Geometry": "types",
    "Head": "types",
    "HeadClassifier": "heads.classifier",
    "HeadScores": "types",
    "HeadVectors": "types",
    "InputError": "errors",
    "Picture": "data.pictures.picture",
    "Prediction": "types",
    "Progress": "types",
    "Report": "reports.evaluate",
    "SavClassifier": "sav",
    "SavError": "errors",
    "Settings": "settings",
    "VectorCache": "activations.vector_cache",
    "Vote": "types",
    "compare": "evaluation.intervals",
    "draw_episodes": "evaluation.episodes",
    "evaluate_classifier": "reports.evaluate",
    "extract_head_vectors": "activations.extraction",
    "generate_text": "models.generation",
    "head_heatmap": "figures.heads",
    "label_likelihoods": "models.generation",
    "load_backbone": "models.backbones",
    "read_examples": "data.sets.datasets",
    "read_queries": "data.sets.datasets",
    "run_episodes": "evaluation.episodes",
    "settings": "settings",
}

__all__ = [
    "Backbone",
    "Clip",
    "ClipSampling",
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

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
