"""A decoded frame -> upright square pixels in sRGB: matrix, range, HDR, aspect ratio and rotation applied."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from av.video.reformatter import ColorRange, Colorspace, Interpolation

__all__ = ["MOST_FRAME_PIXELS", "upright_rgb"]

MOST_FRAME_PIXELS = 1280 * 28 * 28
"""To how many pixels larger frames are reduced: as many as Qwen2-VL is shown of a still; no processor keeps more."""

_MATRICES = {
    1: Colorspace.ITU709,
    4: Colorspace.FCC,
    5: Colorspace.ITU601,
    6: Colorspace.ITU601,
    7: Colorspace.SMPTE240M,
    9: Colorspace.BT2020,
    10: Colorspace.BT2020,
}
_HD = 576  # above so many rows a video that does not say so is of BT.709
_FULL = ("yuvj", "gray", "rgb", "bgr", "gbr", "pal8", "0rgb", "argb", "rgba", "bgra", "abgr", "mono")
_PQ, _HLG, _BT2020 = 16, 18, 9
_WHITE = 203.0  # nits of white paper in HDR (ITU-R BT.2408)
_PEAK = 1000.0 / _WHITE
_KNEE = 0.8  # up to here, of white paper, HDR is shown as it is; brighter light is pressed into the rest
_TO_BT709 = np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]])
_LUMA_2020 = np.array([0.2627, 0.6780, 0.0593])


def upright_rgb(frame: Any, aspect: float) -> npt.NDArray[np.uint8]:
    """Return ``uint8 (row, column, 3)``.

    Args:
        frame: as PyAV decoded it.
        aspect: width of one of its pixels over height.
    """
    width, height = frame.width * aspect, float(frame.height)
    scale = min(1.0, (MOST_FRAME_PIXELS / (width * height)) ** 0.5)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    transfer, primaries = int(frame.color_trc or 0), int(frame.color_primaries or 0)
    bright = transfer in (_PQ, _HLG)
    matrix = _matrix(frame)
    full = frame.color_range == ColorRange.JPEG or frame.format.name.startswith(_FULL)
    shown = frame.reformat(
        *size,
        format="rgb48le" if bright or primaries == _BT2020 else "rgb24",
        src_colorspace=matrix,
        dst_colorspace=matrix,
        interpolation=Interpolation.AREA if scale < 1 else Interpolation.BICUBIC,
        src_color_range=ColorRange.JPEG if full else ColorRange.MPEG,
        dst_color_range=ColorRange.JPEG,
    ).to_ndarray()
    if shown.dtype != np.uint8:
        shown = _to_srgb(shown.astype(np.float32) / 65535, transfer)
    return np.ascontiguousarray(np.rot90(shown, k=round(frame.rotation / 90) % 4))


def _matrix(frame: Any) -> Colorspace:
    known = _MATRICES.get(int(frame.colorspace or 0))
    return known or (Colorspace.ITU709 if frame.height > _HD else Colorspace.ITU601)


def _to_srgb(coded: npt.NDArray[np.float32], transfer: int) -> npt.NDArray[np.uint8]:
    """From BT.2020, of HDR or not, to sRGB."""
    linear = _linear(coded, transfer) @ _TO_BT709.T.astype(np.float32)
    linear = np.clip(linear, 0.0, None)
    if transfer in (_PQ, _HLG):  # all three alike, so that no hue turns
        brightest = linear.max(axis=-1, keepdims=True)
        over = np.clip((brightest - _KNEE) / (_PEAK - _KNEE), 0.0, 1.0)
        pressed = np.where(brightest > _KNEE, _KNEE + (1 - _KNEE) * (1 - (1 - over) ** 4), brightest)
        linear = linear * pressed / np.maximum(brightest, 1e-6)
    linear = np.clip(linear, 0.0, 1.0)
    coded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray((coded * 255 + 0.5), dtype=np.uint8)


def _linear(coded: npt.NDArray[np.float32], transfer: int) -> npt.NDArray[np.float32]:
    """Light, 1 for white paper: SMPTE ST 2084 (PQ), ARIB STD-B67 (HLG on a screen of 1000 nits), else BT.1886."""
    if transfer == _PQ:
        power = coded ** (1 / 78.84375)
        light = np.clip(power - 0.8359375, 0, None) / (18.8515625 - 18.6875 * power)
        return np.asarray(light ** (1 / 0.1593017578125) * (10000 / _WHITE), dtype=np.float32)
    if transfer == _HLG:
        scene = np.where(coded <= 0.5, coded**2 / 3, (np.exp((coded - 0.55991073) / 0.17883277) + 0.28466892) / 12)
        luma = scene @ _LUMA_2020
        return np.asarray(scene * np.maximum(luma, 1e-6)[..., None] ** 0.2 * _PEAK, dtype=np.float32)
    return np.asarray(coded**2.4, dtype=np.float32)
