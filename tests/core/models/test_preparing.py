import pytest

from sav_core.data.examples import Example
from sav_core.errors import InputError
from tests.support import further_models  # noqa: F401  # adds its recipes
from tests.support.tiny_models import example_image


def message(backbone, *sizes):
    example = Example([example_image(1, size) for size in sizes], "What is it?", name="x.png")
    with pytest.raises(InputError) as caught:
        backbone.encode(example)
    return str(caught.value)


@pytest.mark.parametrize("size", [(1, 1), (12, 12), (16, 9)])
def test_a_picture_below_two_merged_patches_is_to_be_enlarged(tiny_backbone, size):
    width, height = size
    assert message(tiny_backbone("mistral3"), size) == (
        "'x.png' cannot be prepared for mistral3, which makes nothing of a picture of "
        f"{width} x {height} pixels: enlarge it."
    )


@pytest.mark.parametrize("architecture", ["mistral3", "pixtral"])
def test_a_picture_that_scales_to_nothing_is_to_be_cropped(tiny_backbone, architecture):
    for sizes in ([(10, 2000)], [(60, 60), (200, 1)]):
        width, height = sizes[-1]
        told = message(tiny_backbone(architecture), *sizes)
        assert told.endswith(
            f"makes nothing of a picture of {width} x {height} pixels: crop it to less extreme proportions."
        )


@pytest.mark.parametrize("size", [(200, 1), (1, 200)])
def test_a_picture_that_splits_into_nothing_is_to_be_cropped(tiny_backbone, monkeypatch, size):
    backbone = tiny_backbone("idefics2")
    monkeypatch.setattr(backbone.processor.image_processor, "do_image_splitting", True)
    assert message(backbone, size).endswith("crop it to less extreme proportions.")


def test_what_is_refused_for_another_reason_is_told_with_that(tiny_backbone, monkeypatch):
    backbone = tiny_backbone("pixtral")

    def refuse(**_):
        raise KeyError("no such size")

    monkeypatch.setattr(backbone, "processor", refuse)
    assert message(backbone, (10, 2000)) == "'x.png' cannot be prepared for pixtral: 'no such size'."
