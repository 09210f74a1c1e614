"""The ``gaussian`` and ``reliability`` rules as their formulas are written, one head and one example at a time.

Slow on purpose: leaving an example out means fitting again without it, and an inverse is a pseudo-inverse.
"""

from __future__ import annotations

import math

import numpy as np

from tests.support.oracle import cosine, mean

NO_SPREAD = 1e-6  # of an example: to six decimals its cosine to the mean is 1


def unit(vector):
    length = np.linalg.norm(vector)
    return vector / length if length > 0 else np.zeros_like(vector)


def softmax(values):
    powers = [math.exp(value - max(values)) for value in values]
    return np.array(powers) / sum(powers)


class GaussianHead:
    """One head: ``points (example, dim)``, a label for each, and all the labels there are."""

    def __init__(self, points, labels, classes):
        points = np.array([unit(np.asarray(point, dtype=float)) for point in points])
        labels = list(labels)
        n, dim = points.shape
        self.means = {c: points[[i for i in range(n) if labels[i] == c]].mean(0) for c in classes}
        centred = np.array([points[i] - self.means[labels[i]] for i in range(n)])
        if (centred**2).sum() < n * NO_SPREAD:
            bracket = np.eye(dim)
        else:
            covariance = centred.T @ centred / (n - 1)
            bracket = (n - 1) * covariance + np.trace(covariance) * np.eye(dim)
        self.inverse = dim * np.linalg.pinv(bracket)

    def probabilities(self, query):
        x, prior = unit(np.asarray(query, dtype=float)), 1 / len(self.means)
        logits = [x @ self.inverse @ m - m @ self.inverse @ m / 2 + math.log(prior) for m in self.means.values()]
        return softmax([logit / 10 for logit in logits])


def gaussian_merits(points, labels, classes, scoring):
    """The probability that one head gives each example's own label; ``None`` where it cannot be judged."""
    merits = []
    for i, label in enumerate(labels):
        rest = [j for j in range(len(labels)) if scoring == "resubstitution" or j != i]
        if label not in [labels[j] for j in rest]:
            merits.append(None)
            continue
        head = GaussianHead([points[j] for j in rest], [labels[j] for j in rest], classes)
        merits.append(head.probabilities(points[i])[classes.index(label)])
    return merits


def soft_vote(query, centroids):
    return softmax([cosine(query, centroid) / 0.07 for centroid in centroids])


def believed(shares, own, belief):
    """How right a soft vote is whose true label has the number ``own``."""
    if belief == "probability":
        return shares[own]
    if belief == "brier":
        return 1 - sum((share - (number == own)) ** 2 for number, share in enumerate(shares)) / 2
    return max(0.0, shares[own] - max(share for number, share in enumerate(shares) if number != own))


def reliabilities(points, labels, classes, belief="margin"):
    """One head's reliability for each label: left-out beliefs, shrunk by one example towards the head's mean."""
    means, counts = [], []
    for c in classes:
        members = [i for i in range(len(labels)) if labels[i] == c]
        margins = []
        for i in members if len(members) > 1 else []:
            centroids = [mean([points[j] for j in range(len(labels)) if labels[j] == k and j != i]) for k in classes]
            margins.append(believed(list(soft_vote(points[i], centroids)), classes.index(c), belief))
        counts.append(len(margins))
        means.append(sum(margins) / len(margins) if margins else 0.0)
    overall = sum(m for m, n in zip(means, counts, strict=True) if n) / sum(1 for n in counts if n)
    return [(n * m + overall) / (n + 1) for m, n in zip(means, counts, strict=True)]


def weighted_vote(query, heads, centroids, reliability, classes, n_kept, ranking):
    """Each label's score: its ``n_kept`` most reliable heads' soft votes, weighted by the softmax of reliability.

    ``query[head]``, ``centroids[head][label number]`` and ``reliability[head][label number]``; ``ranking`` breaks ties.
    """
    scores = []
    for number in range(len(classes)):
        best = sorted(heads, key=lambda head: (-round(reliability[head][number], 6), ranking.index(head)))[:n_kept]
        weights = softmax([reliability[head][number] for head in best])
        votes = [soft_vote(query[head], centroids[head])[number] for head in best]
        scores.append(sum(w * v for w, v in zip(weights, votes, strict=True)))
    return [score / sum(scores) for score in scores]
