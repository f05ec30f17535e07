"""Turns and cuts of frames: noted without moving a pixel, and done at last, when the picture is small."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from imgpipe.picture import Box, Frame, Picture, Size, cut, is_deep

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL import Image

_EFFECTS = {
    1: (False, False, False),
    2: (False, True, False),
    3: (False, True, True),
    4: (False, False, True),
    5: (True, False, False),
    6: (True, True, False),
    7: (True, True, True),
    8: (True, False, True),
}
"""What makes frames of an orientation upright: the axes are swapped, then left and right, then top and bottom."""

_NUMBERS = {effects: number for number, effects in _EFFECTS.items()}


def swaps_axes(orientation: int) -> bool:
    """Whether the orientation exchanges width and height."""
    return _EFFECTS[orientation][0]


def turned_size(size: Size, orientation: int) -> Size:
    """The upright size of a stored size, and the other way round."""
    return size[::-1] if swaps_axes(orientation) else size


def turned_resolution(dpi: tuple[float, float] | None, orientation: int) -> tuple[float, float] | None:
    """The resolution across and down of the upright picture, from that of its frames as stored."""
    return dpi[::-1] if dpi and swaps_axes(orientation) else dpi


def composed(first: int, then: int) -> int:
    """The orientation that does what one does and then another.

    >>> composed(6, 6), composed(6, 8), composed(2, 6)
    (3, 1, 7)
    """
    swaps, across, down = _EFFECTS[first]
    swaps_then, across_then, down_then = _EFFECTS[then]
    if swaps_then:
        across, down = down, across
    return _NUMBERS[swaps != swaps_then, across != across_then, down != down_then]


def inverse(orientation: int) -> int:
    """The orientation that undoes it.

    >>> inverse(6), inverse(3), composed(6, inverse(6))
    (8, 3, 1)
    """
    return {6: 8, 8: 6}.get(orientation, orientation)


def turn(picture: Picture, orientation: int) -> Picture:
    """The picture turned and mirrored as frames of this orientation have to be; its pixels stay where they are."""
    return replace(
        picture,
        size=turned_size(picture.size, orientation),
        dpi=turned_resolution(picture.dpi, orientation),
        orientation=composed(picture.orientation, orientation),
    )


def settled(picture: Picture) -> Picture:
    """The same picture with upright frames, cut to what is shown of them; itself where they are."""
    picture = cut_out(picture)
    orientation = picture.orientation
    if orientation == 1:
        return picture
    swaps, across, down = _EFFECTS[orientation]
    mirrored = picture.mirrored[::-1] if swaps else picture.mirrored
    return replace(
        picture,
        frames=tuple(upright_frame(frame, orientation) for frame in picture.frames),
        orientation=1,
        mirrored=(mirrored[0] != across, mirrored[1] != down),
    )


def cut_out(picture: Picture) -> Picture:
    """The same picture with its frame cut to its window, as stored; itself where it has none."""
    if picture.window is None:
        return picture
    left, top, width, height = picture.window
    frames = tuple(cut(frame, (left, top), (width, height)) for frame in picture.frames)
    return replace(picture, frames=frames, window=None)


def stored_box(box: Box, size: Size, orientation: int) -> Box:
    """Where a box (left, top, width, height) of an upright picture of this size lies in its frame as stored.

    >>> stored_box((10, 0, 30, 20), (100, 50), 6)
    (0, 60, 20, 30)
    """
    swaps, across, down = _EFFECTS[orientation]
    left, top, width, height = box
    left = size[0] - left - width if across else left
    top = size[1] - top - height if down else top
    return (top, left, height, width) if swaps else (left, top, width, height)


def upright_frame(frame: Frame, orientation: int) -> Frame:
    """A frame of this orientation as it was meant to be seen."""
    if orientation == 1:
        return frame
    return _turn_array(frame, orientation) if is_deep(frame) else _turn_image(frame, orientation)


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

    swaps, across, down = _EFFECTS[orientation]
    pixels = pixels.transpose(1, 0, 2) if swaps else pixels
    pixels = pixels[:, ::-1] if across else pixels
    pixels = pixels[::-1] if down else pixels
    return np.ascontiguousarray(pixels)
