"""A step's pictures and questions, made apart from the model, so that other processes can make them while it learns.

Nothing here touches the model or a GPU: a `Lesson` is tensors and small records that travel between processes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from sav_core.scenes.draw import COLOURS
from tools.model import GRID
from tools.packing import Batch, Packer, View
from tools.tasks import Maker

LONGEST = 160  # tokens of a packed sequence about one picture
LONGEST_OF_SEVERAL = 320


@dataclass(frozen=True)
class Size:
    """How much a step asks of one process: drawn single pictures, photographs, mixtures of maps, and sheets of several."""

    drawn: int = 16
    photographs: int = 16
    mixed: int = 6
    several: int = 7  # sheets: two pairs of frames, two of likeness, one of new words, two of relations, and so on

    def times(self, count: int) -> "Size":
        """So many times as much."""
        return Size(self.drawn * count, self.photographs * count, self.mixed * count, self.several * count)


@dataclass(frozen=True)
class Drawn:
    """Things of the drawn single pictures: which picture, how much of each cell they cover, and their words' numbers.

    Attributes:
        picture: `(thing,)`.
        cover: `(thing, token)`, each row summing to one.
        name: `(thing,)`.
        colour: `(thing,)`, -1 where the thing is not tinted.
    """

    picture: torch.Tensor
    cover: torch.Tensor
    name: torch.Tensor
    colour: torch.Tensor

    def to(self, device: str) -> "Drawn":
        """The same on a device."""
        return Drawn(*(part.to(device) for part in (self.picture, self.cover, self.name, self.colour)))


@dataclass(frozen=True)
class Lesson:
    """One step.

    Attributes:
        pixels: uint8 `(picture, row, column, channel)`: drawn singles, then photographs, then the sheets of several.
        drawn: the questions about the drawn singles.
        apart: what is to be kept of the photographs, and after them of the mixtures.
        several: the sheets of several pictures.
        things: what the drawn singles show.
    """

    pixels: torch.Tensor
    drawn: Batch
    apart: Batch
    several: Batch
    things: Drawn

    def pin_memory(self) -> "Lesson":
        """The same with its pixels where a GPU fetches them by itself: `DataLoader` asks for it, in a thread beside."""
        return replace(self, pixels=self.pixels.pin_memory())


class Teacher:
    """Makes lessons of a size."""

    kinds = ("frames", "likeness", "relation", "new_words", "frames", "likeness", "relation")

    def __init__(self, maker: Maker, packer: Packer, names: dict[str, int], size: Size) -> None:
        self.maker, self.packer, self.names, self.size = maker, packer, names, size

    def lesson(self, rng: Random) -> Lesson:
        """The same lesson for the same state of ``rng``."""
        size = self.size
        ones = [self.maker.one(rng) for _ in range(size.drawn)]
        apart = [self.maker.photograph(rng) for _ in range(size.photographs + size.mixed)]
        kinds = [self.kinds[place % len(self.kinds)] for place in range(size.several)]
        several = [getattr(self.maker, kind)(rng) for kind in kinds]
        views = [view for sheet in (*ones, *apart[: size.photographs], *several) for view in sheet.pictures]
        return Lesson(
            torch.from_numpy(np.stack([np.asarray(view.image) for view in views])),
            self.packer.pack(ones, LONGEST),
            self.packer.pack(apart, LONGEST),
            self.packer.pack(several, LONGEST_OF_SEVERAL),
            drawn_things(views[: size.drawn], self.names),
        )


def drawn_things(views: Sequence[View], names: Mapping[str, int]) -> Drawn:
    """What the pictures show of what has a number."""
    shown = [
        (index, thing)
        for index, view in enumerate(views)
        for thing in (view.scene.things if view.scene else ())
        if thing.name in names
    ]
    colours = list(COLOURS)
    return Drawn(
        torch.tensor([index for index, _ in shown]),
        torch.from_numpy(np.stack([cover(thing) for _, thing in shown])),
        torch.tensor([names[thing.name] for _, thing in shown]),
        torch.tensor([colours.index(thing.colour) if thing.colour else -1 for _, thing in shown]),
    )


def cover(thing: object) -> np.ndarray:
    """How much of a thing's square lies in each cell of the grid, summing to one: `(token,)`."""
    edges = np.arange(GRID)
    along = []
    for centre in (thing.y, thing.x):
        low, high = ((centre + sign * thing.size / 2) * GRID for sign in (-1, 1))
        overlap = np.clip(np.minimum(high, edges + 1) - np.maximum(low, edges), 0, 1)
        along.append(overlap / max(overlap.sum(), 1e-6))
    return np.outer(*along).ravel().astype(np.float32)


class _Steps(Dataset):
    """Lessons by the number of their step."""

    def __init__(self, teacher: Teacher, first: int, last: int, rank: int) -> None:
        self.teacher, self.first, self.last, self.rank = teacher, first, last, rank

    def __len__(self) -> int:
        return self.last - self.first

    def __getitem__(self, index: int) -> Lesson:
        return self.teacher.lesson(Random(f"language {self.first + index} {self.rank}"))


def lessons(teacher: Teacher, first: int, last: int, rank: int, workers: int) -> Iterator[Lesson]:
    """The lessons of the steps from one to another, made by so many processes beside this one, in order."""
    torch.multiprocessing.set_sharing_strategy("file_system")  # a descriptor a tensor would soon be too many
    steps = _Steps(teacher, first, last, rank)
    pinned = workers > 0 and torch.cuda.is_available()
    return iter(DataLoader(steps, batch_size=None, num_workers=workers, pin_memory=pinned))
