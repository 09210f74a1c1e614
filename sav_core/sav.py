"""A backbone and a head classifier as one estimator: labelled images in, predictions for new images out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from sav_core.activations.extraction import extract_head_vectors
from sav_core.activations.vector_cache import VectorCache, default_cache
from sav_core.data.clips.sampling import ClipSampling
from sav_core.data.examples import Example
from sav_core.data.pictures.levels import Levels
from sav_core.data.pictures.picture import PictureLike
from sav_core.data.sets.asking import as_taught, shared_question
from sav_core.data.sets.one_scale import levels_of, on_one_scale
from sav_core.errors import CancelledError, ClassifierFileError, InputError
from sav_core.evaluation.acceptance import calibrate
from sav_core.heads.calibration import Calibration
from sav_core.heads.classifier import HeadClassifier
from sav_core.heads.classifier_file import Provenance, read_classifier, write_classifier
from sav_core.heads.fitted_heads import FittedHeads
from sav_core.heads.support_checks import check_labels, check_vectors
from sav_core.models.backbones import load_backbone
from sav_core.models.depth import check_max_layer, first_layers
from sav_core.models.detail import check_detail
from sav_core.notebook import SHOWN, bar, card
from sav_core.types import Cancel, Detail, Geometry, Head, HeadVectors, MaxLayer, Prediction, ProgressCallback

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from sav_core.models.backbones import Backbone


__all__ = [
    "CacheChoice",
    "SavClassifier",
    "check_model",
    "open_classifier",
]

CacheChoice: TypeAlias = VectorCache | Literal["user"] | None
"""Where head vectors are kept between runs: the user's cache folder, another one, or nowhere."""


class SavClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Sparse Attention Vectors (arXiv 2412.00142): a few heads of a frozen model classify after a few examples.

    Args:
        backbone: from ``load_backbone``; it is never changed.
        n_kept: how many of the best heads vote; all of them where the model has fewer.
        voting: name of the voting rule.
        scoring: ``"resubstitution"`` (the paper) or ``"leave_one_out"``.
        cache: where head vectors are kept between runs: ``"user"`` is the user's cache folder, ``None`` keeps nothing.
        belief: what ``reliability`` voting measures of a head: ``"margin"``, ``"probability"`` or ``"brier"``.
        max_layer: the last layer, counted from zero, that heads are kept from and that distances to the examples are
            measured in; the model does not run beyond it. ``"kept"`` chooses from all layers, and then runs queries no
            further than the last kept head. All layers by default, so that "none of these" is judged by every head.
        detail: how finely the model looks at pictures: ``"full"``, or ``"normal"`` and ``"fast"`` with fewer tokens; as the
            support's first example says by default.

    Attributes:
        classes_: ``str (label,)``, sorted.
        head_scores_: ``float64 (layer, head)``, each head's accuracy on the support.
        kept_heads_: the heads that vote, best first.
        question_: what a query without a question is asked; ``None`` where the support's questions differ.
        levels_: which values are black and white in the support's pictures of more than eight bits, and so in those of
            queries; ``None`` in files of an earlier version, whose pictures were scaled by the whole range of 16 bits.
        clips_: how the support's clips were sampled, and so those of queries; ``None`` where it has none.
        detail_: how finely the support's pictures were looked at, and so those of queries.
        head_classifier_: the fitted ``HeadClassifier``.
        vectors_: the head vectors of the examples it is fitted on; absent after ``load``.
        all_vectors_: those of the last ``fit``, from which ``refit`` leaves some out or takes them back; likewise absent.

    Example:
        >>> clf = SavClassifier(load_backbone()).fit(read_examples("pets/"))  # doctest: +SKIP
        >>> clf.predict(["query.png"])[0].label  # doctest: +SKIP
        'cat'
    """

    _opened: tuple[Path, Provenance] | None = None  # the file it was loaded from, and what that says of its model

    def __init__(
        self,
        backbone: Backbone,
        n_kept: int = 20,
        voting: str = "majority",
        scoring: str = "resubstitution",
        cache: CacheChoice = "user",
        belief: str = "margin",
        max_layer: MaxLayer = None,
        detail: Detail | None = None,
    ) -> None:
        self.backbone = backbone
        self.n_kept = n_kept
        self.voting = voting
        self.scoring = scoring
        self.cache = cache
        self.belief = belief
        self.max_layer = max_layer
        self.detail = detail

    def fit(
        self,
        support: Sequence[Example | PictureLike],
        y: Sequence[str] | None = None,
        *,
        progress: ProgressCallback | None = None,
        cancel: Cancel | None = None,
        hidden: bool = False,
    ) -> SavClassifier:
        """Run the model once on each example, score every head, keep the best.

        Args:
            support: labelled examples; with ``y`` also plain images, which are then asked nothing.
            y: labels that replace the examples' own.
            progress: called as examples are done.
            cancel: asked between batches; true stops the work.
            hidden: also keep the last hidden states of the same pass in ``vectors_``, for comparison.

        Raises:
            InputError: no examples, an example without label, fewer than two labels, or not as many labels as examples;
                or all examples are the same to the model.
            ImageError: an image cannot be read.
            SettingError: a constructor argument is out of its range.
            CancelledError: ``cancel`` said so.
        """
        examples = on_one_scale(_labelled(support, y))
        sampling = next((clip.sampling for example in examples for clip in example.clips), None)
        detail = check_detail(examples[0].detail if self.detail is None else self.detail) if examples else "full"
        examples = [example.resampled(sampling).with_detail(detail) for example in examples]
        head_classifier = HeadClassifier(self.n_kept, self.voting, self.scoring, self.belief)
        head_classifier.check_settings()
        check_max_layer(self.max_layer, self.backbone)
        check_labels([example.label for example in examples], [example.name for example in examples])
        self.backbone.sight(detail)
        depth = first_layers(self.backbone, self.max_layer).layers
        vectors = self._extract(examples, progress, cancel, hidden=hidden, depth=depth)
        check_vectors(vectors)
        self.vectors_, self.all_vectors_ = head_classifier.fit_within(vectors, self.max_layer), vectors
        self.head_classifier_ = head_classifier
        self._opened = None
        self.question_ = shared_question(examples)
        self.levels_: Levels | None = levels_of(picture for example in examples for picture in example.images)
        self.clips_: ClipSampling | None = sampling
        self.detail_: Detail = detail
        return self

    def refit(self, *, rows: Sequence[int] | None = None) -> SavClassifier:
        """Fit again from the vectors of the last ``fit``: after ``set_params``, or to leave examples out.

        The model does not run: this takes milliseconds.

        Args:
            rows: which of the examples of the last ``fit`` to use; all of them by default. What is left out also stays out
                of calibration and controls, until it is taken back.

        Raises:
            InputError: there are no vectors, because the classifier was loaded from a file; or the examples that are left
                are all the same to the model.
            SettingError: a parameter is out of its range.
        """
        check_is_fitted(self)
        if not hasattr(self, "vectors_"):
            raise InputError("A classifier loaded from a file has no support vectors to fit again: call fit with examples.")
        check_max_layer(self.max_layer, self.backbone)
        everything = self.all_vectors_
        if everything.geometry.layers < first_layers(self.backbone, self.max_layer).layers:
            raise InputError("The last fit read fewer layers than max_layer now allows: call fit again.")
        used = everything if rows is None else everything.take(rows)
        check_vectors(used)
        head_classifier = HeadClassifier(self.n_kept, self.voting, self.scoring, self.belief)
        self.vectors_ = head_classifier.fit_within(used, self.max_layer)
        self.head_classifier_ = head_classifier
        return self

    def calibrate(self) -> Calibration:
        """Let predictions carry a probability, and tell when they are none of the labels.

        Both are learned with each example left out, the latter with each label left out too: see
        ``sav_core.evaluation.acceptance``.

        The model does not run; a fit is needed for each example, which takes milliseconds for a small model.

        Raises:
            InputError: there are no vectors, because the classifier was loaded from a file; or the examples that are left
                are all the same to the model.
            SettingError: no label has two examples.
        """
        check_is_fitted(self)
        if not hasattr(self, "vectors_"):
            raise InputError("A classifier loaded from a file has no support vectors to calibrate on: call fit first.")
        return calibrate(self.head_classifier_, self.vectors_)

    def predict(
        self,
        queries: Sequence[Example | PictureLike],
        *,
        progress: ProgressCallback | None = None,
        cancel: Cancel | None = None,
    ) -> list[Prediction]:
        """Classify examples or images; an image is asked the question of the support.

        Raises:
            InputError: a query has no question and the support's questions differ.
            ClassifierFileError: it was loaded from a file that another model made.
            ImageError: an image cannot be read.
            CancelledError: ``cancel`` said so.
        """
        check_is_fitted(self)
        if self._opened is not None:
            path, provenance = self._opened
            check_model(path, self.head_classifier_.fitted_, provenance, self.backbone)
        _check_several(queries)
        examples = [self.as_query(query) for query in queries]
        depth = self.head_classifier_.depth
        return self.head_classifier_.predict(self._extract(examples, progress, cancel, hidden=False, depth=depth))

    def score(self, examples: Sequence[Example], y: Sequence[str] | None = None) -> float:
        """Return the share of the examples that get their own label."""
        truth = [example.label for example in examples] if y is None else list(y)
        answers = [prediction.label for prediction in self.predict(examples)]
        return float(np.mean([answer == label for answer, label in zip(answers, truth, strict=True)]))

    def as_query(self, query: Example | PictureLike) -> Example:
        """Return the query with a question, its own or else the support's, scaled and shown as the support was.

        Raises:
            InputError: it has none and the support's questions differ.
            ImageError: an image cannot be read.
        """
        return as_taught(query, self.question_, self.levels_, self.clips_, self.detail_)

    def extract(
        self,
        examples: Sequence[Example],
        *,
        progress: ProgressCallback | None = None,
        cancel: Cancel | None = None,
        hidden: bool = False,
    ) -> HeadVectors:
        """Return the vectors of all heads that the fit is of, through the cache; with ``hidden`` also last hidden states.

        Raises:
            CancelledError: ``cancel`` said so.
        """
        return self._extract(examples, progress, cancel, hidden=hidden, depth=self._geometry.layers)

    def _extract(
        self,
        examples: Sequence[Example],
        progress: ProgressCallback | None,
        cancel: Cancel | None,
        *,
        hidden: bool,
        depth: int,
    ) -> HeadVectors:
        cache = default_cache() if self.cache == "user" else self.cache
        examples = [example.with_detail(self.detail) for example in examples]
        vectors = extract_head_vectors(
            self.backbone, examples, progress=progress, cancel=cancel, cache=cache, hidden=hidden, depth=depth
        )
        if not vectors.complete:
            raise CancelledError(f"Stopped after {len(vectors)} of {vectors.asked} examples; those are in the cache.")
        return vectors

    def save(self, path: str | Path) -> None:
        """Write the fitted classifier as a ``.sav`` file (safetensors and JSON, never pickle).

        Raises:
            StorageError: the disk refuses; what was there before still is.
        """
        check_is_fitted(self)
        provenance = Provenance(
            model=self.backbone.name,
            identity=self.backbone.identity,
            dtype=self.backbone.dtype_name,
            pixel_backend=self.backbone.pixel_backend,
            question=self.question_,
            n_kept=int(self.head_classifier_.n_kept),
            voting=self.head_classifier_.voting,
            calibration=self.head_classifier_.calibration_,
            belief=self.head_classifier_.belief,
            reach=self.head_classifier_.reach_,
            rejection=self.head_classifier_.rejection_,
            levels=None if self.levels_ is None else self.levels_.as_dict(),
            clips=None if self.clips_ is None else self.clips_.as_dict(),
            max_layer=None if self.max_layer is None else self._geometry.layers - 1,
            detail=self.detail_,
        )
        if self._opened is not None:  # the model that made the heads, whichever they are looked at with
            made = self._opened[1]
            provenance = replace(
                provenance,
                model=made.model,
                identity=made.identity,
                dtype=made.dtype,
                pixel_backend=made.pixel_backend,
            )
        write_classifier(Path(path), self.head_classifier_.fitted_, provenance)

    @classmethod
    def load(cls, path: str | Path, backbone: Backbone) -> SavClassifier:
        """Read a ``.sav`` file for the model it was made with; another dtype or device only rounds otherwise.

        With another model its heads and scores can still be looked at, and it can be fitted anew; ``predict`` refuses.

        Raises:
            ClassifierFileError: the file is damaged.
        """
        fitted, provenance = read_classifier(Path(path))
        heads = HeadClassifier.from_fitted(
            fitted,
            provenance.n_kept,
            provenance.voting,
            provenance.calibration,
            provenance.belief,
            provenance.reach,
            provenance.rejection,
        )
        levels = None if provenance.levels is None else Levels.from_dict(provenance.levels)
        clips = None if provenance.clips is None else ClipSampling.from_dict(provenance.clips)
        classifier = cls.from_heads(backbone, heads, provenance.question, levels, clips, provenance.detail)
        classifier.max_layer = provenance.max_layer  # also where another model looks at it
        classifier._opened = Path(path), provenance
        return classifier

    @classmethod
    def from_heads(
        cls,
        backbone: Backbone,
        heads: HeadClassifier,
        question: str | None,
        levels: Levels | None = None,
        clips: ClipSampling | None = None,
        detail: Detail = "full",
    ) -> SavClassifier:
        """Return a classifier of heads that were fitted apart from it, on vectors of the same model.

        Args:
            backbone: the model whose vectors they were fitted on.
            heads: fitted.
            question: what a query without a question is asked; ``None`` where the support's questions differ.
            levels: how the support's values of more than eight bits were scaled, see ``levels_``.
            clips: how its clips were sampled, see ``clips_``.
            detail: how finely its pictures were looked at, see ``detail_``.
        """
        check_is_fitted(heads)
        classifier = cls(backbone, heads.n_kept, heads.voting, heads.scoring, belief=heads.belief)
        classifier.head_classifier_, classifier.question_, classifier.levels_ = heads, question, levels
        classifier.clips_, classifier.detail_ = clips, detail
        layers = heads.fitted_.geometry.layers
        classifier.max_layer = layers - 1 if layers < backbone.geometry.layers else None
        return classifier

    @property
    def classes_(self) -> npt.NDArray[np.str_]:
        """``str (label,)``, sorted."""
        labels: npt.NDArray[np.str_] = self._fitted("classes_")
        return labels

    @property
    def head_scores_(self) -> npt.NDArray[np.float64]:
        """``float64 (layer, head)``, each head's accuracy on the support."""
        scores: npt.NDArray[np.float64] = self._fitted("head_scores_")
        return scores

    @property
    def kept_heads_(self) -> tuple[Head, ...]:
        """The heads that vote, best first."""
        heads: tuple[Head, ...] = self._fitted("kept_heads_")
        return heads

    def plot_heads(self) -> go.Figure:
        """Return the heatmap that ``heads --html`` writes: every head's accuracy, the kept ones outlined and numbered."""
        from sav_core.figures.heads import classifier_heatmap  # only here, for drawing is no part of the rest

        check_is_fitted(self)
        return classifier_heatmap(self.head_classifier_.fitted_.scores, self.kept_heads_, self._made_with)

    def _repr_html_(self) -> str:
        title = f"SavClassifier of {self._made_with}"
        if not self.__sklearn_is_fitted__():
            return card(title, f"not fitted; {self.n_kept} heads will vote, {self.voting} voting, {self.scoring} scoring")
        heads, accuracy, made = self.kept_heads_, self.head_scores_, self.head_classifier_
        note = f"{len(self.classes_)} labels, {len(heads)} heads vote, {made.voting} voting, {made.scoring} scoring"
        rows = [(rank, head, bar(accuracy[head.layer, head.index])) for rank, head in enumerate(heads[:SHOWN], start=1)]
        return card(title, note, ("rank", "head", "accuracy on the support"), rows)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        """What a notebook asks for first; scikit-learn's own would draw the backbone as a parameter."""
        return {"text/plain": repr(self), "text/html": self._repr_html_()}

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "head_classifier_")

    @property
    def _geometry(self) -> Geometry:
        """Of the layers that the fit is of, or will be chosen from."""
        if self.__sklearn_is_fitted__():
            return self.head_classifier_.fitted_.geometry
        return first_layers(self.backbone, self.max_layer)

    @property
    def _made_with(self) -> str:
        """Name of the model that the heads are of: the file's, where they were loaded."""
        return self.backbone.name if self._opened is None else self._opened[1].model

    def _fitted(self, name: str) -> Any:
        check_is_fitted(self)
        return getattr(self.head_classifier_, name)


def check_model(path: str | Path, fitted: FittedHeads, provenance: Provenance, backbone: Backbone) -> None:
    """Refuse heads of another model: their numbers mean nothing in this one, even where it has as many.

    Args:
        path: of the file they were read from.
        fitted: what ``read_classifier`` found there.
        provenance: likewise.
        backbone: the model they are to be used with.

    Raises:
        ClassifierFileError: another model made the file.
    """
    if fitted.geometry != first_layers(backbone, provenance.max_layer) or provenance.identity != backbone.identity:
        if provenance.model == backbone.name:
            raise ClassifierFileError(
                f"{path} was made with another version of {backbone.name} and cannot classify with this one: fit again "
                "(its heads and scores can still be shown)."
            )
        raise ClassifierFileError(
            f"{path} was made with {provenance.model} ({fitted.geometry}, {provenance.dtype}), but the model here is "
            f"{backbone.name} ({backbone.geometry}, {backbone.dtype_name}): load that model (--model), or fit again."
        )


def _labelled(support: Sequence[Example | PictureLike], y: Sequence[str] | None) -> list[Example]:
    """The support as examples, under the labels of ``y`` where there are such."""
    _check_several(support)
    examples = [each if isinstance(each, Example) else Example(each) for each in support]
    if y is None:
        return examples
    if len(y) != len(examples):
        raise InputError(f"{len(examples)} examples need as many labels, but y has {len(y)}.")
    return [example.with_label(label) for example, label in zip(examples, y, strict=True)]


def _check_several(given: object) -> None:
    """Refuse one thing where several are taken: a path alone would be read letter by letter."""
    if isinstance(given, (str, bytes, Path, Example)):
        raise InputError(f"A sequence of examples or images is taken, but one {type(given).__name__} came: write [it].")


def open_classifier(path: Path, model: str | None = None, device: str = "auto") -> SavClassifier:
    """Load a classifier with its model, to classify or search with it.

    Args:
        path: the ``.sav`` file.
        model: hub id or folder; the hub id that the file remembers unless given, else the embedded model.
        device: where to.

    Raises:
        ClassifierFileError: the file is damaged, or another model made it.
        BackboneError: the model cannot be loaded.
    """
    fitted, provenance = read_classifier(path)
    named = provenance.model if "/" in provenance.model else None  # a hub id; a folder's name alone does not find it
    backbone = load_backbone(model or named, device, provenance.dtype)
    check_model(path, fitted, provenance, backbone)
    return SavClassifier.load(path, backbone)
