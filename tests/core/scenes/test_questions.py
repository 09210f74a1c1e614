from random import Random

import pytest

from sav_core.scenes.draw import RELATIONS, Scene, Sprites, Thing, arrange, direction
from sav_core.scenes.questions import WORDINGS, Claim, demonstrate, describe, plural, questions
from sav_core.settings import settings


@pytest.fixture(scope="module")
def sprites():
    return Sprites.from_sheet(settings().assets / "sprites")


@pytest.fixture(scope="module")
def asked(sprites):
    """Many scenes, each with its questions."""
    found = []
    for seed in range(300):
        rng = Random(seed)
        names = rng.sample(sprites.names, rng.randint(1, 5))
        if len(names) > 2 and rng.random() < 0.4:
            names[1] = names[0]
        scene = arrange(rng, sprites, names, tinted=rng.choice((0.5, 1.0)))
        found.append((scene, questions(scene, rng, sprites.names)))
    return found


def answers(asked, family):
    return [(scene, q) for scene, qs in asked for q in qs if q.family == family]


def test_every_family_is_asked_and_wordings_vary(asked):
    assert {q.family for _, qs in asked for q in qs} == set(WORDINGS)
    assert len({q.text for _, q in answers(asked, "name")}) == len(WORDINGS["name"])


def test_the_same_seed_asks_the_same(sprites):
    scene = arrange(Random(0), sprites, sprites.names[:4])
    assert questions(scene, Random(1), sprites.names) == questions(scene, Random(1), sprites.names)


def test_numbers_are_those_of_the_scene(asked):
    assert all(int(q.answer) == len(scene.things) for scene, q in answers(asked, "number"))
    for scene, q in answers(asked, "count"):
        counts = {plural(thing.name): len(scene.named(thing.name)) for thing in scene.things}
        assert int(q.answer) == next((n for names, n in counts.items() if f" {names}" in q.text), 0)


def test_presence_and_claims_are_answered_both_ways_about_equally_often(asked):
    for family, yes in (("presence", "yes"), ("claim", "true")):
        given = [q.answer for _, q in answers(asked, family)]
        assert 0.45 < given.count(yes) / len(given) < 0.55


def test_a_neighbour_is_the_only_thing_in_that_relation(asked):
    for scene, q in answers(asked, "neighbour"):
        relation = next(r for r in RELATIONS if f" {r} " in q.text)
        anchors = [t for t in scene.things if q.text.endswith(f"the {t.name}?")]
        assert len(anchors) == 1
        found = [t.name for t in scene.things if t is not anchors[0] and direction(t, anchors[0]) == relation]
        assert found == [q.answer]


def test_the_colour_asked_for_belongs_to_the_only_thing_of_that_name(asked):
    for scene, q in answers(asked, "colour"):
        tints = [t.colour for t in scene.things if f"the {t.name}?" in q.text or f"The {t.name} is" in q.text]
        assert tints == [q.answer]


def test_largest_and_smallest_are_clear(asked):
    for family, pick in (("largest", max), ("smallest", min)):
        for scene, q in answers(asked, family):
            assert pick(scene.things, key=lambda t: t.size).name == q.answer


def test_a_demonstration_answers_every_relation(sprites):
    for seed in range(50):
        shown = demonstrate(Random(seed), sprites, sprites.names)
        (anchor,) = shown.scene.named(shown.anchor)
        for relation in RELATIONS:
            found = [t.name for t in shown.scene.things if t is not anchor and direction(t, anchor) == relation]
            assert found == [shown.answers[relation]]


SCENE = Scene((Thing("car", "a", "red", 0.5, 0.2, 0.3), Thing("tree", "a", None, 0.5, 0.8, 0.3)))


@pytest.mark.parametrize(
    ("claim", "text", "truth"),
    [
        (Claim("car"), "a car", True),
        (Claim("apple"), "an apple", False),
        (Claim("car", "red"), "a red car", True),
        (Claim("car", "blue"), "a blue car", False),
        (Claim("car", "red", "above", "tree"), "a red car above a tree", True),
        (Claim("car", None, "left", "tree"), "a car left of a tree", False),
        (Claim("tree", None, "below", "car"), "a tree below a car", True),
        (Claim("tree", count=1), "1 tree", True),
        (Claim("tree", count=2), "2 trees", False),
        (Claim("glasses", "red"), "a pair of red glasses", False),
        (Claim("glasses", count=1), "1 pair of glasses", False),
        (Claim("glasses", count=2), "2 pairs of glasses", False),
    ],
)
def test_a_claim_reads_well_and_is_judged(claim, text, truth):
    assert str(claim) == text
    assert claim.holds(SCENE) is truth


def test_a_description_goes_in_reading_order():
    assert describe(SCENE) == "a red car, a tree"


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("cat", "cats"),
        ("cherry", "cherries"),
        ("key", "keys"),
        ("box", "boxes"),
        ("torch", "torches"),
        ("scissors", "scissors"),
    ],
)
def test_plurals(one, many):
    assert plural(one) == many
