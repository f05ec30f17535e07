"""Turning one frame by any angle."""

from __future__ import annotations

import math

from imgpipe.filters.canvas import prepare
from imgpipe.filters.frames import divide_alpha, from_array, has_alpha, image_of, premultiply, to_array
from imgpipe.filters.opencv import opencv
from imgpipe.picture import Frame, Size, frame_size


def turn(frame: Frame, angle: float, background: str | None) -> Frame:
    """The frame turned clockwise by an angle in degrees, whole, on a canvas that holds it."""
    import numpy as np

    cv2 = opencv()
    frame, colour = prepare(frame, background)
    if has_alpha(frame):
        depth = 255 if image_of(frame) else 65535
        colour = (*(round(value * colour[-1] / depth) for value in colour[:-1]), colour[-1])
    shown = premultiply(frame)
    across, down = frame_size(frame)
    canvas = turned_size((across, down), angle)
    cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    matrix = np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0]])
    # The centre of the frame comes to lie on the centre of the canvas; px have their centres at whole numbers.
    matrix[:, 2] = np.subtract(canvas, 1) / 2 - matrix[:, :2] @ (np.array([across - 1, down - 1]) / 2)
    samples = cv2.warpAffine(
        to_array(shown), matrix, canvas, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT, borderValue=colour
    )
    return divide_alpha(from_array(samples.reshape(canvas[1], canvas[0], -1), like=shown))


def turned_size(size: Size, angle: float) -> Size:
    """The size of the smallest canvas that holds a rectangle of this size, turned; px.

    >>> turned_size((200, 100), 30)
    (224, 187)
    """
    cosine, sine = abs(math.cos(math.radians(angle))), abs(math.sin(math.radians(angle)))
    # Less than a thousandth of a px is rounding, not picture.
    across, down = size[0] * cosine + size[1] * sine, size[0] * sine + size[1] * cosine
    return math.ceil(across - 1e-3), math.ceil(down - 1e-3)
