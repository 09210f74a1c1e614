"""A classifier judged on a test set: the kept heads' accuracy, and beside it other heads and the model's own answer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sav_core.answers import generate_text, label_likelihoods
from sav_core.errors import CancelledError
from sav_core.evaluation import Evaluation, evaluate_labels, head_controls
from sav_core.records import Cancel, Example, ProgressCallback
from sav_core.sav import SavClassifier

__all__ = ["Report", "evaluate_classifier"]


@dataclass(frozen=True)
class Report:
    """What a test set says of a classifier.

    Attributes:
        evaluation: of the kept heads' vote.
        controls: accuracy of other ways to answer, by name; empty unless asked for.
    """

    evaluation: Evaluation
    controls: Mapping[str, float] = field(default_factory=dict)


def evaluate_classifier(
    classifier: SavClassifier,
    test: Sequence[Example],
    *,
    controls: bool = False,
    progress: ProgressCallback | None = None,
    cancel: Cancel | None = None,
) -> Report:
    """Judge a fitted classifier on labelled examples it was not fitted on.

    Args:
        classifier: fitted.
        test: labelled examples; one without a question is asked the support's.
        controls: also judge all heads, the best head, random heads, and the model's zero-shot answer, by label likelihood
            and as generated text. The last two run the model once more on every example.
        progress: called as examples are done.
        cancel: asked between batches; true stops the work.

    Raises:
        InputError: nothing to evaluate, or a label that the classifier was not taught.
        CancelledError: ``cancel`` said so.
    """
    queries = [classifier.as_query(example) for example in test]
    labels = [str(label) for label in classifier.classes_]
    truth = [example.label for example in queries]
    evaluate_labels(truth, [labels[0]] * len(truth), labels)  # a wrong test set is refused before the model runs
    vectors = classifier.extract(queries, progress=progress, cancel=cancel)
    answers = [prediction.label for prediction in classifier.head_classifier_.predict(vectors)]
    evaluation = evaluate_labels(truth, answers, labels)
    if not controls:
        return Report(evaluation)
    return Report(
        evaluation,
        {
            **head_controls(classifier.head_classifier_, vectors),
            **_zero_shot(classifier, queries, labels, cancel),
        },
    )


def _zero_shot(
    classifier: SavClassifier, queries: Sequence[Example], labels: Sequence[str], cancel: Cancel | None
) -> dict[str, float]:
    """Accuracy of the model's own answer, with no support: the likeliest label, and the text it writes."""
    likeliest = written = 0
    for query in queries:
        if cancel is not None and cancel():
            raise CancelledError("Stopped while the model was answering zero-shot: run again without controls, or wait.")
        likelihood = label_likelihoods(classifier.backbone, query, labels)
        likeliest += max(labels, key=likelihood.__getitem__) == query.label
        written += _same_answer(generate_text(classifier.backbone, query), str(query.label))
    return {"zero_shot_likelihood": likeliest / len(queries), "zero_shot_text": written / len(queries)}


def _same_answer(text: str, label: str) -> bool:
    """Whether a written answer is the label, whatever its case, punctuation and article."""
    return _bare(text) == _bare(label)


def _bare(text: str) -> str:
    words = re.findall(r"\w+", text.casefold())
    return " ".join(words[1:] if len(words) > 1 and words[0] in {"a", "an", "the"} else words)
