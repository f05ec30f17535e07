"""Grey pictures in one hue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgpipe.filters.frames import from_array, image_of, join_alpha, split_alpha, to_array, widen
from imgpipe.filters.mixing import LUMA, luma
from imgpipe.filters.strips import strips
from imgpipe.filters.table import look_up, rounded

if TYPE_CHECKING:
    from imgpipe.picture import Frame


def toned(frame: Frame, target: tuple[int, int, int], strength: float) -> Frame:
    """The frame moved towards black, the target colour and white, and what lies between them, its luma kept.

    Args:
        frame: grey is widened to RGB.
        target: red, green, blue, 0 to 255.
        strength: 0 to 1, the weight of the toned pixel against the given one.
    """
    import numpy as np

    colour, alpha = split_alpha(widen(frame))
    levels = 256 if image_of(colour) else 65536
    at = sum(weight * level for weight, level in zip(LUMA, target, strict=True)) / 255
    # Black has no way up to it, white none beyond it.
    places = [0.0, at, 1.0] if 0 < at < 1 else [0.0, 1.0]
    ramps = [[0.0, level / 255, 1.0] if 0 < at < 1 else [0.0, 1.0] for level in target]
    tables = rounded(np.array([np.interp(np.arange(levels) / (levels - 1), places, ramp) for ramp in ramps]))
    given, made = to_array(colour), to_array(look_up(widen(luma(colour)), tables))
    result = np.empty_like(given)
    for rows in strips(given):
        # Not Pillow's blend, which rounds down.
        result[rows] = np.rint(given[rows] + np.float32(strength) * (made[rows].astype(np.float32) - given[rows]))
    return join_alpha(from_array(result, like=colour), alpha)
