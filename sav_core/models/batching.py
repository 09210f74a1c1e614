"""What a processor makes of one example, and how several become one batch.

A processor returns two kinds of tensors. Those shaped like the tokens, ``(1, token)``, are padded on the left, so that the
last token of every row is the last token of its prompt. All others describe the images; they are joined along their first
axis, in the order of the examples, after padding the others to the largest with zeros, which models skip.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["BatchBudget", "Encoded", "collate"]

# A vision tower's working set for each pixel value: 9 to 16 numbers in a layer of CLIP, SigLIP and Qwen's tower.
_NUMBERS_PER_PIXEL = 16


@dataclass(frozen=True, slots=True)
class Encoded:
    """One example as its model reads it.

    Attributes:
        tokens: ``{name: (1, token)}``, ``input_ids`` and ``attention_mask`` among them.
        images: ``{name: (n, ...)}``, what else the model wants; empty for a text-only example.
        image_token_mask: ``bool (token,)``, where the model puts what it saw.
        name: of the example, for messages.
    """

    tokens: Mapping[str, Tensor]
    images: Mapping[str, Tensor]
    image_token_mask: Tensor
    name: str = ""

    def __repr__(self) -> str:
        return f"Encoded({self.length} tokens, {int(self.image_token_mask.sum())} of images)"

    @property
    def length(self) -> int:
        """How many tokens."""
        return int(self.tokens["input_ids"].shape[1])

    @property
    def colours(self) -> Tensor:
        """What of ``images`` are its pictures' colours, by whatever name its model calls them."""
        return next(tensor for name, tensor in self.images.items() if name.startswith("pixel_values"))

    @property
    def frames(self) -> tuple[tuple[int, ...], ...]:
        """How many frames its clips have, and of which shapes, where a model takes each as one; a batch has them alike."""
        return tuple(tensor.shape[1:] for name, tensor in self.images.items() if "video" in name and tensor.dim() > 4)

    @property
    def shows_video(self) -> bool:
        """Whether a part of it is named after videos."""
        return any("video" in name for name in self.images)

    @property
    def pixel_values(self) -> int:
        """How many numbers describe its images."""
        return sum(tensor.numel() for tensor in self.images.values() if tensor.is_floating_point())


def collate(examples: Sequence[Encoded], pad_token_id: int) -> dict[str, Tensor]:
    """Join examples into one batch ``{name: (example, token) or (n, ...)}``, padded on the left."""
    length = max(example.length for example in examples)
    batch = {}
    for name in _names(example.tokens for example in examples):
        fill = pad_token_id if name == "input_ids" else 0
        rows = [_token_row(example, name) for example in examples]
        batch[name] = torch.cat([F.pad(row, (length - row.shape[1], 0), value=fill) for row in rows])
    for name in _names(example.images for example in examples):
        batch[name] = _join([example.images[name] for example in examples if name in example.images])
    return batch


def _names(mappings: Iterator[Mapping[str, Tensor]]) -> list[str]:
    """The names of all mappings, each once, in the order they first appear."""
    return list(dict.fromkeys(name for mapping in mappings for name in mapping))


def _token_row(example: Encoded, name: str) -> Tensor:
    """The example's own row, else zeros: no example marks fewer kinds of tokens than one of text alone."""
    row = example.tokens.get(name)
    return torch.zeros_like(example.tokens["input_ids"]) if row is None else row


def _join(tensors: Sequence[Tensor]) -> Tensor:
    sizes = [max(extent) for extent in zip(*(tensor.shape[1:] for tensor in tensors), strict=True)]
    return torch.cat([_grow(tensor, sizes) for tensor in tensors])


def _grow(tensor: Tensor, sizes: Sequence[int]) -> Tensor:
    missing = [size - have for size, have in zip(sizes, tensor.shape[1:], strict=True)]
    if not any(missing):
        return tensor
    return F.pad(tensor, [end for lack in reversed(missing) for end in (0, lack)])


def _fits(one: Encoded, other: Encoded) -> bool:
    """Whether both may be in one batch: clips that are padded to one number of frames would be seen with more.

    Nor are pictures among videos, which GLM-4V takes for each other.
    """
    if not one.images or not other.images:
        return True
    return one.frames == other.frames and one.shows_video == other.shows_video


@dataclass(frozen=True, slots=True)
class BatchBudget:
    """How much may go through the model at once, estimated from its widths before anything runs.

    Attributes:
        limit_bytes: working memory that there is.
        bytes_per_token: what one token needs in the widest decoder layer.
        bytes_per_number: size of one number in the model's dtype.
        most: how many examples, however small: beyond some tens a forward gains nothing, and cancelling would wait for it.
        worth_bytes: above it each example of a batch takes longer, for a CPU's caches are small.
        pads: whether a batch may hold examples of different lengths.
    """

    limit_bytes: int
    bytes_per_token: int
    bytes_per_number: int
    most: int = 32
    worth_bytes: int = sys.maxsize
    pads: bool = True

    def split(self, examples: Sequence[Encoded]) -> list[list[int]]:
        """Part examples into batches of like length: lists of their indices, every batch within the budget or of one."""
        batches: list[list[int]] = []
        pixels, limit = 0, min(self.limit_bytes, self.worth_bytes)
        for index in sorted(range(len(examples)), key=lambda index: (examples[index].length, examples[index].frames)):
            example = examples[index]
            pixels += example.pixel_values
            rows = len(batches[-1]) + 1 if batches else 1
            batch = [examples[row] for row in batches[-1]] if batches else []
            alike = all((self.pads or one.length == example.length) and _fits(one, example) for one in batch)
            if batch and alike and rows <= self.most and self._bytes(rows, example.length, pixels) <= limit:
                batches[-1].append(index)
            else:
                batches.append([index])
                pixels = example.pixel_values
        return batches

    def _bytes(self, rows: int, length: int, pixel_values: int) -> int:
        """Working memory of a batch padded to ``length``: its tokens, its attention mask and its images."""
        tokens = rows * length * (self.bytes_per_token + length * self.bytes_per_number)
        return tokens + pixel_values * _NUMBERS_PER_PIXEL * self.bytes_per_number
