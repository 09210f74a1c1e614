"""What the model itself says, without any training: the zero-shot controls beside every classifier.

label_likelihoods(backbone, example, ["cat", "dog"])     # {"cat": 0.93, "dog": 0.07}
generate_text(backbone, example)                         # "A cat on a sofa."
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from transformers.cache_utils import DynamicLayer

from sav_core.data.examples import Example
from sav_core.errors import SettingError
from sav_core.models.backbones import Backbone
from sav_core.models.batching import Encoded
from sav_core.models.silence import silence

__all__ = ["answer_scores", "generate_text", "label_likelihoods", "likelihoods_and_text", "read_on", "remembered"]

_LABELS_AT_ONCE = 16  # each needs a copy of what the model remembers of the prompt


def label_likelihoods(
    backbone: Backbone,
    example: Example,
    labels: Sequence[str],
    *,
    per_token: bool = False,
    encoded: Encoded | None = None,
    read: Callable[[], tuple[Tensor, Any] | None] | None = None,
) -> dict[str, float]:
    """Return how likely each label is as the assistant's answer; the numbers sum to 1.

    A label's score is the sum of the log-probabilities of its tokens after the prompt, and the answer is the softmax of
    the scores over the labels. A long label so scores lower than a short one; with ``per_token`` the mean takes the place
    of the sum. The prompt is read once for all labels. Who has ``backbone.encode(example)`` already may hand it over as
    ``encoded``, so that no picture is prepared twice; and who can have a part of the prompt read once for several says by
    ``read`` how: it returns the logits at the prompt's end and what is remembered of it, or ``None`` to have it read whole.

    Raises:
        SettingError: there are no labels, or one is empty.
        InputError: the example cannot be prepared.
    """
    answers = _answers(backbone, example, labels)
    with backbone.lock:
        found = None if read is None else read()
        if found is None:
            whole = _generate(backbone, encoded or backbone.encode(example), max_new_tokens=1)
            found = whole.logits[0], whole.past_key_values
        return _likelihoods(backbone, answers, *found, per_token=per_token)


def generate_text(backbone: Backbone, example: Example, *, max_new_tokens: int = 32, encoded: Encoded | None = None) -> str:
    """Return what the model answers, always taking the likeliest next token; ``encoded`` as in ``label_likelihoods``.

    Raises:
        InputError: the example cannot be prepared.
    """
    encoded = encoded or backbone.encode(example)
    return _text(backbone, encoded, _generate(backbone, encoded, max_new_tokens=max_new_tokens))


def likelihoods_and_text(
    backbone: Backbone, example: Example, labels: Sequence[str], *, max_new_tokens: int = 32, encoded: Encoded | None = None
) -> tuple[dict[str, float], str]:
    """Return what ``label_likelihoods`` and ``generate_text`` do, of a prompt that the model reads once for both.

    A model whose memory of what it wrote cannot be taken back, one with a sliding window for example, reads it twice.

    Raises:
        SettingError: there are no labels, or one is empty.
        InputError: the example cannot be prepared.
    """
    answers = _answers(backbone, example, labels)
    encoded = encoded or backbone.encode(example)
    with backbone.lock:
        written = _generate(backbone, encoded, max_new_tokens=max_new_tokens)
        text = _text(backbone, encoded, written)
        memory = written.past_key_values
        after_prompt = written.sequences.shape[1] - encoded.length - 1  # the last token written was never read
        if after_prompt and {type(layer) for layer in getattr(memory, "layers", ())} == {DynamicLayer}:
            memory.crop(-after_prompt)
        elif after_prompt:
            memory = _generate(backbone, encoded, max_new_tokens=1).past_key_values
        return _likelihoods(backbone, answers, written.logits[0], memory), text


def _answers(backbone: Backbone, example: Example, labels: Sequence[str]) -> dict[str, list[int]]:
    """The tokens of each label as the assistant's answer; one that is named twice is one answer."""
    if not labels or not all(label.strip() for label in labels):
        raise SettingError(f"labels must be one or more texts, none of them empty, but are {list(labels)!r}.")
    return {label: backbone.answer_ids(example, label) for label in dict.fromkeys(labels)}


def _text(backbone: Backbone, encoded: Encoded, written: Any) -> str:
    text: str = backbone.processor.tokenizer.decode(written.sequences[0, encoded.length :], skip_special_tokens=True)
    return text.strip()


def _likelihoods(
    backbone: Backbone, answers: dict[str, list[int]], logits: Tensor, memory: Any, *, per_token: bool = False
) -> dict[str, float]:
    """How likely each answer is after a prompt: by the logits ``(1, token)`` at its end, and what is remembered of it."""
    first, tokens = logits.float().log_softmax(-1), list(answers.values())
    scores: list[float] = []
    for start in range(0, len(tokens), _LABELS_AT_ONCE):
        some = tokens[start : start + _LABELS_AT_ONCE]
        scores += answer_scores(backbone, some, first, memory)[0].tolist()
    if per_token:
        scores = [score / len(answer) for score, answer in zip(scores, tokens, strict=True)]
    shares = torch.tensor(scores, dtype=torch.float64).softmax(0)
    return dict(zip(answers, shares.tolist(), strict=True))


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
        rest = read_on(backbone, [answers[row] for row in longer] * prompts, remembered(memory, len(longer)))
        sums[:, longer] += rest.cpu().view(prompts, len(longer))
    return sums


def read_on(backbone: Backbone, answers: Sequence[list[int]], memory: Any) -> Tensor:
    """Return the sum of the log-probabilities of an answer's tokens but for the first, ``float32 (prompt,)``.

    Args:
        backbone: the model that has read the prompts.
        answers: one for each prompt, longer than a token at least one of them.
        memory: what the model remembers of the prompts; the answers are added to it.
    """
    given, asked = (
        pad_sequence([torch.tensor(answer[part], dtype=torch.long) for answer in answers], batch_first=True)
        for part in (slice(-1), slice(1, None))
    )
    # No attention mask: the prompt has no padding, and what pads an answer comes after all that is asked of it.
    read = backbone.model(input_ids=given.to(backbone.device), past_key_values=memory, use_cache=True)
    follows = read.logits.float().log_softmax(-1)
    follows = follows.gather(-1, asked[..., None].to(follows.device))[..., 0]
    lengths = torch.tensor([[len(answer) - 1] for answer in answers])
    real = torch.arange(asked.shape[1]) < lengths
    summed: Tensor = (follows * real.to(follows.device)).sum(-1)
    return summed


def remembered(memory: Any, copies: int) -> Any:
    """Return what a model remembers of prompts, so many times each; reading on from that leaves ``memory``."""
    own = copy.copy(memory)
    own.layers = [copy.copy(layer) for layer in memory.layers]  # reading on replaces tensors, never writes
    if copies > 1:
        own.batch_repeat_interleave(copies)
    return own
