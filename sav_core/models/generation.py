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

__all__ = ["answer_scores", "generate_text", "label_likelihoods", "remembered"]

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
        first = read.logits[0].float().log_softmax(-1)
        scores: list[float] = []
        for start in range(0, len(answers), _LABELS_AT_ONCE):
            some = answers[start : start + _LABELS_AT_ONCE]
            scores += answer_scores(backbone, some, first, read.past_key_values)[0].tolist()
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
def answer_scores(backbone: Backbone, answers: Sequence[list[int]], first: Tensor, memory: Any) -> Tensor:
    """Return each answer's sum of log-probabilities after each prompt of a batch without padding.

    Args:
        backbone: the model that has read the prompts; hold its lock until their answers are read, for some models
            remember a part of it on the side.
        answers: their tokens, one or more each.
        first: ``(prompt, token)``, the log-probabilities of the token after each prompt.
        memory: what the model remembers of the prompts; it is read on from, and stays as it is.

    Returns:
        ``float32 (prompt, answer)`` on the CPU.
    """
    sums = first[:, [answer[0] for answer in answers]].cpu()
    longer = [row for row, answer in enumerate(answers) if len(answer) > 1]  # of the others nothing is left to read
    if longer:
        prompts = len(first)
        read_on, asked_for = ([torch.tensor(answers[row][part]) for row in longer] for part in (slice(-1), slice(1, None)))
        given, asked = (pad_sequence(each, batch_first=True).repeat(prompts, 1) for each in (read_on, asked_for))
        own = remembered(memory, len(longer))
        # No attention mask: the prompt has no padding, and what pads an answer comes after all that is asked of it.
        read = backbone.model(input_ids=given.to(first.device), past_key_values=own, use_cache=True)
        follows = read.logits.float().log_softmax(-1).cpu().gather(-1, asked[..., None])[..., 0]
        lengths = torch.tensor([[len(answers[row]) - 1] for row in longer]).repeat(prompts, 1)
        real = torch.arange(asked.shape[1]) < lengths
        sums[:, longer] += (follows * real).sum(-1).view(prompts, len(longer))
    return sums


def remembered(memory: Any, copies: int) -> Any:
    """Return what a model remembers of prompts, so many times each; reading on from that leaves ``memory``."""
    own = copy.copy(memory)
    own.layers = [copy.copy(layer) for layer in memory.layers]  # reading on replaces tensors, never writes
    if copies > 1:
        own.batch_repeat_interleave(copies)
    return own
