"""What tasks share, counted by hand, and chance, by every way in which heads could have been drawn."""

from itertools import combinations, product

import numpy as np
import pytest

from sav_core.atlas import overlaps, share_heads
from sav_core.types import Head
from tests.support.atlases import atlas

EVERY = [(layer, index) for layer in range(2) for index in range(3)]


def test_overlaps_are_those_counted_by_hand():
    found = overlaps(atlas([(0, 0), (0, 1), (1, 2)], [(0, 1), (1, 2), (1, 3)], [(1, 0)]))
    assert [(each.first, each.second) for each in found] == [(0, 1), (0, 2), (1, 2)]
    assert found[0].shared == (Head(0, 1), Head(1, 2))
    assert [len(each.shared) for each in found] == [2, 0, 0]
    assert found[0].expected == pytest.approx(9 / 8)
    assert found[0].expected_by_layer == pytest.approx((2 * 1 + 1 * 2) / 4)
    assert found[1].p == found[2].p == 1.0
    assert overlaps(atlas([(0, 0)])) == ()


@pytest.mark.parametrize(("a", "b"), [(1, 1), (2, 3), (3, 3), (4, 5)])
def test_chance_is_what_every_draw_gives(a, b):
    one = EVERY[:a]
    draws = [len(set(one) & set(other)) for other in combinations(EVERY, b)]
    for other in (EVERY[:b], EVERY[-b:]):
        (found,) = overlaps(atlas(one, other, shape=(2, 3)))
        assert found.expected == pytest.approx(np.mean(draws))
        assert found.p == pytest.approx(np.mean([shared >= len(found.shared) for shared in draws]))


def test_chance_within_layers_is_what_every_draw_of_each_layer_gives():
    one, other = [(0, 0), (0, 1), (1, 2)], [(0, 1), (1, 1), (1, 2)]
    layers = [[cell for cell in EVERY if cell[0] == layer] for layer in range(2)]
    ways = product(*(combinations(cells, sum(c[0] == layer for c in other)) for layer, cells in enumerate(layers)))
    draws = [len(set(one) & {cell for part in way for cell in part}) for way in ways]
    (found,) = overlaps(atlas(one, other, shape=(2, 3)))
    assert found.expected_by_layer == pytest.approx(np.mean(draws))
    assert found.p_by_layer == pytest.approx(np.mean([shared >= 2 for shared in draws]))


def test_of_tasks_read_to_different_layers_the_common_ones_count():
    from sav_core.atlas import Atlas
    from tests.support.atlases import row

    (found,) = overlaps(Atlas.of([row("a", [(0, 0)], shape=(1, 4)), row("b", [(0, 0), (1, 1)], shape=(2, 4))]))
    assert (found.heads, found.kept, found.p) == (4, (1, 1), 0.25)


def test_many_pairs_are_adjusted_for():
    found = overlaps(atlas(*[[(0, 0), (0, 1)]] * 2, [(1, 0), (1, 1)], [(1, 2), (0, 3)]))
    assert found[0].p == pytest.approx(1 / 28)
    assert found[0].q == pytest.approx(6 / 28), "the smallest of six"
    assert all(each.q >= each.p for each in found)


def test_heads_of_one_task_and_of_all_are_those_counted_by_hand():
    found = share_heads(atlas([(0, 0), (0, 1)], [(0, 0), (0, 2)], [(0, 0), (0, 1), (1, 3)]))
    assert found.every == (Head(0, 0),)
    assert found.alone == ((), (Head(0, 2),), (Head(1, 3),))
    assert found.observed.tolist() == [4, 2, 1, 1]
    assert found.most_shared == (Head(0, 0), Head(0, 1))
    assert found.kept_by.tolist() == [[3, 2, 1, 0], [0, 0, 0, 1]]


def test_how_many_tasks_chance_has_a_head_kept_by_is_what_every_draw_gives():
    sizes, cells = (1, 2, 2), [(0, 0), (0, 1), (0, 2)]
    counts, alls = np.zeros(4), []
    for way in product(*(combinations(cells, size) for size in sizes)):
        by = [sum(cell in own for own in way) for cell in cells]
        counts += np.bincount(by, minlength=4)
        alls.append(sum(number == 3 for number in by))
    found = share_heads(atlas(*(cells[:size] for size in sizes), shape=(1, 3)))
    np.testing.assert_allclose(found.expected, counts / len(alls))
    assert found.every_p == pytest.approx(np.mean(np.array(alls) >= 1))
    assert share_heads(atlas([(0, 0)], [(0, 1)], shape=(1, 3))).every_p == pytest.approx(1.0)
