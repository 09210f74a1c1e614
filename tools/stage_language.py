"""Second stage: the decoder learns to answer, and to keep what the frozen tower sees.

A step asks everything that single pictures allow, and a share of prompts of several pictures: two frames, likeness, new
words, unnamed relations. All pictures pass the tower together.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from random import Random
from typing import ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from transformers import FastVlmForConditionalGeneration

from sav_core.scenes.draw import COLOURS, arrange
from tools import former
from tools.bank import held_out_artist_bank, training_bank
from tools.model import GRID, SIDE, build_config, build_model
from tools.names import CLASSES, more
from tools.optimizer import Optimizer
from tools.packing import Batch, Packer, Sheet, View
from tools.photographs import training_photographs
from tools.retention import Keeper, distil, pooled
from tools.stage_align import to_pixels
from tools.tasks import Maker
from tools.text import END, IMAGE, PAD, build_tokenizer
from tools.tower import CHANNELS, classifier, for_training, pretrained
from tools.world import HELD_OUT, HELD_OUT_ARTIST, TRAINED

LONGEST = 160  # tokens of a packed sequence about one picture
LONGEST_OF_SEVERAL = 320
HEADS_FIRST = 0.02  # share of the stage in which only linear layers and words learn to tell the picture, not the decoder
WORDS = tuple(TRAINED)


def untrained() -> FastVlmForConditionalGeneration:
    """The pretrained tower before an untrained decoder; the same every time."""
    tokenizer = build_tokenizer()
    image, pad, end = tokenizer.convert_tokens_to_ids([IMAGE, PAD, END])
    return build_model(build_config(len(tokenizer), image, pad, end))


def begun() -> FastVlmForConditionalGeneration:
    """The pretrained tower before the former model's decoder."""
    model = untrained()
    former.hand_over(former.load(), model, build_tokenizer())
    return model


class Reader(nn.Module):
    """The whole model but its tower, and what is learnt beside it and thrown away afterwards."""

    def __init__(self, model: FastVlmForConditionalGeneration) -> None:
        super().__init__()
        config = model.config.text_config
        self.projector = model.model.multi_modal_projector
        self.decoder = model.model.language_model
        self.keeper = Keeper(config.num_hidden_layers, config.hidden_size, CHANNELS)
        self.place_head = nn.Linear(config.hidden_size, 2 * GRID)
        self.image, self.heads = model.config.image_token_id, config.num_attention_heads

    def project(self, features: torch.Tensor) -> torch.Tensor:
        """The tokens `(picture, token, width)` of the tower's maps."""
        return self.projector(features.flatten(2).transpose(1, 2))

    def read(self, tokens: torch.Tensor, batch: Batch) -> tuple[torch.Tensor, list[torch.Tensor], list[torch.Tensor]]:
        """The last states, each layer's states, and each layer's head vectors; pictures in the order of the sequences."""
        embedded = self.decoder.embed_tokens(batch.ids)
        is_picture = (batch.ids == self.image)[..., None]
        with self._head_vectors() as vectors:
            read = self.decoder(
                inputs_embeds=embedded.masked_scatter(is_picture, tokens),
                attention_mask=batch.mask.to(embedded.dtype),
                position_ids=batch.positions,
                use_cache=False,
                output_hidden_states=True,
            )
        return read.last_hidden_state, [*read.hidden_states[1:-1], read.last_hidden_state], vectors

    @contextmanager
    def _head_vectors(self) -> Iterator[list[torch.Tensor]]:
        """While open, what goes into each layer's output projection is collected."""
        vectors: list[torch.Tensor] = []
        hooks = [
            layer.self_attn.o_proj.register_forward_pre_hook(lambda _, given: vectors.append(given[0]))
            for layer in self.decoder.layers
        ]
        try:
            yield vectors
        finally:
            for hook in hooks:
                hook.remove()

    def words(self, states: torch.Tensor) -> torch.Tensor:
        """Logits over the vocabulary."""
        return F.linear(states, self.decoder.embed_tokens.weight)


class LanguageStage:
    """Batches, loss and evaluation of the second stage."""

    batch = 16  # single pictures a process a step
    several: ClassVar = {"frames": 2, "likeness": 2, "new_words": 1, "relation": 2}
    rates: ClassVar = {"muon_rate": 0.012, "adam_rate": 1.2e-3, "gentle": "decoder.layers"}
    report_every, evaluate_every = 20, 100  # steps

    def __init__(self, model: FastVlmForConditionalGeneration, device: str) -> None:
        self.device = device
        self.module: nn.Module = Reader(model)
        model.model.language_model.set_attn_implementation("eager")  # at these lengths faster than SDPA on a CPU
        self.tower = for_training(pretrained(SIDE)).to(device)
        self.weight, self.bias = (part.to(device) for part in classifier())
        self.packer = Packer(build_tokenizer())
        self.maker = Maker(training_bank(variants=2), SIDE, more=tuple(more()), photographs=training_photographs())
        single = self.packer.single_tokens((*CLASSES, *self.maker.every))
        taught = [index for index, name in enumerate(CLASSES) if name in single and name not in HELD_OUT]
        self.taught = torch.tensor(taught, device=device)
        self.class_tokens = torch.tensor([single[CLASSES[index]] for index in taught], device=device)
        self.names = {name: place for place, name in enumerate(name for name in self.maker.every if name in single)}
        self.name_tokens = torch.tensor([single[name] for name in self.names], device=device)
        self.colour_tokens = torch.tensor([*self.packer.single_tokens(COLOURS).values()], device=device)
        self.share = 0.0  # of the stage that is over

    def loss(self, rng: Random) -> tuple[torch.Tensor, dict[str, float]]:
        """A step's loss, and the share of each family answered exactly."""
        ones = [self.maker.one(rng) for _ in range(self.batch)]
        others = [getattr(self.maker, kind)(rng) for kind, count in self.several.items() for _ in range(count)]
        views = [view for sheet in (*ones, *others) for view in sheet.pictures]
        features = self.see(views)
        tokens = self.module.project(features)
        loss, figures = self._answer(tokens[: len(ones)], self.packer.pack(ones, LONGEST), features[: len(ones)])
        spelt = self._cells(tokens[: len(ones)], views[: len(ones)])
        figures["spelling"] = float(spelt.detach())
        loss = loss + 0.1 * spelt
        more_loss, more_figures = self._answer(tokens[len(ones) :], self.packer.pack(others, LONGEST_OF_SEVERAL))
        return loss + 0.8 * more_loss, figures | more_figures

    @torch.no_grad()
    def see(self, views: Sequence[View]) -> torch.Tensor:
        """The frozen tower's maps."""
        return self.tower(to_pixels(list(views), self.device)).last_hidden_state

    def _answer(
        self, tokens: torch.Tensor, batch: Batch, features: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, dict[str, float]]:
        """Loss over the answers and, where the maps are given, over what is to be kept; exact answers by family."""
        batch = batch.to(self.device)
        last, streams, vectors = self.module.read(tokens, batch)
        learnt = batch.targets >= 0
        logits = self.module.words(last[learnt])
        wanted, weights, turn = batch.targets[learnt], batch.weights[learnt], batch.turn[learnt]
        losses = F.cross_entropy(logits.float(), wanted, reduction="none")
        loss = (losses * weights).sum() / weights.sum()
        right = torch.ones(len(batch.families), device=self.device)
        right.scatter_reduce_(0, turn, (logits.argmax(1) == wanted).float(), "amin")
        exact: dict[str, list[float]] = {}
        for family, value in zip(batch.families, right.tolist(), strict=True):
            exact.setdefault(family, []).append(value)
        figures = {family: float(np.mean(values)) for family, values in exact.items()}
        if features is None:
            return loss, figures
        figures["answers"] = float(loss.detach())
        row, at = batch.ends["keep"].unbind(1)
        streams, vectors = ([x[row, at] for x in each] for each in (streams, vectors))
        if self.share < HEADS_FIRST:  # what random linear layers ask for would only spoil the decoder
            streams, vectors = ([x.detach() for x in each] for each in (streams, vectors))
            last = last.detach()
        kept, kept_figures = self.module.keeper(streams, vectors, pooled(features)[row], self.module.heads)
        loss, figures = loss + kept, figures | kept_figures
        if "class" in batch.ends:
            row, at = batch.ends["class"].unbind(1)
            said = self.module.words(last[row, at])[:, self.class_tokens]
            far = distil(said, features[row], self.weight[self.taught], self.bias[self.taught])
            loss = loss + 0.5 * far
            figures["far from classes"] = float(far.detach())
            sure = (features[row].mean((2, 3)) @ self.weight[self.taught].T + self.bias[self.taught]).argmax(1)
            figures["class"] = float((said.argmax(1) == sure).float().mean())
        return loss, figures

    def _cells(self, tokens: torch.Tensor, views: Sequence[View]) -> torch.Tensor:
        """How badly the tokens tell where they are and, under each thing, spell its name and colour in the vocabulary.

        A question finds its thing by likeness of word and token; left to find a common space by itself, the decoder
        learns in an hour whether a red apple is there, and not what colour the apple has.
        """
        logits = self.module.place_head(F.rms_norm(tokens, tokens.shape[-1:]))  # (picture, token, rows and columns)
        token = torch.arange(GRID * GRID, device=self.device).expand(len(tokens), -1)
        rows, columns = logits[..., :GRID].transpose(1, 2), logits[..., GRID:].transpose(1, 2)
        loss = F.cross_entropy(rows, token // GRID) + F.cross_entropy(columns, token % GRID)
        drawn = [
            (index, thing)
            for index, view in enumerate(views)
            for thing in (view.scene.things if view.scene else ())
            if thing.name in self.names
        ]
        weights = torch.from_numpy(np.stack([cells(thing) for _, thing in drawn])).to(self.device)
        picture = torch.tensor([index for index, _ in drawn], device=self.device)
        under = torch.einsum("tn,tnc->tc", weights, tokens[picture])
        words = self.module.words(self.module.decoder.norm(under))
        names = torch.tensor([self.names[thing.name] for _, thing in drawn], device=self.device)
        loss = loss + F.cross_entropy(words[:, self.name_tokens], names)
        tinted = torch.tensor([thing.colour is not None for _, thing in drawn], device=self.device)
        if tinted.any():
            colours = torch.tensor([list(COLOURS).index(t.colour) for _, t in drawn if t.colour], device=self.device)
            loss = loss + 0.5 * F.cross_entropy(words[tinted][:, self.colour_tokens], colours)
        return loss

    def finish(self, optimizer: Optimizer) -> None:
        """Nothing is left to do after the last step."""

    @torch.no_grad()
    def evaluate(self) -> dict[str, float]:
        """Exact answers by family on pictures by the held-out artist, the same pictures every time."""
        rng = Random(11)
        maker = Maker(held_out_artist_bank(), SIDE, artists=(HELD_OUT_ARTIST,))
        sheets = [self._named(maker, rng, word) for word in WORDS[::3]]
        sheets += [maker.one(rng) for _ in range(60)]
        several = [make(rng) for make in (maker.frames, maker.likeness, maker.new_words, maker.relation) for _ in range(15)]
        self.module.eval()
        sums: dict[str, list[float]] = {}
        for part, longest in ((sheets, LONGEST), (several, LONGEST_OF_SEVERAL)):
            for start in range(0, len(part), 30):
                self._tally(sums, part[start : start + 30], longest)
        self.module.train()
        return {family: right / count for family, (right, count) in sums.items()}

    def _named(self, maker: Maker, rng: Random, word: str) -> Sheet:
        scene = arrange(rng, maker.bank, [word], tinted=0.3)
        asked = [turn for turn in maker.turns(rng, scene) if turn.family == "name"]
        return Sheet([maker.view(rng, scene)], asked)

    def _tally(self, sums: dict[str, list[float]], sheets: Sequence[Sheet], longest: int) -> None:
        batch = self.packer.pack(sheets, longest)
        tokens = self.module.project(self.see([view for sheet in sheets for view in sheet.pictures]))
        _, figures = self._answer(tokens, batch)
        for family, value in figures.items():
            count = batch.families.count(family)
            total = sums.setdefault(family, [0.0, 0])
            total[0] += value * count
            total[1] += count


def cells(thing: object) -> np.ndarray:
    """How much of a thing's square lies in each cell of the grid, summing to one: `(token,)`."""
    edges = np.arange(GRID)
    along = []
    for centre in (thing.y, thing.x):
        low, high = ((centre + sign * thing.size / 2) * GRID for sign in (-1, 1))
        overlap = np.clip(np.minimum(high, edges + 1) - np.maximum(low, edges), 0, 1)
        along.append(overlap / max(overlap.sum(), 1e-6))
    return np.outer(*along).ravel().astype(np.float32)
