"""Many questions on one picture in a single sequence, each seeing only the picture and itself.

    <user> picture (36 tokens) | question <assistant> answer <end> | question <assistant> answer <end> | ...

The picture is by far the dearest part of a prompt, so it is read once. Position numbers start again after the picture for
each question and the attention mask keeps questions apart: what the model computes is exactly what it would for each
question alone in the ordinary chat format (`tests` hold the two equal).
"""

from dataclasses import dataclass

import torch
from transformers import PreTrainedTokenizerFast

from tools.model import GRID
from tools.text import ASSISTANT, END, IMAGE, USER

PICTURE = GRID * GRID


@dataclass(frozen=True)
class Turn:
    """A question and its answer; `weight` is how much the answer counts in the loss."""

    family: str
    question: str
    answer: str
    weight: float = 1.0


@dataclass
class Batch:
    """Sequences of equal length, padded on the right.

    Attributes:
        ids: `(sequence, token)`.
        positions: `(sequence, token)`.
        mask: additive attention mask `(sequence, 1, token, token)`.
        targets: the token to come after each token, or -1 where nothing is learnt: `(sequence, token)`.
        weights: how much each target counts.
        turn: which turn a target belongs to, numbered through the batch; -1 where none.
        families: the family of each turn.
    """

    ids: torch.Tensor
    positions: torch.Tensor
    mask: torch.Tensor
    targets: torch.Tensor
    weights: torch.Tensor
    turn: torch.Tensor
    families: list[str]

    def to(self, device: str) -> "Batch":
        """The same batch on a device."""
        tensors = (self.ids, self.positions, self.mask, self.targets, self.weights, self.turn)
        return Batch(*(tensor.to(device) for tensor in tensors), self.families)


class Packer:
    """Turns to batches."""

    end_weight = 0.2  # that an answer ends is soon learnt

    def __init__(self, tokenizer: PreTrainedTokenizerFast) -> None:
        self._tokenizer = tokenizer
        self._user, self._assistant, self._end, self._image = tokenizer.convert_tokens_to_ids([USER, ASSISTANT, END, IMAGE])
        self._stop = tokenizer.convert_tokens_to_ids(".")
        self._cache: dict[str, list[int]] = {}

    def tokens(self, text: str) -> list[int]:
        """The tokens of a text within a message: after the space that the chat template puts before it."""
        if not text:
            return []
        if text not in self._cache:
            if len(self._cache) > 200_000:
                self._cache.clear()
            self._cache[text] = self._tokenizer.encode(f" {text}", add_special_tokens=False)
        return self._cache[text]

    def pack(self, pictures: list[list[Turn]], longest: int) -> Batch:
        """One sequence for each picture, with as many of its turns, from the first on, as `longest` tokens hold."""
        rows, families = [], []
        for turns in pictures:
            row = _Row([self._user] + [self._image] * PICTURE)
            for turn in turns:
                question = [*self.tokens(turn.question), self._assistant]
                answer = [*self.tokens(turn.answer), self._end]
                if len(row.ids) + len(question) + len(answer) - 1 > longest:
                    continue
                row.block(question, answer, len(families), turn.weight, self.end_weight)
                families.append(turn.family)
            rows.append(row)
        return _collate(rows, families)

    def chain(self, prompts: list[list[tuple[str, str]]], extras: list[Turn]) -> Batch:
        """Prompts of several pictures, one `(question, answer)` each: an ordinary causal sequence.

        All but the last are written into the user's message as "question answer."; the last is answered by the
        assistant. Every answer is learnt, the earlier ones too. `extras[i]` is a question about prompt i as a whole,
        asked in place of a last one: a block of its own.
        """
        rows, families = [], []
        for turns, extra in zip(prompts, extras, strict=True):
            row = _Row([self._user])
            for index, (question, answer) in enumerate(turns):
                row.extend([self._image] * PICTURE + self.tokens(question))
                if index < len(turns) - 1:
                    row.learn(self.tokens(answer), len(families), 1.0)
                    row.extend([self._stop])
                else:
                    branch = len(row.ids)
                    row.extend([self._assistant])
                    row.learn(self.tokens(answer), len(families), 1.0)
                    row.learn([self._end], len(families), self.end_weight)
                families.append(f"demo {index}")
            if extra.weight:
                row.fork(branch, [*self.tokens(extra.question), self._assistant])
                row.learn([*self.tokens(extra.answer), self._end], len(families), extra.weight)
                families.append(extra.family)
            rows.append(row)
        return _collate(rows, families)


class _Row:
    """One sequence in the making: its tokens and, for each, position, block and what is to come next."""

    def __init__(self, prefix: list[int]) -> None:
        self.ids = list(prefix)
        self.positions = list(range(len(prefix)))
        self.blocks = [0] * len(prefix)  # a block sees block 0 (up to where it forked) and itself
        self.learnt: list[tuple[int, int, int, float]] = []  # (at, target, turn, weight)
        self.forks = {0: len(prefix)}
        self._block = 0
        self._prefix = len(prefix)

    def extend(self, ids: list[int]) -> None:
        start = self.positions[-1] + 1
        self.ids += ids
        self.positions += range(start, start + len(ids))
        self.blocks += [self._block] * len(ids)

    def learn(self, ids: list[int], turn: int, weight: float) -> None:
        for token in ids:
            self.learnt.append((len(self.ids) - 1, token, turn, weight))
            self.extend([token])

    def fork(self, at: int, ids: list[int]) -> None:
        """Start a block that sees the first `at` tokens of block 0."""
        self._block = max(self.forks) + 1
        self.forks[self._block] = at
        self.ids.append(ids[0])
        self.positions.append(self.positions[at - 1] + 1)
        self.blocks.append(self._block)
        self.extend(ids[1:])

    def block(self, question: list[int], answer: list[int], turn: int, weight: float, end_weight: float) -> None:
        """Fork off the prefix, ask, answer; the last token of the answer need not be read."""
        self.fork(self._prefix, question)
        self.learn(answer[:-1], turn, weight)
        self.learnt.append((len(self.ids) - 1, answer[-1], turn, end_weight))


def _collate(rows: list[_Row], families: list[str]) -> Batch:
    longest = max(len(row.ids) for row in rows)
    shape = (len(rows), longest)
    ids, positions = torch.zeros(shape, dtype=torch.long), torch.zeros(shape, dtype=torch.long)
    blocks, forks = torch.full(shape, -1), torch.zeros(shape, dtype=torch.long)
    targets, turn = torch.full(shape, -1), torch.full(shape, -1)
    weights = torch.zeros(shape)
    for index, row in enumerate(rows):
        length = len(row.ids)
        ids[index, :length] = torch.tensor(row.ids)
        positions[index, :length] = torch.tensor(row.positions)
        blocks[index, :length] = torch.tensor(row.blocks)
        forks[index, :length] = torch.tensor([row.forks[block] for block in row.blocks])
        at, token, turns, weight = zip(*row.learnt, strict=True)
        targets[index, list(at)], turn[index, list(at)] = torch.tensor(token), torch.tensor(turns)
        weights[index, list(at)] = torch.tensor(weight)
    place = torch.arange(longest)
    before = place[None, None, :] <= place[None, :, None]
    same = blocks[:, :, None] == blocks[:, None, :]
    trunk = (blocks[:, None, :] == 0) & (place[None, None, :] < forks[:, :, None])
    seen = before & (same | trunk)
    mask = torch.zeros(seen.shape).masked_fill_(~seen, torch.finfo(torch.bfloat16).min)[:, None]
    return Batch(ids, positions, mask, targets, weights, turn, families)
