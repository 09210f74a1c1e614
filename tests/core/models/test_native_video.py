"""Clips shown as video, to every architecture that the table says can be shown them so; without torchvision."""

import shutil

import numpy as np
import pytest
from transformers.utils import is_torchvision_available

from sav_core.activations.attention import attention_maps
from sav_core.activations.extraction import extract_head_vectors
from sav_core.data.clips.clip import open_clip
from sav_core.data.clips.sampling import ClipSampling
from sav_core.data.examples import Example
from sav_core.errors import SettingError, UnsupportedModelError
from sav_core.heads.classifier_file import read_classifier
from sav_core.models.architectures import VIDEO
from sav_core.models.backbones import load_backbone
from sav_core.models.video_parts import NEEDS_TORCHVISION, why_no_video_part
from sav_core.sav import SavClassifier
from sav_core.types import Head
from tests.support.clips import clip
from tests.support.further_models import FURTHER
from tests.support.tiny_models import ARCHITECTURES, example_image
from tests.support.video_models import VIDEO_PLACES, with_video_places

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # transformers' own

FOUR, THREE = ClipSampling(4, way="native"), ClipSampling(3, way="native")


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """Clips of unlike length, rate and size, by a word for each; ``back`` is ``long`` the other way round."""
    folder = tmp_path_factory.mktemp("clips")
    draw = np.random.default_rng(0)
    colours = [tuple(map(int, draw.integers(0, 256, 3))) for _ in range(24)]
    made = {
        "long": clip(folder / "long.mp4", colours, rate=4),
        "back": clip(folder / "back.mp4", colours[::-1], rate=4),
        "short": clip(folder / "short.mp4", colours[5:10], rate=25, size=(48, 64)),
    }
    return {name: open_clip(path, FOUR) for name, path in made.items()}


@pytest.fixture(scope="module")
def backbones(tiny_checkpoint, tmp_path_factory):
    """``backbones("qwen2_vl")`` is that tiny model with a chat template that knows videos."""
    loaded = {}

    def backbone(architecture):
        if architecture not in loaded:
            folder = tmp_path_factory.mktemp("video") / architecture
            shutil.copytree(tiny_checkpoint(architecture), folder)
            loaded[architecture] = load_backbone(with_video_places(architecture, folder), dtype="float32")
        return loaded[architecture]

    return backbone


def vectors(backbone, *examples):
    return extract_head_vectors(backbone, examples, cache=None).values


def test_the_table_names_what_is_tested_here():
    assert set(VIDEO_PLACES) == VIDEO
    assert {*ARCHITECTURES, *FURTHER} >= VIDEO


@pytest.mark.parametrize("architecture", sorted(VIDEO_PLACES))
def test_video_is_read_and_a_batch_of_many_equals_one_by_one(backbones, clips, architecture):
    backbone = backbones(architecture)
    shown = [
        Example(clips["long"], "What happens?"),
        Example(clips["back"], "What happens?"),
        Example(clips["short"], "And what happens here, in a much longer question?"),
        Example(clips["short"].resampled(THREE), "<video> What?"),
        Example(example_image(1), "What is it?"),
        Example((), "Only words"),
    ]
    together = vectors(backbone, *shown)
    alone = np.concatenate([vectors(backbone, example) for example in shown])
    np.testing.assert_allclose(together, alone, atol=1e-5, rtol=0)
    assert np.abs(alone[0] - alone[1]).max() > 1e-3, "which frame comes first is seen"
    assert np.abs(alone[0] - alone[2]).max() > 1e-3
    as_frames = Example(clips["long"].resampled(ClipSampling(4)), "What happens?")
    assert np.abs(vectors(backbone, as_frames)[0] - alone[0]).max() > 1e-3, "video is no row of pictures"
    assert backbone.key(as_frames) != backbone.key(shown[0])
    assert backbone.encode(shown[0]).image_token_mask.any()


def test_a_frame_is_prepared_as_the_same_still_is(backbones, clips):
    backbone = backbones("internvl")
    moving = backbone.encode(Example(clips["long"], "What?")).colours
    still = [backbone.encode(Example(frame, "What?")).colours[0] for frame in clips["long"].frames()]
    np.testing.assert_allclose(moving, np.stack(still), atol=1e-6)


def test_times_reach_models_that_read_them(backbones, clips):
    slow = backbones("qwen2_5_vl").encode(Example(clips["long"], "What?")).images["second_per_grid_ts"]
    fast = backbones("qwen2_5_vl").encode(Example(clips["short"], "What?")).images["second_per_grid_ts"]
    assert float(slow[0]) == pytest.approx(2 * 23 / 4 / 3, rel=0.01), "two frames of four, over 23 quarters of a second"
    assert float(fast[0]) == pytest.approx(2 * 4 / 25 / 3, rel=0.02)
    backbone = backbones("qwen3_vl")
    text = backbone.processor.tokenizer.decode(backbone.encode(Example(clips["long"], "What?")).tokens["input_ids"][0])
    assert "seconds>" in text


def test_a_classifier_remembers_how_clips_were_shown(backbones, clips, tmp_path):
    backbone = backbones("qwen2_vl")
    support = [Example(clips[name], "Which way?", name) for name in ("long", "back")]
    classifier = SavClassifier(backbone, n_kept=3, cache=None).fit(support)
    classifier.save(tmp_path / "way.sav")
    told = read_classifier(tmp_path / "way.sav")[1].clips
    assert told == {"frames": 4, "per_second": None, "animated": False, "way": "native"}
    loaded = SavClassifier.load(tmp_path / "way.sav", backbone)
    asked = Example(clips["long"].resampled(ClipSampling(8)), "Which way?")
    assert loaded.as_query(asked).clips[0].sampling == FOUR
    assert [p.label for p in loaded.predict([asked])] == ["long"]


def test_where_video_cannot_be_shown_that_is_said(tiny_backbone, clips):
    shown = Example(clips["long"], "What?")
    with pytest.raises(UnsupportedModelError, match="as video because its architecture has no video part"):
        tiny_backbone("llava").encode(shown)
    with pytest.raises(UnsupportedModelError, match="its chat template writes no place for it"):
        tiny_backbone("qwen2_vl").encode(shown)
    assert tiny_backbone("llava").encode(Example(clips["long"].resampled(ClipSampling(4)), "What?"))
    with pytest.raises(SettingError, match="shown as frames or native, but 'film' was asked for"):
        ClipSampling(way="film")


@pytest.mark.skipif(is_torchvision_available(), reason="nothing is lacking")
def test_what_needs_torchvision_says_so(tiny_backbone, clips):
    assert why_no_video_part("gemma4") == NEEDS_TORCHVISION
    with pytest.raises(UnsupportedModelError, match="its video part needs torchvision: pip install torchvision"):
        tiny_backbone("gemma4").encode(Example(clips["long"], "What?"))


def test_what_heads_look_at_in_a_video_is_not_guessed(backbones, clips):
    with pytest.raises(UnsupportedModelError, match=r"tokens lie that show a video to .* is not known"):
        attention_maps(backbones("qwen2_vl"), Example(clips["long"], "What?"), [Head(0, 0)])
