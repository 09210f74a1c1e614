import json

import numpy as np
import pytest
import torch

import tests.support.further_models
import tests.support.odd_models  # noqa: F401  # both add recipes
from sav_core.activations import reading_probe
from sav_core.activations.attention import attention_maps
from sav_core.activations.extraction import extract_head_vectors
from sav_core.activations.reading_probe import Reading, check_reading, probe_reading
from sav_core.data.examples import Example
from sav_core.errors import UnsupportedModelError
from sav_core.models import decoders
from sav_core.models.backbones import load_backbone
from sav_core.settings import Settings, settings
from tests.support.tiny_models import ARCHITECTURES, example_image, write_checkpoint

MIXED = [
    Example(example_image(1), "Hi"),
    Example((), "Only words, but many of them: what is there to be seen, and why?"),
    Example(example_image(2), "What is it, and what else could it be?"),
    Example(example_image(3), "Hi"),
]


@pytest.fixture
def notes(tmp_path, monkeypatch):
    """A folder of notes, empty, and nothing known."""
    monkeypatch.setattr(reading_probe, "settings", lambda: Settings(cache_dir=tmp_path))
    monkeypatch.setattr(reading_probe, "_known", {})
    return tmp_path / "reading"


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """``folders("llava_diffllama")`` is that checkpoint, written once."""
    written = {}

    def folder(architecture):
        if architecture not in written:
            written[architecture] = write_checkpoint(architecture, tmp_path_factory.mktemp("odd") / architecture)
        return written[architecture]

    return folder


def moved(backbone, examples):
    """How far reading examples together moves their vectors, of the largest number."""
    together = extract_head_vectors(backbone, examples, cache=None).values
    alone = np.concatenate([extract_head_vectors(backbone, [example], cache=None).values for example in examples])
    return abs(together - alone).max() / abs(alone).max()


@pytest.mark.parametrize("architecture", [*ARCHITECTURES, "fast_vlm"])
def test_nothing_is_wrong_with_ordinary_models(tiny_backbone, architecture):
    assert probe_reading(tiny_backbone(architecture)) == Reading()


@pytest.mark.parametrize(
    ("architecture", "dtype"),
    [
        ("llava_olmo2", "float32"),
        ("llava_gpt_oss", "float32"),
        ("llava_gpt_oss", "bfloat16"),
        ("gemma3", "bfloat16"),
        ("gemma3", "float16"),
    ],
)
def test_rounding_is_not_taken_for_a_fault(folders, architecture, dtype):
    assert probe_reading(load_backbone(folders(architecture), dtype=dtype)) == Reading()


def test_nothing_is_wrong_with_the_embedded_model_which_is_not_probed_where_it_starts(notes, monkeypatch):
    backbone = load_backbone(settings().embedded_model, dtype="float32")
    assert probe_reading(backbone) == Reading()
    monkeypatch.setattr(reading_probe, "probe_reading", lambda _: pytest.fail("it was probed"))
    check_reading(backbone)


def test_few_layers_are_read_by_the_probe(tiny_backbone, monkeypatch):
    asked = []
    forward = reading_probe.forward_to_last_heads

    def noted(backbone, inputs, depth):
        asked.append(depth)
        forward(backbone, inputs, depth)

    monkeypatch.setattr(reading_probe, "forward_to_last_heads", noted)
    probe_reading(tiny_backbone("llava"))
    assert asked == [2, 2, 2]
    assert reading_probe._depth(["a", "a", "b", "a"]) == 3
    assert reading_probe._depth(["a"]) == 1


class TestHeads:
    def test_heads_that_are_subtracted_from_one_another_are_refused(self, folders):
        backbone = load_backbone(folders("llava_diffllama"), dtype="float32")
        with pytest.raises(UnsupportedModelError, match=r"layers 0-1: one head's query moves other heads of DiffLlamaAtt"):
            extract_head_vectors(backbone, MIXED, cache=None)

    @pytest.mark.parametrize("architecture", ["llava_kimi_linear", "llava_bailing_hybrid", "glm5_next"])
    def test_linear_attention_is_refused_before_weights_are_read(self, folders, architecture, monkeypatch):
        monkeypatch.setattr("sav_core.models.backbones.load_model", lambda *_: pytest.fail("the weights were read"))
        with pytest.raises(
            UnsupportedModelError, match=r"layers 0-1: linear attention \(\w+Attention\) under the name self"
        ):
            load_backbone(folders(architecture))

    @pytest.mark.parametrize("architecture", ["llava_kimi_linear", "llava_bailing_hybrid"])
    def test_linear_attention_that_no_config_names_is_found_by_the_probe(self, folders, architecture, monkeypatch):
        monkeypatch.setattr(decoders, "_layer_types", lambda _, layers: ("full_attention",) * layers)
        backbone = load_backbone(folders(architecture), dtype="float32")
        (refusal,) = probe_reading(backbone).refusals
        assert refusal.startswith("layers 0-1: ")
        assert refusal.endswith("DeltaAttention weighs no tokens, as linear attention does")


class TestPictures:
    def test_weights_that_let_no_picture_through_are_refused(self, folders, notes):
        backbone = load_backbone(folders("llava"), dtype="float32")
        with torch.no_grad():
            for parameter in backbone.model.base_model.multi_modal_projector.parameters():
                parameter.zero_()
        with pytest.raises(UnsupportedModelError, match="two different pictures give one vector: nothing of a picture"):
            extract_head_vectors(backbone, MIXED, cache=None)

    def test_what_a_processor_makes_of_a_picture_under_an_unknown_name_is_found_to_be_lost(self, folders, notes, renamed):
        backbone = load_backbone(folders("llava"), dtype="float32")
        renamed(backbone, "pixels")
        said = r"one vector: its processor makes pixels of a picture, which 'llava' \(LlavaForCond\w+\) does not take"
        with pytest.raises(UnsupportedModelError, match=said):
            extract_head_vectors(backbone, MIXED, cache=None)

    def test_and_refused_at_once_where_the_model_takes_no_other_names(self, folders, renamed):
        backbone = load_backbone(folders("llava"), dtype="float32")
        backbone._passes_on = False
        renamed(backbone, "pixels")
        with pytest.raises(
            UnsupportedModelError, match=r"makes pixels of a picture, which 'llava' \(LlavaModel\) does not t"
        ):
            backbone.encode(MIXED[0])
        assert backbone.encode(MIXED[1]).length  # words alone lose nothing

    def test_a_name_that_the_model_still_takes_is_passed_on(self, folders, notes, renamed):
        backbone = load_backbone(folders("llava"), dtype="float32")
        usual = extract_head_vectors(backbone, MIXED, cache=None)
        renamed(backbone, "pixels")
        body = backbone._body
        backbone._body = lambda **batch: body(**{"pixel_values" if k == "pixels" else k: v for k, v in batch.items()})
        assert probe_reading(backbone) == Reading()
        np.testing.assert_array_equal(extract_head_vectors(backbone, MIXED, cache=None).values, usual.values)

    def test_video_llava_whose_processor_calls_pixels_by_an_old_name_sees_them(self, folders):
        backbone = load_backbone(folders("video_llava"), dtype="float32")
        assert backbone.unnamed(backbone.encode(MIXED[0])) == ["pixel_values_images"]
        assert probe_reading(backbone) == Reading()
        vectors = extract_head_vectors(backbone, MIXED, cache=None).values
        assert abs(vectors[0] - vectors[3]).max() > 0.01  # one question, two pictures
        assert moved(backbone, MIXED) < 1e-5
        assert attention_maps(backbone, MIXED[0]).pictures[0].shape == (12, 4, 6)

    @pytest.fixture
    def renamed(self):
        """Have a backbone's processor call the pixels something else."""

        def rename(backbone, name):
            processor = backbone.processor

            class Renaming:
                def __getattr__(self, attribute):
                    return getattr(processor, attribute)

                def __call__(self, **given):
                    made = processor(**given)
                    made[name] = made.pop("pixel_values")
                    return made

            backbone.processor = Renaming()

        return rename


class TestPadding:
    def test_sparse_attention_reads_prompts_of_different_lengths_apart(self, folders):
        backbone = load_backbone(folders("llava_deepseek_v32"), dtype="float32")
        assert not backbone.pads
        (limit,) = probe_reading(backbone).limits
        assert limit.startswith("Its queries choose among tokens")
        assert moved(backbone, MIXED) < 1e-5
        with pytest.raises(UnsupportedModelError, match=r"must be of equal length, but are of \d+ to \d+ tokens"):
            backbone.collate([backbone.encode(example) for example in MIXED])

    def test_queries_that_are_scaled_by_their_position_are_found_by_the_probe(self, folders, notes):
        backbone = load_backbone(folders("llava_beam"), dtype="float32")
        (limit,) = probe_reading(backbone).limits
        assert limit.startswith("Padding moves its vectors by 0.")
        assert backbone.pads
        assert moved(backbone, MIXED) < 1e-5
        assert not backbone.pads

    def test_padding_that_is_read_is_found_by_the_probe(self, folders, notes, monkeypatch):
        monkeypatch.setattr(decoders, "_layer_types", lambda _, layers: ("full_attention",) * layers)
        backbone = load_backbone(folders("llava_deepseek_v32"), dtype="float32")
        assert backbone.pads
        batch = backbone.collate([backbone.encode(example) for example in MIXED])
        assert batch["input_ids"].shape[0] == len(MIXED)
        assert moved(backbone, MIXED) < 1e-5  # extracting probes first
        assert not backbone.pads
        (limit,) = probe_reading(replaced(backbone)).limits
        assert limit.startswith("Padding moves its vectors by ")


def replaced(backbone):
    """The same model, before it was found out."""
    backbone._apart = False
    return backbone


class TestNotes:
    def test_what_was_found_is_found_once(self, tiny_backbone, notes, monkeypatch):
        check_reading(tiny_backbone("llava"))
        monkeypatch.setattr(reading_probe, "probe_reading", lambda _: pytest.fail("it was probed again"))
        check_reading(tiny_backbone("llava"))
        monkeypatch.setattr(reading_probe, "_known", {})  # another process, or the one that a GPU was lent to
        check_reading(tiny_backbone("llava"))
        assert len(list(notes.iterdir())) == 1

    def test_a_refusal_and_a_limit_are_remembered_too(self, folders, notes, monkeypatch):
        backbone = load_backbone(folders("llava"), dtype="float32")
        for found in (Reading(("it is blind",), ()), Reading((), ("It is slow.",))):
            monkeypatch.setattr(reading_probe, "_known", {})
            monkeypatch.setattr(reading_probe, "probe_reading", lambda _, found=found: found)
            for path in notes.glob("*"):
                path.unlink()
            for _ in range(2):
                if found.refusals:
                    with pytest.raises(
                        UnsupportedModelError, match=r"^llava cannot serve because it is blind: choose anoth"
                    ):
                        check_reading(backbone)
                    assert backbone.pads
                else:
                    check_reading(backbone)
                    assert not backbone.pads
                monkeypatch.setattr(reading_probe, "_known", {})
                monkeypatch.setattr(reading_probe, "probe_reading", lambda _: pytest.fail("it was probed again"))

    @pytest.mark.parametrize("text", ["", "[]", "{}", '{"refusals": 3, "limits": []}'])
    def test_a_damaged_note_is_made_anew(self, tiny_backbone, notes, monkeypatch, text):
        check_reading(tiny_backbone("llava"))
        (note,) = notes.iterdir()
        note.write_text(text)
        monkeypatch.setattr(reading_probe, "_known", {})
        check_reading(tiny_backbone("llava"))
        assert json.loads(note.read_text()) == {"refusals": [], "limits": []}

    def test_a_disk_that_refuses_the_note_does_not_stop_the_work(self, tiny_backbone, notes):
        notes.write_text("a file where a folder should be")
        check_reading(tiny_backbone("llava"))
