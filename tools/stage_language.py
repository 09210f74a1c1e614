"""Third stage: the decoder learns to answer, and to keep what the frozen tower sees.

A step asks everything that single drawn pictures allow, has photographs and mixtures of what the tower sees kept, and asks
prompts of several pictures: two frames, likeness, new words, unnamed relations. All pictures pass the tower together.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
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
from tools.lessons import LONGEST, LONGEST_OF_SEVERAL, Drawn, Lesson, Size, Teacher, lessons
from tools.model import GRID, SIDE, build_config, build_model, normalise
from tools.names import CLASSES, more
from tools.optimizer import Optimizer
from tools.packing import Batch, Packer, Sheet
from tools.photographs import training_photographs
from tools.retention import Keeper, distil, pooled, sorting
from tools.stage_tower import tuned
from tools.tally import Tally, Told
from tools.tasks import Maker
from tools.text import END, IMAGE, PAD, build_tokenizer
from tools.tower import CHANNELS, classifier
from tools.world import HELD_OUT, HELD_OUT_ARTIST, TRAINED

ANSWERS, SPELLING, SEVERAL, SORTED = 2.0, 0.2, 0.5, 1.5  # weights beside what is to be kept
LATER = 3  # layer from which on heads are sorted by the answer
HEADS_FIRST = 0.02  # share of the stage in which only linear layers and words learn to tell the picture, not the decoder
ON_A_GPU = 6  # times as much a step as a process on a CPU
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


def exported(folder: Path) -> FastVlmForConditionalGeneration:
    """A model that `tools.export` wrote, to go on from."""
    return FastVlmForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)


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
                attention_mask=batch.mask().to(embedded.dtype),
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

    rates: ClassVar = {"muon_rate": 0.012, "adam_rate": 1.2e-3, "gentle": "decoder.layers"}
    report_every = 20  # steps

    def __init__(self, model: FastVlmForConditionalGeneration, device: str) -> None:
        self.device = device
        self.module: nn.Module = Reader(model)
        model.model.language_model.set_attn_implementation("eager")  # at these lengths faster than SDPA on a CPU
        self.tower = tuned(SIDE).to(device)
        self.weight, self.bias = (part.to(device) for part in classifier())
        self.packer = Packer(build_tokenizer())
        maker = Maker(training_bank(variants=2), SIDE, more=tuple(more()), photographs=training_photographs())
        single = self.packer.single_tokens((*CLASSES, *maker.every))
        taught = [index for index, name in enumerate(CLASSES) if name in single and name not in HELD_OUT]
        self.taught = torch.tensor(taught, device=device)
        self.class_tokens = torch.tensor([single[CLASSES[index]] for index in taught], device=device)
        names = {name: place for place, name in enumerate(name for name in maker.every if name in single)}
        self.name_tokens = torch.tensor([single[name] for name in names], device=device)
        self.colour_tokens = torch.tensor([*self.packer.single_tokens(COLOURS).values()], device=device)
        self.size = Size() if device == "cpu" else Size().times(ON_A_GPU)
        self.evaluate_every = 100 if device == "cpu" else 1000  # steps
        self.teacher = Teacher(maker, self.packer, names, self.size)
        self.share = 0.0  # of the stage that is over

    def lessons(self, first: int, last: int, rank: int, workers: int) -> Iterator[Lesson]:
        """What the steps from one to another teach."""
        return lessons(self.teacher, first, last, rank, workers)

    def loss(self, lesson: Lesson) -> tuple[torch.Tensor, list[Told]]:
        """A step's loss, and what it told: of each family what was answered exactly, of the rest how far it is."""
        size = self.size
        maps = self.see(lesson.pixels)
        drawn, photographs, several = maps.split((size.drawn, size.photographs, len(maps) - size.drawn - size.photographs))
        mixed = mixtures(maps[: size.drawn + size.photographs], size.mixed)
        tokens = self.module.project(drawn)
        loss, figures = self._answer(tokens, lesson.drawn.to(self.device), drawn)
        spelt = self._cells(tokens, lesson.things.to(self.device))
        apart = lesson.apart.to(self.device)
        groups = (("photographs", slice(0, size.photographs)), ("mixed", slice(size.photographs, None)))
        kept, more_kept = self._keep(torch.cat([photographs, mixed]), apart, groups)
        more_loss, more_figures = self._answer(self.module.project(several), lesson.several.to(self.device))
        figures += [*more_kept, *more_figures, Told.one("spelling", spelt)]
        return loss + SPELLING * spelt + kept + SEVERAL * more_loss, figures

    @torch.no_grad()
    def see(self, pixels: torch.Tensor) -> torch.Tensor:
        """The frozen tower's maps of pictures `(picture, row, column, channel)`."""
        seen = normalise(pixels.to(self.device, non_blocking=True)).contiguous(memory_format=torch.channels_last)
        return self.tower(seen).last_hidden_state

    def _answer(
        self, tokens: torch.Tensor, batch: Batch, features: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, list[Told]]:
        """Loss over the answers and, where the maps are given, over what is to be kept; exact answers by family."""
        last, streams, vectors = self.module.read(tokens, batch)
        logits = self.module.words(last[batch.at[:, 0], batch.at[:, 1]])
        losses = F.cross_entropy(logits.float(), batch.targets, reduction="none")
        loss = (losses * batch.weights).sum() / batch.weights.sum()
        right = torch.ones(len(batch.families), device=self.device)
        right.scatter_reduce_(0, batch.turn, (logits.argmax(1) == batch.targets).float(), "amin")
        figures = [Told(batch.families, right)]
        if features is None:
            return loss, figures
        heads = self.module.heads
        later = torch.stack(vectors[LATER:])[:, batch.asked[:, 0], batch.asked[:, 1]].unflatten(-1, (heads, -1))
        apart = sorting(later[..., heads // 2 :, :], batch.kinds, batch.answers).mean()
        kept, kept_figures = self._kept(features, batch, (last, streams, vectors), "drawn", slice(0, len(features)))
        told = [Told.one("answers", loss), Told.one("sorted by answer", apart)]
        return ANSWERS * loss + kept + SORTED * (1 - apart), [*figures, *told, *kept_figures]

    def _keep(
        self, features: torch.Tensor, batch: Batch, groups: Sequence[tuple[str, slice]]
    ) -> tuple[torch.Tensor, list[Told]]:
        """Loss over what is to be kept of maps that nothing else is asked about: the mean over groups of their rows."""
        read = self.module.read(self.module.project(features), batch)
        found = [self._kept(features, batch, read, *group) for group in groups]
        return torch.stack([loss for loss, _ in found]).mean(), [told for _, each in found for told in each]

    def _kept(
        self, features: torch.Tensor, batch: Batch, read: tuple, name: str, rows: slice
    ) -> tuple[torch.Tensor, list[Told]]:
        """Loss over what is to be kept of a group of pictures, which are told from one another, not from other groups'."""
        last, streams, vectors = read
        first, end, _ = rows.indices(len(features))

        def ends(family: str) -> tuple[torch.Tensor, torch.Tensor]:
            row, at = batch.ends[family].unbind(1)
            own = (row >= first) & (row < end)
            return row[own].to(self.device), at[own].to(self.device)

        row, at = ends("keep")
        streams, vectors = ([x[row, at] for x in each] for each in (streams, vectors))
        if self.share < HEADS_FIRST:  # what random linear layers ask for would only spoil the decoder
            streams, vectors = ([x.detach() for x in each] for each in (streams, vectors))
            last = last.detach()
        loss, figures = self.module.keeper(streams, vectors, pooled(features)[row], self.module.heads)
        row, at = ends("class")
        if len(row):
            logits = self.module.words(last[row, at]).float()
            said = logits[:, self.class_tokens]
            far = distil(said, features[row], self.weight[self.taught], self.bias[self.taught])
            beside = (logits.logsumexp(1) - said.logsumexp(1)).mean()  # what goes to words that are no class
            loss = loss + 0.5 * far + 0.1 * beside
            sure = (features[row].mean((2, 3)) @ self.weight[self.taught].T + self.bias[self.taught]).argmax(1)
            figures |= {"far from classes": far, "class": (said.argmax(1) == sure).float().mean()}
        return loss, [Told.one(f"{key}, {name}", value) for key, value in figures.items()]

    def _cells(self, tokens: torch.Tensor, things: Drawn) -> torch.Tensor:
        """How badly the tokens tell where they are and, under each thing, spell its name and colour in the vocabulary.

        A question finds its thing by likeness of word and token; left to find a common space by itself, the decoder
        learns in an hour whether a red apple is there, and not what colour the apple has.
        """
        logits = self.module.place_head(F.rms_norm(tokens, tokens.shape[-1:]))  # (picture, token, rows and columns)
        token = torch.arange(GRID * GRID, device=self.device).expand(len(tokens), -1)
        rows, columns = logits[..., :GRID].transpose(1, 2), logits[..., GRID:].transpose(1, 2)
        loss = F.cross_entropy(rows, token // GRID) + F.cross_entropy(columns, token % GRID)
        under = torch.einsum("tn,tnc->tc", things.cover, tokens[things.picture])
        words = self.module.words(self.module.decoder.norm(under))
        loss = loss + F.cross_entropy(words[:, self.name_tokens], things.name)
        tinted = F.cross_entropy(words[:, self.colour_tokens], things.colour, ignore_index=-1, reduction="sum")
        return loss + 0.5 * tinted / (things.colour >= 0).sum().clamp(min=1)

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
        found = Tally()
        for part, longest in ((sheets, LONGEST), (several, LONGEST_OF_SEVERAL)):
            for start in range(0, len(part), 30):
                found.add(self._told(part[start : start + 30], longest))
        self.module.train()
        return found.means()

    def _named(self, maker: Maker, rng: Random, word: str) -> Sheet:
        scene = arrange(rng, maker.bank, [word], tinted=0.3)
        asked = [turn for turn in maker.turns(rng, scene) if turn.family == "name"]
        return Sheet([maker.view(rng, scene)], asked)

    def _told(self, sheets: Sequence[Sheet], longest: int) -> list[Told]:
        batch = self.packer.pack(sheets, longest).to(self.device)
        pixels = np.stack([np.asarray(view.image) for sheet in sheets for view in sheet.pictures])
        tokens = self.module.project(self.see(torch.from_numpy(pixels)))
        return self._answer(tokens, batch)[1]


def mixtures(maps: torch.Tensor, count: int) -> torch.Tensor:
    """Maps that no picture has: each channel from one of two pictures, `(picture, channel, row, column)`.

    Drawings and a few photographs leave most of what the tower can say unsaid; what holds for mixtures holds for more.
    """
    one, other = (torch.randint(len(maps), (count,), device=maps.device) for _ in range(2))
    share = torch.rand(count, 1, 1, 1, device=maps.device)
    return torch.where(torch.rand(count, maps.shape[1], 1, 1, device=maps.device) < share, maps[one], maps[other])
