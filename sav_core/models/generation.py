"""What the model itself says, without any training: the zero-shot controls beside every classifier.

label_likelihoods(backbone, example, ["cat", "dog"])     # {"cat": 0.93, "dog": 0.07}
generate_text(backbone, example)                         # "A cat on a sofa."
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from sav_core.data.examples import Example
from sav_core.errors import SettingError
from sav_core.models.backbones import Backbone
from sav_core.models.batching import Encoded
from sav_core.models.silence import silence

__all__ = ["generate_text", "label_likelihoods"]

_LABELS_AT_ONCE = 16  # each needs a copy of what the model remembers of the prompt


def label_likelihoods(
    backbone: Backbone,
    example: Example,
    labels: Sequence[str],
    *,
    per_token: bool = False,
    encoded: Encoded | None = None,
) -> dict[str, float]:
    """Return how likely each label is as the assistant's answer; the numbers sum to 1.

    A label's score is the sum of the log-probabilities of its tokens after the prompt, and the answer is the softmax of
    the scores over the labels. A long label so scores lower than a short one; with ``per_token`` the mean takes the place
    of the sum. The prompt is read once for all labels. Who has ``backbone.encode(example)`` already may hand it over as
    ``encoded``, so that no picture is prepared twice.

    Raises:
        SettingError: there are no labels, or one is empty.
        InputError: the example cannot be prepared.
    """
    if not labels or not all(label.strip() for label in labels):
        raise SettingError(f"labels must be one or more texts, none of them empty, but are {list(labels)!r}.")
    labels = list(dict.fromkeys(labels))  # one named twice is one answer
    answers = [backbone.answer_ids(example, label) for label in labels]
    with backbone.lock:
        read = _generate(backbone, encoded or backbone.encode(example), max_new_tokens=1)
        first = read.logits[0][0].float().log_softmax(-1)
        scores: list[float] = []
        for start in range(0, len(answers), _LABELS_AT_ONCE):
            scores += _scores(backbone, answers[start : start + _LABELS_AT_ONCE], first, read.past_key_values)
    if per_token:
        scores = [score / len(answer) for score, answer in zip(scores, answers, strict=True)]
    shares = torch.tensor(scores, dtype=torch.float64).softmax(0)
    return dict(zip(labels, shares.tolist(), strict=True))


def generate_text(backbone: Backbone, example: Example, *, max_new_tokens: int = 32, encoded: Encoded | None = None) -> str:
    """Return what the model answers, always taking the likeliest next token; ``encoded`` as in ``label_likelihoods``.

    Raises:
        InputError: the example cannot be prepared.
    """
    encoded = encoded or backbone.encode(example)
    written = _generate(backbone, encoded, max_new_tokens=max_new_tokens)
    text: str = backbone.processor.tokenizer.decode(written.sequences[0, encoded.length :], skip_special_tokens=True)
    return text.strip()


def _generate(backbone: Backbone, encoded: Encoded, max_new_tokens: int) -> Any:
    """Let the model write on; the result also holds its logits and what it remembers of the prompt."""
    with backbone.lock, silence():
        return backbone.model.generate(
            **backbone.collate([encoded]),
            max_new_tokens=max_new_tokens,
            do_sample=False,
            pad_token_id=backbone.pad_token_id,
            return_dict_in_generate=True,
            output_logits=True,
        )


@torch.inference_mode()
def _scores(backbone: Backbone, answers: Sequence[list[int]], first: Tensor, memory: Any) -> list[float]:
    """Each answer's sum of log-probabilities: its first token from ``first``, the others by reading on from ``memory``."""
    sums = first[[answer[0] for answer in answers]].cpu()
    longest = max(len(answer) for answer in answers) - 1
    if longest:
        # An answer of one token leaves nothing to read on, and of an empty list torch would make a float tensor.
        given = pad_sequence([torch.tensor(answer[:-1], dtype=torch.long) for answer in answers], batch_first=True)
        asked = pad_sequence([torch.tensor(answer[1:], dtype=torch.long) for answer in answers], batch_first=True)
        own = copy.deepcopy(memory)
        own.batch_repeat_interleave(len(answers))
        # No attention mask: the prompt has no padding, and what pads an answer comes after all that is asked of it.
        read = backbone.model(input_ids=given.to(first.device), past_key_values=own, use_cache=True)
        follows = read.logits.float().log_softmax(-1).cpu().gather(-1, asked[..., None])[..., 0]
        real = torch.arange(longest) < torch.tensor([[len(answer) - 1] for answer in answers])
        sums = sums + (follows * real).sum(-1)
    scores: list[float] = sums.tolist()
    return scores
