"""Many questions on the same pictures in a single sequence, each seeing only the pictures and itself.

    <user> picture (36 tokens) | question <assistant> answer <end> | question <assistant> answer <end> | ...

The picture is by far the dearest part of a prompt, so it is read once. Position numbers start again after the pictures for
each question and the attention mask keeps questions apart: what the model computes is exactly what it would for each
question alone in the ordinary chat format (`tests` hold the two equal). A prompt of several pictures has a line under
each but the last, a question with its answer, as demonstrations are written.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import torch
from PIL import Image
from transformers import PreTrainedTokenizerFast

from sav_core.scenes.draw import Scene
from tools.model import GRID
from tools.text import ASSISTANT, END, IMAGE, USER

PICTURE = GRID * GRID


@dataclass(frozen=True)
class Turn:
    """A question and its answer; `weight` is how much the answer counts in the loss.

    Without an answer no text is learnt: the prompt's last token is taught by what the tower sees (`retention`).
    """

    family: str
    question: str
    answer: str | None
    weight: float = 1.0


@dataclass(frozen=True)
class Line:
    """What stands under a picture that is not the last: a question, its answer, and whether that is to be learnt."""

    question: str
    answer: str = ""
    family: str | None = None


@dataclass(frozen=True, eq=False)
class View:
    """A picture as the model will see it, and the scene it shows where it is one."""

    image: Image.Image
    scene: Scene | None = None


@dataclass(frozen=True)
class Sheet:
    """Pictures in order, the line under each but the last, and what is asked of them all."""

    pictures: Sequence[View]
    turns: Sequence[Turn]
    lines: Sequence[Line] = ()


@dataclass
class Batch:
    """Sequences of equal length, padded on the right.

    Attributes:
        ids: `(sequence, token)`.
        positions: `(sequence, token)`.
        blocks: which block a token is of, `(sequence, token)`: 0 the trunk, -1 padding.
        targets: the token to come after each token, or -1 where nothing is learnt: `(sequence, token)`.
        weights: how much each target counts.
        turn: which turn a target belongs to, numbered through the batch; -1 where none.
        families: the family of each turn.
        ends: by family of the turns without an answer, `(sequence, token)` of each prompt's last token.
    """

    ids: torch.Tensor
    positions: torch.Tensor
    blocks: torch.Tensor
    targets: torch.Tensor
    weights: torch.Tensor
    turn: torch.Tensor
    families: list[str]
    ends: dict[str, torch.Tensor]

    def to(self, device: str) -> "Batch":
        """The same batch on a device."""
        tensors = (self.ids, self.positions, self.blocks, self.targets, self.weights, self.turn)
        ends = {family: at.to(device) for family, at in self.ends.items()}
        return Batch(*(tensor.to(device) for tensor in tensors), self.families, ends)

    def mask(self) -> torch.Tensor:
        """The additive attention mask `(sequence, 1, token, token)`: a block sees what came before of the trunk and itself.

        Made where the batch lies: it is by far the largest part of it.
        """
        place = torch.arange(self.blocks.shape[1], device=self.blocks.device)
        before = place[None, None, :] <= place[None, :, None]
        seen = before & ((self.blocks[:, :, None] == self.blocks[:, None, :]) | (self.blocks[:, None, :] == 0))
        return torch.zeros(seen.shape, device=seen.device).masked_fill_(~seen, torch.finfo(torch.bfloat16).min)[:, None]


class Packer:
    """Sheets to batches."""

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

    def single_tokens(self, words: Iterable[str]) -> dict[str, int]:
        """The token of each word that is one."""
        return {word: tokens[0] for word in words if len(tokens := self.tokens(word)) == 1}

    def pack(self, sheets: Sequence[Sheet], longest: int) -> Batch:
        """One sequence for each sheet, with as many of its turns, from the first on, as `longest` tokens hold."""
        rows: list[_Row] = []
        families: list[str] = []
        for sheet in sheets:
            row = _Row([self._user])
            for index in range(len(sheet.pictures)):
                row.extend([self._image] * PICTURE)
                if index < len(sheet.lines):
                    self._write(row, sheet.lines[index], families)
            row.branch()
            for turn in sheet.turns:
                question = [*self.tokens(turn.question), self._assistant]
                answer = [] if turn.answer is None else [*self.tokens(turn.answer), self._end]
                if len(row.ids) + len(question) + max(0, len(answer) - 1) > longest:
                    continue
                row.fork(question)
                if turn.answer is None:
                    row.ends.append((turn.family, len(row.ids) - 1))
                else:
                    row.finish(answer, len(families), turn.weight, self.end_weight)
                    families.append(turn.family)
            rows.append(row)
        return _collate(rows, families)

    def _write(self, row: "_Row", line: Line, families: list[str]) -> None:
        row.extend(self.tokens(line.question))
        if line.family is None:
            row.extend(self.tokens(line.answer))
        else:
            row.learn(self.tokens(line.answer), len(families), 1.0)
            families.append(line.family)
        if line.answer:
            row.extend([self._stop])


@dataclass
class _Row:
    """One sequence in the making: its tokens and, for each, position and block, and what is to come next."""

    ids: list[int]
    positions: list[int] = field(init=False)
    blocks: list[int] = field(init=False)  # a block sees the trunk, block 0, and itself
    learnt: list[tuple[int, int, int, float]] = field(default_factory=list)  # (at, target, turn, weight)
    ends: list[tuple[str, int]] = field(default_factory=list)
    trunk: int = 0
    _block: int = 0

    def __post_init__(self) -> None:
        self.positions = list(range(len(self.ids)))
        self.blocks = [0] * len(self.ids)

    def extend(self, ids: list[int]) -> None:
        start = self.positions[-1] + 1
        self.ids += ids
        self.positions += range(start, start + len(ids))
        self.blocks += [self._block] * len(ids)

    def learn(self, ids: list[int], turn: int, weight: float) -> None:
        for token in ids:
            self.learnt.append((len(self.ids) - 1, token, turn, weight))
            self.extend([token])

    def branch(self) -> None:
        """The trunk ends here; whatever follows are blocks of their own."""
        self.trunk = len(self.ids)

    def fork(self, ids: list[int]) -> None:
        """Start a block after the trunk."""
        self._block += 1
        self.ids.append(ids[0])
        self.positions.append(self.positions[self.trunk - 1] + 1)
        self.blocks.append(self._block)
        self.extend(ids[1:])

    def finish(self, answer: list[int], turn: int, weight: float, end_weight: float) -> None:
        """Learn the answer; its last token need not be read."""
        self.learn(answer[:-1], turn, weight)
        self.learnt.append((len(self.ids) - 1, answer[-1], turn, end_weight))


def _collate(rows: list[_Row], families: list[str]) -> Batch:
    longest = max(len(row.ids) for row in rows)
    shape = (len(rows), longest)
    ids, positions = torch.zeros(shape, dtype=torch.long), torch.zeros(shape, dtype=torch.long)
    blocks = torch.full(shape, -1)
    targets, turn = torch.full(shape, -1), torch.full(shape, -1)
    weights = torch.zeros(shape)
    for index, row in enumerate(rows):
        length = len(row.ids)
        ids[index, :length] = torch.tensor(row.ids)
        positions[index, :length] = torch.tensor(row.positions)
        blocks[index, :length] = torch.tensor(row.blocks)
        if row.learnt:
            at, token, turns, weight = zip(*row.learnt, strict=True)
            targets[index, list(at)], turn[index, list(at)] = torch.tensor(token), torch.tensor(turns)
            weights[index, list(at)] = torch.tensor(weight)
    ends: dict[str, list[tuple[int, int]]] = {}
    for index, row in enumerate(rows):
        for family, at in row.ends:
            ends.setdefault(family, []).append((index, at))
    return Batch(
        ids, positions, blocks, targets, weights, turn, families, {f: torch.tensor(places) for f, places in ends.items()}
    )
