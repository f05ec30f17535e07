"""Borders of one colour: where they end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from imgpipe.filters.colour import parse_colour
from imgpipe.filters.frames import bands, has_alpha, image_of, lit, premultiply, to_array, widen
from imgpipe.filters.opencv import opencv
from imgpipe.picture import Frame

if TYPE_CHECKING:
    import numpy.typing as npt

Edges: TypeAlias = tuple[int, int, int, int]
"""Left, top, right and bottom in px, the last two excluded."""


def content_box(frame: Frame, threshold: float, background: str | None) -> Edges | None:
    """The smallest box with everything that differs from the background.

    Args:
        frame: the picture.
        threshold: how far a sample may be from the background's, in levels of 255.
        background: a colour; None for that of the upper left pixel.

    Returns:
        the box, or None where nothing differs.
    """
    import numpy as np

    if background is not None:
        # Of ink there are several blacks.
        frame = widen(lit(frame))
    # Premultiplied, transparent pixels are alike and half transparent ones near what they look like.
    samples = to_array(premultiply(frame))
    depth = 255 if image_of(frame) else 65535
    near = samples[0, 0].astype(float) if background is None else _samples_of(frame, background, depth)
    reach = threshold * depth / 255
    low, high = np.clip(near - reach, 0, depth), np.clip(near + reach, 0, depth)
    alike = opencv().inRange(samples, np.ceil(low), np.floor(high))
    columns = np.flatnonzero(alike.min(axis=0) == 0)
    rows = np.flatnonzero(alike.min(axis=1) == 0)
    if not len(columns):
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _samples_of(frame: Frame, background: str, depth: int) -> npt.NDArray[Any]:
    """The background's samples in the frame's bands, premultiplied."""
    import numpy as np

    red, green, blue, alpha = parse_colour(background)
    colour = np.array([red, green, blue, 255]) * (alpha / 255 if has_alpha(frame) else 1.0)
    return colour[: bands(frame)] * (depth / 255)
