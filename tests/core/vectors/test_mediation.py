"""Which heads carry a relation: what is measured is what was done, and a head that was planted is found."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from sav_core.activations.hooks import Patch, patch_last_token
from sav_core.errors import DatasetError, SettingError, VectorFileError
from sav_core.types import Head
from sav_core.vectors import (
    Effects,
    PromptReader,
    RelationItem,
    corrupt,
    in_context,
    mean_head_vectors,
    mediate,
)
from tests.support.relations import ITEMS, SOME, edited


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
