"""The pretrained tower is the published network, bit for bit, whatever transformers builds around it."""

import pytest
import torch
import torch.nn.functional as F

from tools import tower

BLOCKS = ((1, 3, 1), (2, 3, 2), (2, 5, 2), (3, 3, 2), (3, 5, 1), (4, 5, 2), (1, 3, 1))  # repeats, kernel, first stride
WIDTHS = (16, 24, 40, 80, 112, 192, 320)


@pytest.fixture(scope="module")
def weights() -> dict[str, torch.Tensor]:
    """Random weights under the published names: the tests need no download."""
    generator = torch.Generator().manual_seed(0)

    def convolution(name: str, *shape: int) -> dict[str, torch.Tensor]:
        fan = shape[1] * shape[2] * shape[3]
        return {f"{name}.weight": torch.randn(shape, generator=generator) * (2 / fan) ** 0.5}

    def norm(name: str, width: int) -> dict[str, torch.Tensor]:
        return {
            f"{name}.weight": 1 + 0.2 * torch.randn(width, generator=generator),
            f"{name}.bias": 0.2 * torch.randn(width, generator=generator),
            f"{name}.running_mean": 0.2 * torch.randn(width, generator=generator),
            f"{name}.running_var": 0.5 + torch.rand(width, generator=generator),
            f"{name}.num_batches_tracked": torch.tensor(1),
        }

    found = convolution("_conv_stem", 32, 3, 3, 3) | norm("_bn0", 32)
    width, index = 32, 0
    for (repeats, kernel, _), wider in zip(BLOCKS, WIDTHS, strict=True):
        for _ in range(repeats):
            name, inner = f"_blocks.{index}", width * (1 if index == 0 else 6)
            if index:
                found |= convolution(f"{name}._expand_conv", inner, width, 1, 1) | norm(f"{name}._bn0", inner)
            found |= convolution(f"{name}._depthwise_conv", inner, 1, kernel, kernel) | norm(f"{name}._bn1", inner)
            found |= convolution(f"{name}._project_conv", wider, inner, 1, 1) | norm(f"{name}._bn2", wider)
            width, index = wider, index + 1
    found |= convolution("_conv_head", 1280, 320, 1, 1) | norm("_bn1", 1280)
    return found | {"_fc.weight": torch.zeros(1000, 1280), "_fc.bias": torch.zeros(1000)}


def reference(weights: dict[str, torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    """EfficientNet-Lite0 as published, written out: "same" padding as TensorFlow pads, relu6, no gates."""

    def convolve(x: torch.Tensor, name: str, stride: int = 1, groups: int = 1) -> torch.Tensor:
        weight = weights[f"{name}.weight"]
        lacking = max((-(-x.shape[-1] // stride) - 1) * stride + weight.shape[-1] - x.shape[-1], 0)
        before, after = lacking // 2, lacking - lacking // 2
        return F.conv2d(F.pad(x, (before, after, before, after)), weight, stride=stride, groups=groups)

    def norm(x: torch.Tensor, name: str) -> torch.Tensor:
        parts = (weights[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias"))
        return F.batch_norm(x, *parts, eps=1e-3)

    x = F.relu6(norm(convolve(x, "_conv_stem", 2), "_bn0"))
    plan = [(stride if turn == 0 else 1) for repeats, _, stride in BLOCKS for turn in range(repeats)]
    for index, stride in enumerate(plan):
        name, y = f"_blocks.{index}", x
        if index:
            y = F.relu6(norm(convolve(y, f"{name}._expand_conv"), f"{name}._bn0"))
        y = F.relu6(norm(convolve(y, f"{name}._depthwise_conv", stride, y.shape[1]), f"{name}._bn1"))
        y = norm(convolve(y, f"{name}._project_conv"), f"{name}._bn2")
        x = x + y if stride == 1 and x.shape == y.shape else y
    return F.relu6(norm(convolve(x, "_conv_head"), "_bn1"))


@pytest.mark.parametrize("side", [192, 96])
@torch.inference_mode()
def test_feature_maps_equal_the_published_network_bit_for_bit(weights: dict[str, torch.Tensor], side: int) -> None:
    model = tower.fill(tower.EfficientNetModel(tower.tower_config(side)), weights).eval()
    pictures = torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(1))
    assert torch.equal(model(pictures).last_hidden_state, reference(weights, pictures))


@torch.inference_mode()
def test_the_tower_folded_for_training_gives_the_same_maps(weights: dict[str, torch.Tensor]) -> None:
    model = tower.fill(tower.EfficientNetModel(tower.tower_config(96)), weights).eval()
    pictures = torch.randn(2, 3, 96, 96, generator=torch.Generator().manual_seed(1))
    whole = model(pictures).last_hidden_state
    torch.testing.assert_close(tower.for_training(model)(pictures).last_hidden_state, whole, atol=2e-3, rtol=1e-3)


def test_a_weight_that_the_tower_has_no_place_for_is_refused(weights: dict[str, torch.Tensor]) -> None:
    model = tower.EfficientNetModel(tower.tower_config(96))
    with pytest.raises(KeyError, match="_surplus"):
        tower.fill(model, weights | {"_surplus.weight": torch.zeros(1)})


@torch.inference_mode()
def test_a_folded_tower_goes_back_into_the_form_that_is_shipped(weights: dict[str, torch.Tensor], monkeypatch) -> None:
    monkeypatch.setattr(tower, "published", lambda: weights)
    folded = tower.for_training(tower.pretrained(96))
    for value in folded.parameters():
        value.mul_(1.02)
    pictures = torch.randn(2, 3, 96, 96, generator=torch.Generator().manual_seed(2))
    shipped = tower.unfold(folded, 96)(pictures).last_hidden_state
    torch.testing.assert_close(shipped, folded(pictures).last_hidden_state, atol=2e-3, rtol=1e-3)


@torch.inference_mode()
def test_an_exported_tower_is_gone_on_from(weights: dict[str, torch.Tensor], monkeypatch, tmp_path) -> None:
    from tools import stage_tower

    monkeypatch.setattr(tower, "published", lambda: weights)
    monkeypatch.setattr(stage_tower, "checkpoint", lambda _: tmp_path / "tower.pt")
    whole = tower.pretrained(96)
    for value in whole.encoder.top_conv.parameters():
        value.mul_(1.1)
    pictures = torch.randn(2, 3, 96, 96, generator=torch.Generator().manual_seed(4))
    seen = whole(pictures).last_hidden_state
    stage_tower.keep_tuned(whole, tmp_path / "tower.pt")
    torch.testing.assert_close(stage_tower.tuned(96)(pictures).last_hidden_state, seen, atol=2e-3, rtol=1e-3)


def test_the_tuned_tower_begins_as_the_published_one(weights: dict[str, torch.Tensor], monkeypatch) -> None:
    from tools import stage_tower

    monkeypatch.setattr(tower, "published", lambda: weights)
    module = stage_tower.Tuned(names=3)
    pixels = torch.randint(0, 255, (2, 192, 192, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(3))
    tuned, published = module.maps(pixels)
    torch.testing.assert_close(tuned, published, atol=1e-5, rtol=1e-4)
    learning = {name.split(".")[0] for name, value in module.named_parameters() if value.requires_grad}
    assert learning == {"tower", "name_head", "colour_head"}
