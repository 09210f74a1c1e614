"""Clusters of heads: those that were planted are found, and chance is not taken for clusters."""

import numpy as np

from sav_core.atlas import Atlas, cluster_heads
from sav_core.types import Head
from tests.support.atlases import row


def test_heads_that_were_made_alike_are_together():
    first = [[10, 10, 10, 10], [5, 5, 5, 5]]
    found = cluster_heads(Atlas.of([row("a", [(0, 0)], correct=first), row("b", [(0, 0)], correct=first[::-1])]))
    assert found is None, "only two kinds of heads: there is nothing to choose a number by"
    a, b = [[10, 9, 10, 9, 10, 9], [5, 6, 5, 6, 5, 6]], [[5, 5, 6, 6, 5, 6], [9, 10, 10, 9, 9, 10]]
    rows = [row("a", [(0, 0)], correct=a, shape=(2, 6)), row("b", [(0, 0)], correct=b, shape=(2, 6))]
    found = cluster_heads(Atlas.of(rows))
    layers = [{head.layer for head in each.heads} for each in found.clusters]
    assert len(found.clusters) == 2
    assert sorted(layers, key=min) == [{0}, {1}]
    assert sorted(found.order) == [Head(layer, index) for layer in range(2) for index in range(6)]
    assert {head.layer for head in found.order[:6]} in ({0}, {1}), "neighbours know alike"
    assert found.p == 1 / 20
    assert found.shuffled.max() < found.explained


def test_heads_that_know_at_random_fall_into_no_clusters():
    rng = np.random.default_rng(3)
    rows = [row(str(task), [(0, 0)], correct=rng.integers(0, 11, (4, 6)), shape=(4, 6)) for task in range(5)]
    found = cluster_heads(Atlas.of(rows))
    assert found.p > 0.05
    again = cluster_heads(Atlas.of(rows))
    np.testing.assert_array_equal(found.shuffled, again.shuffled)


def test_one_task_or_heads_that_are_all_alike_make_none():
    assert cluster_heads(Atlas.of([row("a", [(0, 0)])])) is None
    assert cluster_heads(Atlas.of([row("a", [(0, 0)]), row("b", [(0, 0)])])) is None
