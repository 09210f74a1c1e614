"""The laws of intervening, on tiny random models: what must not change does not, and what is measured is what was done."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch

from sav_core.activations.hooks import Patch, capture_last_token, inject_last_token, patch_last_token, watch_last_hidden
from sav_core.data.images import as_picture
from sav_core.errors import DatasetError, InterventionError, SettingError, VectorFileError
from sav_core.models.generation import generate_text
from sav_core.types import Head
from sav_core.vectors import (
    Effects,
    FunctionVector,
    Prompting,
    PromptReader,
    PromptSet,
    RelationItem,
    RelationTask,
    build_vector,
    combine,
    corrupt,
    demonstration_sweep,
    evaluate_vector,
    in_context,
    injected,
    injecting,
    layer_scale_map,
    mean_head_vectors,
    mediate,
    next_words,
    number_of_heads_sweep,
    pair_weights,
    random_vector,
    side_effects,
    tune_vector,
    zero_shot,
)
from tests.support.tiny_models import ARCHITECTURES, example_image

SOME = ("llava", "qwen2_vl", "gemma3", "paligemma")  # plain, with positions on the side, sliding windows, no causality


def items(count, start=0):
    """Items of one length in tokens: a tiny tokenizer has a token for every byte."""
    return [
        RelationItem(as_picture(example_image(start + n)), "abcdefgh"[n % 8], "on", "stuvwxyz"[(start + n) % 8])
        for n in range(count)
    ]


ITEMS = items(6)
TASK = RelationTask(tuple(items(6)), tuple(items(4, 10)), tuple(items(4, 20)), "tiny", 0)


@pytest.fixture
def reader(tiny_backbone):
    return PromptReader(tiny_backbone("llava"))


def encoded(backbone, count=1, demonstrations=2):
    return [backbone.encode(prompt.example) for prompt in in_context(ITEMS[:count], ITEMS, demonstrations)]


def hooks_on(backbone):
    """How many hooks there are; transformers leaves some of its own where anyone ever asked for hidden states."""
    modules = (*backbone.decoder.projections, *backbone.decoder.layers)
    return sum(len(module._forward_pre_hooks) + len(module._forward_hooks) for module in modules)


def hidden_size(backbone):
    return backbone.decoder.projections[0].out_features


def a_vector(backbone, layer=1, size=3.0):
    values = np.random.default_rng(0).standard_normal(hidden_size(backbone)).astype(np.float32) * size
    return FunctionVector(values, "on", layer, identity=backbone.identity, model=backbone.name)


# --- the prefix cache


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_cached_prefix_answers_as_a_whole_prompt_and_takes_an_injection_alike(tiny_backbone, architecture):
    backbone = tiny_backbone(architecture)
    hooks = hooks_on(backbone)
    prompts = encoded(backbone)
    cached, whole = PromptReader(backbone).prefill(prompts), PromptReader(backbone, whole=True).prefill(prompts)
    bare = whole.finish()
    torch.testing.assert_close(cached.finish(), bare, rtol=1e-3, atol=1e-3)
    vector = a_vector(backbone)
    with injected(backbone, vector):
        moved = whole.finish()
    with injected(backbone, vector):
        torch.testing.assert_close(cached.finish(copies=2), moved.repeat(2, 1), rtol=1e-3, atol=1e-3)
    assert (moved - bare).abs().max() > 1e-2
    assert hooks_on(backbone) == hooks


def test_a_prompt_whose_tokens_see_later_ones_is_found_out(tiny_backbone):
    for architecture, whole in (("paligemma", True), ("gemma3", False)):
        backbone = tiny_backbone(architecture)
        assert (PromptReader(backbone).prefill(encoded(backbone)).held_bytes == 0) is whole


def test_a_prefix_outlives_the_reading_of_other_prompts(tiny_backbone):
    backbone = tiny_backbone("qwen2_vl")
    reader = PromptReader(backbone)
    prefix = reader.prefill(encoded(backbone))
    before = prefix.finish()
    reader.prefill(encoded(backbone, demonstrations=1)).finish()
    assert torch.equal(prefix.finish(), before)


# --- patching and injecting


@pytest.mark.parametrize("architecture", SOME)
def test_a_head_patched_with_its_own_vector_changes_nothing(tiny_backbone, architecture):
    backbone = tiny_backbone(architecture)
    prefix = PromptReader(backbone).prefill(encoded(backbone))
    with capture_last_token(backbone) as capture:
        bare = prefix.finish()
        own = torch.from_numpy(capture.take()[0])
    heads = [Head(layer, index) for layer in range(backbone.geometry.layers) for index in range(backbone.geometry.heads)]
    with patch_last_token(backbone, [Patch(0, head, own[head.layer, head.index]) for head in heads]):
        assert torch.equal(prefix.finish(), bare)


def test_a_patched_head_changes_its_own_row_and_only_later_layers(tiny_backbone):
    backbone = tiny_backbone("llava")
    prefix = PromptReader(backbone).prefill(encoded(backbone))
    with capture_last_token(backbone) as capture:
        prefix.finish(2)
        before = capture.take()
    values = torch.full((backbone.geometry.dim,), 5.0)
    with capture_last_token(backbone) as capture, patch_last_token(backbone, [Patch(1, Head(1, 2), values)]):
        prefix.finish(2)
        after = capture.take()
    np.testing.assert_array_equal(after[0], before[0])
    np.testing.assert_array_equal(after[1, :2], before[1, :2])  # what is captured is what came before the patch
    assert np.abs(after[1, 2] - before[1, 2]).max() > 1e-3


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_zero_vector_leaves_logits_bit_equal(tiny_backbone, architecture):
    backbone = tiny_backbone(architecture)
    prefix = PromptReader(backbone, whole=True).prefill(encoded(backbone, demonstrations=0))
    bare = prefix.finish()
    with inject_last_token(backbone, 1, torch.zeros(hidden_size(backbone))):
        assert torch.equal(prefix.finish(), bare)


def test_an_injection_changes_its_token_and_layers_from_there_on(tiny_backbone):
    backbone = tiny_backbone("llava")
    batch = backbone.collate(encoded(backbone))
    with watch_last_hidden(backbone) as taken:
        bare = backbone.forward(batch)
        before = taken()
    vector = torch.from_numpy(a_vector(backbone).values)
    with inject_last_token(backbone, 1, vector, 2.0), watch_last_hidden(backbone) as taken:
        moved = backbone.forward(batch)
        after = taken()
    assert torch.equal(moved[:, :-1], bare[:, :-1])
    assert torch.equal(after[:, 0], before[:, 0])
    torch.testing.assert_close(after[0, 1] - before[0, 1], 2 * vector, rtol=1e-4, atol=1e-4)
    assert not torch.equal(after[:, 2], before[:, 2])


def test_an_injection_lasts_through_generation_or_for_the_prompt_alone(tiny_backbone):
    backbone = tiny_backbone("llava")
    vector, batch = a_vector(backbone, layer=2, size=30.0), backbone.collate(encoded(backbone))
    norms = {}
    for forwards in (None, 1):
        with injected(backbone, vector, forwards=forwards), watch_last_hidden(backbone) as taken:
            seen = norms[forwards] = []
            hook = backbone.decoder.layers[2].register_forward_hook(lambda *_: seen.append(taken()[0, 2].norm().item()))  # noqa: B023
            backbone.model.generate(**batch, max_new_tokens=4, min_new_tokens=4, do_sample=False)
            hook.remove()
    assert len(norms[None]) == len(norms[1]) == 4
    assert min(norms[None]) > 100
    assert norms[1][0] == norms[None][0]
    assert max(norms[1][1:]) < 100


def test_generated_text_changes_under_an_injection(tiny_backbone):
    backbone = tiny_backbone("llava")
    example = zero_shot(ITEMS)[0].example
    before = generate_text(backbone, example, max_new_tokens=3)
    with injected(backbone, a_vector(backbone, layer=2, size=30.0)):
        assert generate_text(backbone, example, max_new_tokens=3) != before


def test_an_intervention_that_never_fires_raises_and_none_is_left_after_an_exception(reader):
    backbone = reader.backbone
    hooks = hooks_on(backbone)
    zeros = torch.zeros(hidden_size(backbone))
    with pytest.raises(InterventionError, match="no forward"), inject_last_token(backbone, 0, zeros):
        pass
    head = Patch(0, Head(2, 0), torch.zeros(backbone.geometry.dim))
    with pytest.raises(InterventionError, match=r"layers \[2\]"), patch_last_token(backbone, [head]):
        pass
    for block in (inject_last_token(backbone, 0, zeros), patch_last_token(backbone, [head])):
        with pytest.raises(ZeroDivisionError), block:
            raise ZeroDivisionError
    assert hooks_on(backbone) == hooks


def test_a_head_layer_or_width_that_does_not_exist_is_refused(reader):
    backbone = reader.backbone
    with pytest.raises(SettingError, match=r"L9\.H0"), patch_last_token(backbone, [Patch(0, Head(9, 0), torch.zeros(1))]):
        pass
    with pytest.raises(SettingError, match="between 0 and 2"), inject_last_token(backbone, 3, torch.zeros(32)):
        pass
    with pytest.raises(SettingError, match="has 7 numbers"), inject_last_token(backbone, 0, torch.zeros(7)):
        pass


# --- mediation


@pytest.fixture(scope="module")
def mediation(tiny_backbone):
    """Mean vectors and effects of three prompts, per architecture."""
    done = {}

    def of(architecture):
        if architecture not in done:
            reader = PromptReader(tiny_backbone(architecture))
            prompts = in_context(ITEMS[:3], ITEMS, 2)
            means = mean_head_vectors(reader, prompts, only_right=False)
            done[architecture] = (reader, corrupt(prompts), means, mediate(reader, corrupt(prompts), means))
        return done[architecture]

    return of


@pytest.mark.parametrize("architecture", SOME)
def test_mediating_many_heads_at_once_equals_one_forward_for_each(mediation, architecture):
    reader, prompts, means, effects = mediation(architecture)
    backbone = reader.backbone
    whole = PromptReader(backbone, whole=True)
    token = backbone.answer_ids(prompts[0].example, prompts[0].answer)[0]
    prefix = whole.prefill([backbone.encode(prompts[0].example)])
    bare = prefix.finish().softmax(-1)[0, token].item()
    assert effects.baseline[0] == pytest.approx(bare, rel=1e-3)
    for head in (Head(0, 0), Head(1, 3), Head(2, 1)):
        values = torch.from_numpy(means["on"].values[head.layer, head.index])
        with patch_last_token(backbone, [Patch(0, head, values)]):
            patched = prefix.finish().softmax(-1)[0, token].item()
        assert effects.changes[0, head.layer, head.index] == pytest.approx(patched - bare, rel=2e-2, abs=1e-3 * bare)


def test_a_resumed_run_equals_an_uninterrupted_one(mediation, tmp_path):
    reader, prompts, means, effects = mediation("llava")
    seen, file = [], tmp_path / "effects"
    part = mediate(reader, prompts, means, resume=file, progress=seen.append, cancel=lambda: len(seen) == 1)
    assert (len(part.changes), part.asked, part.complete) == (1, 3, False)
    resumed = mediate(reader, prompts, means, resume=file, progress=seen.append)
    assert [each.done for each in seen] == [1, 2, 3]
    assert resumed.complete
    np.testing.assert_array_equal(resumed.changes, effects.changes)
    with pytest.raises(SettingError, match="another run"):
        mediate(reader, prompts[:2], means, resume=file)
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(VectorFileError):
        mediate(reader, prompts, means, resume=file)


def test_an_interrupted_run_keeps_what_it_did_and_goes_on_though_the_means_were_rounded_otherwise(mediation, tmp_path):
    reader, prompts, means, effects = mediation("llava")
    file = tmp_path / "effects"

    def interrupt(progress):
        if progress.done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        mediate(reader, prompts, means, resume=file, progress=interrupt)
    seen = []
    rounded = {"on": replace(means["on"], values=means["on"].values * np.float32(1 + 2e-6))}
    resumed = mediate(reader, prompts, rounded, resume=file, progress=seen.append)
    assert [each.done for each in seen] == [3]
    np.testing.assert_array_equal(resumed.changes, effects.changes)
    other = {"on": replace(means["on"], values=means["on"].values[::-1].copy())}
    with pytest.raises(SettingError, match="mean vectors"):
        mediate(reader, prompts, other, resume=file)


def test_effects_can_be_watched_as_they_grow_and_what_was_shown_stays_as_it_was(mediation):
    reader, prompts, means, effects = mediation("llava")
    shown = []
    watched = mediate(reader, prompts, means, watch=shown.append)
    assert [(len(each.changes), each.asked) for each in shown] == [(1, 3), (2, 3), (3, 3)]
    for each in (*shown, watched):
        np.testing.assert_array_equal(each.changes, effects.changes[: len(each.changes)])
        np.testing.assert_array_equal(each.baseline, effects.baseline[: len(each.changes)])
    one_by_one = [mediate(reader, [prompt], means) for prompt in prompts]
    np.testing.assert_array_equal(watched.changes, np.concatenate([each.changes for each in one_by_one]))


def test_mediation_goes_on_from_what_is_known(mediation):
    reader, prompts, means, effects = mediation("llava")
    seen = []
    known = mediate(reader, prompts, means, cancel=lambda: bool(seen), progress=seen.append)
    seen.clear()
    whole = mediate(reader, prompts, means, known=known, progress=seen.append)
    assert [each.done for each in seen] == [2, 3]
    np.testing.assert_array_equal(whole.changes, effects.changes)
    np.testing.assert_array_equal(whole.baseline, effects.baseline)
    assert (len(known.changes), whole.complete) == (1, True)
    with pytest.raises(SettingError, match="known must be the effects on the first of 3 prompts"):
        mediate(reader, prompts, means, known=replace(known, relations=("by",)))
    with pytest.raises(SettingError, match="give one of them"):
        mediate(reader, prompts, means, known=known, resume="somewhere")


def edited(backbone, edit):
    """A copy of a backbone whose model was edited."""
    other = copy.copy(backbone)
    other.model = copy.deepcopy(backbone.model)
    from sav_core.models.decoders import find_decoder

    other.decoder = find_decoder(other.model, "edited")
    with torch.no_grad():
        edit(other.decoder)
    return other


@pytest.mark.parametrize("planted", [Head(0, 1), Head(1, 2), Head(2, 3)], ids=str)
def test_a_planted_head_is_found_first_among_others_that_are_alive(tiny_backbone, planted):
    """Its projection writes the answer's unembedding where its vector is as demonstrations of the relation make it."""
    plain = tiny_backbone("llava")
    names = {"on": "s", "under": "t", "by": "u"}
    shown = [RelationItem(item.picture, item.anchor, "on", "s", names) for item in ITEMS]
    prompts = in_context(shown[:3], shown, 3)
    corrupted = corrupt(prompts)
    assert not any("s" in prompt.answers for prompt in corrupted)
    clean, other = (
        mean_head_vectors(PromptReader(plain), each, only_right=False)["on"].values[planted.layer, planted.index]
        for each in (prompts, corrupted)
    )
    unit = other / np.linalg.norm(other)
    difference = (clean - other) - ((clean - other) @ unit) * unit
    difference = torch.from_numpy(difference / (difference @ clean))  # 1 in a clean prompt, 0 in a corrupted one
    token = plain.answer_ids(prompts[0].example, "s")[0]
    answer = plain.model.get_output_embeddings().weight[token].detach()

    def plant(decoder):
        columns = slice(planted.index * plain.geometry.dim, (planted.index + 1) * plain.geometry.dim)
        decoder.projections[planted.layer].weight[:, columns] = 100 * torch.outer(answer / answer.norm(), difference)

    reader = PromptReader(edited(plain, plant))
    means = mean_head_vectors(reader, prompts, only_right=False)
    effects = mediate(reader, corrupted, means)
    aie = effects.aie()
    assert effects.ranking[0] == planted
    assert aie[planted.layer, planted.index] > 0
    assert np.count_nonzero(aie) > 8  # the others write too


def test_a_head_that_writes_nothing_has_no_effect(tiny_backbone):
    planted, dim = Head(1, 2), tiny_backbone("llava").geometry.dim

    def silence_all_others(decoder):
        for layer, projection in enumerate(decoder.projections):
            for index in range(4):
                if Head(layer, index) != planted:
                    projection.weight[:, index * dim : (index + 1) * dim] = 0

    backbone = edited(tiny_backbone("llava"), silence_all_others)
    reader, prompts = PromptReader(backbone, whole=True), in_context(ITEMS[:2], ITEMS, 2)
    means = mean_head_vectors(reader, prompts, only_right=False)
    effects = mediate(reader, prompts, means)
    others = np.ones(effects.aie().shape, dtype=bool)
    others[planted.layer, planted.index] = False
    np.testing.assert_array_equal(effects.aie()[others], 0)
    assert effects.aie()[planted.layer, planted.index] != 0


def test_effects_are_ranked_averaged_and_bounded():
    rng = np.random.default_rng(0)
    changes = (0.01 * rng.standard_normal((40, 2, 3))).astype(np.float32)
    changes[:, 1, 2] += 0.5
    changes[20:, 0, 1] += 0.2
    effects = Effects(changes, np.zeros(40, np.float32), ("on",) * 20 + ("under",) * 20, 40)
    assert effects.ranking[:2] == (Head(1, 2), Head(0, 1))
    assert effects.of("under").aie()[0, 1] == pytest.approx(0.2, abs=0.01)
    low, high = effects.interval()
    assert (low <= effects.aie()).all()
    assert (effects.aie() <= high).all()
    assert low[0, 1] < 0.1 < high[0, 1] < 0.15
    assert effects.concentration(1) > 0.75
    assert effects.concentration(6) == pytest.approx(1)
    with pytest.raises(SettingError):
        effects.of("inside")


def test_effects_of_a_run_that_was_stopped_before_its_first_prompt_say_so(mediation):
    reader, prompts, means, _ = mediation("llava")
    nothing = mediate(reader, prompts, means, cancel=lambda: True)
    assert repr(nothing) == "Effects(0 of 3 prompts)"
    for figure in (nothing.aie, nothing.interval, nothing.concentration, lambda: nothing.ranking):
        with pytest.raises(SettingError, match="0 of 3 prompts were done"):
            figure()


def test_without_a_right_answer_there_is_nothing_to_average(reader):
    odd = [RelationItem(i.picture, i.anchor, "on", "\x07" * 3) for i in ITEMS]
    with pytest.raises(DatasetError, match="answers none of 2 prompts of 'on'"):
        mean_head_vectors(reader, in_context(odd[:2], odd, 2))


# --- the vector


def test_a_vector_is_what_its_heads_write_with_each_bias_counted_once(tiny_backbone, mediation):
    _, _, means, _ = mediation("llava")
    heads = [Head(0, 1), Head(0, 3), Head(2, 0)]

    def add_biases(decoder):
        for layer in (0, 2):
            projection = decoder.projections[layer]
            projection.bias = torch.nn.Parameter(
                torch.full((projection.out_features,), float(layer + 1)), requires_grad=False
            )

    plain = tiny_backbone("llava")
    without = build_vector(plain, means["on"], heads)
    biased = build_vector(edited(plain, add_biases), means["on"], heads)
    np.testing.assert_allclose(biased.values, without.values + 1 + 3, atol=1e-4)
    dim, expected = plain.geometry.dim, np.zeros(hidden_size(plain))
    for head in heads:
        columns = plain.decoder.projections[head.layer].weight[:, head.index * dim : (head.index + 1) * dim]
        expected += (columns @ torch.from_numpy(means["on"].values[head.layer, head.index])).numpy()
    np.testing.assert_allclose(without.values, expected, atol=1e-4)
    with pytest.raises(SettingError):
        build_vector(plain, means["on"], [heads[0], heads[0]])


def test_a_saved_vector_comes_back_with_its_provenance_and_only_for_its_model(tiny_backbone, mediation, tmp_path):
    reader, _, means, effects = mediation("llava")
    vector = build_vector(reader.backbone, means["on"], effects.ranking[:3], seed=5).at(2, 1.5)
    path = tmp_path / "on.fv"
    vector.save(path)
    back = FunctionVector.load(path, reader.backbone)
    np.testing.assert_array_equal(back.values, vector.values)
    for name in ("relation", "layer", "scale", "model", "identity", "origin", "heads", "seed", "notes"):
        assert getattr(back, name) == getattr(vector, name)
    other = tiny_backbone("gemma3")
    with pytest.raises(VectorFileError, match="made with llava"):
        FunctionVector.load(path, other)
    with pytest.raises(VectorFileError, match="made with llava"):
        injected(other, back)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(VectorFileError, match="changed"):
        FunctionVector.load(path)
    path.write_bytes(b"nonsense")
    with pytest.raises(VectorFileError, match="not a whole"):
        FunctionVector.load(path)
    with pytest.raises(VectorFileError, match="There is no file"):
        FunctionVector.load(tmp_path / "nowhere.fv")


def test_the_next_words_are_the_models_own_and_sum_to_less_than_one(reader):
    example = zero_shot(ITEMS)[0].example
    words = next_words(reader.backbone, example, top=5)
    assert 0 < sum(words.values()) <= 1
    assert list(words.values()) == sorted(words.values(), reverse=True)
    assert next_words(reader.backbone, example, a_vector(reader.backbone, size=30.0), top=5) != words


# --- evaluation


def test_every_condition_is_judged_on_every_test_item(mediation):
    reader, _, means, effects = mediation("llava")
    vector = build_vector(reader.backbone, means["on"], effects.ranking[:3], layer=1)
    other = random_vector(vector, 9)
    seen = []
    outcomes = evaluate_vector(
        reader,
        TASK,
        vector,
        means=means["on"],
        others=[other],
        prompting=Prompting(demonstrations=2),
        draws=3,
        progress=seen.append,
    )
    assert list(outcomes) == [
        "zero-shot", "in context", "in words", "injected", "random vector", "random heads", "other relation", "layer mean",
    ]  # fmt: skip
    assert [outcome.n for outcome in outcomes.values()] == [4, 4, 4, 4, 12, 12, 4, 4]
    assert seen[-1].done == seen[-1].total == 8
    prompt_set = PromptSet(reader, zero_shot(TASK.test))
    assert outcomes["zero-shot"].probability == pytest.approx(prompt_set.ask().probability.mean())
    injected_answers = prompt_set.ask(injecting(reader.backbone, vector))
    assert outcomes["injected"].probability == pytest.approx(injected_answers.probability.mean())


def test_random_vectors_are_as_long_and_differ_by_seed(reader):
    vector = a_vector(reader.backbone)
    one, two = random_vector(vector, 0), random_vector(vector, 1)
    assert one.norm == pytest.approx(vector.norm, rel=1e-5)
    assert abs(float(one.values @ two.values)) < 0.7 * one.norm * two.norm
    np.testing.assert_array_equal(one.values, random_vector(vector, 0).values)


def test_sweeps_have_a_figure_for_every_setting(mediation):
    reader, _, means, effects = mediation("llava")
    prompt_set, vector = PromptSet(reader, zero_shot(TASK.validation)), a_vector(reader.backbone)
    found = layer_scale_map(prompt_set, vector, scales=(0.0, 1.0))
    assert found.shape == (3, 2)
    assert (found[:, 0] == prompt_set.ask().accuracy).all()  # scale 0 is no injection, in whatever layer
    assert list(number_of_heads_sweep(prompt_set, means["on"], effects.ranking, vector, (1, 3))) == [1, 3]
    assert list(demonstration_sweep(reader, TASK, "on", (0, 2))) == [0, 2]


def test_a_vector_of_nothing_breaks_nothing(reader):
    nothing = a_vector(reader.backbone, size=0.0)
    assert side_effects(reader, zero_shot(TASK.test), nothing).changed == 0


# --- tuning and composing


@pytest.mark.parametrize("architecture", ["llava", "qwen2_vl", "paligemma"])
def test_tuning_lowers_the_loss_and_leaves_the_model_as_it_was_bit_for_bit(tiny_backbone, architecture):
    backbone = tiny_backbone(architecture)
    hooks = hooks_on(backbone)
    before = {name: value.clone() for name, value in backbone.model.state_dict().items()}
    reader, start = PromptReader(backbone), a_vector(backbone, size=0.1)
    train, validation = PromptSet(reader, zero_shot(TASK.train)), PromptSet(reader, zero_shot(TASK.train))
    points = []
    tuned = tune_vector(start, train, validation, steps=12, every=4, rate=0.3, watch=points.append)
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
    assert stopped.curve[-1].step == 1
    idle = tune_vector(start, prompt_set, prompt_set, steps=50, every=1, patience=2, rate=1e-12)
    assert idle.curve[-1].step <= 5
    with pytest.raises(SettingError):
        tune_vector(start, prompt_set, prompt_set, steps=0)


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
