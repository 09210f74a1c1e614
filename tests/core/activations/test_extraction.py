import threading
import time
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from sav_core.activations.extraction import extract_head_vectors
from sav_core.activations.vector_cache import VectorCache
from sav_core.data.examples import Example
from sav_core.data.pictures.picture import Picture
from sav_core.errors import (
    ImageError,
    InputError,
    OutOfMemoryError,
    SettingError,
    StorageError,
    UnsupportedModelError,
)
from tests.support.tiny_models import ARCHITECTURES, example_image

EXACT = {"atol": 1e-5, "rtol": 0}


@pytest.fixture
def backbone(tiny_backbone):
    return tiny_backbone("llava")


@pytest.fixture
def cache(tmp_path):
    return VectorCache(tmp_path / "vectors", limit_bytes=1 << 30)


@pytest.fixture
def forwards(backbone, monkeypatch):
    """The sizes of the batches that went through the model."""
    sizes = []
    forward = backbone.forward

    def counted(batch):
        sizes.append(len(batch["input_ids"]))
        return forward(batch)

    monkeypatch.setattr(backbone, "forward", counted)
    return sizes


def pictures(count, first=0):
    return [Example(example_image(first + seed), "What is it?", label=f"label {seed % 3}") for seed in range(count)]


def mixed():
    """Every shape of prompt: one image, two with text between, none, no text; wide, tall, small, and of several tiles."""
    wide, tall, small = example_image(1, (90, 40)), example_image(2, (33, 70)), example_image(3, (32, 32))
    return [
        Example(wide, "What is it?"),
        Example([wide, tall], "<image> is one, and <image> is what?"),
        Example((), "Only words, and quite a number of them, so that this is the longest of the texts by far."),
        Example(tall, ""),
        Example(small, "Small?"),
        Example([small, small, tall], "Three."),
    ]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_batch_of_unequal_lengths_equals_one_by_one(tiny_backbone, architecture):
    backbone = tiny_backbone(architecture)
    examples = mixed()
    together = extract_head_vectors(backbone, examples, cache=None)
    alone = [extract_head_vectors(backbone, [example], cache=None).values[0] for example in examples]
    assert together.geometry == backbone.geometry
    assert together.values.dtype == np.float32
    np.testing.assert_allclose(together.values, np.stack(alone), **EXACT)
    assert np.abs(together.values).max() > 0.1  # or equality would say nothing
    assert len({vectors.tobytes() for vectors in alone}) == len(examples)


@pytest.mark.parametrize("architecture", ["llava", "gemma3"])
def test_the_last_hidden_state_is_of_the_same_forward(tiny_backbone, architecture):
    backbone = tiny_backbone(architecture)
    examples = mixed()
    vectors = extract_head_vectors(backbone, examples, cache=None, hidden=True)
    for example, state in zip(examples, vectors.hidden, strict=True):
        alone = backbone.forward(backbone.collate([backbone.encode(example)]))[0, -1]
        np.testing.assert_allclose(state, alone.float().numpy(), **EXACT)
    np.testing.assert_array_equal(vectors.take([3, 0]).hidden, vectors.hidden[[3, 0]])
    assert extract_head_vectors(backbone, examples, cache=None).hidden is None


def test_hidden_states_are_kept_and_cost_no_second_forward(backbone, cache, forwards):
    first = extract_head_vectors(backbone, pictures(5), cache=cache, hidden=True)
    assert sum(forwards) == 5
    again = extract_head_vectors(backbone, pictures(5), cache=cache, hidden=True)
    plain = extract_head_vectors(backbone, pictures(5), cache=cache)
    assert sum(forwards) == 5
    np.testing.assert_array_equal(again.hidden, first.hidden)
    np.testing.assert_array_equal(plain.values, first.values)


def test_what_was_read_without_hidden_states_is_read_once_more(backbone, cache, forwards):
    extract_head_vectors(backbone, pictures(3), cache=cache)
    assert extract_head_vectors(backbone, pictures(4), cache=cache, hidden=True).hidden.shape[0] == 4
    assert sum(forwards) == 7


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_language_model_head_never_runs(tiny_backbone, architecture):
    backbone = tiny_backbone(architecture)

    def fail(*_):
        raise AssertionError("the language-model head ran")

    hook = backbone.model.get_output_embeddings().register_forward_pre_hook(fail)
    try:
        assert extract_head_vectors(backbone, mixed(), cache=None).complete
    finally:
        hook.remove()


def test_the_size_of_batches_changes_nothing(backbone):
    examples = pictures(10) + mixed()
    large = extract_head_vectors(backbone, examples, cache=None)
    small = extract_head_vectors(backbone, examples, cache=None, batch_bytes=1)
    np.testing.assert_allclose(large.values, small.values, **EXACT)


def test_padding_on_the_left_changes_nothing(backbone):
    short, long = Example(example_image(1), "Short?"), Example((), "long " * 100)
    beside = extract_head_vectors(backbone, [short, long], cache=None)
    alone = extract_head_vectors(backbone, [short], cache=None)
    np.testing.assert_allclose(beside.values[0], alone.values[0], **EXACT)


def test_the_order_of_examples_is_kept_whatever_order_they_ran_in(backbone):
    examples = mixed()
    forth = extract_head_vectors(backbone, examples, cache=None)
    back = extract_head_vectors(backbone, examples[::-1], cache=None)
    np.testing.assert_allclose(forth.values, back.values[::-1], **EXACT)
    assert forth.names == back.names[::-1] == tuple(example.name for example in examples)


def test_the_same_call_gives_the_same_numbers(backbone):
    examples = pictures(40) + mixed()
    first, second = (extract_head_vectors(backbone, examples, cache=None).values for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_the_result_tells_what_it_holds(backbone):
    vectors = extract_head_vectors(backbone, pictures(3), cache=None)
    assert vectors.labels == ("label 0", "label 1", "label 2")
    assert vectors.positions == (0, 1, 2)
    assert vectors.complete
    assert (vectors.model, vectors.dtype) == (backbone.fingerprint, "float32")


def test_no_examples_give_no_vectors(backbone, forwards):
    vectors = extract_head_vectors(backbone, [], cache=None)
    assert vectors.values.shape == (0, *backbone.geometry.shape)
    assert vectors.complete
    assert forwards == []


def test_equal_examples_are_shown_once(backbone, forwards):
    first, second = pictures(2)
    relabelled = Example(example_image(0), "What is it?", label="another", name="a copy")
    vectors = extract_head_vectors(backbone, [first, second, relabelled, first], cache=None)
    assert sum(forwards) == 2
    assert vectors.labels == ("label 0", "label 1", "another", "label 0")
    np.testing.assert_array_equal(vectors.values[0], vectors.values[2])
    np.testing.assert_array_equal(vectors.values[0], vectors.values[3])


def test_adding_one_image_to_a_hundred_runs_one_forward(backbone, cache, forwards):
    before = extract_head_vectors(backbone, pictures(100), cache=cache)
    forwards.clear()
    after = extract_head_vectors(backbone, pictures(101), cache=cache)
    assert forwards == [1]
    np.testing.assert_array_equal(before.values, after.values[:100])


def test_what_is_cached_is_not_even_decoded(backbone, cache, forwards, monkeypatch):
    extract_head_vectors(backbone, pictures(3), cache=cache)
    forwards.clear()
    again = pictures(3)

    def fail(self):
        raise AssertionError(f"{self.name} was decoded")

    monkeypatch.setattr(Picture, "rgb", fail)
    assert extract_head_vectors(backbone, again, cache=cache).complete
    assert forwards == []


def test_another_question_or_model_is_another_entry(backbone, tiny_backbone, cache, forwards):
    example = pictures(1)[0]
    keys = {
        backbone.key(example),
        backbone.key(example.with_question("And this?")),
        backbone.key(Example([example.images[0], example.images[0]], "What is it?")),
        backbone.key(Example(example.images, "What <image> is it?")),
        tiny_backbone("llava_next").key(example),
    }
    assert len(keys) == 5
    assert backbone.key(example.with_label("other")) == backbone.key(example)


def test_a_cached_vector_of_another_shape_is_computed_again(backbone, cache, forwards):
    example = pictures(1)[0]
    cache.put(backbone.key(example), np.zeros((1, 1, 1), np.float32))
    assert extract_head_vectors(backbone, [example], cache=cache).values.any()
    assert forwards == [1]


def test_a_cache_that_cannot_be_written_does_not_stop_the_work(backbone, cache, monkeypatch):
    def full(*_):
        raise StorageError("Cannot write (No space left on device).")

    monkeypatch.setattr(cache, "put", full)
    with pytest.warns(UserWarning, match="not kept for the next run.*No space left") as caught:
        vectors = extract_head_vectors(backbone, pictures(5), cache=cache)
    assert vectors.complete
    assert len(caught) == 1


def test_progress_counts_every_example_once(backbone, cache):
    extract_head_vectors(backbone, pictures(4), cache=cache)
    seen = []
    extract_head_vectors(backbone, pictures(30) + pictures(2), cache=cache, progress=seen.append)
    done = [progress.done for progress in seen]
    assert done[0] == 6  # four are in the cache, and two of those are asked for twice
    assert done == sorted(done)
    assert done[-1] == 32
    assert {progress.total for progress in seen} == {32}
    assert all(later.seconds >= sooner.seconds for sooner, later in pairwise(seen))


def test_cancelling_keeps_what_was_done(backbone, cache, forwards):
    examples = pictures(60)
    vectors = extract_head_vectors(backbone, examples, cache=cache, cancel=lambda: len(forwards) >= 2, batch_bytes=300_000)
    assert len(forwards) == 2
    assert len(vectors) == sum(forwards)
    assert not vectors.complete
    assert vectors.asked == 60
    assert [examples[position].name for position in vectors.positions] == list(vectors.names)
    resumed = extract_head_vectors(backbone, examples, cache=cache)
    assert sum(forwards) == 60
    np.testing.assert_array_equal(resumed.values[list(vectors.positions)], vectors.values)


def test_cancelling_at_once_runs_nothing(backbone, forwards):
    vectors = extract_head_vectors(backbone, pictures(5), cache=None, cancel=lambda: True)
    assert len(vectors) == 0
    assert forwards == []


def test_cancelling_does_not_wait_for_the_whole_window_to_be_prepared(backbone, monkeypatch):
    prepared = []
    encode = backbone.encode_all

    def slow(examples):
        time.sleep(0.02)
        prepared.extend(examples)
        return encode(examples)

    monkeypatch.setattr(backbone, "encode_all", slow)
    vectors = extract_head_vectors(backbone, pictures(400), cache=None, cancel=lambda: len(prepared) >= 3)
    assert len(vectors) == 0
    assert len(prepared) < 64


def test_preparing_goes_on_during_a_forward(backbone, monkeypatch):
    examples = pictures(30)
    thread, during = threading.get_ident(), []
    encode, forward = backbone.encode_all, backbone.forward
    running = threading.Event()

    def watched_encode(examples):
        assert threading.get_ident() != thread
        encoded = encode(examples)
        during.append(running.is_set())
        return encoded

    def slow_forward(batch):
        running.set()
        time.sleep(0.1)
        running.clear()
        return forward(batch)

    monkeypatch.setattr(backbone, "encode_all", watched_encode)
    monkeypatch.setattr(backbone, "forward", slow_forward)
    assert extract_head_vectors(backbone, examples, cache=None).complete
    assert any(during)


def test_pictures_are_what_is_prepared_together_and_not_examples(backbone, monkeypatch):
    together = []
    encode_all = backbone.encode_all
    monkeypatch.setattr(backbone, "encode_all", lambda some: together.append(len(some)) or encode_all(some))
    of_eight = [Example([one.images[0] for one in pictures(8, first)], "Which way?") for first in (0, 8)]
    found = extract_head_vectors(backbone, [*of_eight, *pictures(9)], cache=None)
    assert together == [1, 1, 8, 1], "a clip of eight frames is as much as eight pictures"
    alone = extract_head_vectors(backbone, of_eight[1:], cache=None)
    np.testing.assert_allclose(found.values[1], alone.values[0], **EXACT)


def test_only_a_bounded_number_of_examples_is_prepared_ahead(backbone, monkeypatch):
    encode, forward = backbone.encode, backbone.forward
    counts = {"prepared": 0, "run": 0}
    ahead = []

    def counted_encode(example):
        counts["prepared"] += 1
        return encode(example)

    def patient_forward(batch):
        time.sleep(0.05)
        ahead.append(counts["prepared"] - counts["run"])
        counts["run"] += len(batch["input_ids"])
        return forward(batch)

    monkeypatch.setattr(backbone, "encode", counted_encode)
    monkeypatch.setattr(backbone, "forward", patient_forward)
    extract_head_vectors(backbone, pictures(300), cache=None)
    assert max(ahead) <= 128


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory."),
        MemoryError(),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."),
    ],
    ids=["cuda", "python", "cpu"],
)
def test_batches_are_halved_when_memory_runs_out(backbone, monkeypatch, error):
    examples = pictures(20) + mixed()
    expected = extract_head_vectors(backbone, examples, cache=None)
    forward, sizes = backbone.forward, []

    def small_machine(batch):
        sizes.append(len(batch["input_ids"]))
        if sizes[-1] > 2:
            raise error
        return forward(batch)

    monkeypatch.setattr(backbone, "forward", small_machine)
    vectors = extract_head_vectors(backbone, examples, cache=None)
    np.testing.assert_allclose(vectors.values, expected.values, **EXACT)
    failed = [size for size in sizes if size > 2]
    assert len(failed) <= 3  # it learns: 8, 4, and never again


def test_memory_for_not_even_one_example_is_one_clear_error(backbone, monkeypatch):
    def tiny_machine(batch):
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(backbone, "forward", tiny_machine)
    with pytest.raises(OutOfMemoryError, match=r"not memory enough for one example of \d+ tokens"):
        extract_head_vectors(backbone, pictures(4), cache=None)


def test_other_runtime_errors_are_not_taken_for_lack_of_memory(backbone, monkeypatch):
    def broken(batch):
        raise RuntimeError("shapes cannot be multiplied")

    monkeypatch.setattr(backbone, "forward", broken)
    with pytest.raises(RuntimeError, match="multiplied"):
        extract_head_vectors(backbone, pictures(4), cache=None)


def test_a_forward_that_stops_is_told_with_the_example_and_the_rest_is_kept(backbone, cache, monkeypatch):
    examples = [*pictures(3), Example((), "Far too many words for this model", name="long.txt")]
    longest = backbone.encode(examples[-1]).length
    mlp = backbone.decoder.layers[1].mlp.forward

    def narrow(states):
        if states.shape[1] == longest:
            raise RuntimeError("The size of tensor a (4) must match the size of tensor b (8)")
        return mlp(states)

    monkeypatch.setattr(backbone.decoder.layers[1].mlp, "forward", narrow)
    said = (
        rf"^'long\.txt' cannot be read: \w+ stopped reading 1 prompt of {longest} tokens \(The size of tensor a .*\): try "
        r"a smaller picture or a shorter question, and if that does not help another model\.$"
    )
    with pytest.raises(UnsupportedModelError, match=said):
        extract_head_vectors(backbone, examples, cache=cache)
    assert all(cache.get(backbone.key(example)) is not None for example in examples[:3])


def test_vectors_that_were_kept_before_a_model_was_limited_are_read_anew(backbone, cache, monkeypatch):
    (example,) = pictures(1)
    true = extract_head_vectors(backbone, [example], cache=None).values
    cache.put(backbone.key(example), np.zeros(backbone.geometry.shape, np.float32))
    monkeypatch.setattr(backbone, "_apart", True)
    for _ in range(2):
        assert np.array_equal(extract_head_vectors(backbone, [example], cache=cache).values, true)
    monkeypatch.setattr(backbone, "_apart", False)
    assert not extract_head_vectors(backbone, [example], cache=cache).values.any()


def test_an_example_that_cannot_be_prepared_is_named_and_the_rest_is_kept(backbone, cache, forwards):
    examples = pictures(12)
    picture = examples[10].images[0]
    broken = replace(picture, name="broken.png", digest="0" * 64, _pixels=None, _encoded=b"not an image")
    examples[10] = Example(broken, "What is it?")
    with pytest.raises(ImageError, match=r"broken\.png"):
        extract_head_vectors(backbone, examples, cache=cache)
    assert sum(forwards) == 8  # the window before
    assert threading.active_count() == 1 or not any("prepare" in thread.name for thread in threading.enumerate())


def test_a_control_token_in_a_question_is_refused(backbone):
    with pytest.raises(InputError, match="'</s>'"):
        extract_head_vectors(backbone, [Example(example_image(), "What is </s> it?")], cache=None)


def test_two_threads_extract_at_once_without_mixing(backbone):
    sets = [pictures(20), pictures(20, first=100)]
    expected = [extract_head_vectors(backbone, examples, cache=None).values for examples in sets]
    found = {}

    def run(index):
        found[index] = extract_head_vectors(backbone, sets[index], cache=None).values

    threads = [threading.Thread(target=run, args=(index,)) for index in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for index in range(2):
        np.testing.assert_array_equal(found[index], expected[index])


@pytest.fixture
def layers_run(backbone):
    """Which decoder layers ran, in order."""
    seen = []
    hooks = [
        layer.register_forward_pre_hook(lambda *_, number=number: seen.append(number))
        for number, layer in enumerate(backbone.decoder.layers)
    ]
    yield seen
    for hook in hooks:
        hook.remove()


@pytest.mark.parametrize("hidden", [False, True])
def test_the_first_layers_alone_are_those_of_the_whole(backbone, layers_run, hidden):
    whole = extract_head_vectors(backbone, pictures(2), cache=None, hidden=hidden)
    assert not whole.ends_early
    layers_run.clear()
    first = extract_head_vectors(backbone, pictures(2), cache=None, hidden=hidden, depth=2)
    np.testing.assert_array_equal(first.values, whole.values[:, :2])
    assert first.ends_early
    assert (first.hidden is None) is (not hidden)
    assert max(layers_run) == (2 if hidden else 1)


def test_the_cache_knows_how_far_a_vector_reaches(backbone, cache, layers_run):
    read = {depth: extract_head_vectors(backbone, pictures(2), cache=None, depth=depth).values for depth in (1, 2)}
    for depth, runs in ((1, True), (2, True), (1, False), (2, False), (None, True), (2, False)):
        layers_run.clear()
        vectors = extract_head_vectors(backbone, pictures(2), cache=cache, depth=depth)
        assert vectors.geometry.layers == (depth or backbone.geometry.layers)
        assert bool(layers_run) is runs
        if depth is not None:
            np.testing.assert_array_equal(vectors.values, read[depth])


@pytest.mark.parametrize("depth", [0, 4, -1])
def test_a_depth_that_the_model_has_not_is_refused(backbone, depth):
    with pytest.raises(SettingError, match="between 1 and the 3 layers"):
        extract_head_vectors(backbone, pictures(1), cache=None, depth=depth)
