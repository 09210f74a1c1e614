"""What the model says: generated answers, exactly right or wrong, on pictures by the held-out artist."""

from collections import defaultdict
from collections.abc import Iterator
from random import Random

import torch
from PIL import Image

from sav_core.models.backbones import Backbone
from sav_core.scenes.draw import RELATIONS, arrange, draw
from sav_core.scenes.questions import Question, demonstrate, questions
from tools.bank import held_out_artist_bank
from tools.figures import Figure, share
from tools.model import SIDE
from tools.packing import Sheet
from tools.tasks import Maker
from tools.world import HELD_OUT_ARTIST, SCENE_WORDS, TRAINED

ARTISTS = (HELD_OUT_ARTIST,)
ASKED = ("number", "colour", "by colour", "count", "presence", "neighbour", "side", "where", "corner", "largest",
         "smallest", "claim")  # fmt: skip
SEVERAL = ("moved", "way", "new", "gone", "change", "same", "like", "odd", "new word", "diagonal 4")
Prompt = tuple[list[Image.Image], list[str]]  # pictures, and the text after each


def answer(backbone: Backbone, prompts: list[Prompt], batch: int = 24) -> list[str]:
    """Greedy answers through the public path: chat template, processor, `generate`."""
    processor, model = backbone.processor, backbone.model
    answers = []
    for start in range(0, len(prompts), batch):
        part = prompts[start : start + batch]
        texts = [
            processor.apply_chat_template(
                [
                    {
                        "role": "user",
                        "content": [
                            item
                            for text in texts
                            for item in ({"type": "image"}, *([{"type": "text", "text": text}] if text else []))
                        ],
                    }
                ],
                add_generation_prompt=True,
            )
            for _, texts in part
        ]
        inputs = processor(
            images=[pictures for pictures, _ in part], text=texts, padding=True, padding_side="left", return_tensors="pt"
        )
        inputs = inputs.to(backbone.device)
        inputs["pixel_values"] = inputs["pixel_values"].to(backbone.dtype)
        with torch.inference_mode():
            out = model.generate(**inputs, max_new_tokens=6, do_sample=False)
        prompt_length = inputs["input_ids"].shape[1]
        answers += [text.strip() for text in processor.batch_decode(out[:, prompt_length:], skip_special_tokens=True)]
    return answers


def names(backbone: Backbone, pictures_each: int, seed: int) -> Figure:
    """Ask "What is this?" over every trained name, one thing in the picture, place, size, ground and tint varied."""
    bank, rng = held_out_artist_bank(), Random(f"names {seed}")
    wanted = [word for word in TRAINED for _ in range(pictures_each)]
    prompts: list[Prompt] = [
        ([draw(arrange(rng, bank, [word], tinted=0.3), bank, SIDE)], ["What is this?"]) for word in wanted
    ]
    said = answer(backbone, prompts)
    return share([s == w for s, w in zip(said, wanted, strict=True)])


def scene_questions(backbone: Backbone, each: int, seed: int, all_names: bool) -> dict[str, Figure]:
    """Every other family, `each` questions of it on as many scenes; things are scene nouns, or any trained name."""
    bank = held_out_artist_bank()
    collected: dict[str, list[tuple[Prompt, str]]] = defaultdict(list)
    for scene, asked in _scenes(Random(f"scenes {seed} {all_names}"), all_names):
        fitting = [q for q in asked if q.family in ASKED and len(collected[q.family]) < each]
        if fitting:
            picture = draw(scene, bank, SIDE)
            for question in fitting:
                collected[question.family].append((([picture], [question.text]), question.answer))
        if all(len(collected[family]) >= each for family in ASKED):
            break
    figures = {}
    for family in ASKED:
        said = answer(backbone, [prompt for prompt, _ in collected[family]])
        figures[family] = share([s == a for s, (_, a) in zip(said, collected[family], strict=True)])
    return figures


def _scenes(rng: Random, all_names: bool) -> Iterator[tuple[object, list[Question]]]:
    """Scenes of two to five things and what they can be asked, one question of a family at most."""
    maker, words = Maker(held_out_artist_bank(), SIDE, ARTISTS), tuple(TRAINED) if all_names else SCENE_WORDS
    while True:
        scene = maker.scene(rng, words)
        if len(scene.things) == 1:
            continue
        asked = questions(scene, rng, words)
        rng.shuffle(asked)
        yield scene, list({question.family: question for question in asked}.values())


def in_context(backbone: Backbone, episodes: int, demonstrations: int, seed: int) -> Figure:
    """The neighbour in a relation that is never named, after so many demonstrations of it."""
    bank, rng = held_out_artist_bank(), Random(f"in context {seed}")
    prompts, wanted = [], []
    for _ in range(episodes):
        relation = rng.choice(RELATIONS)
        shown = [demonstrate(rng, bank, SCENE_WORDS, artists=ARTISTS) for _ in range(5)][4 - demonstrations :]
        texts = [f"Q: {d.anchor}. A: {d.answers[relation]}." for d in shown[:-1]] + [f"Q: {shown[-1].anchor}. A:"]
        prompts.append(([draw(d.scene, bank, SIDE) for d in shown], texts))
        wanted.append(shown[-1].answers[relation])
    said = answer(backbone, prompts, batch=8)
    return share([s == w for s, w in zip(said, wanted, strict=True)])


def of_several(backbone: Backbone, each: int, seed: int) -> dict[str, Figure]:
    """Two frames, likeness, new words and diagonals never named: questions about several pictures."""
    maker, rng = Maker(held_out_artist_bank(), SIDE, ARTISTS), Random(f"several {seed}")
    collected: dict[str, list[tuple[Prompt, str]]] = defaultdict(list)
    while any(len(collected[family]) < each for family in SEVERAL):
        for make in (maker.frames, maker.likeness, maker.new_words, maker.relation):
            sheet = make(rng)
            for turn in sheet.turns:
                if turn.family in SEVERAL and len(collected[turn.family]) < each and turn.answer:
                    collected[turn.family].append((_prompt(sheet, turn.question), turn.answer))
    figures = {}
    for family in SEVERAL:
        said = answer(backbone, [prompt for prompt, _ in collected[family]], batch=8)
        figures[family] = share([s == a for s, (_, a) in zip(said, collected[family], strict=True)])
    return figures


def _prompt(sheet: Sheet, question: str) -> Prompt:
    """A sheet's pictures, and under each its line or the question; pictures without a line stand one after another."""
    lines = [f"{line.question} {line.answer}." for line in sheet.lines]
    blank = [""] * (len(sheet.pictures) - 1 - len(lines))
    return [view.image for view in sheet.pictures], [*lines, *blank, question]
