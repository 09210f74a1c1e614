"""The published algorithm (arXiv 2412.00142, section 3), one example and one head at a time, in plain Python.

Slow on purpose: nothing here shares a line or a trick with ``sav_core``. Cosines of float32 vectors are rounded to six
decimals, and so are mean margins, halves upwards, as the library documents: what is equal on paper is equal in both.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction

DECIMALS = 6


def cosine(a, b):
    length = math.sqrt(math.fsum(x * x for x in a)) * math.sqrt(math.fsum(y * y for y in b))
    return round(math.fsum(x * y for x, y in zip(a, b, strict=True)) / length, DECIMALS) if length > 0 else 0.0


def mean(vectors):
    return [math.fsum(column) / len(vectors) for column in zip(*vectors, strict=True)]


@dataclass
class Oracle:
    """``values[example][layer][head]`` is a list of numbers; ``labels[example]`` a string."""

    values: list
    labels: list
    n_kept: int
    scoring: str

    def __post_init__(self):
        self.classes = sorted(set(self.labels))
        self.layers, self.heads = len(self.values[0]), len(self.values[0][0])
        self.judged = [
            i for i in range(len(self.labels)) if self.scoring == "resubstitution" or self.labels.count(self.labels[i]) > 1
        ]
        self.correct, self.margin, self.centroids = {}, {}, {}
        for layer in range(self.layers):
            for head in range(self.heads):
                self._score(layer, head)
        order = sorted(self.correct, key=lambda h: (-self.correct[h], -self.margin[h], h))
        self.kept = order[: self.n_kept]

    def _centroid(self, layer, head, label, without=None):
        members = [self.values[i][layer][head] for i in range(len(self.labels)) if self.labels[i] == label and i != without]
        return mean(members)

    def _score(self, layer, head):
        correct, margins = 0, []
        for i in self.judged:
            without = i if self.scoring == "leave_one_out" else None
            similarity = {
                label: cosine(self.values[i][layer][head], self._centroid(layer, head, label, without))
                for label in self.classes
            }
            best = max(similarity.values())
            guess = next(label for label in self.classes if similarity[label] == best)
            correct += guess == self.labels[i]
            margins.append(similarity[self.labels[i]] - max(s for c, s in similarity.items() if c != self.labels[i]))
        self.correct[layer, head] = correct
        mean_margin = sum(Fraction(round(margin * 10**DECIMALS)) for margin in margins) / len(margins)
        self.margin[layer, head] = math.floor(mean_margin + Fraction(1, 2)) / 10**DECIMALS
        self.centroids[layer, head] = {label: self._centroid(layer, head, label) for label in self.classes}

    def predict(self, query):
        """Return the winning label and each kept head's vote, best head first."""
        votes = []
        for layer, head in self.kept:
            similarity = {c: cosine(query[layer][head], self.centroids[layer, head][c]) for c in self.classes}
            best = max(similarity.values())
            votes.append(next(c for c in self.classes if similarity[c] == best))
        # Counter keeps the order of first votes, and most_common is stable: a tie goes to the label voted first.
        return Counter(votes).most_common(1)[0][0], votes
