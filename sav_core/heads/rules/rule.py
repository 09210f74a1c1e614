"""What a voting rule is: how it is fitted on a support, and what a fitted one makes of queries.

A new rule is one module, which derives from both protocols, and its row in the table of ``sav_core.heads.rules``. What the
protocols define here serves a rule whose heads each give probabilities and all count alike; a rule replaces what differs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from sav_core.heads.scoring import fit_heads
from sav_core.heads.ties import Ties
from sav_core.heads.voting import Ballot, Tally, pooled
from sav_core.types import Head, HeadScores, HeadVectors

__all__ = ["FittedRule", "KeptHeads", "OwnAnswers", "VotingRule", "needed"]

Array = npt.NDArray[np.float64]


class KeptHeads(NamedTuple):
    """The heads that vote.

    Attributes:
        heads: best first.
        weights: ``float64 (head, label)``, how much each counts for each label, columns sum to 1; ``None`` where all count
            alike.
    """

    heads: tuple[Head, ...]
    weights: Array | None = None


class OwnAnswers(NamedTuple):
    """What each head alone gives the support's examples, each taken out of its own label wherever that has another.

    Attributes:
        predicted: ``int (example, layer, head)``, the label's number.
        margins: ``float64 (example, layer, head)``, by how much it prefers the example's own label to the best other one.
    """

    predicted: npt.NDArray[np.int32]
    margins: Array


class FittedRule(Protocol):
    """A voting rule as one support has taught it.

    Attributes:
        name: of the rule, as in the table.
        probabilistic: whether its opinions are probabilities; where not, a head's only opinion is its vote.
    """

    name: ClassVar[str]
    probabilistic: ClassVar[bool] = True

    def keep(self, scores: HeadScores, n_kept: int) -> KeptHeads:
        """Choose the heads that vote when ``n_kept`` are asked for. Fewer asked for are among more."""
        return KeptHeads(scores.ranking[:n_kept])

    def keep_all(self, heads: tuple[Head, ...]) -> KeptHeads:
        """Let exactly these heads vote, for every label."""
        return KeptHeads(heads)

    def opinions(self, points: npt.NDArray[np.floating], similarities: Array, heads: tuple[Head, ...]) -> Array:
        """What some heads make of queries: ``float64 (example, head, label)``, the larger the likelier the label.

        Args:
            points: ``float (example, head, dim)``, the queries' vectors in these heads.
            similarities: ``float64 (example, head, label)``, their cosines to the labels' centroids.
            heads: which they are.
        """
        ...

    def count(self, opinions: Array, weights: Array | None, ties: Ties) -> Ballot:
        """Make one answer of the opinions of the heads that vote, best head first."""
        return pooled(opinions, weights, ties)

    def tally(self, opinions: Array, ranking: tuple[Head, ...], ties: Ties) -> Tally:
        """Make an answer for every number of kept heads.

        Args:
            opinions: of every head, best first.
            ranking: the heads in that order.
            ties: on whose grid shares are compared.
        """
        return Tally(ties.round(opinions).argmax(-1), None, opinions.cumsum(1), ties)

    def arrays(self) -> dict[str, Array]:
        """Return what a file must hold, besides centroids and scores, to vote again; ``VotingRule.restore`` takes it."""
        return {}


class VotingRule(Protocol):
    """A voting rule with its settings, not yet fitted.

    Attributes:
        name: as in the table.
        summary: how it answers, as a phrase in a table of a report.
        explanation: the same in a sentence or two, for a visitor who chooses.
        needs: why it cannot be fitted where every label has a single example; empty where it can.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    explanation: ClassVar[str]
    needs: ClassVar[str] = ""

    def measuring(self, belief: str) -> VotingRule:
        """Return the rule set to this reliability measure; a rule that measures no reliability is what it was."""
        return self

    def fewest(self, scoring: str) -> int:
        """How many examples some label must have for a fit."""
        return 2 if self.needs or scoring == "leave_one_out" else 1

    def fit(
        self,
        vectors: HeadVectors,
        codes: npt.NDArray[np.intp],
        n_labels: int,
        nearest: HeadScores,
        *,
        rows: npt.NDArray[np.intp] | None = None,
    ) -> tuple[FittedRule, HeadScores]:
        """Learn from the support.

        Args:
            vectors: of the support.
            codes: ``int (example,)``, each used example's label as a number from 0; every number occurs.
            n_labels: how many labels there are, two or more.
            nearest: the heads' scores by the nearest class mean, under the scoring asked for.
            rows: which of the vectors to use, in the order of ``codes``; all by default.

        Returns:
            The fitted rule, and the scores by which it ranks heads.

        Raises:
            SettingError: this support cannot teach it.
        """
        ...

    def restore(self, arrays: Mapping[str, npt.NDArray[Any]], shape: tuple[int, int, int, int]) -> FittedRule:
        """Return the fitted rule that a file holds.

        Args:
            arrays: of the file; ``FittedRule.arrays`` is among them where this rule was fitted.
            shape: ``(layer, head, label, dim)``, of the centroids.

        Raises:
            ValueError: an array is missing or has another shape.
        """
        ...

    def left_out(
        self, vectors: HeadVectors, codes: npt.NDArray[np.intp], n_labels: int, out: npt.NDArray[np.intp], *, scoring: str
    ) -> Tally | None:
        """Judge each of some support examples by a fit without it, all at once, where the rule has a closed form.

        Args:
            vectors: of the support.
            codes: ``int (example,)``, each example's label's number.
            n_labels: how many labels there are.
            out: ``int (judged,)``, rows to leave out one by one; the label of each has another example.
            scoring: what ranks the heads.

        Returns:
            The votes on them; ``None`` where only fitting again tells.

        Raises:
            SettingError: without an example nothing can be fitted.
        """
        return None

    def own_answers(self, vectors: HeadVectors, codes: npt.NDArray[np.intp], n_labels: int, *, scoring: str) -> OwnAnswers:
        """What each head alone gives the support's own examples: by default the nearest label."""
        fit = fit_heads(vectors, codes, n_labels, scoring=scoring)
        return OwnAnswers(fit.predicted, fit.margins)


def needed(arrays: Mapping[str, npt.NDArray[Any]], rule: str, shapes: Mapping[str, tuple[int, ...]]) -> list[Array]:
    """Return the arrays of these names.

    Raises:
        ValueError: one is missing or has another shape.
    """
    for name, shape in shapes.items():
        if name not in arrays or arrays[name].shape != shape:
            raise ValueError(f"it does not hold that what {rule} voting needs is there: {name} {shape}")
    return [np.asarray(arrays[name], dtype=np.float64) for name in shapes]
