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

FAMILIES = ("colour", "count", "presence", "where", "side", "corner", "number", "claim")
"""The families whose answers are few: what heads can be sorted by."""


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
        at: where something is learnt, `(target, 2)`: sequence and token.
        targets: the token that is to come there, `(target,)`.
        weights: how much each target counts, `(target,)`.
        turn: which turn each target belongs to, numbered through the batch, `(target,)`.
        families: the family of each turn.
        asked: where each turn's answer begins, `(turn, 2)`: sequence and token of the prompt's last token.
        kinds: the number of each turn's family, `(turn,)`.
        answers: the number of each turn's answer; the same for the same words: `(turn,)`.
        ends: by family of the turns without an answer, `(prompt, 2)`: sequence and token of each prompt's last token. They
            stay where they were made, for which of them are meant is asked there; a GPU would be waited for.
    """

    ids: torch.Tensor
    positions: torch.Tensor
    blocks: torch.Tensor
    at: torch.Tensor
    targets: torch.Tensor
    weights: torch.Tensor
    turn: torch.Tensor
    families: list[str]
    asked: torch.Tensor
    kinds: torch.Tensor
    answers: torch.Tensor
    ends: dict[str, torch.Tensor]

    def to(self, device: str) -> "Batch":
        """The same batch on a device."""
        tensors = (self.ids, self.positions, self.blocks, self.at, self.targets, self.weights, self.turn)
        turns = (self.asked, self.kinds, self.answers)
        return Batch(
            *(tensor.to(device) for tensor in tensors), self.families, *(tensor.to(device) for tensor in turns), self.ends
        )

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
    for index, row in enumerate(rows):
        length = len(row.ids)
        ids[index, :length] = torch.tensor(row.ids)
        positions[index, :length] = torch.tensor(row.positions)
        blocks[index, :length] = torch.tensor(row.blocks)
    learnt = [(index, *each) for index, row in enumerate(rows) for each in row.learnt]
    asked, words = [(0, 0)] * len(families), [()] * len(families)
    for index, at, target, turn, _ in learnt:
        asked[turn] = asked[turn] if words[turn] else (index, at)
        words[turn] = (*words[turn], target)
    number: dict[tuple[int, ...], int] = {}
    ends: dict[str, list[tuple[int, int]]] = {}
    for index, row in enumerate(rows):
        for family, at in row.ends:
            ends.setdefault(family, []).append((index, at))
    return Batch(
        ids,
        positions,
        blocks,
        torch.tensor([(index, at) for index, at, *_ in learnt], dtype=torch.long).view(-1, 2),
        torch.tensor([target for _, _, target, _, _ in learnt], dtype=torch.long),
        torch.tensor([weight for *_, weight in learnt]),
        torch.tensor([turn for _, _, _, turn, _ in learnt], dtype=torch.long),
        families,
        torch.tensor(asked, dtype=torch.long).view(-1, 2),
        torch.tensor([FAMILIES.index(family) if family in FAMILIES else -1 for family in families], dtype=torch.long),
        torch.tensor([number.setdefault(each, len(number)) for each in words], dtype=torch.long),
        {family: torch.tensor(places) for family, places in ends.items()},
    )
