"""Detail: fewer tokens for a picture where a model's processor can, the same for support and queries, kept in the file."""

import numpy as np
import pytest

from sav_core.activations.attention import attention_maps
from sav_core.data.examples import Example
from sav_core.errors import SettingError
from sav_core.models.detail import FULL, check_detail, find_sight
from sav_core.sav import SavClassifier, open_classifier
from tests.support import further_models  # noqa: F401  # adds its recipes
from tests.support.tiny_models import example_image, write_checkpoint

LARGE = (2048, 1536)

TOKENS = {
    "idefics3": (20, 4, 4),
    "internvl": (20, 4, 4),
    "mistral3": (12, 6, 2),
    "pixtral": (48, 20, 6),
    "qwen2_vl": (12, 2, 1),
    "smolvlm": (20, 4, 4),
    "video_llama_3": (54, 15, 4),
}
"""Of a large picture in full, normal and fast detail, by the processor of a tiny checkpoint."""


@pytest.mark.parametrize("architecture", TOKENS)
def test_a_picture_is_fewer_tokens(tiny_backbone, architecture):
    backbone = tiny_backbone(architecture)
    assert tuple(backbone.picture_tokens(LARGE, detail) for detail in ("full", "normal", "fast")) == TOKENS[architecture]


@pytest.mark.parametrize("architecture", ["llava_next", "llava_onevision"])
def test_grids_of_tiles_are_those_of_a_smaller_picture(tiny_backbone, architecture):
    backbone = tiny_backbone(architecture)
    assert backbone.picture_tokens(LARGE, "fast") < backbone.picture_tokens(LARGE)
    assert backbone.picture_tokens((16, 16), "fast") == backbone.picture_tokens((16, 16))


@pytest.mark.parametrize(
    ("architecture", "detail"), [("llava", "fast"), ("gemma3", "normal"), ("llava_onevision", "normal"), ("aria", "fast")]
)
def test_what_would_change_nothing_is_refused(tiny_backbone, architecture, detail):
    with pytest.raises(SettingError, match=f"no fewer tokens to {architecture} with detail '{detail}'"):
        tiny_backbone(architecture).sight(detail)


def test_there_is_no_other_detail():
    with pytest.raises(SettingError, match="is full, normal or fast, but is 'coarse'"):
        check_detail("coarse")


def test_full_detail_is_what_the_makers_ship(tiny_backbone):
    backbone = tiny_backbone("smolvlm")
    assert find_sight(backbone.processor, "full", "it") is FULL
    plain = Example(example_image(0), "what?")
    assert backbone.key(plain) == backbone.key(plain.with_detail("full"))
    assert len({backbone.key(plain.with_detail(detail)) for detail in ("full", "normal", "fast")}) == 3


@pytest.mark.parametrize("architecture", ["smolvlm", "qwen2_vl", "llava_onevision"])
def test_examples_of_several_details_are_encoded_each_in_its_own(tiny_backbone, architecture):
    backbone = tiny_backbone(architecture)
    examples = [Example(example_image(seed, (90, 60)), "what?") for seed in range(4)]
    mixed = [example.with_detail("fast" if row % 2 else "full") for row, example in enumerate(examples)]
    for one, again in zip(backbone.encode_all(mixed), map(backbone.encode, mixed), strict=True):
        assert one.length == again.length
        assert np.array_equal(one.colours.numpy(), again.colours.numpy())
    lengths = [one.length for one in backbone.encode_all(mixed)]
    assert lengths[1] < lengths[0]


@pytest.mark.parametrize("architecture", ["smolvlm", "llava_onevision", "qwen2_vl", "pixtral"])
def test_a_look_lies_on_the_picture_in_any_detail(tiny_backbone, architecture):
    backbone = tiny_backbone(architecture)
    example = Example(example_image(1, (90, 60)), "what?").with_detail("fast")
    maps, whole = attention_maps(backbone, example), attention_maps(backbone, example.with_detail("full"))
    assert maps.image_tokens.sum() < whole.image_tokens.sum()
    on_picture = maps.pictures[0].sum((1, 2))
    assert (on_picture > 0).all()
    assert (on_picture <= maps.image_share + 1e-5).all()


def test_queries_are_looked_at_as_the_support_was_also_from_a_file(tiny_backbone, tmp_path):
    backbone = tiny_backbone("smolvlm")
    support = [Example(example_image(seed, (90, 60)), "what?", f"label {seed % 2}") for seed in range(6)]
    fast = SavClassifier(backbone, n_kept=3, cache=None, detail="fast").fit(support)
    full = SavClassifier(backbone, n_kept=3, cache=None).fit(support)
    assert (fast.detail_, full.detail_) == ("fast", "full")
    assert not np.allclose(fast.vectors_.values, full.vectors_.values)
    said = SavClassifier(backbone, n_kept=3, cache=None).fit([example.with_detail("fast") for example in support])
    assert np.array_equal(said.vectors_.values, fast.vectors_.values)

    queries = [Example(example_image(seed, (90, 60)), "what?") for seed in range(6, 10)]
    fast.save(tmp_path / "fast.sav")
    loaded = SavClassifier.load(tmp_path / "fast.sav", backbone)
    assert loaded.as_query(queries[0]).detail == loaded.detail_ == "fast"
    assert [p.shares for p in loaded.predict(queries)] == [p.shares for p in fast.predict(queries)]
    loaded.save(tmp_path / "again.sav")
    assert (tmp_path / "again.sav").read_bytes() == (tmp_path / "fast.sav").read_bytes()


def test_a_fit_in_no_detail_that_there_is_is_refused_before_the_model_runs(tiny_backbone, monkeypatch):
    backbone = tiny_backbone("llava")
    support = [Example(example_image(seed), "what?", f"label {seed % 2}") for seed in range(4)]
    monkeypatch.setattr(backbone, "forward", lambda batch: pytest.fail("it ran"))
    with pytest.raises(SettingError, match="leave the detail at 'full'"):
        SavClassifier(backbone, cache=None, detail="fast").fit(support)


def test_a_file_opens_with_its_detail(tmp_path):
    folder = write_checkpoint("smolvlm", tmp_path / "smolvlm")
    from sav_core.models.backbones import load_backbone

    support = [Example(example_image(seed, (90, 60)), "what?", f"label {seed % 2}") for seed in range(4)]
    SavClassifier(load_backbone(folder, dtype="float32"), cache=None, detail="fast").fit(support).save(tmp_path / "a.sav")
    assert open_classifier(tmp_path / "a.sav", str(folder)).as_query(support[0]).detail == "fast"
