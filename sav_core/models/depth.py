"""How many of a model's layers, the first ones, a fit reads."""

from __future__ import annotations

from dataclasses import replace

from sav_core.errors import SettingError
from sav_core.models.backbones import Backbone
from sav_core.types import Geometry, MaxLayer

__all__ = ["check_max_layer", "first_layers"]


def first_layers(backbone: Backbone, max_layer: MaxLayer) -> Geometry:
    """Return the geometry of a model's layers that a fit with that setting reads."""
    geometry = backbone.geometry
    return replace(geometry, layers=min(max_layer + 1, geometry.layers)) if isinstance(max_layer, int) else geometry


def check_max_layer(max_layer: MaxLayer, backbone: Backbone) -> None:
    """Refuse a last layer that a model has not.

    Raises:
        SettingError: there is no such layer.
    """
    last = backbone.geometry.layers - 1
    if max_layer in (None, "kept"):
        return
    if not isinstance(max_layer, int) or not 0 <= max_layer <= last:
        raise SettingError(
            f"max_layer must be a layer of {backbone.name}, 0 to {last}, or 'kept' or None, but is {max_layer!r}."
        )
