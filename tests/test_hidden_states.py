import numpy as np
import pytest
import torch

from sav_core.errors import CancelledError
from sav_core.hidden_states import last_hidden_states
from sav_core.records import Example
from tests.tiny_models import example_image


@pytest.fixture(scope="module")
def examples():
    questions = ["What?", "What is in this picture, and where?", "Which?"]
    return [Example(example_image(number), questions[number % 3]) for number in range(5)]


@pytest.mark.parametrize("architecture", ["llava", "qwen2_vl"])
def test_it_is_the_last_token_of_the_models_own_output(tiny_backbone, examples, architecture):
    backbone = tiny_backbone(architecture)
    together = last_hidden_states(backbone, examples)
    for row, example in enumerate(examples):
        alone = backbone.forward(backbone.collate([backbone.encode(example)]))[0, -1]
        np.testing.assert_allclose(together[row], alone.float().numpy(), atol=2e-4)


def test_equal_examples_are_shown_once(tiny_backbone, examples):
    backbone, seen = tiny_backbone("llava"), []
    states = last_hidden_states(backbone, [examples[0], examples[1], examples[0]], progress=seen.append)
    np.testing.assert_array_equal(states[0], states[2])
    assert (seen[-1].done, seen[-1].total) == (2, 2)


def test_it_can_be_stopped_and_nothing_is_nothing(tiny_backbone, examples):
    with pytest.raises(CancelledError):
        last_hidden_states(tiny_backbone("llava"), examples, cancel=lambda: True)
    assert len(last_hidden_states(tiny_backbone("llava"), [])) == 0


def test_no_gradient_is_kept(tiny_backbone, examples):
    assert isinstance(last_hidden_states(tiny_backbone("llava"), examples[:1]), np.ndarray)
    assert torch.is_grad_enabled()
