"""Second stage: the whole model learns to answer.

Two kinds of sequences make a step. *Packed* ones ask everything a scene allows about one picture. *Chained* ones are
in-context prompts: four pictures with "Q: anchor. A: neighbour." under a relation never named, then a fifth to answer.
They begin once the model names neighbours when the relation *is* named; before that nothing is learnt from them.
"""

from collections.abc import Sequence
from random import Random
from typing import ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from transformers import FastVlmForConditionalGeneration

from sav_core.scenes.draw import COLOURS, RELATIONS, Scene, Sprites, Thing, arrange
from sav_core.scenes.questions import demonstrate, questions
from tools.bank import held_out_artist_bank, training_bank
from tools.model import CHANNELS, GRID, build_config, build_model
from tools.packing import Batch, Packer, Turn
from tools.stage_tower import THINGS, WORDS, Labeller, render, targets
from tools.text import END, IMAGE, PAD, build_tokenizer
from tools.world import HELD_OUT_ARTIST, SCENE_WORDS

DEMONSTRATIONS = 4
LONGEST = 160  # tokens of a packed sequence
# Long answers and easy ones count less; what is asked of few scenes, and hard, counts more.
WEIGHTS = {"describe": 0.4, "number": 0.6, "name": 2.0, "count": 4.0}
FLUENT = 0.8  # accuracy on relations by name from which on in-context prompts teach anything
LOOKED_UP = frozenset({"colour", "count", "where", "side", "neighbour"})
RULE = "Which side?"


def untrained() -> FastVlmForConditionalGeneration:
    """The model before any training; the same every time."""
    tokenizer = build_tokenizer()
    image, pad, end = tokenizer.convert_tokens_to_ids([IMAGE, PAD, END])
    return build_model(build_config(len(tokenizer), image, pad, end))


def make_scene(rng: Random, bank: Sprites, artists: tuple[str, ...] | None = None, words: Sequence[str] = ()) -> Scene:
    """A picture to ask about: one thing alone, a few, several of the same, or a crowd.

    ``words`` are the nouns of scenes of several things; if none are given, mostly those that suit them.
    """
    words = words or (SCENE_WORDS if rng.random() < 0.7 else WORDS)
    tinted = rng.choice((0.3, 0.6, 1.0))
    kind = rng.choices(("alone", "few", "several", "crowd"), (26, 34, 28, 12))[0]
    if kind == "alone":
        names = [rng.choice(WORDS)]
    elif kind == "few":
        names = rng.sample(words, rng.choice((2, 3, 3, 4, 4, 4)))
    elif kind == "several":
        total = rng.choice((2, 3, 4, 4))
        repeated = rng.randint(2, total)
        name, *others = rng.sample(words, 1 + total - repeated)
        names = [name] * repeated + others
        rng.shuffle(names)
    else:
        return demonstrate(rng, bank, words, artists=artists).scene
    return arrange(rng, bank, names, artists=artists, tinted=tinted)


def make_turns(scene: Scene, rng: Random) -> list[Turn]:
    """What the scene can be asked, in random order; absent things come from the nouns that fit its own."""
    crowd_words = SCENE_WORDS if all(thing.name in SCENE_WORDS for thing in scene.things) else WORDS
    asked = questions(scene, rng, crowd_words)
    for _ in range(2):  # what a named thing is like, where, how often, beside what: hardest to learn, so asked of several
        asked += [question for question in questions(scene, rng, crowd_words) if question.family in LOOKED_UP]
    asked = list(dict.fromkeys(asked))
    rng.shuffle(asked)
    return [Turn(q.family, q.text, q.answer, WEIGHTS.get(q.family, 1.0)) for q in asked]


def make_chain(
    rng: Random, bank: Sprites, artists: tuple[str, ...] | None = None, demonstrations: int = DEMONSTRATIONS
) -> tuple[list[Scene], list[tuple[str, str]], Turn]:
    """An in-context prompt: its scenes, the question and answer under each, and a question for the rule itself."""
    relation = rng.choice(RELATIONS)
    shown = [demonstrate(rng, bank, SCENE_WORDS, artists=artists) for _ in range(demonstrations + 1)]
    turns = [(f"Q: {d.anchor}. A:", d.answers[relation]) for d in shown]
    return [d.scene for d in shown], turns, Turn("rule", RULE, relation, 0.5)


class Reader(nn.Module):
    """The whole model, and the tower's labels of the first stage beside it, under the first stage's names.

    A convolution knows where it is only from the padding at the edge, and a tower that learnt names has no use for that:
    the decoder then names what is in a corner (it looks there) but cannot say in which corner a thing is. So each token
    also tells its row and column while training.
    """

    def __init__(self, model: FastVlmForConditionalGeneration, names: int) -> None:
        super().__init__()
        labeller = Labeller(model.model.vision_tower, names)
        self.tower, self.name_head, self.colour_head = labeller.tower, labeller.name_head, labeller.colour_head
        self.place_head = nn.Linear(CHANNELS, 2 * GRID)
        self.rest = model

    def see(self, pixels: torch.Tensor) -> torch.Tensor:
        """The tower's map `(picture, channel, row, column)`."""
        return self.tower(pixels.to(next(self.tower.parameters()).dtype)).last_hidden_state

    def answer(self, features: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Logits at the targets of the batch; the pictures come in the order of the sequences."""
        inner = self.rest.model
        pictures = inner.multi_modal_projector(features.flatten(2).transpose(1, 2))
        embedded = inner.language_model.embed_tokens(batch.ids)
        is_picture = (batch.ids == self.rest.config.image_token_id)[..., None]
        read = inner.language_model(
            inputs_embeds=embedded.masked_scatter(is_picture, pictures),
            attention_mask=batch.mask.to(embedded.dtype),
            position_ids=batch.positions,
            use_cache=False,
        ).last_hidden_state
        return self.rest.lm_head(read[batch.targets >= 0])


class LanguageStage:
    """Batches, loss and evaluation of the second stage."""

    batch = 32  # packed pictures a process a step
    chains = 7  # in-context prompts a process a step, once they have begun
    rates: ClassVar = {"muon_rate": 0.016, "adam_rate": 1.5e-3}
    report_every = 240.0
    settle = 0.7  # from this share of the stage on, batch norms keep the statistics that they will be used with

    def __init__(self, model: FastVlmForConditionalGeneration, device: str) -> None:
        self.device = device
        self.bank = training_bank(variants=4)
        self.names = {name: i for i, name in enumerate((*WORDS, *(n for n in self.bank.names if n.startswith("+"))))}
        self.module = Reader(model, len(self.names))
        model.model.language_model.set_attn_implementation("eager")  # at these lengths faster than SDPA on a CPU
        self.packer = Packer(build_tokenizer())
        self.word_tokens, self.colour_tokens = (
            torch.tensor([self.packer.tokens(word)[0] for word in words], device=device) for words in (WORDS, COLOURS)
        )
        self.neighbour = 0.0  # running accuracy where the relation is named
        self.share = 0.0  # of the stage that is over

    def loss(self, rng: Random) -> tuple[torch.Tensor, dict[str, float]]:
        """A step's loss, and the share of each family answered exactly."""
        self._mode(training=True)
        scenes = [make_scene(rng, self.bank) for _ in range(self.batch)]
        packed = self.packer.pack([make_turns(scene, rng) for scene in scenes], LONGEST)
        made = [make_chain(rng, self.bank) for _ in range(self.chains)] if self.neighbour > FLUENT else []
        shown = [scene for chain_scenes, *_ in made for scene in chain_scenes]
        pixels, places = render(scenes + shown, self.bank, self.device, rng)
        features = self.module.see(pixels)  # all at once: batch norms must see one mixture
        loss, figures = self._answer(features[: self.batch], packed)
        loss = loss + 0.2 * self._label(features[: self.batch], places[: self.batch], scenes)
        self.neighbour += 0.05 * (figures.get("neighbour", 0.0) - self.neighbour)
        if made:
            chained = self.packer.chain([turns for _, turns, _ in made], [rule for *_, rule in made])
            chain_loss, chain_figures = self._answer(features[self.batch :], chained)
            loss, figures = loss + 0.7 * chain_loss, figures | chain_figures
        return loss, figures

    def _mode(self, training: bool) -> None:
        self.module.train(training)
        if self.share > self.settle:
            for module in self.module.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()

    def _answer(self, features: torch.Tensor, batch: Batch) -> tuple[torch.Tensor, dict[str, float]]:
        """Loss over the answers, and the share answered exactly by family."""
        batch = batch.to(self.device)
        logits = self.module.answer(features, batch)
        learnt = batch.targets >= 0
        wanted, weights, turn = batch.targets[learnt], batch.weights[learnt], batch.turn[learnt]
        losses = F.cross_entropy(logits.float(), wanted, reduction="none")
        right = torch.ones(len(batch.families), device=self.device)
        right.scatter_reduce_(0, turn, (logits.argmax(1) == wanted).float(), "amin")
        exact: dict[str, list[float]] = {}
        for family, value in zip(batch.families, right.tolist(), strict=True):
            exact.setdefault(family, []).append(value)
        return (losses * weights).sum() / weights.sum(), {k: float(np.mean(v)) for k, v in exact.items()}

    def _label(self, features: torch.Tensor, places: torch.Tensor, scenes: list[Scene]) -> torch.Tensor:
        """The first stage's loss, kept up at a small weight so that the tower goes on learning names."""
        cut = [Scene(scene.things[:THINGS], scene.ground) for scene in scenes]
        there, name_ids, colour_ids = targets(cut, self.names)
        pooled = torch.einsum("bchw,bthw->btc", features, places.to(features.dtype))[there]
        names = F.cross_entropy(self.module.name_head(pooled).float(), name_ids.to(self.device))
        colours = F.cross_entropy(self.module.colour_head(pooled).float(), colour_ids.to(self.device))
        read = self._spell(features, places, there, [scene.things for scene in cut])
        return names + 0.5 * colours + self._locate(features) + read

    def _spell(
        self, features: torch.Tensor, places: torch.Tensor, there: torch.Tensor, things: list[tuple[Thing, ...]]
    ) -> torch.Tensor:
        """How badly the projected tokens under each thing spell its name and colour, in the decoder's own vocabulary.

        A question finds its thing by likeness of word and token. Left to find a common space by itself, the decoder
        learns in an hour whether a red apple is there, and not what colour the apple has.
        """
        inner = self.module.rest.model
        tokens = inner.multi_modal_projector(features.flatten(2).transpose(1, 2))
        pooled = torch.einsum("bnc,btn->btc", tokens, places.flatten(2).to(tokens.dtype))[there]
        logits = self.module.rest.lm_head(inner.language_model.norm(pooled)).float()
        found = [thing for several in things for thing in several]
        names = torch.tensor([WORDS.index(thing.name) for thing in found], device=self.device)
        loss = F.cross_entropy(logits[:, self.word_tokens], names)
        tinted = torch.tensor([thing.colour is not None for thing in found], device=self.device)
        if tinted.any():
            colours = torch.tensor([list(COLOURS).index(t.colour) for t in found if t.colour], device=self.device)
            loss = loss + 0.5 * F.cross_entropy(logits[tinted][:, self.colour_tokens], colours)
        return loss

    def _locate(self, features: torch.Tensor) -> torch.Tensor:
        """How badly each token tells its row and its column."""
        logits = self.module.place_head(features.flatten(2).transpose(1, 2)).float()  # (picture, token, rows and columns)
        token = torch.arange(GRID * GRID, device=self.device).expand(len(features), -1)
        rows, columns = logits[..., :GRID].transpose(1, 2), logits[..., GRID:].transpose(1, 2)
        return F.cross_entropy(rows, token // GRID) + F.cross_entropy(columns, token % GRID)

    @torch.no_grad()
    def evaluate(self) -> dict[str, float]:
        """Exact answers by family on pictures by the held-out artist, the same pictures every time."""
        bank, rng = held_out_artist_bank(), Random(11)
        artists = (HELD_OUT_ARTIST,)
        scenes = [arrange(rng, bank, [word], tinted=0.3) for word in WORDS]
        scenes += [make_scene(rng, bank, artists) for _ in range(160)]
        turns = [make_turns(scene, rng) for scene in scenes]
        made = [make_chain(rng, bank, artists) for _ in range(60)]
        self._mode(training=False)
        sums: dict[str, list[float]] = {}
        for start in range(0, len(scenes), 40):
            pixels, _ = render(scenes[start : start + 40], bank, self.device)
            self._tally(sums, pixels, self.packer.pack(turns[start : start + 40], LONGEST))
        for start in range(0, len(made), 10) if self.neighbour > FLUENT else ():
            part = made[start : start + 10]
            chained = self.packer.chain([turns for _, turns, _ in part], [rule for *_, rule in part])
            pixels, _ = render([scene for shown, *_ in part for scene in shown], bank, self.device)
            self._tally(sums, pixels, chained)
        return {family: right / count for family, (right, count) in sums.items()}

    def _tally(self, sums: dict[str, list[float]], pixels: torch.Tensor, batch: Batch) -> None:
        _, figures = self._answer(self.module.see(pixels), batch)
        for family, value in figures.items():
            count = batch.families.count(family)
            total = sums.setdefault(family, [0.0, 0])
            total[0] += value * count
            total[1] += count
