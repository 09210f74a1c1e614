"""A fitted classifier as a ``.sav`` file: safetensors for the arrays, JSON in its metadata for the rest; never pickle.

The metadata holds a SHA-256 over everything else in the file, so that a damaged or edited file is told from a whole one,
and names the model, so that a classifier is never used with vectors that mean something else. ``format`` is the version; a
field that is absent means what was so before there was such a field: no calibration, nothing learned of when to say "none
of these", comparison to ten decimals, heads of any layer, pictures in full detail, no counts of examples left out.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sav_core.errors import ClassifierFileError
from sav_core.files import write_atomically
from sav_core.heads.calibration import Calibration
from sav_core.heads.fitted_heads import FittedHeads
from sav_core.heads.rejection import Reach, Rejection
from sav_core.heads.rules import BELIEFS, RULES
from sav_core.heads.scoring import SCORINGS, LeftOutCounts
from sav_core.heads.ties import FINEST, Ties
from sav_core.tensor_file import TensorFile
from sav_core.types import CLIP_WAYS, DETAILS, Detail, HeadScores

__all__ = ["Provenance", "read_classifier", "write_classifier"]

_FORMAT = "sav-explorer/1"
_LATER = (
    "calibration",
    "belief",
    "reach",
    "rejection",
    "levels",
    "clips",
    "max_layer",
    "detail",
)  # what a file of an earlier version has not
_LEFT_OUT, _LEFT_OUT_OF = "left_out_correct", "left_out_scored"  # the array, and of how many examples

_FILE = TensorFile(
    key="sav",
    error=ClassifierFileError,
    missing="There is no classifier file {path}: check the path, or fit and save one first.",
    broken="{path} is not a whole .sav file ({error}): save the classifier again.",
    foreign="{path} is a safetensors file but not a .sav file: choose one written by this program.",
    changed="{path} was changed after it was saved (its checksum differs): save it again.",
)


@dataclass(frozen=True)
class Provenance:
    """What else there is to know about a fitted classifier.

    Attributes:
        model: the name the model was loaded by.
        identity: of the model's weights and configuration.
        dtype: what the model computed in.
        pixel_backend: which image processor made the pixels, ``"pil"`` or ``"torchvision"``; they differ by up to 0.03.
        question: what queries without a question of their own are asked; ``None`` where each example has its own.
        n_kept: number of heads that vote.
        voting: name of the voting rule.
        calibration: turns its shares into probabilities, where it was calibrated.
        belief: what ``reliability`` voting measured of the heads.
        reach: of each label's examples, where it is known: see ``sav_core.heads.rejection``.
        rejection: when its answer is "none of these", where that was learned.
        levels: ``{kind of number: (black, white)}`` of pictures of more than eight bits; ``None`` where it was not decided.
        clips: how the support's clips were sampled and shown to the model; ``None`` where it had none.
        max_layer: the last layer whose heads could be kept, and of which there is anything; ``None`` for the model's last.
        detail: how finely the model looked at pictures.
    """

    model: str
    identity: str
    dtype: str
    pixel_backend: str
    question: str | None
    n_kept: int
    voting: str
    calibration: Calibration | None = None
    belief: str = "margin"
    reach: Reach | None = None
    rejection: Rejection | None = None
    levels: dict[str, tuple[float, float]] | None = None
    clips: dict[str, Any] | None = None
    max_layer: int | None = None
    detail: Detail = "full"


def write_classifier(path: Path, fitted: FittedHeads, provenance: Provenance) -> None:
    """Write a ``.sav`` file, whole or not at all.

    Raises:
        StorageError: the disk refuses; a file that was there before still is.
    """
    arrays = {
        "centroids": np.ascontiguousarray(fitted.centroids, dtype=np.float64),
        "correct": np.ascontiguousarray(fitted.scores.correct, dtype=np.int64),
        "margin": np.ascontiguousarray(fitted.scores.margin, dtype=np.float64),
    }
    if fitted.scores.ranking_score is not None:
        arrays["merit"] = np.ascontiguousarray(fitted.scores.ranking_score, dtype=np.float64)
    if fitted.left_out is not None:
        arrays[_LEFT_OUT] = np.ascontiguousarray(fitted.left_out.correct, dtype=np.int64)
    for name, array in fitted.rule.arrays().items():
        arrays[name] = np.ascontiguousarray(array, dtype=np.float64)
    told = asdict(provenance)
    reach = provenance.reach
    told["reach"] = None if reach is None else reach.radii  # the form that files have had from the first
    told["reach_of_every_head"] = reach is not None and reach.every_head
    header = json.dumps(
        {
            "format": _FORMAT,
            "labels": fitted.labels,
            "examples": fitted.examples,
            "scored": fitted.scores.scored,
            "scoring": fitted.scores.scoring,
            "decimals": fitted.ties.decimals,
            _LEFT_OUT_OF: None if fitted.left_out is None else fitted.left_out.n,
            **told,
        },
        sort_keys=True,
    )
    write_atomically(path, _FILE.content(arrays, header))


def read_classifier(path: Path) -> tuple[FittedHeads, Provenance]:
    """Read a ``.sav`` file.

    Raises:
        ClassifierFileError: it is missing, not a ``.sav`` file, truncated, or not as it was written.
    """
    arrays, header = _FILE.read(path)
    try:
        return _unpack(json.loads(header), arrays)
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as error:
        raise ClassifierFileError(f"{path} holds no usable classifier ({error}): save it again.") from error


def _unpack(header: Any, arrays: Mapping[str, npt.NDArray[Any]]) -> tuple[FittedHeads, Provenance]:
    """Rebuild what was saved, refusing with ``ValueError`` whatever could not have been."""
    if header["format"] != _FORMAT:
        raise ValueError(f"its format is {header['format']!r}, this program reads {_FORMAT!r}")
    labels, examples = tuple(header["labels"]), tuple(header["examples"])
    # What later versions added may be missing from an older file.
    calibration = Calibration(**header["calibration"]) if header.get("calibration") else None
    rejection = Rejection(**header["rejection"]) if header.get("rejection") else None
    known = {name: header[name] for name in Provenance.__annotations__ if name not in _LATER}
    reach, decimals = header.get("reach"), header.get("decimals", FINEST)
    provenance = Provenance(
        **known,
        calibration=calibration,
        belief=header.get("belief", "margin"),
        reach=None if reach is None else Reach(tuple(reach), bool(header.get("reach_of_every_head", False))),
        rejection=rejection,
        levels=_levels(header.get("levels")),
        clips=_clips(header.get("clips")),
        max_layer=header.get("max_layer"),
        detail=header.get("detail", "full"),
    )
    scores = HeadScores(
        arrays["correct"], arrays["margin"], header["scored"], header["scoring"], ranking_score=arrays.get("merit")
    )
    left_out = _left_out(arrays, header)
    layers, heads, n_labels, dim = arrays["centroids"].shape
    expected = {
        "texts are texts": all(isinstance(text, str) for text in (*labels, *_texts(provenance))) and all(labels),
        "the labels are sorted and distinct": list(labels) == sorted(set(labels)) and len(labels) >= 2,
        "labels, counts and centroids agree": len(labels) == len(examples) == n_labels,
        "scores and centroids agree": scores.correct.shape == scores.margin.shape == (layers, heads)
        and (scores.ranking_score is None or scores.ranking_score.shape == (layers, heads)),
        "counts are whole numbers and the rest are not": all(
            array.dtype.kind in ("iu" if name in ("correct", _LEFT_OUT) else "f") for name, array in arrays.items()
        ),
        "the numbers are finite": all(np.isfinite(array).all() for array in arrays.values()),
        "the scores are possible": 0 < scores.scored <= sum(examples)
        and 0 <= scores.correct.min() <= scores.correct.max() <= scores.scored,
        "the counts of examples left out are possible": left_out is None
        or (
            left_out.correct.shape == (layers, heads)
            and type(left_out.n) is int
            and 0 < left_out.n <= sum(examples)
            and 0 <= left_out.correct.min() <= left_out.correct.max() <= left_out.n
        ),
        "the names are known": scores.scoring in SCORINGS and provenance.voting in RULES and provenance.belief in BELIEFS,
        "the decimals are possible": isinstance(decimals, int) and 1 <= decimals <= FINEST,
        "heads are kept": provenance.n_kept >= 1,
        "it has the layers that it says": provenance.max_layer is None
        or (type(provenance.max_layer) is int and layers == provenance.max_layer + 1),
        "the detail is known": provenance.detail in DETAILS,
        "the temperature is possible": calibration is None or calibration.temperature > 0,
        "the labels' reach is possible": reach is None
        or (len(reach) == len(labels) and all(isinstance(each, float) and -1e-9 <= each <= 2 + 1e-9 for each in reach)),
        "the limit of none is possible": rejection is None
        or (
            0 <= rejection.threshold <= 1
            and 0 <= rejection.refused <= rejection.own
            and 0 <= rejection.passed <= rejection.strangers
        ),
    }
    for law, holds in expected.items():
        if not holds:
            raise ValueError(f"it does not hold that {law}")
    rule = RULES[provenance.voting].restore(arrays, (layers, heads, n_labels, dim))
    return FittedHeads(labels, arrays["centroids"], scores, examples, rule, Ties(decimals), left_out), provenance


def _left_out(arrays: Mapping[str, npt.NDArray[Any]], header: Mapping[str, Any]) -> LeftOutCounts | None:
    """What heads get right of examples left out; ``None`` in a file of an earlier version, and where none could be."""
    n = header.get(_LEFT_OUT_OF)
    if (n is None) != (_LEFT_OUT not in arrays):
        raise ValueError("it does not hold that counts of examples left out come with their number")
    return None if n is None else LeftOutCounts(arrays[_LEFT_OUT], n)


def _levels(told: Any) -> dict[str, tuple[float, float]] | None:
    """Black and white of each kind of number, refusing with ``ValueError`` what is no range."""
    if told is None:
        return None
    ranges = {str(kind): (float(black), float(white)) for kind, (black, white) in told.items()}
    if not all(math.isfinite(black) and math.isfinite(white) and black < white for black, white in ranges.values()):
        raise ValueError("a range of values is none")
    return ranges


def _clips(told: Any) -> dict[str, Any] | None:
    """How clips were sampled and shown, refusing with ``ValueError`` what no version wrote."""
    if told is None:
        return None
    frames, rate = told["frames"], told["per_second"]
    sampled = isinstance(frames, int) and 1 <= frames <= 256 and (rate is None or 0 < float(rate) <= 1000)
    if not sampled or not isinstance(told["animated"], bool) or told["way"] not in CLIP_WAYS:
        raise ValueError("its clips are shown in a way that is none")
    return dict(told)


def _texts(provenance: Provenance) -> tuple[object, ...]:
    """What of it must be text; a question that is ``None`` is one."""
    question = "" if provenance.question is None else provenance.question
    return (provenance.model, provenance.identity, provenance.dtype, provenance.pixel_backend, question)
