"""LoRA on tiny random models: what it learns, that it can be cut anywhere, and that the model is as it was afterwards."""

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from sav_core.data.examples import Example
from sav_core.errors import CancelledError, SettingError, UnsupportedModelError
from sav_core.models.generation import label_likelihoods
from sav_core.reports.lora_row import lora_row
from sav_core.reports.reading import run_here, unwatched
from sav_core.rivals.adapters import adapted, weights_digest
from sav_core.rivals.checkpoint import keep_state, kept_state, state_path
from sav_core.rivals.lora_state import LoraSettings, leave_out
from sav_core.rivals.prompts import TrainingPrompts
from sav_core.rivals.targets import find_targets
from sav_core.rivals.training import lora_answers, train_lora
from tests.support.tiny_models import example_image

LABELS = ("cat", "a dog")  # of several tokens, and of different numbers of them
HOW = LoraSettings(rank=2, epochs=2, rate=0.01, at_once=4)
ARCHITECTURES = ("llava", "qwen2_vl", "gemma3", "paligemma", "fast_vlm")


def examples(count, seed=0):
    return [Example(example_image(seed + place, (40, 30)), "Which?", LABELS[place % 2]) for place in range(count)]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_it_learns_and_leaves_the_model_as_it_was(tiny_backbone, architecture):
    backbone, support = tiny_backbone(architecture), examples(8)
    before, modules = weights_digest(backbone), [name for name, _ in backbone.model.named_modules()]
    likely = label_likelihoods(backbone, support[0], LABELS)
    with adapted(backbone, rank=2, alpha=4, seed=0) as learns:
        assert label_likelihoods(backbone, support[0], LABELS) == likely  # untrained adapters change nothing, bit for bit
    assert len(learns) == 2 * len(find_targets(backbone)) >= 2 * 4 * backbone.geometry.layers
    state = train_lora(backbone, support, None, settings=HOW)
    assert state.end == "epochs"
    assert state.losses[-1] < state.losses[0]
    assert (state.trained, state.epoch) == (sum(p.numel() for p in learns.values()), 2)
    assert lora_answers(backbone, state.best, support[:2], LABELS, HOW)[0][0] in LABELS
    assert weights_digest(backbone) == before
    assert [name for name, _ in backbone.model.named_modules()] == modules
    assert not hasattr(backbone.model, "peft_config")
    assert not any(parameter.requires_grad for parameter in backbone.model.parameters())
    assert label_likelihoods(backbone, support[0], LABELS) == likely


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_loss_is_what_the_zero_shot_control_scores_a_label_by(tiny_backbone, architecture):
    backbone = tiny_backbone(architecture)
    asked = [Example(example_image(5), "Which?", label) for label in LABELS]
    prompts = TrainingPrompts(backbone, asked, [0, 1], [], at_once=2, seed=0)
    with torch.no_grad():
        cat, dog = (float(prompts.loss([row])) for row in (0, 1))
        assert float(prompts.loss([0, 1])) == pytest.approx(cat + dog, abs=1e-4)
    likely = label_likelihoods(backbone, asked[0], LABELS)
    assert dog - cat == pytest.approx(math.log(likely["cat"] / likely["a dog"]), abs=1e-4)


def test_a_training_cut_anywhere_gives_the_numbers_of_one_that_was_not(tiny_backbone, tmp_path):
    backbone, support = tiny_backbone("llava"), examples(12)
    assert leave_out([each.label for each in support], 0)[1]
    whole = train_lora(backbone, support, None, settings=HOW)
    state, path, cuts = None, tmp_path / "kept.safetensors", 0
    while state is None or not state.end:
        state = train_lora(backbone, support, state, 0.0, settings=HOW)
        keep_state(path, state)
        state = kept_state(path)
        cuts += 1
    assert cuts > 5
    assert (state.losses, state.left_out, state.best_epoch) == (whole.losses, whole.left_out, whole.best_epoch)
    for kind in ("weights", "best", "moments"):
        one, other = getattr(state, kind), getattr(whole, kind)
        assert set(one) == set(other)
        assert all(np.array_equal(one[name], other[name]) for name in one)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert kept_state(path) is None


def test_it_ends_when_left_out_examples_gain_no_more_and_keeps_the_best(tiny_backbone):
    backbone, support = tiny_backbone("llava"), examples(12)
    wild = replace(HOW, rate=3.0, epochs=9, patience=2)  # far too fast to generalise
    state = train_lora(backbone, support, None, settings=wild)
    assert state.end == "patience"
    assert state.epoch == state.best_epoch + 2
    assert min(state.left_out) == state.left_out[state.best_epoch]
    assert leave_out(["a", "a", "b"], 0) == ([0, 1, 2], [])


def test_the_row_says_what_it_cost_and_goes_on_where_it_was_stopped(tiny_backbone, tmp_path, monkeypatch):
    backbone, support = tiny_backbone("llava"), examples(10)
    path = state_path(backbone, support, HOW)
    assert path != state_path(backbone, support[:-1], HOW)
    assert path != state_path(backbone, [support[0].with_label("a dog"), *support[1:]], HOW)
    monkeypatch.setattr("sav_core.reports.lora_row.DEFAULTS", HOW)
    monkeypatch.setattr("sav_core.reports.lora_row._SLICE_SECONDS", 0.0)
    said, calls = [], []

    def cancel():
        calls.append(1)
        return len(calls) > 6

    arguments = (run_here(backbone), backbone, support, support[:3], LABELS, said.append, unwatched)
    with pytest.raises(CancelledError, match="goes on from there"):
        lora_row(*arguments, cancel)
    stopped = kept_state(path)
    assert stopped.epoch < HOW.epochs
    row = lora_row(*arguments, None)
    assert kept_state(path).end
    assert said[0].startswith("LoRA trains")
    assert "epochs, by a step measured here" in said[0]
    assert said[1].startswith("LoRA goes on after")
    assert (row.cost.examples, row.cost.trained) == (10, stopped.trained)
    assert row.cost.seconds > 0
    assert row.cost.peak_bytes > 1 << 20
    assert "the same before and after" in row.about


def layer(**projections):
    attention = nn.Module()
    for name, width in projections.items():
        setattr(attention, name, nn.Linear(8, width) if width else nn.Identity())
    whole = nn.Module()
    whole.self_attn = attention
    return whole


def test_fused_and_two_step_projections_are_adapted_and_unknown_ones_refused():
    def targets(*layers):
        model = nn.ModuleList(layers)
        found = find_targets(SimpleNamespace(model=model, name="odd", decoder=SimpleNamespace(layers=layers)))
        return [target.name for target in found]

    assert targets(layer(qkv_proj=24, o_proj=8, gate_proj=8)) == ["0.self_attn.qkv_proj", "0.self_attn.o_proj"]
    steps = layer(q_a_proj=4, q_b_proj=8, kv_a_proj_with_mqa=4, kv_b_proj=8, o_proj=8)
    assert len(targets(steps, layer(q_proj=8, o_proj=8))) == 7
    with pytest.raises(UnsupportedModelError, match=r"layer 1: no linear q_proj and o_proj in Module"):
        targets(steps, layer(q_proj=0, o_proj=8))


def test_without_its_package_it_says_what_to_install(tiny_backbone, monkeypatch):
    monkeypatch.setattr("sav_core.rivals.packages.find_spec", lambda name: None)
    with pytest.raises(SettingError, match=r"pip install 'sav-explorer\[lora\]'"):
        train_lora(tiny_backbone("llava"), examples(4), None, settings=HOW)
