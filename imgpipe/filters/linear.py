"""Resampling in linear light, where the mean of two colours is what an eye far away sees of both."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, TypeAlias

from imgpipe.filters.frames import from_array, image_of, join_alpha, split_alpha, to_array
from imgpipe.filters.resampling import resample
from imgpipe.filters.srgb import to_levels, to_light
from imgpipe.filters.strips import looked_up
from imgpipe.picture import Box, Frame, Size, Window, cut, to_eight_bits

if TYPE_CHECKING:
    import numpy.typing as npt

    Table: TypeAlias = npt.NDArray[Any]


def resample_linear(frame: Frame, box: Box, size: Size, kernel: str, window: Window | None = None) -> Frame:
    """`resample`, with the colours decoded by the sRGB curve to 16 bits linear before, and encoded after.

    Where nothing is resampled, pixels keep their values. CMYK, which is no light, must not come here.
    """
    if box[2] == size[0] and box[3] == size[1]:
        return resample(frame, box, size, kernel, window)
    frame = cut(frame, window[:2], window[2:]) if window else frame
    depth = 255 if image_of(frame) else 65535
    # Whatever is made on the way is let go before the next is made: each is as large as the picture, or twice that.
    light, opacity = split_alpha(resample(_in_light(frame, depth), box, size, kernel))
    like = split_alpha(cut(frame, (0, 0), (1, 1)))[0]
    encoded = from_array(looked_up(to_array(light), encoding(depth)), like=like)
    return join_alpha(encoded, opacity if opacity is None or depth == 65535 else to_eight_bits(opacity))


def _in_light(frame: Frame, depth: int) -> Frame:
    """The frame with its colours in 16 bits linear, 0 to 65535, and its alpha in 16 bits."""
    import numpy as np

    colour, alpha = split_alpha(frame)
    # 255 times 257 is 65535: alpha keeps its meaning exactly.
    mask = None if alpha is None else to_array(alpha).astype(np.uint16) * np.uint16(65535 // depth)
    return join_alpha(looked_up(to_array(colour), _decoding(depth)), mask)


@functools.cache
def _decoding(depth: int) -> Table:
    """For each level, 0 to `depth`, its light, 0 to 65535."""
    import numpy as np

    table: Table = np.rint(to_light(np.arange(depth + 1) / depth) * 65535).astype(np.uint16)
    return table


@functools.cache
def encoding(depth: int) -> Table:
    """For each light, 0 to 65535, its level, 0 to `depth`: the opposite of decoding."""
    import numpy as np

    levels = to_levels(np.arange(65536) / 65535) * depth
    table: Table = np.rint(levels).astype(np.uint8 if depth == 255 else np.uint16)
    return table
