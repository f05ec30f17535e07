"""EXIF orientation: pixels turned upright, and the tag that said so taken out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from imgpipe.codecs.exif import without_orientation
from imgpipe.picture import Frame, Picture, Size, is_deep

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL import Image

_TO_THE_LEFT, _UPWARDS = (2, 3, 6, 7), (3, 4, 7, 8)
"""Orientations that mirror, after the axes were swapped where they are."""


def swaps_axes(orientation: int) -> bool:
    """Whether the orientation exchanges width and height."""
    return orientation >= 5


def turned_size(size: Size, orientation: int) -> Size:
    """The upright size of a stored size, and the other way round."""
    return size[::-1] if swaps_axes(orientation) else size


def upright(picture: Picture, orientation: int) -> Picture:
    """The picture as it was meant to be seen, from frames as they are stored.

    Args:
        picture: as decoded; its size is upright already.
        orientation: EXIF orientation of the frames, 1 to 8.
    """
    exif = without_orientation(picture.exif)
    if orientation == 1:
        return picture if exif is picture.exif else replace(picture, exif=exif)
    frames = tuple(_turn(frame, orientation) for frame in picture.frames)
    mirrored = orientation in _TO_THE_LEFT, orientation in _UPWARDS
    return replace(picture, frames=frames, mirrored=mirrored, exif=exif)


def _turn(frame: Frame, orientation: int) -> Frame:
    if is_deep(frame):
        return _turn_array(frame, orientation)
    return _turn_image(frame, orientation)


def _turn_image(image: Image.Image, orientation: int) -> Image.Image:
    from PIL.Image import Transpose

    return image.transpose(
        {
            2: Transpose.FLIP_LEFT_RIGHT,
            3: Transpose.ROTATE_180,
            4: Transpose.FLIP_TOP_BOTTOM,
            5: Transpose.TRANSPOSE,
            6: Transpose.ROTATE_270,
            7: Transpose.TRANSVERSE,
            8: Transpose.ROTATE_90,
        }[orientation]
    )


def _turn_array(pixels: npt.NDArray[np.uint16], orientation: int) -> npt.NDArray[np.uint16]:
    import numpy as np

    if swaps_axes(orientation):
        pixels = pixels.transpose(1, 0, 2)
    if orientation in _TO_THE_LEFT:
        pixels = pixels[:, ::-1]
    if orientation in _UPWARDS:
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)
