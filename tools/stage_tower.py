"""First stage: the vision tower learns names and colours of things where they stand.

A pooled label for the whole picture would teach the tower's *mean*, and make every later attention head alike. Here
each thing is named from the tokens under it alone, so a scene of four gives four labels and features that know where.
"""

from random import Random
from typing import ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn

from sav_core.scenes.draw import COLOURS, Scene, Sprites, arrange, draw
from tools.bank import held_out_artist_bank, training_bank
from tools.model import CHANNELS, GRID, SIDE, normalise
from tools.world import HELD_OUT_ARTIST, TRAINED

WORDS = tuple(TRAINED)
COLOUR_NAMES = ("as drawn", *COLOURS)
THINGS = 5  # at most, in one scene


class Labeller(nn.Module):
    """The tower with two linear heads on the tokens under each thing."""

    def __init__(self, tower: nn.Module, names: int) -> None:
        super().__init__()
        self.tower = tower
        self.name_head = nn.Linear(CHANNELS, names)
        self.colour_head = nn.Linear(CHANNELS, len(COLOUR_NAMES))

    def forward(self, pixels: torch.Tensor, places: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits `(thing, name)` and `(thing, colour)`; `places` is `(image, thing, row, column)` weights."""
        features = self.tower(pixels).last_hidden_state  # (image, channel, row, column)
        pooled = torch.einsum("bchw,bthw->btc", features, places.to(features.dtype))
        return self.name_head(pooled), self.colour_head(pooled)


def places(scene: Scene) -> np.ndarray:
    """How much of each thing's square lies in each cell of the tower's grid, summing to one: `(thing, row, column)`."""
    edges = np.arange(GRID)
    weights = np.zeros((THINGS, GRID, GRID), np.float32)
    for index, thing in enumerate(scene.things[:THINGS]):
        along = []
        for centre in (thing.y, thing.x):
            low, high = ((centre + sign * thing.size / 2) * GRID for sign in (-1, 1))
            overlap = np.clip(np.minimum(high, edges + 1) - np.maximum(low, edges), 0, 1)
            along.append(overlap / max(overlap.sum(), 1e-6))
        weights[index] = np.outer(*along)
    return weights


class TowerStage:
    """Batches, loss and evaluation of the first stage."""

    batch = 128  # images a process a step
    rates: ClassVar = {"muon_rate": 0.02, "adam_rate": 2e-3}
    report_every = 90.0  # seconds

    def __init__(self, model: nn.Module, device: str) -> None:
        self.device = device
        self.bank = training_bank(variants=4)
        self.names = {name: i for i, name in enumerate((*WORDS, *(n for n in self.bank.names if n.startswith("+"))))}
        self.auxiliary = [name for name in self.bank.names if name.startswith("+")]
        self.module = Labeller(model.model.vision_tower, len(self.names))

    def scene(self, rng: Random) -> Scene:
        """One to five things; one in four of them from the drawings nobody names."""
        count = rng.choices((1, 2, 3, 4, 5), (3, 2, 3, 4, 3))[0]
        names = [rng.choice(self.auxiliary) if rng.random() < 0.25 else rng.choice(WORDS) for _ in range(count)]
        return arrange(rng, self.bank, names, tinted=0.4)

    def loss(self, rng: Random) -> tuple[torch.Tensor, dict[str, float]]:
        """A step's loss, and the share of names and colours told right."""
        scenes = [self.scene(rng) for _ in range(self.batch)]
        pixels, weights = render(scenes, self.bank, self.device)
        names, colours = self._forward(pixels, weights)
        there, name_ids, colour_ids = (each.to(self.device) for each in targets(scenes, self.names))
        names, colours = names[there].float(), colours[there].float()
        loss = F.cross_entropy(names, name_ids) + 0.5 * F.cross_entropy(colours, colour_ids)
        with torch.no_grad():
            right = (names.argmax(1) == name_ids).float().mean()
            tint = (colours.argmax(1) == colour_ids).float().mean()
        return loss, {"name": float(right), "colour": float(tint)}

    def _forward(self, pixels: torch.Tensor, weights: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        dtype = next(self.module.tower.parameters()).dtype
        return self.module(pixels.to(dtype), weights)

    @torch.no_grad()
    def evaluate(self) -> dict[str, float]:
        """Top-1 over the trained names on scenes by the held-out artist, alone and among others."""
        bank = held_out_artist_bank()
        self.module.eval()
        found = {}
        for label, counts in (("alone", (1,)), ("among 2-4", (2, 3, 4)), ("in a cross", (5,))):
            rng = Random(7)
            words = list(WORDS) * (1 if counts == (1,) else 2)
            rng.shuffle(words)
            scenes = []
            while words:
                count = min(rng.choice(counts), len(words))
                scenes.append(
                    arrange(rng, bank, [words.pop() for _ in range(count)], artists=(HELD_OUT_ARTIST,), tinted=0.3)
                )
            right = []
            for start in range(0, len(scenes), 64):
                part = scenes[start : start + 64]
                pixels, weights = render(part, bank, self.device)
                names, _ = self._forward(pixels, weights)
                there, name_ids, _ = (each.to(self.device) for each in targets(part, self.names))
                right.append((names[there][:, : len(WORDS)].argmax(1) == name_ids).float())
            found[label] = float(torch.cat(right).mean())
        self.module.train()
        return found


def render(scenes: list[Scene], bank: Sprites, device: str, rng: Random | None = None) -> tuple[torch.Tensor, torch.Tensor]:
    """Normalised pixels in channels-last order and the places of the things.

    With `rng`, one in four is drawn at twice the size and reduced, as the processor reduces a larger picture file.
    """
    pictures = []
    for scene in scenes:
        larger = rng is not None and rng.random() < 0.25
        picture = draw(scene, bank, 2 * SIDE if larger else SIDE)
        pictures.append(np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC) if larger else picture))
    pixels = torch.from_numpy(np.stack(pictures))
    weights = torch.from_numpy(np.stack([places(scene) for scene in scenes]))
    return normalise(pixels).contiguous(memory_format=torch.channels_last).to(device), weights.to(device)


def targets(scenes: list[Scene], names: dict[str, int]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Which of the `(image, thing)` slots are filled, and the name and colour of each that is."""
    there = torch.zeros(len(scenes), THINGS, dtype=torch.bool)
    for row, scene in enumerate(scenes):
        there[row, : len(scene.things)] = True
    things = [thing for scene in scenes for thing in scene.things]
    name_ids = torch.tensor([names[thing.name] for thing in things])
    colour_ids = torch.tensor([COLOUR_NAMES.index(thing.colour or "as drawn") for thing in things])
    return there, name_ids, colour_ids
