"""First stage: the pretrained tower learns to read drawings, and stays what it was on photographs.

As published it tells photographs apart, but a linear layer on its features names only 69 % of the drawings of an artist it
has not seen, and has little of a thing's colour. So its later blocks are tuned, gently: under each drawn thing the map must
tell name and colour to linear layers that are thrown away afterwards; on photographs, less strictly on drawings, the map
must be the published one. The first blocks, where most of the arithmetic is, are shared with the published tower.
"""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from transformers import EfficientNetModel

from sav_core.scenes.draw import COLOURS
from tools.bank import held_out_artist_bank, training_bank
from tools.lessons import Drawn, drawn_things
from tools.model import SIDE, normalise
from tools.names import more
from tools.optimizer import Optimizer
from tools.photographs import training_photographs
from tools.retention import pooled
from tools.tally import Told
from tools.tasks import Maker
from tools.tower import CHANNELS, for_training, pretrained
from tools.train import checkpoint
from tools.world import HELD_OUT_ARTIST, TRAINED

SHARED = 5  # blocks of sixteen
STRICT, LOOSE = 4.0, 0.4  # weights of staying as published, on photographs and on drawings


class Tuned(nn.Module):
    """The later blocks in two copies, published and tuned, and the linear layers that read the tuned one's maps."""

    def __init__(self, names: int) -> None:
        super().__init__()
        self.first, self.published = _split(for_training(pretrained(SIDE)))
        _, self.tower = _split(for_training(pretrained(SIDE)))
        self.tower.requires_grad_(True)
        self.name_head = nn.Linear(CHANNELS, names)
        self.colour_head = nn.Linear(CHANNELS, len(COLOURS))

    def maps(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """What the tuned and the published tower see, `(picture, channel, row, column)`."""
        with torch.no_grad():
            early = self.first(normalise(pixels).contiguous(memory_format=torch.channels_last))
            published = self.published(early)
        return self.tower(early), published


def _split(tower: EfficientNetModel) -> tuple[nn.Sequential, nn.Sequential]:
    """The blocks that are shared and those that are tuned, the top with these."""
    blocks, encoder = tower.encoder.blocks, tower.encoder
    later = nn.Sequential(*blocks[SHARED:], encoder.top_conv, encoder.top_bn, encoder.top_activation)
    return nn.Sequential(tower.embeddings, *blocks[:SHARED]), later


def tuned(side: int) -> EfficientNetModel:
    """The tower as the first stage left it, for training."""
    saved = torch.load(checkpoint("tower"), weights_only=True, map_location="cpu")["optimizer"]["slots"]
    tower = for_training(pretrained(side))
    _, later = _split(tower)
    later.load_state_dict(
        {name.removeprefix("tower."): a for name, (_, a, *_) in saved.items() if name.startswith("tower.")}
    )
    return tower


def keep_tuned(whole: EfficientNetModel, path: Path) -> None:
    """Leave a tower's later blocks where the first stage leaves them."""
    _, later = _split(for_training(whole))
    slots = {f"tower.{name}": (value, value) for name, value in later.state_dict().items()}
    torch.save({"optimizer": {"slots": slots}}, path)


class TowerStage:
    """Batches, loss and evaluation of the first stage."""

    drawn, photographs = 16, 12  # pictures a process a step
    rates: ClassVar = {"muon_rate": 0.0, "adam_rate": 2e-3, "slow": ("tower", 0.1)}
    report_every, evaluate_every = 20, 200  # steps

    def __init__(self, device: str) -> None:
        self.device = device
        self.maker = Maker(training_bank(variants=2), SIDE, more=tuple(more()), photographs=training_photographs())
        self.names = {name: place for place, name in enumerate(self.maker.every)}
        self.module: nn.Module = Tuned(len(self.names))
        self.share = 0.0

    def lessons(self, first: int, last: int, rank: int, _workers: int) -> Iterator[tuple[torch.Tensor, Drawn]]:
        """Pixels of drawings and then photographs, and what the drawings show."""
        for step in range(first, last):
            rng = Random(f"tower {step} {rank}")
            views = [self.maker.view(rng, self.maker.scene(rng)) for _ in range(self.drawn)]
            seen = [*views, *(self.maker.photographs.any(rng, least=0.3) for _ in range(self.photographs))]
            yield torch.from_numpy(np.stack([np.asarray(view.image) for view in seen])), drawn_things(views, self.names)

    def loss(self, lesson: tuple[torch.Tensor, Drawn]) -> tuple[torch.Tensor, list[Told]]:
        """A step's loss, how many names and colours are right, and how far the maps are from the published ones."""
        pixels, things = lesson[0].to(self.device), lesson[1].to(self.device)
        maps, published = self.module.maps(pixels)
        cells = maps[: self.drawn].flatten(2).clamp_min(0)
        under = torch.einsum("tn,tcn->tc", things.cover, cells[things.picture])
        under = (under + 1e-4).sqrt()
        names, colours = self.module.name_head(under), self.module.colour_head(under)
        naming = F.cross_entropy(names, things.name, label_smoothing=0.05)
        tinting = F.cross_entropy(colours, things.colour, ignore_index=-1) if (things.colour >= 0).any() else 0.0
        far_drawn, far = (_far(maps[rows], published[rows]) for rows in (slice(self.drawn), slice(self.drawn, None)))
        tinted = things.colour >= 0
        figures = {
            "name": (names.argmax(1) == things.name).float().mean(),
            "far, drawn": far_drawn,
            "far, photographs": far,
        }
        told = [Told.one(name, value) for name, value in figures.items()]
        right = (colours.argmax(1) == things.colour)[tinted].float()
        told.append(Told(["colour"] * len(right), right))
        return naming + 0.5 * tinting + LOOSE * far_drawn + STRICT * far, told

    def finish(self, optimizer: Optimizer) -> None:
        """Nothing is left to do after the last step."""

    @torch.no_grad()
    def evaluate(self) -> dict[str, float]:
        """Names of the held-out artist's drawings, each alone, by the linear layer."""
        rng, bank = Random(11), held_out_artist_bank()
        maker = Maker(bank, SIDE, artists=(HELD_OUT_ARTIST,))
        views = [maker.view(rng, maker.alone(rng, word)) for word in TRAINED]
        right = []
        for start in range(0, len(views), 48):
            part = views[start : start + 48]
            things = drawn_things(part, self.names).to(self.device)
            pixels = torch.from_numpy(np.stack([np.asarray(view.image) for view in part])).to(self.device)
            maps, _ = self.module.maps(pixels)
            under = torch.einsum("tn,tcn->tc", things.cover, maps.flatten(2).clamp_min(0)[things.picture])
            right.append(self.module.name_head((under + 1e-4).sqrt()).argmax(1) == things.name)
        return {"name": float(torch.cat(right).float().mean())}


def _far(maps: torch.Tensor, published: torch.Tensor) -> torch.Tensor:
    """How far maps are from the published ones: cell by cell in units of their spread, and 1 - cosine of what is pooled."""
    spread = (published - published.mean((0, 2, 3), keepdim=True)).square().mean()
    wanted = pooled(published)
    centre = wanted.mean(0)
    pooled_far = 1 - F.cosine_similarity(pooled(maps.clamp_min(1e-6)) - centre, wanted - centre).mean()
    return 0.3 * (maps - published).square().mean() / spread + pooled_far
