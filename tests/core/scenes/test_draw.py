from random import Random

import numpy as np
import pytest
from PIL import Image

from sav_core.errors import InputError
from sav_core.scenes.draw import COLOURS, LAYOUTS, RELATIONS, Ground, Scene, Sprites, Thing, arrange, direction, draw
from sav_core.settings import settings


@pytest.fixture(scope="module")
def sprites():
    return Sprites.from_sheet(settings().assets / "sprites")


def block(colour, size=(40, 40)):
    return Image.new("RGBA", size, (*colour, 255))


def at(x, y, name="a", size=0.2, colour=None):
    return Thing(name, "b", colour, x, y, size)


def test_the_shipped_sheet_draws_every_name_by_several_artists(sprites):
    assert len(sprites.names) >= 24
    assert all(len(artists) >= 3 for artists in sprites.artists_of.values())


def test_the_same_seed_draws_the_same_picture(sprites):
    def picture(seed):
        rng = Random(seed)
        return draw(arrange(rng, sprites, rng.sample(sprites.names, 4)), sprites).tobytes()

    assert picture(1) == picture(1) != picture(2)


@pytest.mark.parametrize("count", LAYOUTS)
def test_things_lie_inside_and_do_not_overlap(sprites, count):
    for seed in range(50):
        rng = Random(seed)
        things = arrange(rng, sprites, rng.sample(sprites.names, count)).things
        assert [t for t in things if not t.size / 2 - 0.01 <= min(t.x, t.y) <= max(t.x, t.y) <= 1.01 - t.size / 2] == []
        for i, one in enumerate(things):
            for other in things[:i]:
                assert max(abs(one.x - other.x), abs(one.y - other.y)) >= (one.size + other.size) / 2 - 1e-9


def test_in_a_cross_the_first_thing_has_a_neighbour_in_each_relation(sprites):
    for seed in range(50):
        anchor, *others = arrange(Random(seed), sprites, sprites.names[:5]).things
        assert [direction(other, anchor) for other in others] == list(RELATIONS)


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [(0.2, 0.5, "left"), (0.8, 0.55, "right"), (0.5, 0.1, "above"), (0.45, 0.9, "below"), (0.8, 0.8, None)],
)
def test_direction_is_seen_from_the_other_thing(x, y, expected):
    assert direction(at(x, y), at(0.5, 0.5)) == expected


def test_a_thing_is_drawn_where_it_stands_and_nowhere_else():
    sprites = Sprites({("a", "b"): block((255, 0, 0))})
    ground = Ground(seed=3)
    empty, full = (np.asarray(draw(Scene(things, ground), sprites, 100)) for things in ((), (at(0.3, 0.6),)))
    rows, columns = np.nonzero((empty != full).any(-1))
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (50, 69, 20, 39)


@pytest.mark.parametrize("colour", COLOURS)
def test_a_tint_makes_a_drawing_mostly_that_colour(sprites, colour):
    cutout = np.asarray(sprites.cutout("apple", sprites.artists_of["apple"][0], colour, 48), float)
    seen = cutout[cutout[..., 3] > 200][:, :3].mean(0)
    nearest = min(COLOURS, key=lambda name: np.abs(seen - COLOURS[name]).sum())
    assert nearest == colour


def test_sprites_are_read_from_a_folder_of_cutouts(tmp_path):
    (tmp_path / "ann").mkdir()
    block((1, 2, 3), (40, 20)).save(tmp_path / "ann" / "brick.png")
    sprites = Sprites.from_folder(tmp_path)
    assert (sprites.names, sprites.artists) == (("brick",), ("ann",))
    assert sprites.cutout("brick", "ann", None, 40).getbbox() == (0, 10, 40, 30)  # centred in a square


def test_what_cannot_be_drawn_is_told_with_what_can(sprites, tmp_path):
    with pytest.raises(InputError, match="there are none"):
        Sprites({})
    with pytest.raises(InputError, match="No sprite sheet"):
        Sprites.from_sheet(tmp_path)
    with pytest.raises(InputError, match="drawn by nobody"):
        sprites.cutout("unicorn", "ann", None, 32)
    with pytest.raises(InputError, match="1 to 5 things"):
        arrange(Random(0), sprites, ["cat"] * 9)
    with pytest.raises(InputError, match="None of the artists"):
        arrange(Random(0), sprites, ["cat"], artists=["ann"])
