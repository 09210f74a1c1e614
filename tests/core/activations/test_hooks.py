import numpy as np
import pytest
import torch

from sav_core.activations.hooks import capture_last_token, forward_to_last_heads
from sav_core.data.examples import Example
from sav_core.errors import InterventionError
from tests.support.tiny_models import ARCHITECTURES, example_image


@pytest.fixture
def backbone(tiny_backbone):
    return tiny_backbone("llava")


@pytest.fixture
def batch(backbone):
    examples = [Example(example_image(1), "What is it?"), Example((), "A longer question about nothing at all?")]
    return backbone.collate([backbone.encode(example) for example in examples])


def hooks_on(backbone):
    """Hooks on the projections; elsewhere transformers has its own."""
    return sum(len(module._forward_pre_hooks) + len(module._forward_hooks) for module in backbone.decoder.projections)


def test_what_is_captured_is_what_each_projection_reads_at_the_last_token(backbone, batch):
    read = []
    hooks = [
        projection.register_forward_pre_hook(lambda _, given: read.append(given[0][:, -1].clone()))
        for projection in backbone.decoder.projections
    ]
    with capture_last_token(backbone) as capture:
        backbone.forward(batch)
        vectors = capture.take()
    for hook in hooks:
        hook.remove()
    layers, heads, dim = backbone.geometry.shape
    expected = torch.stack(read, dim=1).view(2, layers, heads, dim)
    assert vectors.dtype == np.float32
    np.testing.assert_array_equal(vectors, expected.numpy())


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_stopping_at_the_last_heads_gives_the_same_vectors_and_leaves_no_trace(tiny_backbone, architecture):
    backbone = tiny_backbone(architecture)
    batch = backbone.collate([backbone.encode(Example(example_image(1), "What is it?"))])
    before = backbone.forward(batch)
    passed = []
    handle = backbone.decoder.projections[-1].register_forward_hook(lambda *_: passed.append(True))
    with capture_last_token(backbone) as capture:
        forward_to_last_heads(backbone, batch)
        stopped = capture.take()
        assert not passed
        after = backbone.forward(batch)
        np.testing.assert_array_equal(capture.take(), stopped)
    handle.remove()
    assert torch.equal(after, before)
    assert hooks_on(backbone) == 0


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_contributions_of_the_heads_sum_to_the_projection(tiny_backbone, architecture):
    backbone = tiny_backbone(architecture)
    written = []
    projection = backbone.decoder.projections[1]
    hook = projection.register_forward_hook(lambda _, given, result: written.append(result[0, -1].clone()))
    with capture_last_token(backbone) as capture:
        backbone.forward(backbone.collate([backbone.encode(Example(example_image(1), "What is it?"))]))
        heads = torch.from_numpy(capture.take()[0, 1])
    hook.remove()
    with torch.no_grad():
        bias = torch.zeros(()) if projection.bias is None else projection.bias
        alone = [projection((torch.eye(len(heads))[[head]].T * heads).flatten()) - bias for head in range(len(heads))]
    torch.testing.assert_close(sum(alone), written[0] - bias, atol=1e-5, rtol=1e-4)


def test_capturing_leaves_the_output_bit_equal(backbone, batch):
    bare = backbone.forward(batch)
    with capture_last_token(backbone) as capture:
        watched = backbone.forward(batch)
        capture.take()
    assert torch.equal(bare, watched)


def test_what_was_taken_does_not_change_with_the_next_forward(backbone, batch):
    with capture_last_token(backbone) as capture:
        backbone.forward(batch)
        vectors = capture.take()
        kept = vectors.copy()
        backbone.forward({name: tensor.flip(0) for name, tensor in batch.items() if tensor.dim() == 2})
    np.testing.assert_array_equal(vectors, kept)


def test_hooks_are_gone_after_the_block_and_after_an_exception(backbone, batch):
    with capture_last_token(backbone) as capture:
        assert hooks_on(backbone) == backbone.geometry.layers
        backbone.forward(batch)
        capture.take()
    assert hooks_on(backbone) == 0
    with pytest.raises(ZeroDivisionError), capture_last_token(backbone):
        raise ZeroDivisionError
    assert hooks_on(backbone) == 0


def test_no_hook_is_left_when_registering_fails_half_way(backbone, monkeypatch):
    def fail(*_, **__):
        raise OSError

    monkeypatch.setattr(backbone.decoder.projections[2], "register_forward_pre_hook", fail, raising=False)
    with pytest.raises(OSError), capture_last_token(backbone):  # noqa: PT011
        pass
    assert hooks_on(backbone) == 0


def test_taking_without_a_forward_is_an_error(backbone, batch):
    with capture_last_token(backbone) as capture:
        with pytest.raises(InterventionError, match=r"layers \[0, 1, 2\]"):
            capture.take()
        backbone.forward(batch)
        capture.take()
        with pytest.raises(InterventionError):
            capture.take()


def test_a_layer_that_never_ran_is_named(backbone, batch, monkeypatch):
    layer = backbone.decoder.layers[1]
    monkeypatch.setattr(layer, "forward", lambda hidden_states, **_: hidden_states)
    with capture_last_token(backbone) as capture:
        backbone.forward(batch)
        with pytest.raises(InterventionError, match=r"layers \[1\]"):
            capture.take()


def test_no_more_than_the_last_token_is_kept(backbone):
    sizes = []
    for words in (5, 50):
        batch = backbone.collate([backbone.encode(Example((), "word " * words))])
        with capture_last_token(backbone) as capture:
            backbone.forward(batch)
            sizes.append(capture._buffer.untyped_storage().nbytes())
            capture.take()
    assert sizes == [4 * np.prod(backbone.geometry.shape)] * 2
