import json
import re
import shutil
import socket
import threading
import time
from importlib.util import find_spec

import pytest
import torch
from sklearn.base import clone

from sav_core.activations.extraction import extract_head_vectors
from sav_core.data.examples import IMAGE_MARKER, Example
from sav_core.errors import InputError, OutOfMemoryError, SettingError, UnsupportedModelError
from sav_core.models import precision
from sav_core.models.backbones import load_backbone
from sav_core.settings import Settings
from sav_core.types import Geometry
from tests.support.tiny_models import ARCHITECTURES, example_image, write_checkpoint

ONE_IMAGE = Example(example_image(1, (90, 40)), "What is it?")
TWO_IMAGES = Example([example_image(1, (90, 40)), example_image(2, (33, 70))], "First <image> then <image> end.")
TEXT_ONLY = Example((), "Only words.")
NARROW = {"llava_onevision", "qwen2_vl", "qwen2_5_vl", "internvl"}  # heads as wide as hidden / heads; others are wider


@pytest.fixture
def backbone(tiny_backbone):
    return tiny_backbone("llava")


@pytest.fixture
def folder(tiny_checkpoint, tmp_path):
    """A copy of a tiny LLaVA, to change."""
    return shutil.copytree(tiny_checkpoint("llava"), tmp_path / "copy")


def test_what_is_longer_than_the_models_context_is_refused(folder):
    config = json.loads((folder / "config.json").read_text())
    config["text_config"]["max_position_embeddings"] = 60
    (folder / "config.json").write_text(json.dumps(config))
    backbone = load_backbone(folder)
    assert backbone.longest == 60
    backbone.encode(TEXT_ONLY)
    with pytest.raises(InputError, match=r"is \d+ tokens to .*, more than 60, the context of .*: use fewer or smaller"):
        backbone.encode(Example((), "word " * 90))
    backbone.limit_tokens(100, "the limit of a test")
    assert backbone.longest == 60, "the shorter of the two"


def text_of(backbone, encoded):
    return backbone.processor.tokenizer.decode(encoded.tokens["input_ids"][0])


def change(path, **values):
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
class TestEveryArchitecture:
    def test_geometry_is_measured_on_the_modules(self, tiny_backbone, architecture):
        backbone = tiny_backbone(architecture)
        text = backbone.model.config.get_text_config()
        assert backbone.geometry == Geometry(layers=3, heads=4, dim=8 if architecture in NARROW else 16)
        assert (text.num_key_value_heads, text.hidden_size) == (2, 32)  # neither decides

    def test_one_image(self, tiny_backbone, architecture):
        backbone = tiny_backbone(architecture)
        encoded = backbone.encode(ONE_IMAGE)
        assert "What is it?" in text_of(backbone, encoded)
        assert encoded.image_token_mask.any()
        assert encoded.image_token_mask.shape == (encoded.length,)
        assert encoded.pixel_values > 0

    def test_two_images_with_text_between(self, tiny_backbone, architecture):
        backbone = tiny_backbone(architecture)
        encoded = backbone.encode(TWO_IMAGES)
        where = encoded.image_token_mask.nonzero().flatten()
        text = text_of(backbone, encoded)
        assert text.index("First") < text.index("then") < text.index("end.")
        if architecture in {"llava", "llava_next"}:  # their own template puts images first
            return
        between = backbone.processor.tokenizer.encode("then", add_special_tokens=False)
        ids = encoded.tokens["input_ids"][0]
        place = next(i for i in range(len(ids)) if ids[i : i + len(between)].tolist() == between)
        assert where.min() < place < where.max()

    def test_text_only(self, tiny_backbone, architecture):
        backbone = tiny_backbone(architecture)
        encoded = backbone.encode(TEXT_ONLY)
        assert "Only words." in text_of(backbone, encoded)
        assert not encoded.images
        assert not encoded.image_token_mask.any()

    def test_the_prompt_ends_where_the_assistant_begins(self, tiny_backbone, architecture):
        backbone = tiny_backbone(architecture)
        ends = {backbone.encode(example).tokens["input_ids"][0, -1].item() for example in (ONE_IMAGE, TEXT_ONLY)}
        assert len(ends) == 1
        if backbone.prompts.template:
            without = backbone.processor.tokenizer.apply_chat_template(
                [{"role": "user", "content": [{"type": "text", "text": "Only words."}]}],
                chat_template=backbone.prompts.template,
                tokenize=False,
            )
            assert len(without) <= len(text_of(backbone, backbone.encode(TEXT_ONLY)))

    def test_the_beginning_token_stands_once_at_most(self, tiny_backbone, architecture):
        backbone = tiny_backbone(architecture)
        for example in (ONE_IMAGE, TEXT_ONLY):
            ids = backbone.encode(example).tokens["input_ids"][0]
            assert (ids == backbone.processor.tokenizer.bos_token_id).sum() <= 1

    def test_an_image_needs_no_question(self, tiny_backbone, architecture):
        backbone = tiny_backbone(architecture)
        assert backbone.encode(Example(example_image(), "")).image_token_mask.any()

    def test_control_tokens_in_a_question_are_refused(self, tiny_backbone, architecture):
        backbone = tiny_backbone(architecture)
        image_token = backbone.processor.tokenizer.convert_ids_to_tokens(backbone.image_token_id)
        for token in {image_token, "</s>", "<pad>"} - {IMAGE_MARKER}:  # the marker is Example's to refuse
            with pytest.raises(InputError, match=rf"contains '{re.escape(token)}', which this model reads as a control"):
                backbone.encode(Example(example_image(), f"What is {token} here?"))

    def test_together_examples_are_what_they_are_alone(self, tiny_backbone, architecture):
        backbone = tiny_backbone(architecture)
        alike = [Example(example_image(seed), "What is it?", name=f"{seed}") for seed in range(5)]
        pairs = [Example((example_image(seed), example_image(seed + 1)), "Which?", name=f"{seed}") for seed in range(2)]
        other = Example(example_image(7, (40, 70)), "What is it?")
        examples = [alike[0], TEXT_ONLY, *alike[1:3], pairs[0], other, alike[3], pairs[1], alike[4]]
        for together, example in zip(backbone.encode_all(examples), examples, strict=True):
            alone = backbone.encode(example)
            assert torch.equal(together.image_token_mask, alone.image_token_mask)
            for mine, its in ((together.tokens, alone.tokens), (together.images, alone.images)):
                assert set(mine) == set(its)
                for name in its:
                    assert torch.equal(mine[name], its[name]), name

    def test_the_example_does_not_change(self, tiny_backbone, architecture):
        backbone = tiny_backbone(architecture)
        first, second = backbone.encode(TWO_IMAGES), backbone.encode(TWO_IMAGES)
        for name, tensor in {**first.tokens, **first.images}.items():
            assert torch.equal(tensor, {**second.tokens, **second.images}[name])


@pytest.mark.parametrize("architecture", ["vipllava", "fast_vlm"])
def test_other_ordinary_architectures_need_no_code_of_ours(tmp_path, architecture):
    backbone = load_backbone(write_checkpoint(architecture, tmp_path), dtype="float32")
    examples = [ONE_IMAGE, TWO_IMAGES, TEXT_ONLY]
    together = extract_head_vectors(backbone, examples, cache=None)
    for row, example in enumerate(examples):
        alone = extract_head_vectors(backbone, [example], cache=None)
        assert abs(together.values[row] - alone.values[0]).max() < 1e-5


@pytest.mark.parametrize(
    ("architecture", "reason"),
    [
        ("qwen3_5", r"layers 0-1: linear_attn \(Qwen3_5GatedDeltaNet\) instead of self_attn"),
        ("mllama", "layer 1: cross-attention"),
    ],
)
def test_an_unsupported_architecture_is_refused_before_its_weights_are_read(tmp_path, architecture, reason, monkeypatch):
    folder = write_checkpoint(architecture, tmp_path / architecture)
    monkeypatch.setattr("sav_core.models.backbones.load_model", lambda *_: pytest.fail("the weights were read"))
    with pytest.raises(UnsupportedModelError, match=rf"^{architecture} cannot serve because {reason}"):
        load_backbone(folder)


def test_it_says_what_it_is(backbone):
    assert repr(backbone) == "Backbone('llava', 3 layers x 4 heads x 16 dim, float32 on cpu)"
    assert (backbone.dtype, backbone.dtype_name, backbone.why_dtype) == (torch.float32, "float32", "as asked for")
    assert backbone.pixel_backend in {"pil", "torchvision"}
    assert not any(parameter.requires_grad for parameter in backbone.model.parameters())
    assert not backbone.model.training


def test_cloning_an_estimator_keeps_its_backbone(backbone):
    assert clone(backbone) is backbone


def test_the_default_model_is_the_setting(monkeypatch, tiny_checkpoint):
    from sav_core.settings import Settings

    chosen = Settings(model=str(tiny_checkpoint("qwen3_vl")))
    monkeypatch.setattr("sav_core.models.backbones.settings", lambda: chosen)
    assert load_backbone(dtype="float32").name == "qwen3_vl"


def test_a_folder_is_loaded_in_silence_without_network(folder, monkeypatch, capfd):
    def fail(*_, **__):
        raise AssertionError("the network was asked")

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr(socket, "getaddrinfo", fail)
    monkeypatch.setattr(socket.socket, "connect", fail)
    extract_head_vectors(load_backbone(folder), [ONE_IMAGE, TEXT_ONLY], cache=None)
    assert capfd.readouterr() == ("", "")


def test_the_users_own_logging_is_as_before(folder):
    from transformers.utils import logging

    logging.set_verbosity_info()
    try:
        load_backbone(folder, dtype="float32")
        assert logging.get_verbosity() == logging.INFO
        assert logging.is_progress_bar_enabled()
    finally:
        logging.set_verbosity_warning()


class TestFingerprint:
    def test_is_the_same_for_the_same_files(self, backbone, folder):
        assert load_backbone(folder, dtype="float32").fingerprint == backbone.fingerprint

    def test_depends_on_the_dtype(self, backbone, folder):
        assert load_backbone(folder, dtype="bfloat16").fingerprint != backbone.fingerprint

    def test_depends_on_the_weights(self, backbone, tmp_path):
        other = load_backbone(write_checkpoint("llava", tmp_path, seed=1), dtype="float32")
        assert other.fingerprint != backbone.fingerprint

    def test_depends_on_what_resizes_images(self, backbone, folder, monkeypatch):
        monkeypatch.setattr("sav_core.models.encoding.pixel_backend", lambda _: "torchvision")
        assert load_backbone(folder, dtype="float32").fingerprint != backbone.fingerprint


class TestRefusals:
    def test_an_architecture_that_transformers_does_not_know(self, folder):
        change(folder / "config.json", model_type="never_heard_of")
        with pytest.raises(UnsupportedModelError, match="architecture 'never_heard_of'"):
            load_backbone(folder)

    def test_code_from_a_repository_is_never_run(self, folder):
        (folder / "modeling.py").write_text("raise SystemExit('it ran')")
        change(folder / "config.json", model_type="never_heard_of", auto_map={"AutoConfig": "modeling.Config"})
        with pytest.raises(UnsupportedModelError, match="needs code from its own repository, which is never run"):
            load_backbone(folder)

    def test_a_model_of_text_alone(self, folder):
        change(folder / "config.json", model_type="llama")
        with pytest.raises(UnsupportedModelError, match="'llama' model, which does not read images"):
            load_backbone(folder)

    def test_weights_that_lack_a_tensor(self, folder):
        from safetensors.torch import load_file, save_file

        weights = load_file(folder / "model.safetensors")
        lost = next(name for name in weights if "o_proj" in name)
        del weights[lost]
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
        with pytest.raises(UnsupportedModelError, match=r"lacks 1 of its weights, '.*o_proj.*': download|among them"):
            load_backbone(folder)

    def test_weights_of_another_size(self, folder):
        config = json.loads((folder / "config.json").read_text())
        config["text_config"]["intermediate_size"] = 48
        (folder / "config.json").write_text(json.dumps(config))
        with pytest.raises(UnsupportedModelError, match=r"weights of .copy. cannot be loaded: some have another shape"):
            load_backbone(folder)

    @pytest.mark.parametrize("dtype", ["auto", "float32"])
    def test_a_processor_of_another_model(self, folder, dtype):
        (folder / "preprocessor_config.json").write_text("{}")  # CLIP's own sizes
        with pytest.raises(UnsupportedModelError, match=r"processor of copy does not fit its weights .*224"):
            extract_head_vectors(load_backbone(folder, dtype=dtype), [ONE_IMAGE], cache=None)

    def test_a_processor_that_cannot_be_built(self, folder):
        (folder / "preprocessor_config.json").write_text("{")
        with pytest.raises(UnsupportedModelError, match="processor of 'copy' cannot be built"):
            load_backbone(folder)

    @pytest.mark.parametrize(
        ("kind", "message"),
        [
            ("Llama4ImageProcessor", "'copy' cannot serve because it needs torchvision: pip install torchvision."),
            ("NoSuch", r"'copy' cannot be built \(Unrecognized image processor in its folder\): check its tokenizer"),
        ],
    )
    def test_an_image_processor_that_is_not_here(self, folder, kind, message):
        if find_spec("torchvision"):
            pytest.skip("torchvision is installed")
        change(folder / "preprocessor_config.json", image_processor_type=kind)
        with pytest.raises(UnsupportedModelError, match=message):
            load_backbone(folder)

    def test_a_damaged_tokenizer(self, folder):
        (folder / "tokenizer.json").write_text('{"version": "1.0"}')
        with pytest.raises(UnsupportedModelError, match="processor of 'copy' cannot be built"):
            load_backbone(folder)

    @pytest.mark.parametrize("device", ["cuda", "abacus", "mps", "xpu", "meta"])
    def test_a_device_that_is_not_here(self, folder, device, monkeypatch):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
        with pytest.raises(SettingError, match=device):
            load_backbone(folder, device=device)

    def test_a_dtype_that_is_none(self, folder):
        with pytest.raises(SettingError, match="dtype must be 'auto'"):
            load_backbone(folder, dtype="int8")

    def test_an_example_that_its_processor_refuses(self, backbone, monkeypatch):
        def refuse(**_):
            raise ValueError("absolute aspect ratio must be smaller than 200")

        monkeypatch.setattr(backbone, "processor", refuse)
        example = Example(example_image(), "What is it?", name="strip.png")
        with pytest.raises(InputError, match=r"'strip\.png' cannot be prepared for llava: absolute aspect ratio"):
            backbone.encode(example)


class TestPrecision:
    @pytest.fixture(autouse=True)
    def nothing_measured_before(self, tmp_path, monkeypatch):
        monkeypatch.setattr(precision, "settings", lambda: Settings(cache_dir=tmp_path / "notes"))

    @pytest.mark.parametrize(("times", "dtype"), [([1.0, 0.5], "bfloat16"), ([1.0, 0.9], "float32")])
    @pytest.mark.parametrize(("whole", "what"), [(0, "a decoder layer takes"), (1 << 40, "one image takes")])
    def test_the_clearly_faster_is_taken(self, folder, monkeypatch, times, dtype, whole, what):
        monkeypatch.setattr(precision, "_TIMED_WHOLE", whole)
        monkeypatch.setattr(precision._Trial, "seconds", lambda *_: times)
        backbone = load_backbone(folder, device="cpu")
        assert backbone.dtype_name == dtype
        assert backbone.model.dtype == backbone.dtype
        assert backbone.why_dtype.startswith(what)

    def test_a_small_model_that_is_quick_does_not_round(self, folder, monkeypatch):
        monkeypatch.setattr(precision._Trial, "seconds", lambda *_: [0.02, 0.01])
        backbone = load_backbone(folder, device="cpu")
        assert backbone.dtype_name == "float32"
        assert backbone.why_dtype == (
            "one image takes 20 ms in float32 and 10 ms in bfloat16 on this CPU, too little to round for"
        )

    def test_a_slow_call_is_not_repeated_more_than_once(self):
        calls = []

        class Slow(torch.nn.Module):
            def forward(self):
                calls.append(1)
                time.sleep(0.3)

        assert all(seconds >= 0.3 for seconds in precision._Trial(Slow(), (), {}).seconds(torch.float32, torch.bfloat16))
        assert len(calls) == 4  # two dtypes, once to warm up and once to measure

    @pytest.mark.parametrize("whole", [0, 1 << 40])
    def test_it_is_measured_on_the_model(self, tiny_checkpoint, monkeypatch, whole):
        monkeypatch.setattr(precision, "_TIMED_WHOLE", whole)
        backbone = load_backbone(tiny_checkpoint("gemma3"), device="cpu")
        assert backbone.dtype_name in {"float32", "bfloat16"}
        assert not backbone.decoder.layers[0]._forward_pre_hooks

    def test_what_was_measured_is_measured_once(self, folder, tmp_path, monkeypatch):
        monkeypatch.setattr(precision._Trial, "seconds", lambda *_: [1.0, 0.5])
        measured = load_backbone(folder, device="cpu")
        monkeypatch.setattr(precision._Trial, "seconds", lambda *_: pytest.fail("it was measured again"))
        again = load_backbone(folder, device="cpu")
        assert (again.dtype_name, again.why_dtype) == ("bfloat16", measured.why_dtype)
        assert again.fingerprint == measured.fingerprint
        assert load_backbone(folder, device="cpu", dtype="float32").dtype_name == "float32"  # asked for

    @pytest.mark.parametrize("text", ["", "[]", "{}", '{"dtype": "int8", "why": "never"}'])
    def test_a_damaged_note_is_measured_again(self, folder, tmp_path, monkeypatch, text):
        monkeypatch.setattr(precision._Trial, "seconds", lambda *_: [1.0, 0.5])
        load_backbone(folder, device="cpu")
        (note,) = (tmp_path / "notes" / "precision").iterdir()
        note.write_text(text)
        assert load_backbone(folder, device="cpu").dtype_name == "bfloat16"
        assert json.loads(note.read_text())["dtype"] == "torch.bfloat16"

    def test_other_threads_or_weights_are_measured_anew(self, folder, tmp_path, monkeypatch):
        monkeypatch.setattr(precision._Trial, "seconds", lambda *_: [1.0, 0.5])
        load_backbone(folder, device="cpu")
        monkeypatch.setattr(precision._Trial, "seconds", lambda *_: [1.0, 1.0])
        other = load_backbone(write_checkpoint("llava", tmp_path / "other", seed=1), device="cpu")
        assert other.dtype_name == "float32"
        monkeypatch.setattr(torch, "get_num_threads", lambda: 1000)
        assert load_backbone(folder, device="cpu").dtype_name == "float32"

    def test_a_disk_that_refuses_the_note_does_not_stop_the_work(self, folder, tmp_path, monkeypatch):
        (tmp_path / "notes").write_text("a file where a folder should be")
        assert load_backbone(folder, device="cpu").dtype_name in {"float32", "bfloat16"}

    def test_weights_that_would_not_fit_are_not_tried(self, folder, monkeypatch):
        parameters = sum(weights.numel() for weights in load_backbone(folder, dtype="float32").model.parameters())
        monkeypatch.setattr(precision, "_free_memory", lambda: 3 * parameters)
        backbone = load_backbone(folder, device="cpu")
        assert backbone.dtype_name == "bfloat16"
        assert "GB are free" in backbone.why_dtype

    @pytest.mark.parametrize(("dtype", "free"), [("auto", 1000), ("float32", 200_000)])
    def test_a_model_larger_than_the_memory_is_refused_before_it_is_loaded(self, folder, monkeypatch, dtype, free):
        monkeypatch.setattr(precision, "_free_memory", lambda: free)
        monkeypatch.setattr(precision, "_load_faster", lambda *_: pytest.fail("it was loaded"))
        with pytest.raises(OutOfMemoryError, match="GB are free here: choose a smaller model"):
            load_backbone(folder, device="cpu", dtype=dtype)

    def test_bfloat16_gives_nearly_the_same_vectors(self, backbone, folder):
        rough = extract_head_vectors(load_backbone(folder, dtype="bfloat16"), [ONE_IMAGE, TEXT_ONLY], cache=None)
        exact = extract_head_vectors(backbone, [ONE_IMAGE, TEXT_ONLY], cache=None)
        assert rough.dtype == "bfloat16"
        assert 0 < abs(rough.values - exact.values).max() < 0.05


def test_only_one_forward_runs_at_a_time(backbone, monkeypatch):
    inside, most = [], []
    body = backbone._body

    class Watched:
        def __call__(self, **batch):
            inside.append(1)
            most.append(len(inside))
            try:
                return body(**batch)
            finally:
                inside.pop()

    monkeypatch.setattr(backbone, "_body", Watched())
    batch = backbone.collate([backbone.encode(ONE_IMAGE)])
    threads = [threading.Thread(target=backbone.forward, args=(batch,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1, 1, 1, 1]
