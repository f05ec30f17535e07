"""Colours made of the bands of one pixel: luma, and matrices of three bands."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from imgpipe.filters.frames import bands, image_of, join_alpha, split_alpha, to_array, widen
from imgpipe.filters.strips import strips

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imgpipe.picture import Frame

Matrix: TypeAlias = "Sequence[Sequence[float]]"
"""For red, green and blue: the weights of red, green and blue, and a constant in levels of 255."""

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in luma: ITU-R BT.601, as Pillow and JPEG have it."""


def luma(frame: Frame) -> Frame:
    """The frame in grey without its alpha: luma of ITU-R BT.601, rounded; grey frames as they are."""
    import numpy as np

    colour = split_alpha(frame)[0]
    image = image_of(colour)
    if bands(colour) == 1:
        return colour
    if image:
        return image.convert("L")
    # The same weights in 16-bit fixed point as Pillow's.
    weighted = to_array(colour).astype(np.uint32) @ np.array([19595, 38470, 7471], np.uint32)
    return ((weighted + 0x8000) >> 16).astype(np.uint16)[:, :, np.newaxis]


def without_colour(frame: Frame) -> Frame:
    """The frame's luma, with its alpha."""
    return join_alpha(luma(frame), split_alpha(frame)[1])


def recombined(frame: Frame, matrix: Matrix) -> Frame:
    """The frame with each pixel's colours multiplied by a matrix, grey widened to RGB; rounded and clipped."""
    import numpy as np

    colour, alpha = split_alpha(widen(frame))
    image = image_of(colour)
    if image:
        return join_alpha(image.convert("RGB", tuple(value for row in matrix for value in row)), alpha)
    weights = np.array(matrix, np.float32)
    samples = to_array(colour)
    result = np.empty_like(samples)
    for rows in strips(samples):
        mixed = samples[rows].astype(np.float32) @ weights[:, :3].T + weights[:, 3] * 257
        result[rows] = np.clip(np.rint(mixed), 0, 65535)
    return join_alpha(result, alpha)
