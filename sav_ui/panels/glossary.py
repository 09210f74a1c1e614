"""The field's words in plain ones: what a tip says beside each, on every page."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["TERMS"]

TERMS: Mapping[str, str] = {
    "attention head": (
        "A model reads in layers, and each layer has several attention heads. A head looks at some parts of the picture "
        "and passes on a row of numbers. Those numbers are all that this app uses."
    ),
    "leave-one-out": (
        "Each picture is set aside once. The heads are chosen, and the labels learned, from all the others; then the "
        "picture that was set aside is classified. So no picture helps to judge itself."
    ),
    "Leave-one-out or Training": (
        "A head is ranked by how many pictures it gets right. Leave-one-out judges each picture by the others, which is "
        "the honest score with few pictures. Training is the paper's score: each picture also counts in its own label's "
        "mean, so it comes out too good."
    ),
    "95 % interval": (
        "With so few pictures, luck plays a part. If the same was measured many times on pictures like these, "
        "about 95 of 100 such intervals would hold the true share."
    ),
    "margin": (
        "How clearly a head decides: how much nearer it finds a picture to its own label than to the next best one, "
        "on average over the examples. It ranks heads that get equally many right."
    ),
    "macro F1": (
        "One figure for all labels, from 0 to 1. For each label it weighs how many of its pictures were found against "
        "how many answers of that label were right; then the labels' figures are averaged, so that a small label "
        "counts as much as a large one."
    ),
    "commonest label": (
        "What somebody gets right who always gives the label that most of the test pictures have. A classifier must do "
        "better than that."
    ),
    "temperature": (
        "A single number, learned from the examples, that makes the shares of the vote into chances. Above 1 it makes "
        "them more careful, below 1 bolder. It never changes which label wins."
    ),
    "calibration error": (
        "How far confidence is from the truth on average. If all answers held at 80 % were right 80 % of the time, and "
        "so on, it would be 0 %."
    ),
    "cosine": (
        "How alike two rows of numbers are by their direction: 1 is the same direction, 0 nothing in common, "
        "-1 the opposite. Here it compares what one head says of two pictures."
    ),
    "p": (
        "How likely a difference this large would come about by luck alone, by McNemar's exact test on the pictures that "
        "the two get differently. Small is good: below 0.05 is seldom luck."
    ),
    "far out": "This picture is far from every example of its label, so it may be none of your labels.",
    "ROC area": (
        "Take one picture of a taught label and one of another: how often the first looks more familiar. "
        "1 is always, 0.5 is guessing."
    ),
}
"""By the word that is explained."""
