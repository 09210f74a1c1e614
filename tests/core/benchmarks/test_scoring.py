"""The scoring rules, each against a plain reading of its definition."""

import itertools

import numpy as np
import pytest

from sav_core.benchmarks.facts import BENCHMARKS
from sav_core.benchmarks.scoring import HEADLINE, Count, Outcome, count


def outcomes(pattern, size=1):
    """``pattern`` of 1 (right) and 0 (wrong), ``size`` to a group."""
    return [Outcome(str(k), "a", "a" if right else "b", group=str(k // size)) for k, right in enumerate(pattern)]


def test_accuracy_counts_every_answer():
    assert count("accuracy", outcomes([1, 0, 1])) == {"accuracy": Count(2, 3)}
    assert count("mean_over_tasks", outcomes([1, 0, 1])) == {"accuracy": Count(2, 3)}


def test_a_pair_counts_when_both_are_right():
    assert count("pairs", outcomes([1, 1, 1, 0, 0, 1, 0, 0], 2)) == {
        "pair_accuracy": Count(1, 4),
        "raw_accuracy": Count(4, 8),
    }


@pytest.mark.parametrize("pattern", list(itertools.product([0, 1], repeat=4)))
def test_a_group_counts_as_naturalbench_defines_it(pattern):
    grid = np.array(pattern).reshape(2, 2)  # (question, image)
    assert count("groups", outcomes(pattern, 4)) == {
        "group_accuracy": Count(int(grid.all()), 1),
        "question_accuracy": Count(int(grid.all(axis=1).sum()), 2),
        "image_accuracy": Count(int(grid.all(axis=0).sum()), 2),
        "raw_accuracy": Count(int(grid.sum()), 4),
    }


def test_what_could_not_be_asked_whole_counts_in_the_raw_accuracy_alone():
    assert count("groups", outcomes([1, 1, 1, 1, 1, 1, 1], 4)) == {
        "group_accuracy": Count(1, 1),
        "question_accuracy": Count(2, 2),
        "image_accuracy": Count(2, 2),
        "raw_accuracy": Count(7, 7),
    }


def test_every_rule_has_a_headline_among_its_numbers():
    for benchmark in BENCHMARKS.values():
        if benchmark.rule != "mean_over_tasks":
            assert HEADLINE[benchmark.rule] in count(benchmark.rule, outcomes([1, 1, 1, 1], 4))
