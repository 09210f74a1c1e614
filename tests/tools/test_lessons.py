"""What a training step is made of: the same for the same seed, its parts in the order that the stage reads them."""

from random import Random

import numpy as np
import pytest
import torch
from PIL import Image

from sav_core.scenes.draw import COLOURS, Ground, Scene, Sprites, Thing
from tools.lessons import Size, Teacher, cover, drawn_things
from tools.model import GRID
from tools.packing import Packer, View
from tools.photographs import Photographs
from tools.stage_language import mixtures
from tools.tasks import Maker
from tools.text import IMAGE, build_tokenizer
from tools.world import TRAINED

SIZE = Size(drawn=3, photographs=2, mixed=1, several=4)


@pytest.fixture(scope="module")
def photographs(tmp_path_factory) -> Photographs:
    """Two pictures of a kind, and four alone; a seventh is too small to be a photograph."""
    folder, noise = tmp_path_factory.mktemp("photographs"), np.random.default_rng(0)
    paths = [folder / f"{index}.png" for index in range(7)]
    for path, side in zip(paths, (200, 200, 200, 200, 200, 200, 60), strict=True):
        Image.fromarray(noise.integers(0, 255, (side, side, 3), dtype=np.uint8)).save(path)
    return Photographs([paths[:2], *([path] for path in paths[2:])])


@pytest.fixture(scope="module")
def teacher(photographs) -> Teacher:
    noise = np.random.default_rng(1)
    sprites = {(name, "one"): Image.fromarray(noise.integers(0, 255, (8, 8, 4), dtype=np.uint8)) for name in TRAINED}
    maker = Maker(Sprites(sprites), 192, photographs=photographs)
    return Teacher(maker, Packer(build_tokenizer()), {name: place for place, name in enumerate(TRAINED)}, SIZE)


def test_a_lesson_is_the_same_for_the_same_seed(teacher) -> None:
    one, again, other = (teacher.lesson(Random(seed)) for seed in (5, 5, 6))
    assert torch.equal(one.pixels, again.pixels)
    assert torch.equal(one.several.ids, again.several.ids)
    assert one.pixels.shape != other.pixels.shape or not torch.equal(one.pixels, other.pixels)


def test_a_lesson_has_its_parts(teacher) -> None:
    lesson = teacher.lesson(Random(7))
    image = build_tokenizer().convert_tokens_to_ids(IMAGE)
    pictures = [int((batch.ids == image).sum()) // GRID**2 for batch in (lesson.drawn, lesson.apart, lesson.several)]
    assert pictures[:2] == [SIZE.drawn, SIZE.photographs + SIZE.mixed]
    assert len(lesson.pixels) == pictures[0] + pictures[1] - SIZE.mixed + pictures[2]
    assert set(lesson.apart.ends) == {"keep", "class"}
    assert int(lesson.things.picture.max()) < SIZE.drawn


def test_small_pictures_are_no_photographs(photographs) -> None:
    assert [len(kind) for kind in photographs.kinds] == [2, 1, 1, 1, 1]
    assert photographs.several == [0]


def test_a_thing_covers_the_cells_it_stands_on() -> None:
    half = Thing("cat", "one", "red", 0.25, 0.25, 0.5, 0.0, False)
    told = cover(half).reshape(GRID, GRID)
    assert told[:3, :3].sum() == pytest.approx(1.0)
    assert told[0, 0] == pytest.approx(1 / 9)
    scene = Scene((half, Thing("dog", "one", None, 0.5, 0.5, 0.2, 0.0, False)), Ground("plain", 0, 0))
    things = drawn_things([View(Image.new("RGB", (8, 8)), scene)], {"cat": 4, "dog": 9})
    assert things.name.tolist() == [4, 9]
    assert things.colour.tolist() == [list(COLOURS).index("red"), -1]


def test_a_mixture_has_each_channel_from_one_of_its_two_pictures() -> None:
    torch.manual_seed(0)
    maps = torch.arange(4.0)[:, None, None, None].expand(4, 50, 6, 6)
    for mixed in mixtures(maps, 8):
        assert len(set(mixed.flatten().tolist())) <= 2
        assert torch.equal(mixed, mixed[:, :1, :1].expand_as(mixed))
