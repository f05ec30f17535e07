"""Stretching the contrast of a frame without a shift of hue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgpipe.filters.frames import from_array, join_alpha, split_alpha, to_array
from imgpipe.filters.mixing import LUMA
from imgpipe.filters.strips import strips

if TYPE_CHECKING:
    from imgpipe.picture import Frame


def stretched(frame: Frame, first: int, last: int) -> Frame:
    """The frame with luma of `first` made black and luma of `last` white, and all between along a straight line.

    Bands are stretched alike. Where one would leave the range before luma does, the pixel is drawn towards its own
    grey until it fits: clipping that band alone would change the hue.
    """
    import numpy as np

    colour, alpha = split_alpha(frame)
    pixels = to_array(colour)
    most: Any = np.iinfo(pixels.dtype).max
    scale = most / (last - first)
    result = np.empty_like(pixels)
    for rows in strips(pixels):
        planes = np.moveaxis(pixels[rows], 2, 0).astype(np.float32, order="C")
        weights = LUMA if len(planes) == 3 else (1.0,)
        grey = np.sum([weight * plane for weight, plane in zip(weights, planes, strict=True)], axis=0)
        light = np.clip((grey - first) * scale, 0, most)
        planes -= grey
        planes *= scale
        room = np.minimum(1, (most - light) / np.maximum(planes.max(axis=0), 1e-6))
        room = np.minimum(room, light / np.maximum(-planes.min(axis=0), 1e-6))
        for band, plane in enumerate(planes):
            result[rows, :, band] = np.clip(np.rint(light + plane * room), 0, most)
    return join_alpha(from_array(result, like=colour), alpha)
