"""A window of prepared examples to their head vectors: in batches, and what several examples share at their beginning once.

Examples of the same pictures whose prompts begin alike, several questions of one picture, are read after a ``Prefix``, if
the model can do that (see ``Shares``); all others as they are, those of like length together, in smaller batches once
memory has run out.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from sav_core.activations.hooks import capture_last_token, forward_to_last_heads
from sav_core.activations.prefixes import Prefix, Shares, first_tokens, shared_tokens
from sav_core.data.clips.clip import Clip
from sav_core.data.examples import Example
from sav_core.data.pictures.picture import Picture
from sav_core.errors import OutOfMemoryError, UnsupportedModelError
from sav_core.models.backbones import Backbone
from sav_core.models.batching import Encoded
from sav_core.models.faults import ran_out_of_memory

__all__ = ["Read", "WindowReader", "seen_in"]


class Read(NamedTuple):
    """What one forward says of its examples."""

    vectors: npt.NDArray[np.float32]  # (example, layer, head, dim)
    states: Sequence[npt.NDArray[np.float32] | None]  # (example, hidden), where they are wanted


class _Family(NamedTuple):
    """Groups of examples that can be read together: as many in each, their beginnings and their rests of equal lengths."""

    shared: int  # tokens
    groups: list[list[int]]  # of indices, by the length of what follows


class WindowReader:
    """Runs the model over windows of encoded examples."""

    def __init__(self, backbone: Backbone, batch_bytes: int | None, depth: int, *, hidden: bool) -> None:
        self._backbone = backbone
        self._depth = depth
        self._hidden = hidden
        self._budget = backbone.budget(batch_bytes)
        self._shares = Shares(backbone)

    def read(self, window: Sequence[Encoded], seen: Sequence[Hashable]) -> Iterator[tuple[list[int], Read]]:
        """Yield batch after batch: the indices of its examples and what was read of them.

        Args:
            window: the examples.
            seen: of each what its pictures are, see ``seen_in``; ``None`` where nothing can be shared.
        """
        done: set[int] = set()
        for family in [] if self._shares.why_not else _families(window, seen):
            for batch, read in self._after_beginnings(window, family):
                done.update(batch)
                yield batch, read
        rest = [index for index in range(len(window)) if index not in done]
        for batch, read in self._whole([window[index] for index in rest]):
            yield [rest[index] for index in batch], read

    def _whole(self, window: Sequence[Encoded]) -> Iterator[tuple[list[int], Read]]:
        """Read examples as they are."""
        batches = self._budget.split(window)[::-1]
        while batches:
            batch = batches.pop()
            try:
                read = self._forward([window[index] for index in batch]) if len(batch) <= self._budget.most else None
            except UnsupportedModelError as error:
                if len(batch) == 1:
                    raise UnsupportedModelError(f"{window[batch[0]].name!r} cannot be read: {error}") from error
                batches += [[index] for index in batch[::-1]]  # which of them it is shows when each is read by itself
                continue
            if read is not None:
                yield batch, read
            elif len(batch) == 1:
                raise OutOfMemoryError(
                    f"{self._backbone.name} has not memory enough for one example of {window[batch[0]].length} tokens on "
                    f"{self._backbone.device}: use smaller images, a shorter question or a smaller model."
                )
            else:
                half = (len(batch) + 1) // 2
                self._budget = replace(self._budget, most=min(self._budget.most, half))
                batches += [batch[half:], batch[:half]]

    def _after_beginnings(self, window: Sequence[Encoded], family: _Family) -> Iterator[tuple[list[int], Read]]:
        """Read the beginnings of groups, then what follows them; nothing, or less than all, where that cannot be."""
        starts = [first_tokens(window[group[0]], family.shared) for group in family.groups]
        run = partial(forward_to_last_heads, self._backbone, depth=self._depth)
        for part in self._budget.split(starts):
            groups = [family.groups[place] for place in part]
            try:
                prefix = Prefix(self._backbone, [starts[place] for place in part], run)
                yield from self._rests(window, groups, prefix)
            except (
                UnsupportedModelError
            ) as error:  # it cannot read on; should an example be at fault, reading it whole says so
                self._shares.refuse(error)
            except (MemoryError, RuntimeError) as error:
                if not ran_out_of_memory(error):
                    raise
            if self._shares.why_not:
                return

    def _rests(
        self, window: Sequence[Encoded], groups: list[list[int]], prefix: Prefix
    ) -> Iterator[tuple[list[int], Read]]:
        """Read what follows the beginnings, all of one length at once as far as memory allows."""
        at_once = max(1, min(self._budget.most, self._budget.limit_bytes // (3 * prefix.held_bytes)))  # for each beginning
        lengths = [window[index].length for index in groups[0]]
        for length in sorted(set(lengths)):
            own = [place for place, each in enumerate(lengths) if each == length]
            for start in range(0, len(own), at_once):
                batch = [group[place] for group in groups for place in own[start : start + at_once]]
                ids = torch.cat([window[index].tokens["input_ids"][:, prefix.length :] for index in batch])
                with self._backbone.lock:
                    read = self._watched(prefix.then(ids), len(batch))
                if not self._shares.tried:
                    whole = self._watched(self._backbone.collate([window[batch[0]]]), 1)
                    if not self._shares.compare(torch.from_numpy(read.vectors[:1]), torch.from_numpy(whole.vectors)):
                        return
                yield batch, read

    def _forward(self, batch: Sequence[Encoded]) -> Read | None:
        """What is read of a batch; ``None`` when memory ran out, all of the attempt being free again by then."""
        try:
            return self._watched(self._backbone.collate(batch), len(batch))
        except (MemoryError, RuntimeError) as error:
            if not ran_out_of_memory(error):
                raise
        if self._backbone.device.type == "cuda":
            torch.cuda.empty_cache()
        return None

    def _watched(self, inputs: Mapping[str, Any], count: int) -> Read:
        with capture_last_token(self._backbone, self._depth) as capture:
            if not self._hidden:
                forward_to_last_heads(self._backbone, inputs, self._depth)
                return Read(capture.take(), [None] * count)
            hidden = self._backbone.forward(inputs)[:, -1]  # padding is on the left
            return Read(capture.take(), list(hidden.float().cpu().numpy()))


def seen_in(example: Example) -> Hashable:
    """What a model sees in an example: equal where its pictures are prepared alike; ``None`` where it has none."""
    pictures = tuple(_picture(part) for part in example.parts if isinstance(part, Picture))
    return (example.detail, pictures) if pictures else None


def _picture(part: Picture) -> Hashable:
    return (part.digest, part.sampling.way) if isinstance(part, Clip) else part.digest


def _families(window: Sequence[Encoded], seen: Sequence[Hashable]) -> list[_Family]:
    """What can be read after shared beginnings: examples of the same pictures, two or more of them."""
    alike: dict[Hashable, list[int]] = {}
    for index, pictures in enumerate(seen):
        if pictures is not None:
            alike.setdefault(pictures, []).append(index)
    families: dict[Hashable, _Family] = {}
    for group in alike.values():
        shared = shared_tokens([window[index] for index in group]) if len(group) > 1 else 0
        if shared:
            by_length = sorted(group, key=lambda index: window[index].length)
            key = (shared, *(window[index].length for index in by_length))
            families.setdefault(key, _Family(shared, [])).groups.append(by_length)
    return list(families.values())
