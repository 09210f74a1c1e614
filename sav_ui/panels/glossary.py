"""The field's words in plain ones: what a tip says beside each, on every page."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["TERMS"]

TERMS: Mapping[str, str] = {
    "attention head": (
        "A model reads in layers, and each layer has several attention heads. A head looks at some parts of the picture "
        "and passes on a row of numbers. Those numbers are all that this app uses."
    ),
    "picture detail": (
        "How many tokens a picture is to the model. With fewer it sees less of small things, and takes less time: "
        "a large picture is not cut into so many tiles, or is made smaller."
    ),
    "depth": (
        "A model reads in layers, one after another. Where the heads that vote come from the first layers only, the model "
        "need not run the others for a new picture, which saves their time. Examples are read by all layers once."
    ),
    "leave-one-out": (
        "Each picture is set aside once. The heads are chosen, and the labels learned, from all the others; then the "
        "picture that was set aside is classified. So no picture helps to judge itself."
    ),
    "Leave-one-out or Training": (
        "A head is ranked by how many pictures it gets right. Leave-one-out judges each picture by the others, which is "
        "the honest score with few pictures. Training is the paper’s score: each picture also counts in its own label’s "
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
        "how many answers of that label were right; then the labels’ figures are averaged, so that a small label "
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
    "heads that point": (
        "A few heads look at the thing that a question is about. They are found on drawn scenes, where it is known where "
        "each thing stands, and what is said of a head is what it looks at in other such scenes. A head that points need "
        "not vote, and one that votes need not point."
    ),
    "map": (
        "What a head says of a picture is a row of numbers: a point in a space of many dimensions. The map shows that "
        "space in two. PCA looks at it from where the points are spread most; Distances moves them until they lie as far "
        "apart as they really do, as well as that can be. A cross is a label’s mean: a head votes for the one nearest in "
        "its space. An orange star is a picture from Classify. A broken frame: taken for another label."
    ),
    "p": (
        "How likely a difference this large would come about by luck alone, by McNemar’s exact test on the pictures that "
        "the two get differently. Small is good: below 0.05 is seldom luck."
    ),
    "far out": "This picture is far from every example of its label, so it may be none of your labels.",
    "ROC area": (
        "Take one picture of a taught label and one of another: how often the first looks more familiar. "
        "1 is always, 0.5 is guessing."
    ),
    "prompt": (
        "What the model is shown at once: some demonstrations, which are pictures with their question and answer, and then "
        "a picture with a question alone. Heads are judged on so many prompts; more make the figures surer and take longer."
    ),
    "effect of a head": (
        "How the right answer’s probability changes when this head alone is given the value that it has in prompts with "
        "right answers: its average indirect effect. It says that the head can bring the relation, not that no other can."
    ),
    "layer and scale": (
        "The model works in layers, one after the other; the vector is added to what one of them passes on. The scale says "
        "how many times its own length: at 0 nothing is added. The validation questions are kept apart to choose both; the "
        "test questions further down then judge the choice."
    ),
    "curves of tuning": (
        "“Tuned random start” begins with a vector that means nothing: if it ends as high, learning did it all and the "
        "heads’ vector was worth little as a beginning. “Tuned on five” learns from five examples alone: what the others "
        "add is the rest."
    ),
    "what a vector is compared with": (
        "Zero-shot: the question alone. In context: with demonstrations. In words: the relation is named. Injected: the "
        "question alone, and this vector. Random vector: another direction of the same length. Random heads: a vector of "
        "as many heads drawn at random. Other relation: the best of the other relations’ vectors. Layer mean: all that the "
        "layer holds in prompts with demonstrations, not the heads’ part alone. Guessing: knowing nothing of the relation."
    ),
    "what a sum is compared with": (
        "Zero-shot: the question alone. In context, same pair: the pair A and B is shown as the one demonstration. "
        "Composed: the sum with these weights. Equal weights: the same sum with all weights alike. Best base vector: the "
        "best of the vectors alone. Guessing: knowing nothing of the relation."
    ),
}
"""By the word that is explained."""
