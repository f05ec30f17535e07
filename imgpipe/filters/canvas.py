"""A larger canvas around a frame, or what is left outside a turned one: the background colour, and placing on it."""

from __future__ import annotations

from imgpipe.errors import FilterFailed
from imgpipe.filters.colour import Colour, parse_colour
from imgpipe.filters.frames import add_alpha, bands, has_alpha, image_of, is_cmyk, to_array, widen
from imgpipe.picture import Frame, Size, frame_size


def prepare(frame: Frame, background: str | None) -> tuple[Frame, tuple[int, ...]]:
    """The frame in a form that can hold the background, and the background in the frame's bands and depth.

    Without a background that is transparent where the frame has alpha, else white. A colour widens grey
    frames to RGB, and a background that is not opaque gives the frame an alpha band.

    Raises:
        FilterFailed: a transparent background for CMYK, which has no alpha.
    """
    colour: Colour = (255, 255, 255, 255)
    if background is not None:
        colour = parse_colour(background)
    elif has_alpha(frame):
        colour = (0, 0, 0, 0)
    red, green, blue, alpha = colour
    if is_cmyk(frame):
        if alpha < 255:
            raise FilterFailed("CMYK has no transparency: give an opaque background, or leave out --no-srgb")
        return frame, (255 - red, 255 - green, 255 - blue, 0)
    frame = frame if red == green == blue else widen(frame)
    frame = frame if alpha == 255 else add_alpha(frame)
    values = (red,) if bands(frame) < 3 else (red, green, blue)
    values = (*values, alpha) if has_alpha(frame) else values
    return frame, values if image_of(frame) else tuple(value * 257 for value in values)


def place(frame: Frame, canvas: Size, at: tuple[int, int], background: str | None) -> Frame:
    """The frame on a canvas of this size (px), its upper left corner at `at`."""
    import numpy as np
    from PIL import Image

    frame, colour = prepare(frame, background)
    image = image_of(frame)
    if image:
        result = Image.new(image.mode, canvas, colour)
        result.paste(image, at)
        return result
    samples = np.empty((canvas[1], canvas[0], bands(frame)), np.uint16)
    samples[:] = colour
    width, height = frame_size(frame)
    samples[at[1] : at[1] + height, at[0] : at[0] + width] = to_array(frame)
    return samples
