"""Where on the picture a model's image tokens lie.

    placed = image_token_boxes(backbone, example, encoded)
    placed[0].paint(weights)          # float (..., token of the prompt) -> (..., row, column) over the first picture

A picture is cropped, padded, stretched or cut into tiles before a model sees it, each architecture in its own way and each
checkpoint with its own numbers. None of that is repeated here. It is measured: a picture of the same size whose colours
are its coordinates goes through the same processor, and what comes out says for every pixel of every tile where it was.
What the model does with its tiles shows in what the processor hands it: a grid of patches for each picture, sizes to crop
the last rows and columns by, or nothing, when every tile becomes a square block of tokens. A model that packs its tiles in
a way of its own is given their coordinates to pack.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from sav_core.activations.coordinate_probe import Region, extent, tile_regions
from sav_core.activations.learned_queries import learned_queries
from sav_core.data.examples import Example
from sav_core.errors import UnsupportedModelError
from sav_core.models.backbones import Backbone
from sav_core.models.batching import Encoded

__all__ = ["ImageTokenBoxes", "image_token_boxes"]

FloatArray = npt.NDArray[np.float64]

_MOST_CELLS = 96  # along one side of a painted grid: finer than this no eye follows
_ORDINARY = 256  # pixels a side of a picture that every model whose tokens can be followed shows them on
_WHOLE: Region = (0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True)
class ImageTokenBoxes:
    """The tokens that show one picture.

    Attributes:
        tokens: ``int (token,)``, their positions in the prompt.
        boxes: ``float64 (token, 4)``, left, top, right and bottom of what each shows, as fractions of the picture's width
            and height. A box may reach beyond the picture, where that was padded.
        shape: rows and columns of a grid over the whole picture with cells as small as the smallest box. When the tokens
            themselves are one grid over the whole picture, it is that grid.
    """

    tokens: npt.NDArray[np.intp]
    boxes: FloatArray
    shape: tuple[int, int]

    def __repr__(self) -> str:
        return f"ImageTokenBoxes({len(self.tokens)} tokens on {self.shape[0]} rows x {self.shape[1]} columns)"

    def paint(self, weights: npt.NDArray[np.floating]) -> FloatArray:
        """Spread each token's weight evenly over its box; what lies beyond the picture is lost.

        Args:
            weights: ``float (..., token of the prompt)``.

        Returns:
            ``float64 (..., row, column)`` over the whole picture.
        """
        rows = _shares(self.boxes[:, 1], self.boxes[:, 3], self.shape[0])  # (token, row)
        columns = _shares(self.boxes[:, 0], self.boxes[:, 2], self.shape[1])  # (token, column)
        by_row = np.asarray(weights, dtype=np.float64)[..., self.tokens][..., None, :] * rows.T
        painted: FloatArray = by_row @ columns
        return painted


def image_token_boxes(backbone: Backbone, example: Example, encoded: Encoded) -> tuple[ImageTokenBoxes, ...]:
    """Say for every picture of an example, and for every frame of its clips, which tokens show it, and where.

    Args:
        backbone: the model that reads the example.
        example: with any number of pictures.
        encoded: what ``backbone.encode(example)`` gave.

    Raises:
        UnsupportedModelError: it cannot be said, for this model or for pictures of these sizes; or they lie nowhere.
    """
    if not example.images:
        return ()
    if queries := learned_queries(backbone):
        raise UnsupportedModelError(
            f"The image tokens of {backbone.name} are no places of the picture: each answers a learned query that looks at "
            f"all of it ({queries}), so what a head looks at cannot be painted."
        )
    example = example.as_shown()
    if example.clips:
        raise UnsupportedModelError(
            f"Where the tokens lie that show a video to {backbone.name} is not known: show its frames as pictures."
        )
    try:
        return _all_placed(backbone, example, encoded)
    except UnsupportedModelError as error:
        images = [Image.new("RGB", (_ORDINARY, _ORDINARY))] * len(example.images)
        squares = Example(images, example.question, detail=example.detail)
        if all(picture.size == (_ORDINARY, _ORDINARY) for picture in example.images):
            raise
        _all_placed(backbone, squares, backbone.encode(squares))  # raises what is said of the model itself
        width, height = max((picture.size for picture in example.images), key=lambda size: max(size) / min(size))
        raise UnsupportedModelError(
            f"Where the image tokens of {backbone.name} lie on a picture of {width} x {height} pixels is not known, for it "
            "is too thin or too small to be followed: crop or enlarge it."
        ) from error


def _all_placed(backbone: Backbone, example: Example, encoded: Encoded) -> tuple[ImageTokenBoxes, ...]:
    try:
        by_picture = list(_boxes(backbone, example, encoded))
    except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError) as error:  # what is followed is not there
        raise UnsupportedModelError(
            f"Where the image tokens of {backbone.name} lie on the picture is not known: they are made in a way that "
            "cannot be followed."
        ) from error
    tokens = encoded.image_token_mask.numpy().nonzero()[0]
    if len(by_picture) != len(example.images) or sum(map(len, by_picture)) != len(tokens):
        raise UnsupportedModelError(
            f"Where the image tokens of {backbone.name} lie on the picture is not known: its processor made {len(tokens)} "
            f"tokens, and the {len(by_picture)} pictures it was seen to read explain {sum(map(len, by_picture))}."
        )
    starts = np.cumsum([0, *map(len, by_picture)])
    return tuple(
        _placed(tokens[start : start + len(boxes)], boxes) for start, boxes in zip(starts[:-1], by_picture, strict=True)
    )


def _placed(tokens: npt.NDArray[np.intp], boxes: FloatArray) -> ImageTokenBoxes:
    """Leave out the tokens that show nothing, such as the ends of rows."""
    shown = ~np.isnan(boxes[:, 0])
    boxes = boxes[shown]
    width, height = (boxes[:, 2:] - boxes[:, :2]).min(0)
    return ImageTokenBoxes(tokens[shown], boxes, (_cells(height), _cells(width)))


def _cells(size: float) -> int:
    return int(np.clip(np.ceil(1 / size - 0.05), 1, _MOST_CELLS))


def _boxes(backbone: Backbone, example: Example, encoded: Encoded) -> Iterator[FloatArray]:
    """Yield ``(token, 4)`` for each picture, NaN where a token shows nothing."""
    images = encoded.images
    if "image_grid_thw" in images:
        merge = backbone.processor.image_processor.merge_size
        for _, rows, columns in images["image_grid_thw"].tolist():
            yield _grid(rows // merge, columns // merge)
    elif "image_position_ids" in images:
        pool = backbone.processor.image_processor.pooling_kernel_size
        for columns, rows in ((each.amax(0) + 1).tolist() for each in images["image_position_ids"]):
            yield _grid(rows // pool, columns // pool)
    elif hasattr(backbone.model.base_model, "pack_image_features"):
        yield from _packed(backbone, example, encoded)
    elif "image_sizes" in images:
        patch = backbone.processor.patch_size * getattr(backbone.processor, "spatial_merge_size", 1)
        for height, width in images["image_sizes"].tolist():
            yield _grid(height // patch, width // patch)
    else:
        tiles = tile_regions(backbone, example)
        count = sum(map(len, tiles))
        for regions in tiles:
            yield np.concatenate([_tile(encoded, count, region) for region in regions])


def _tile(encoded: Encoded, tiles: int, region: Region) -> FloatArray:
    """One of equal tiles: its tokens are a block with the tile's own proportions."""
    tokens = int(encoded.image_token_mask.sum()) / tiles
    height, width = encoded.colours.shape[-2:]
    rows, columns = round((tokens * height / width) ** 0.5), round((tokens * width / height) ** 0.5)
    return _grid(rows, columns, region)


def _packed(backbone: Backbone, example: Example, encoded: Encoded) -> Iterator[FloatArray]:
    """A base picture, then its tiles as one large grid, cropped and with a token at the end of each row.

    The model packs the coordinates of every cell of every tile as it packs their features.
    """
    model, config = backbone.model.base_model, backbone.model.config
    side = config.vision_config.image_size // config.vision_config.patch_size
    tiles = tile_regions(backbone, example)
    centres = [torch.tensor(np.array([_centres(_grid(side, side, region)) for region in regions])) for regions in tiles]
    takes = inspect.signature(model.pack_image_features).parameters
    options = {name: getattr(config, name) for name in takes if name.startswith("vision_")}
    packed, _ = model.pack_image_features(
        centres, encoded.images["image_sizes"], image_newline=torch.full((2,), torch.nan, dtype=torch.float64), **options
    )
    for points, regions in zip(packed, tiles, strict=True):
        base, rest = _grid(side, side, regions[0]), points.numpy()[side * side :]
        yield np.concatenate([base, _rows_with_ends(rest)])


def _rows_with_ends(points: FloatArray) -> FloatArray:
    """Boxes of a grid from its cells' centres ``(token, 2)``, where NaN ends each row."""
    count = int(np.isnan(points[:, 0]).sum())
    if count in (0, len(points)):  # a model may end a picture of one tile like a row
        return np.full((len(points), 4), np.nan)
    rows = points.reshape(count, -1, 2)  # (row, column and end, 2)
    (left, right), (top, bottom) = extent(rows[0, :-1, 0]), extent(rows[:, 0, 1])
    boxes = np.full((*rows.shape[:2], 4), np.nan)
    boxes[:, :-1] = _grid(count, rows.shape[1] - 1, (left, top, right, bottom)).reshape(count, -1, 4)
    return boxes.reshape(-1, 4)


def _grid(rows: int, columns: int, region: Region = _WHOLE) -> FloatArray:
    """Boxes ``(row * column, 4)`` of a grid over a region of the picture, row by row."""
    left, top, right, bottom = region
    x, y = np.linspace(left, right, columns + 1), np.linspace(top, bottom, rows + 1)
    boxes = np.empty((rows, columns, 4))
    boxes[..., 0], boxes[..., 2] = x[:-1], x[1:]
    boxes[..., 1], boxes[..., 3] = y[:-1, None], y[1:, None]
    return boxes.reshape(-1, 4)


def _centres(boxes: FloatArray) -> FloatArray:
    return (boxes[:, :2] + boxes[:, 2:]) / 2


def _shares(starts: FloatArray, stops: FloatArray, cells: int) -> FloatArray:
    """How much of each span ``starts .. stops`` falls into each of the equal parts of 0 .. 1: ``(span, cell)``."""
    edges = np.clip(np.linspace(0, 1, cells + 1), starts[:, None], stops[:, None])
    shares: FloatArray = np.diff(edges, axis=1) / (stops - starts)[:, None]
    return shares
