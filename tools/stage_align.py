"""Second stage: the new projector learns to say of each cell what the former model's tower said.

Both see the same drawn scene on a grid of 6 x 6, so every cell is a lesson and minutes are enough. The decoder handed over
from the former model can then read the new tower at once.
"""

from collections import deque
from collections.abc import Iterator
from random import Random
from typing import ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn
from transformers import FastVlmForConditionalGeneration

from tools import former
from tools.bank import training_bank
from tools.model import SIDE, normalise
from tools.names import more
from tools.optimizer import Optimizer
from tools.packing import View
from tools.stage_tower import tuned
from tools.tally import Told
from tools.tasks import Maker


class AlignStage:
    """Batches and loss of the first stage: now and then some fresh pictures, and a sample of the cells of all seen so far.

    The former tokens are some three hundred long, and a few of their channels far longer than the others. So the projector
    learns them channel by channel in units of their spread, which `finish` multiplies into its last layer.
    """

    fresh, every, most, sample = 12, 4, 2000, 3072  # pictures, once in so many steps; pictures kept; cells a step
    rates: ClassVar = {"muon_rate": 0.02, "adam_rate": 2e-3}
    report_every = evaluate_every = 40  # steps

    def __init__(self, model: FastVlmForConditionalGeneration, device: str) -> None:
        self.device = device
        self.module = nn.ModuleDict({"projector": model.model.multi_modal_projector})  # named as the next stage names it
        self.tower = tuned(SIDE).to(device)
        self.former = former.load().to(device)
        self.maker = Maker(training_bank(variants=2), SIDE, more=tuple(more()))
        self.pool: deque[tuple[torch.Tensor, torch.Tensor]] = deque(maxlen=self.most)
        self.steps = 0
        said = torch.cat([said for _, said in self._look(Random("spread"), 64)])
        self.mean, self.spread = said.mean(0), said.std(0)

    @torch.no_grad()
    def _look(self, rng: Random, count: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Draw scenes; of each the cells' features and what the former model made of them, `(token, channel)`."""
        views = [self.maker.view(rng, self.maker.scene(rng)) for _ in range(count)]
        features = self.tower(to_pixels(views, self.device)).last_hidden_state.flatten(2).transpose(1, 2)
        wanted = self.former.get_image_features(former_pixels(views, self.device)).pooler_output
        return list(zip(features, wanted, strict=True))

    def lessons(self, first: int, last: int, rank: int, _workers: int) -> Iterator[Random]:
        """A source of chance for each step from one to another; the pictures are made with the step, being few."""
        return (Random(f"align {step} {rank}") for step in range(first, last))

    def loss(self, rng: Random) -> tuple[torch.Tensor, list[Told]]:
        """A step's loss, and how near the tokens come to the former ones, about their mean."""
        if self.steps % self.every == 0:
            self.pool.extend((cells.half(), said) for cells, said in self._look(rng, self.fresh))
        self.steps += 1
        each = max(1, self.sample // len(self.pool))
        picked = [torch.tensor(rng.sample(range(len(cells)), min(each, len(cells)))) for cells, _ in self.pool]
        given = torch.cat([cells[at] for (cells, _), at in zip(self.pool, picked, strict=True)]).float()
        wanted = torch.cat([said[at] for (_, said), at in zip(self.pool, picked, strict=True)])
        wanted = (wanted - self.mean) / self.spread
        found = self.module["projector"](given.to(next(self.module.parameters()).dtype)).float()
        return F.mse_loss(found, wanted), [Told.one("cosine", F.cosine_similarity(found, wanted, dim=-1).mean())]

    @torch.no_grad()
    def finish(self, optimizer: Optimizer) -> None:
        """Let the last layer say the former tokens as they were."""
        weight, bias = (optimizer.slots[f"projector.linear_2.{part}"] for part in ("weight", "bias"))
        for whole in ("master", "average"):
            getattr(weight, whole).mul_(self.spread[:, None])
            getattr(bias, whole).mul_(self.spread).add_(self.mean)

    def evaluate(self) -> dict[str, float]:
        """Nothing: the next stage shows what this one is worth."""
        return {}


def to_pixels(views: list[View], device: str) -> torch.Tensor:
    """What the tower reads, in channels-last order."""
    pixels = torch.from_numpy(np.stack([np.asarray(view.image) for view in views]))
    return normalise(pixels).contiguous(memory_format=torch.channels_last).to(device)


def former_pixels(views: list[View], device: str) -> torch.Tensor:
    """What the former tower reads: 96 pixels a side in -1 .. 1."""
    side = former.SIDE
    reduced = [np.asarray(view.image.resize((side, side), Image.Resampling.BICUBIC)) for view in views]
    pixels = torch.from_numpy(np.stack(reduced)).movedim(-1, 1).float().div_(127.5).sub_(1.0)
    return pixels.contiguous(memory_format=torch.channels_last).to(device)
