import io
from collections import Counter

import numpy as np
import pytest
from PIL import Image, ImageDraw

from sav_core.data.examples import Example
from sav_core.data.pictures.picture import Picture
from sav_core.data.sets.duplicates import count_shared, find_duplicates


def photograph(seed, size=(320, 240)):
    """Coarse shapes with fine grain, as a camera makes them."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)).resize(size, Image.Resampling.BICUBIC)
    grain = rng.normal(0, 6, (size[1], size[0], 3))
    return Image.fromarray(np.clip(np.asarray(coarse) + grain, 0, 255).astype(np.uint8))


def drawing(place=(40, 40), colour="red", shape="ellipse", size=(128, 128)):
    """One object on white, as in the drawn scenes."""
    image = Image.new("RGB", size, "white")
    getattr(ImageDraw.Draw(image), shape)((*place, place[0] + 40, place[1] + 40), fill=colour)
    return image


def compressed(image, quality):
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return file.getvalue()


def positions(*pictures, **details):
    return [group.positions for group in find_duplicates([Example(each, **details) for each in pictures])]


def test_equal_pictures_are_found_across_labels_and_named():
    one, other = photograph(0), photograph(1)
    groups = find_duplicates(
        [
            Example(one, label="cat", name="a.png"),
            Example(other, label="cat", name="b.png"),
            Example(one, label="dog", name="c.png"),
        ]
    )
    (group,) = groups
    assert group.positions == (0, 2)
    assert group.exact
    assert len(group.labels) > 1
    assert group.reason == "a.png and c.png are the same picture under 2 labels: cat, dog."


@pytest.mark.parametrize(
    "change",
    [
        lambda image: image.resize((200, 150)),
        lambda image: image.resize((900, 700), Image.Resampling.BICUBIC),
        lambda image: compressed(image, 40),
        lambda image: image.point(lambda level: min(255, level + 6)),
        lambda image: compressed(image.resize((97, 80)), 70),
    ],
)
@pytest.mark.parametrize("image", [photograph(3), drawing()], ids=["photograph", "drawing"])
def test_a_changed_copy_is_nearly_the_same(image, change):
    (group,) = find_duplicates([Example(image, label="x", name="a"), Example(change(image), label="x", name="b")])
    assert not group.exact
    assert len(group.labels) == 1
    assert group.reason == "a and b are nearly the same picture."


def test_different_photographs_are_not_alike():
    assert positions(*(photograph(seed, (64, 48)) for seed in range(120))) == []


def test_drawings_that_differ_in_colour_place_or_shape_are_not_alike():
    red = drawing()
    assert positions(red, drawing(colour="green"), drawing(colour="blue"), drawing(place=(60, 40))) == []
    assert positions(red, drawing(shape="rectangle"), drawing(place=(40, 60)), Image.new("RGB", (128, 128), "white")) == []


def test_copies_of_copies_come_as_one_group():
    image = photograph(5)
    assert positions(image, photograph(6), compressed(image, 50), image, image.resize((200, 150))) == [(0, 2, 3, 4)]


def test_another_question_makes_another_example():
    image = photograph(0)
    assert find_duplicates([Example(image, "Which colour?"), Example(image, "How many?")]) == ()
    assert len(find_duplicates([Example(image, "Which colour?"), Example(image, " Which colour? ")])) == 1


def test_several_pictures_must_all_be_alike():
    a, b, c = (photograph(seed) for seed in range(3))
    assert positions([a, b], [a, c], [b, a], a) == []
    (group,) = find_duplicates([Example([a, b], name="1"), Example([compressed(a, 60), b], name="2")])
    assert group.reason == "1 and 2 are nearly the same pictures."


def test_texts_alone_are_compared_too():
    (group,) = find_duplicates([Example((), "Is it?"), Example((), "Was it?"), Example((), "Is it?")])
    assert (group.positions, group.exact) == ((0, 2), True)
    assert group.reason == "Is it? and Is it? are the same text."


def test_many_copies_are_counted():
    image = photograph(0)
    (group,) = find_duplicates([Example(image, name=f"{row}.png") for row in range(6)])
    assert group.reason == "0.png, 1.png, 2.png and 3 more are the same picture."


def test_nothing_has_no_duplicates():
    assert find_duplicates([]) == ()
    assert positions(photograph(0)) == []


@pytest.mark.parametrize("spread", [3, 256], ids=["alike", "different"])
def test_a_thousand_pictures_are_each_decoded_once(monkeypatch, spread):
    rng = np.random.default_rng(0)
    examples = [Example(100 + rng.integers(0, spread, (96, 96, 3), dtype=np.uint8) // 2) for _ in range(1000)]
    decoded = Counter()
    decode = Picture.rgb
    monkeypatch.setattr(Picture, "rgb", lambda picture: decoded.update([picture.digest]) or decode(picture))
    found = find_duplicates(examples)
    assert find_duplicates(examples) == found
    assert set(decoded.values()) == {1}


def test_what_is_learnt_and_asked_alike_is_counted():
    one, other = photograph(0), photograph(1)
    support = [Example(one, "Which?", "a"), Example(other, "Which?", "b")]
    asked = [Example(one, " Which? "), Example(other, "What?"), Example(compressed(one, 60), "Which?"), Example((one, one))]
    assert count_shared(support, asked) == 1
    assert count_shared(support, support[::-1]) == 2
    assert count_shared([], asked) == 0
