import numpy as np
import pytest
import torch

from sav_core.activations.image_tokens import ImageTokenBoxes, image_token_boxes
from sav_core.data.examples import Example
from sav_core.errors import UnsupportedModelError
from sav_core.models.batching import Encoded
from tests.support.further_models import FURTHER
from tests.support.tiny_models import ARCHITECTURES, example_image

SIZES = [(40, 30), (90, 40), (30, 100)]
PLACES = [(0.3, 0.45), (0.7, 0.55), (0.5, 0.2), (0.5, 0.8)]
# Of the further ones those whose tokens are places, and not learned queries, and that crop nothing away.
FOLLOWED = sorted(set(FURTHER) - {"aria", "idefics2", "video_llava"})


@pytest.fixture
def local_backbone(tiny_checkpoint):
    """A backbone whose vision tower does not mix patches, so that a token tells of its own part of the picture alone."""
    from sav_core.models.backbones import load_backbone

    def load(architecture):
        backbone = load_backbone(tiny_checkpoint(architecture), dtype="float32")
        decoder = {id(parameter) for parameter in backbone.model.get_decoder().parameters()}
        torch.manual_seed(0)
        with torch.no_grad():
            for name, parameter in backbone.model.named_parameters():
                if id(parameter) in decoder:
                    continue
                if any(part in name for part in (".out_proj.", ".o_proj.", "attn.proj.", "projection_layer.")):
                    parameter.zero_()
                if name.endswith("mm_input_projection_weight"):  # zero in a fresh gemma3
                    parameter.normal_()
        return backbone

    return load


def with_spot(picture, place):
    """The picture with inverted colours around a place, and left, top, right and bottom of what is inverted."""
    height, width = picture.shape[:2]
    column, row = int(place[0] * width), int(place[1] * height)
    radius = min(width, height) // 15
    spot = picture.copy()
    around = np.s_[row - radius : row + radius + 1, column - radius : column + radius + 1]
    spot[around] = 255 - spot[around]
    reach = np.array([column - radius, row - radius, column + radius + 1, row + radius + 1])
    return spot, reach / [width, height, width, height]


def embedded(backbone, encoded):
    """What enters the language model: ``(token, hidden)``."""
    seen = []
    layer = backbone.decoder.layers[0]
    hook = layer.register_forward_pre_hook(
        lambda _, given, named: seen.append(given[0] if given else named["hidden_states"]), with_kwargs=True
    )
    try:
        backbone.forward(backbone.collate([encoded]))
    finally:
        hook.remove()
    return seen[0][0].numpy()


def assert_spots_are_found(backbone, pictures, which, places):
    """Change a picture in one place: the token that changes most must be one that is said to show that place."""
    plain = backbone.encode(Example(pictures, "What is it?"))
    placed = image_token_boxes(backbone, Example(pictures, "What is it?"), plain)
    before = embedded(backbone, plain)
    for place in places:
        spot, reach = with_spot(pictures[which], place)
        changed = [spot if at == which else picture for at, picture in enumerate(pictures)]
        after = embedded(backbone, backbone.encode(Example(changed, "What is it?")))
        change = np.linalg.norm(after - before, axis=-1)
        of_others = [change[each.tokens].max() for at, each in enumerate(placed) if at != which]
        box = placed[which].boxes[change[placed[which].tokens].argmax()]
        assert change[placed[which].tokens].max() > max(of_others, default=0.0)
        assert (box[:2] < reach[2:]).all()
        assert (reach[:2] < box[2:]).all()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_token_that_changes_most_is_the_one_that_shows_the_change(local_backbone, architecture):
    backbone = local_backbone(architecture)
    for size in SIZES:
        # llava crops to the middle square: of a tall picture it sees no more than that
        places = PLACES[:2] if architecture == "llava" else PLACES
        assert_spots_are_found(backbone, [np.array(example_image(3, size))], 0, places)


@pytest.mark.parametrize("architecture", FOLLOWED)
def test_so_it_is_in_further_architectures(local_backbone, architecture):
    assert_spots_are_found(local_backbone(architecture), [np.array(example_image(3, (90, 40)))], 0, PLACES[:2])


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_tokens_of_several_pictures_are_told_apart(local_backbone, architecture):
    pictures = [np.array(example_image(seed, size)) for seed, size in enumerate([(90, 40), (40, 30), (64, 64)])]
    backbone = local_backbone(architecture)
    for which in range(3):
        assert_spots_are_found(backbone, pictures, which, PLACES[:1])


def test_what_is_cropped_away_gets_nothing(tiny_backbone):
    backbone = tiny_backbone("llava")
    example = Example([example_image(1, (90, 30))], "What is it?")  # the middle third is seen
    encoded = backbone.encode(example)
    (placed,) = image_token_boxes(backbone, example, encoded)
    painted = placed.paint(np.ones(encoded.length))
    assert placed.shape == (4, 12)
    np.testing.assert_allclose(painted[:, 4:8], 1, atol=0.05)
    np.testing.assert_allclose(painted[:, :4], 0, atol=0.05)
    np.testing.assert_allclose(painted[:, 8:], 0, atol=0.05)


def test_tokens_of_one_grid_are_painted_as_that_grid(tiny_backbone):
    backbone = tiny_backbone("qwen2_vl")
    example = Example([example_image(1, (64, 48))], "What is it?")
    encoded = backbone.encode(example)
    (placed,) = image_token_boxes(backbone, example, encoded)
    weights = np.random.default_rng(0).random((5, encoded.length))
    expected = weights[:, encoded.image_token_mask.numpy()].reshape(5, *placed.shape)
    np.testing.assert_allclose(placed.paint(weights), expected)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_even_attention_is_painted_evenly_wherever_the_picture_is_seen(tiny_backbone, architecture):
    backbone = tiny_backbone(architecture)
    example = Example([example_image(1, (64, 64))], "What is it?")
    encoded = backbone.encode(example)
    (placed,) = image_token_boxes(backbone, example, encoded)
    sizes = (placed.boxes[:, 2:] - placed.boxes[:, :2]).prod(1)
    weights = np.zeros(encoded.length)
    weights[placed.tokens] = sizes  # the same for every part of the picture in each of the views
    painted = placed.paint(weights)
    np.testing.assert_allclose(painted, painted.mean(), rtol=0.02)


def test_weight_beyond_the_picture_is_lost():
    placed = ImageTokenBoxes(np.array([1, 3]), np.array([[-0.5, 0.0, 0.5, 1.0], [0.25, 0.0, 0.75, 0.5]]), (2, 4))
    painted = placed.paint(np.array([9.0, 8.0, 9.0, 4.0]))
    np.testing.assert_allclose(painted, [[2 - 1 + 0.0, 1 + 2, 2, 0], [1, 1, 0, 0]])


def test_tokens_that_tiles_do_not_explain_are_refused(tiny_backbone):
    backbone = tiny_backbone("llava")
    example = Example([example_image(1, (256, 256))], "What is it?")
    encoded = backbone.encode(example)
    mask = encoded.image_token_mask.clone()
    mask[mask.nonzero()[0]] = False
    with pytest.raises(UnsupportedModelError, match="processor made 15 tokens"):
        image_token_boxes(backbone, example, Encoded(encoded.tokens, encoded.images, mask))


@pytest.mark.parametrize("architecture", ["llava_next", "llava_onevision"])
def test_a_picture_too_thin_to_be_followed_is_told_with_its_size(tiny_backbone, architecture):
    backbone = tiny_backbone(architecture)
    example = Example([example_image(1, (64, 48)), example_image(2, (10, 2000))], "What are they?")
    with pytest.raises(
        UnsupportedModelError, match=r"lie on a picture of 10 x 2000 pixels is not known, .*: crop or enlarge"
    ):
        image_token_boxes(backbone, example, backbone.encode(example))


def test_a_way_of_making_tokens_that_cannot_be_followed_is_told_of_the_model(tiny_backbone, monkeypatch):
    backbone = tiny_backbone("llava")
    example = Example([example_image(1, (64, 48))], "What is it?")
    monkeypatch.setattr("sav_core.activations.image_tokens.tile_regions", lambda *_: [[]])
    with pytest.raises(UnsupportedModelError, match=r"of llava lie on the picture is not known: .* cannot be followed"):
        image_token_boxes(backbone, example, backbone.encode(example))
