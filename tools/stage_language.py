"""Third stage: the decoder learns to answer, and to keep what the tower sees.

A step asks everything that single drawn pictures allow, has photographs and mixtures of what the tower sees kept, and asks
prompts of several pictures: two frames, likeness, new words, unnamed relations. All pictures pass the tower together.

The tower's later blocks learn along, slowly, by what is answered of drawings alone; what is to be kept is what the tower
saw before this stage, and on photographs it must go on seeing that.
"""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from transformers import EfficientNetModel, FastVlmForConditionalGeneration

from sav_core.scenes.draw import COLOURS, arrange
from tools import former
from tools.bank import VARIANTS, held_out_artist_bank, training_bank
from tools.lessons import LONGEST, LONGEST_OF_SEVERAL, Drawn, Lesson, Size, Teacher, lessons
from tools.meanings import meanings
from tools.mixing import mixtures, relit
from tools.model import GRID, SIDE, build_config, build_model, normalise
from tools.names import CLASSES, more
from tools.optimizer import Optimizer
from tools.packing import Batch, Packer, Sheet
from tools.photographs import training_photographs
from tools.retention import Keeper, Likeness, distil, likeness, pooled, sorting
from tools.stage_tower import STRICT, far_from, split
from tools.tally import Tally, Told
from tools.tasks import Maker
from tools.text import END, IMAGE, PAD, build_tokenizer
from tools.tower import CHANNELS, classifier
from tools.world import HELD_OUT, HELD_OUT_ARTIST, TRAINED

ANSWERS, SPELLING, SEVERAL, SORTED = 2.0, 0.2, 0.5, 2.0  # weights beside what is to be kept
ALIKE, ALIKE_ASKED = 3.0, 1.0  # weights of what heads find alike, of a picture and of a picture that is asked about
ASKED = 160  # questions of a step whose heads are held to the picture
LATER = 3  # layer from which on heads are sorted by the answer
HEADS_FIRST = 0.02  # share of the stage in which only linear layers and words learn to tell the picture, not the decoder
ON_A_GPU = 6  # times as much a step as a process on a CPU
USES = 2  # steps that a lesson serves on a GPU, which learns faster than the other cores draw
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
    """The whole model but its tower's first blocks, and what is learnt beside it and thrown away afterwards."""

    def __init__(self, model: FastVlmForConditionalGeneration, tower: nn.Module) -> None:
        super().__init__()
        self.tower = tower
        config = model.config.text_config
        self.projector = model.model.multi_modal_projector
        self.decoder = model.model.language_model
        self.keeper = Keeper(config.num_hidden_layers, config.hidden_size, CHANNELS)
        self.likeness = Likeness(config.num_attention_heads, CHANNELS)
        self.place_head = nn.Linear(config.hidden_size, 2 * GRID)
        self.image, self.heads = model.config.image_token_id, config.num_attention_heads

    def project(self, features: torch.Tensor) -> torch.Tensor:
        """The tokens `(picture, token, width)` of the tower's maps."""
        return self.projector(features.flatten(2).transpose(1, 2).to(self.place_head.weight.dtype))

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

    rates: ClassVar = {"muon_rate": 0.012, "adam_rate": 1.2e-3, "gentle": "decoder.layers", "slow": ("tower", 0.08)}
    report_every = 20  # steps

    def __init__(self, model: FastVlmForConditionalGeneration, tower: EfficientNetModel, device: str) -> None:
        self.device = device
        first, later = split(tower.to(device))
        self.first, self.before = first, copy.deepcopy(later)
        self.module: nn.Module = Reader(model, later.requires_grad_(True))
        model.model.language_model.set_attn_implementation("eager")  # at these lengths faster than SDPA on a CPU
        self.weight, self.bias = (part.to(device) for part in classifier())
        self.packer = Packer(build_tokenizer())
        maker = Maker(training_bank(VARIANTS), SIDE, more=tuple(more()), photographs=training_photographs())
        single = self.packer.single_tokens((*CLASSES, *maker.every))
        taught = [index for index, name in enumerate(CLASSES) if name in single and name not in HELD_OUT]
        self.taught = torch.tensor(taught, device=device)
        self.meanings = meanings()[taught].to(device)
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
        uses = 1 if self.device == "cpu" else USES
        for lesson in lessons(self.teacher, first // uses, -(-last // uses), rank, workers):
            yield from [lesson] * uses

    def loss(self, lesson: Lesson) -> tuple[torch.Tensor, list[Told]]:
        """A step's loss, and what it told: of each family what was answered exactly, of the rest how far it is."""
        size = self.size
        maps, before = self.see(lesson.pixels)
        parts = (size.drawn, size.photographs, len(maps) - size.drawn - size.photographs)
        drawn, photographs, several = maps.split(parts)
        drawn_before, photographs_before, _ = before.split(parts)
        both = torch.stack([maps.detach(), before], 1)[: size.drawn + size.photographs]
        mixed, mixed_before = mixtures(both, size.mixed).unbind(1)
        tokens = self.module.project(drawn)
        loss, figures = self._answer(tokens, lesson.drawn.to(self.device), drawn_before)
        spelt = self._cells(tokens, lesson.things.to(self.device))
        kept, more_kept = self._keep(
            torch.cat([photographs.detach(), mixed]),
            torch.cat([photographs_before, mixed_before]),
            lesson.apart.to(self.device),
            lesson.kinds.to(self.device),
        )
        more_loss, more_figures = self._answer(self.module.project(several), lesson.several.to(self.device))
        far = far_from(photographs.float(), photographs_before)
        figures += [*more_kept, *more_figures, Told.one("spelling", spelt), Told.one("far, photographs", far)]
        return loss + SPELLING * spelt + kept + SEVERAL * more_loss + STRICT * far, figures

    def see(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The tower's maps of pictures `(picture, row, column, channel)`, as it is and as it was before this stage."""
        training = torch.is_grad_enabled()
        with torch.no_grad():
            seen = normalise(pixels.to(self.device, non_blocking=True))
            if training:
                seen = relit(seen)
            early = self.first(seen.contiguous(memory_format=torch.channels_last))
            before = self.before(early)
        with torch.set_grad_enabled(training and self.share >= HEADS_FIRST):
            return self.module.tower(early.to(self.module.place_head.weight.dtype)), before

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
        half = self.module.heads // 2
        row, at = batch.asked.unbind(1)
        asked = torch.stack([x[row, at] for x in vectors]).unflatten(-1, (self.module.heads, -1))
        apart = sorting(asked[LATER:, :, half:], batch.kinds, batch.answers).mean()
        some = torch.randperm(len(row), device=self.device)[:ASKED]
        wanted = self.module.likeness(pooled(features)[row[some]])[:half]
        alike = likeness(asked[:, some, :half], wanted).mean()
        kept, kept_figures = self._kept(features, batch, (last, streams, vectors), "drawn", slice(0, len(features)))
        told = [Told.one("answers", loss), Told.one("sorted by answer", apart), Told.one("alike, asked", alike)]
        return ANSWERS * loss + kept + SORTED * (1 - apart) + ALIKE_ASKED * (1 - alike), [*figures, *told, *kept_figures]

    def _keep(
        self, features: torch.Tensor, wanted: torch.Tensor, batch: Batch, kinds: torch.Tensor
    ) -> tuple[torch.Tensor, list[Told]]:
        """Loss over what is to be kept of photographs, and after them mixtures, that nothing else is asked about."""
        read = self.module.read(self.module.project(features), batch)
        found = [
            self._kept(wanted, batch, read, "photographs", slice(0, len(kinds)), kinds),
            self._kept(wanted, batch, read, "mixed", slice(len(kinds), None)),
        ]
        return torch.stack([loss for loss, _ in found]).mean(), [told for _, each in found for told in each]

    def _kept(
        self,
        features: torch.Tensor,
        batch: Batch,
        read: tuple,
        name: str,
        rows: slice,
        kinds: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, list[Told]]:
        """Loss over what is to be kept of a group of pictures, which are told from one another, not from other groups'.

        ``kinds`` are those of photographs, of which it is also told what they mean.
        """
        last, streams, vectors = read
        first, end, _ = rows.indices(len(features))

        def ends(family: str) -> tuple[torch.Tensor, torch.Tensor]:
            row, at = batch.ends[family].unbind(1)
            own = (row >= first) & (row < end)
            return row[own].to(self.device), at[own].to(self.device)

        row, at = ends("keep")
        streams, vectors = ([x[row, at] for x in each] for each in (streams, vectors))
        wanted = pooled(features)[row]
        meant = None if kinds is None else self._classes(features[row]).softmax(1) @ self.meanings
        wanted_alike = self.module.likeness(wanted, meant, None if kinds is None else kinds[row - first])
        by_head = torch.stack(vectors).unflatten(-1, (self.module.heads, -1))
        alike = likeness(by_head, wanted_alike).mean()
        if self.share < HEADS_FIRST:  # what random linear layers ask for would only spoil the decoder
            streams, vectors = ([x.detach() for x in each] for each in (streams, vectors))
            last = last.detach()
        loss, figures = self.module.keeper(streams, vectors, wanted)
        loss, figures = loss + ALIKE * (1 - alike), {**figures, "alike": alike.detach()}
        row, at = ends("class")
        if len(row):
            logits = self.module.words(last[row, at]).float()
            said = logits[:, self.class_tokens]
            far = distil(said, features[row], self.weight[self.taught], self.bias[self.taught])
            beside = (logits.logsumexp(1) - said.logsumexp(1)).mean()  # what goes to words that are no class
            loss = loss + 0.5 * far + 0.1 * beside
            sure = self._classes(features[row]).argmax(1)
            figures |= {"far from classes": far, "class": (said.argmax(1) == sure).float().mean()}
        return loss, [Told.one(f"{key}, {name}", value) for key, value in figures.items()]

    def _classes(self, features: torch.Tensor) -> torch.Tensor:
        """What the tower's classifier makes of maps, of the classes that are taught: `(picture, class)`."""
        return features.float().mean((2, 3)) @ self.weight[self.taught].T + self.bias[self.taught]

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
        tokens = self.module.project(self.see(torch.from_numpy(pixels))[0])
        return self._answer(tokens, batch)[1]
