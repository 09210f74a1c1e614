"""Looks of tiny models, and what is stored beside a model's weights."""

import json

import numpy as np
import pytest

from sav_core.activations.attention import attention_maps
from sav_core.data.examples import Example
from sav_core.errors import BackboneError, CancelledError, InputError
from sav_core.pointing import rank_by_boxes, read_looks
from sav_core.pointing.boxes import Box
from sav_core.pointing.drawn import Pointed
from sav_core.pointing.looks import look_of
from sav_core.pointing.stored import FILE_NAME, StoredPointing, read_pointing, write_pointing
from tests.support.tiny_models import example_image


def asked(seed, count=1):
    return Example([example_image(seed + place, (90, 40)) for place in range(count)], "Where is the cup?")


def test_a_look_has_the_maps_of_every_head_in_its_place(tiny_backbone):
    backbone = tiny_backbone("qwen2_vl")
    look, maps = look_of(backbone, asked(1, 2)), attention_maps(backbone, asked(1, 2))
    layers, heads, _ = backbone.geometry.shape
    assert [grid.shape[:2] for grid in look.pictures] == [(layers, heads)] * 2
    np.testing.assert_array_equal(look.pictures[1][1, 2], maps.pictures[1][heads + 2])
    np.testing.assert_array_equal(look.on_pictures.ravel(), maps.image_share)


def test_what_was_found_is_stored_with_the_name_of_the_weights(tiny_backbone, tmp_path):
    backbone, seen = tiny_backbone("llava"), []
    pointed = [Pointed(asked(1), Box(0, 0, 0.5, 0.5), (Box(0.5, 0.5, 1, 1),)), Pointed(asked(2), Box(0, 0, 1, 0.5))]
    looks = read_looks(backbone, [one.example for one in pointed], progress=lambda done: seen.append(done.done))
    found = rank_by_boxes(looks, pointed)
    assert seen == [1, 2]
    assert read_pointing(tmp_path) is None
    write_pointing(tmp_path, StoredPointing(backbone.identity, found, {"n": 2}))
    again = read_pointing(tmp_path)
    assert (again.model, again.heads.ranking, again.heads.n) == (backbone.identity, found.ranking, 2)
    np.testing.assert_allclose(again.heads.inside, found.inside, atol=1e-4)
    np.testing.assert_array_equal(np.isfinite(again.heads.entropy), np.isfinite(found.entropy))
    for damage in ({"inside": [[1.0]]}, {"ranking": 3}):
        told = json.loads((tmp_path / FILE_NAME).read_text()) | damage
        (tmp_path / "damaged").mkdir(exist_ok=True)
        (tmp_path / "damaged" / FILE_NAME).write_text(json.dumps(told))
        with pytest.raises(BackboneError, match=FILE_NAME):
            read_pointing(tmp_path / "damaged")


def test_what_has_no_look_is_refused_and_what_is_stopped_stops(tiny_backbone):
    with pytest.raises(InputError, match="nothing to point at"):
        look_of(tiny_backbone("llava"), Example((), "Where?"))
    with pytest.raises(CancelledError):
        read_looks(tiny_backbone("llava"), [asked(1)], cancel=lambda: True)
