"""Heads found on one task, voting on another whose knowing heads were planted."""

import pytest

from sav_core.atlas import Atlas, TaskVectors, row_of, transfer_heads
from sav_core.errors import CancelledError, InputError
from sav_core.heads.classifier import HeadClassifier
from tests.support.atlases import knowing

KNOW = {"left": [(0, 0), (0, 1)], "right": [(1, 2), (1, 3)], "also left": [(0, 0), (0, 1)]}
SETTINGS = HeadClassifier(n_kept=2)


@pytest.fixture(scope="module")
def supports():
    """Each task's vectors."""
    return {name: knowing(heads, seed=seed) for seed, (name, heads) in enumerate(KNOW.items())}


@pytest.fixture(scope="module")
def atlas(supports):
    """Of all three tasks."""
    fits = {name: HeadClassifier(2).fit(vectors) for name, vectors in supports.items()}
    return Atlas.of([row_of(name, fit.fitted_, fit.kept_heads_, model="m", identity="id") for name, fit in fits.items()])


@pytest.mark.parametrize("tested", [True, False])
def test_heads_travel_to_where_they_know_the_labels_and_to_no_other_task(supports, atlas, tested):
    tasks = [
        TaskVectors(name, vectors, knowing(KNOW[name], seed=90 + place) if tested else None)
        for place, (name, vectors) in enumerate(supports.items())
    ]
    found = transfer_heads(tasks, atlas, SETTINGS)
    for target in found.targets:
        assert (target.own, target.n, target.chance, target.heads) == (1.0, 16, 0.5, 2)
        assert target.left_out is not tested
        assert target.own_interval[1] == 1.0
        assert target.random < 1.0
    to_left = {each.source: each for each in found.targets[0].sources}
    assert list(to_left) == ["right", "also left"]
    assert to_left["also left"].accuracy == 1.0
    assert to_left["also left"].random_as_good < 0.6
    assert to_left["also left"].against_own.difference == 0.0
    assert to_left["right"].accuracy < 0.9
    assert to_left["right"].against_own.only_second == 0
    assert found.own == 1.0
    assert found.random < found.own
    gain, (low, high) = found.gain_over_random(own=True)
    assert low <= gain <= high
    assert gain == pytest.approx(found.own - found.random)


def test_the_same_seed_draws_the_same_random_heads(supports, atlas):
    tasks = [TaskVectors("left", supports["left"])]
    assert transfer_heads(tasks, atlas, SETTINGS) == transfer_heads(tasks, atlas, SETTINGS)
    assert (
        transfer_heads(tasks, atlas, SETTINGS).targets[0].random
        != transfer_heads(tasks, atlas, SETTINGS, seed=1).targets[0].random
    )


def test_a_task_without_a_row_and_an_unknown_label_are_refused(supports, atlas):
    with pytest.raises(InputError, match="'middle' has no row in the atlas, which has left, right, also left"):
        transfer_heads([TaskVectors("middle", supports["left"])], atlas)
    other = knowing([], per_label=1)
    asked = type(other)(other.values, ("no", "perhaps"), other.names, other.positions, other.asked)
    with pytest.raises(InputError, match="perhaps"):
        transfer_heads([TaskVectors("left", supports["left"], asked)], atlas, SETTINGS)
    with pytest.raises(CancelledError, match="0 of 1 tasks"):
        transfer_heads([TaskVectors("left", supports["left"])], atlas, cancel=lambda: True)
