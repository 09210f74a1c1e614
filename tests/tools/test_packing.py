"""What a packed sequence computes is what the model computes for each question alone, in the ordinary chat format."""

from random import Random

import numpy as np
import pytest
import torch
from PIL import Image

from sav_core.scenes.draw import Sprites
from tools import tower
from tools.model import SIDE, build_config
from tools.packing import Line, Packer, Sheet, Turn, View
from tools.retention import Keeper, likeness, sorting
from tools.stage_align import to_pixels
from tools.stage_language import Reader
from tools.tasks import Maker
from tools.text import END, IMAGE, PAD, build_processor
from tools.world import TRAINED


@pytest.fixture(scope="module")
def processor():
    return build_processor()


@pytest.fixture(scope="module")
def model(processor):
    """The embedded model's shape with random weights, its tower too."""
    from transformers import FastVlmForConditionalGeneration

    tokenizer = processor.tokenizer
    image, pad, end = tokenizer.convert_tokens_to_ids([IMAGE, PAD, END])
    torch.manual_seed(0)
    made = FastVlmForConditionalGeneration(build_config(len(tokenizer), image, pad, end)).eval()
    made.model.vision_tower = tower.for_training(made.model.vision_tower)
    made.model.language_model.set_attn_implementation("eager")
    return made


@pytest.fixture(scope="module")
def bank() -> Sprites:
    """Every trained name as noise, by two artists."""
    noise = np.random.default_rng(0)
    return Sprites(
        {
            (name, artist): Image.fromarray(noise.integers(0, 255, (16, 16, 4), dtype=np.uint8))
            for name in TRAINED
            for artist in ("one", "other")
        }
    )


def noise_view(seed: int) -> View:
    pixels = np.random.default_rng(seed).integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8)
    return View(Image.fromarray(pixels))


@torch.inference_mode()
def test_a_packed_question_is_answered_as_it_is_alone(processor, model) -> None:
    views = [noise_view(seed) for seed in range(3)]
    lines = [Line("What is this?", "dax", "word"), Line("What is this?", "wug")]
    asked = [
        Turn("name", "What is this?", "cat"),
        Turn("keep", "Describe.", None),
        Turn("count", "How many cats are there?", "3"),
    ]
    packer = Packer(processor.tokenizer)
    batch = packer.pack([Sheet(views, asked, lines)], longest=400)
    reader = Reader(model).eval()
    maps = model.model.vision_tower(to_pixels(views, "cpu")).last_hidden_state
    last, streams, vectors = reader.read(reader.project(maps), batch)
    assert len(streams) == len(vectors) == model.config.text_config.num_hidden_layers

    ends = {"keep": batch.ends["keep"][0, 1]} | {
        family: batch.at[batch.turn == batch.families.index(family)][0, 1] for family in ("name", "count")
    }
    for turn in asked:
        content = []
        for index in range(len(views)):
            content.append({"type": "image"})
            text = f"{lines[index].question} {lines[index].answer}." if index < len(lines) else turn.question
            content.append({"type": "text", "text": text})
        text = processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)
        inputs = processor(images=[view.image for view in views], text=text, return_tensors="pt")
        alone = model.model(**inputs, use_cache=False).last_hidden_state[0, -1]
        torch.testing.assert_close(last[0, ends[turn.family]], alone, atol=2e-4, rtol=1e-3)


@pytest.mark.parametrize("kind", ["one", "frames", "likeness", "new_words", "relation"])
def test_every_kind_of_sheet_asks_something_and_fits(kind: str, processor, bank) -> None:
    maker, rng, packer = Maker(bank, 32), Random(0), Packer(processor.tokenizer)
    sheets = [getattr(maker, kind)(rng) for _ in range(20)]
    batch = packer.pack(sheets, longest=400)
    assert set(batch.at[:, 0].tolist()) == set(range(len(sheets)))
    pictures = (batch.ids == processor.tokenizer.convert_tokens_to_ids(IMAGE)).sum()
    assert pictures == sum(len(sheet.pictures) for sheet in sheets) * 36


def test_an_answer_of_new_words_was_shown_before(bank) -> None:
    maker, rng = Maker(bank, 32), Random(1)
    for _ in range(20):
        sheet = maker.new_words(rng)
        assert sheet.turns[0].answer in {line.answer for line in sheet.lines}
        assert len(sheet.pictures) == len(sheet.lines) + 1


def test_heads_that_see_what_the_tower_sees_are_alike_to_it() -> None:
    wanted = torch.randn(12, 40, generator=torch.Generator().manual_seed(0))
    same = wanted[None, :, None].expand(2, -1, 3, -1)
    assert torch.allclose(likeness(same, wanted), torch.ones(2, 3), atol=1e-5)
    other = torch.randn(2, 12, 3, 40, generator=torch.Generator().manual_seed(1))
    assert likeness(other, wanted).abs().max() < 0.6


def test_heads_are_sorted_where_questions_of_a_kind_with_the_same_answer_are_alike() -> None:
    drawn = torch.Generator().manual_seed(0)
    kinds, answers = torch.tensor([0, 0, 0, 0, 1, 1, 1, 1, 1, -1]), torch.tensor([0, 0, 1, 1, 2, 2, 3, 3, 3, 0])
    vectors = torch.randn(1, 10, 2, 8, generator=drawn)
    vectors[0, :, 0] = torch.randn(4, 8, generator=drawn)[answers]
    sorted_by_answer, other = sorting(vectors, kinds, answers)[0].tolist()
    assert sorted_by_answer > 0.95
    units = torch.nn.functional.normalize(vectors[0, :, 1], dim=-1)
    parts = []
    for kind in (0, 1):  # each kind about its own mean, whatever the other's
        rows = [(i, j) for i in range(10) for j in range(i + 1, 10) if kinds[i] == kinds[j] == kind]
        pair = torch.tensor([[float(units[i] @ units[j]), float(answers[i] == answers[j])] for i, j in rows])
        found, same = (pair - pair.mean(0)).T
        parts.append(torch.stack([(found * same).mean(), found.square().mean(), same.square().mean()]))
    both, found, same = torch.stack(parts).sum(0)
    assert other == pytest.approx(float(both / (found * same).sqrt()), abs=1e-5)


def test_keeping_costs_nothing_once_all_is_told() -> None:
    keeper = Keeper(layers=2, width=8, channels=8)
    told = torch.nn.functional.rms_norm(torch.randn(6, 8), (8,))
    told = told - told.mean(0)
    for read in (*keeper.stream_heads, *keeper.vector_heads):
        torch.nn.init.eye_(read.weight)
        torch.nn.init.zeros_(read.bias)
    scaled = [torch.zeros(6, 8), told]
    loss, figures = keeper(scaled, scaled, told, heads=1)
    assert figures["kept"] > 0.99
    assert float(loss.detach()) < 0.1
