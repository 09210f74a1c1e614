"""Tuning a vector and summing several: the model stays as it was, and every vector counts as it should."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from sav_core.errors import SettingError
from sav_core.vectors import (
    PromptReader,
    PromptSet,
    combine,
    injecting,
    pair_weights,
    random_vector,
    tune_vector,
    tune_with_controls,
    zero_shot,
)
from tests.support.relations import TASK, a_vector, hooks_on


@pytest.mark.parametrize("architecture", ["llava", "qwen2_vl", "paligemma"])
def test_tuning_lowers_the_loss_and_leaves_the_model_as_it_was_bit_for_bit(tiny_backbone, architecture):
    backbone = tiny_backbone(architecture)
    hooks = hooks_on(backbone)
    before = {name: value.clone() for name, value in backbone.model.state_dict().items()}
    reader, start = PromptReader(backbone), a_vector(backbone, size=0.1)
    train, validation = PromptSet(reader, zero_shot(TASK.train)), PromptSet(reader, zero_shot(TASK.train))
    points = []
    tuned = tune_vector(start, train, validation, steps=12, every=4, rate=0.3, goal=None, watch=points.append)
    assert [point.step for point in tuned.curve] == [0, 4, 8, 12]
    assert tuple(points) == tuned.curve
    assert tuned.curve[-1].loss < tuned.curve[1].loss
    assert max(point.probability for point in tuned.curve) > tuned.curve[0].probability
    assert tuned.vector.origin == "tuned"
    assert tuned.vector.layer == start.layer
    assert all(torch.equal(value, before[name]) for name, value in backbone.model.state_dict().items())
    assert all(parameter.grad is None for parameter in backbone.model.parameters())
    assert hooks_on(backbone) == hooks


def test_tuning_stops_when_told_or_when_it_gets_no_better_and_keeps_the_best(reader):
    start = a_vector(reader.backbone)
    prompt_set = PromptSet(reader, zero_shot(TASK.train))
    stopped = tune_vector(start, prompt_set, prompt_set, steps=50, every=50, cancel=lambda: True)
    assert (stopped.curve[-1].step, stopped.end) == (1, "cancelled")
    idle = tune_vector(start, prompt_set, prompt_set, steps=50, every=1, patience=2, rate=1e-12)
    assert idle.curve[-1].step <= 5
    with pytest.raises(SettingError):
        tune_vector(start, prompt_set, prompt_set, steps=0)


def test_tuning_ends_as_soon_as_validation_cannot_get_better(reader):
    source = PromptSet(reader, zero_shot(TASK.train[:1]))
    learnt = tune_vector(a_vector(reader.backbone), source, source, steps=60, every=1, rate=0.3)
    assert (learnt.end, learnt.curve[-1].accuracy) == ("goal", 1.0)
    assert all(point.accuracy < 1 for point in learnt.curve[:-1])
    again, seen = tune_vector(learnt.vector, source, source, steps=60), []
    assert (again.end, again.best_step, len(again.curve)) == ("goal", 0, 1), "there is nothing to learn"
    np.testing.assert_array_equal(again.vector.values, learnt.vector.values)
    on = tune_vector(learnt.vector, source, source, steps=3, every=1, goal=None, watch=seen.append)
    assert (on.end, [point.step for point in seen]) == ("steps", [0, 1, 2, 3])
    for goal in (0, 1.5):
        with pytest.raises(SettingError, match="goal must be"):
            tune_vector(learnt.vector, source, source, goal=goal)


def test_patience_ends_a_tuning_that_gains_next_to_nothing(reader):
    prompt_set = PromptSet(reader, zero_shot(TASK.train))
    ended = tune_vector(a_vector(reader.backbone), prompt_set, prompt_set, steps=50, every=1, patience=3, rate=1e-9)
    assert (ended.end, ended.curve[-1].step) == ("patience", 3)
    found = tune_with_controls(a_vector(reader.backbone), prompt_set, prompt_set, steps=50, every=1, patience=2, rate=1e-9)
    assert {name: tuned.curve[-1].step for name, tuned in found.items()} == dict.fromkeys(found, 2)
    assert "ended by patience" in repr(ended)


def test_the_sum_of_vectors_counts_each_with_its_weight_and_scale(reader):
    one, two = a_vector(reader.backbone), random_vector(a_vector(reader.backbone), 3).at(1, 2.0)
    both = combine([one, two], [0.5, 1.0], "both")
    np.testing.assert_allclose(both.values, 0.5 * one.values + 2 * two.values, rtol=1e-5)
    assert (both.scale, both.layer, both.origin, both.relation) == (1.0, 1, "composed", "both")
    with pytest.raises(SettingError, match="one model and layer"):
        combine([one, two.at(2)], [1, 1], "both")
    with pytest.raises(SettingError, match=r"one data seed .* has 0 and .* has 7: make them with the same"):
        combine([one, replace(two, seed=7)], [1, 1], "both")
    with pytest.raises(SettingError, match="one for each"):
        combine([one, two], [1], "both")


def test_a_source_pair_gives_most_weight_to_the_vector_that_answers_it(reader):
    source = PromptSet(reader, zero_shot(TASK.train[:1]))
    tuned = tune_vector(a_vector(reader.backbone), source, source, steps=15, every=5, rate=0.3).vector
    weights = pair_weights(source, [random_vector(tuned), tuned], total=2.0)
    assert weights.sum() == pytest.approx(2)
    assert weights[1] > weights[0]
    with pytest.raises(SettingError):
        pair_weights(source, [])


def test_a_pair_that_no_vector_answers_still_sets_the_weights_and_they_sum_to_the_number_of_vectors(reader):
    bare = PromptSet(reader, zero_shot(TASK.train[:2]))
    vectors = [random_vector(a_vector(reader.backbone), seed) for seed in range(3)]
    logs = [np.log(bare.ask(injecting(reader.backbone, vector)).probability).mean() for vector in vectors]
    weights = pair_weights(bare, vectors)
    assert weights.sum() == pytest.approx(3)
    np.testing.assert_allclose(np.log(weights[1:] / weights[0]), np.array(logs[1:]) - logs[0], rtol=1e-6)
    # However little any of them predicts the answer, only how they differ counts.
    low = [np.log(bare.ask(injecting(reader.backbone, vector.at(2, 20.0))).probability).mean() for vector in vectors]
    far = pair_weights(bare, [vector.at(2, 20.0) for vector in vectors], total=1.0)
    np.testing.assert_allclose(np.log(far[1:] / far[0]), np.array(low[1:]) - low[0], rtol=1e-6)
