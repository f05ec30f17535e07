"""Filtering the colours of a frame by themselves, as if what is transparent looked like what is beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from imgpipe.filters.frames import from_array, join_alpha, map_frames, split_alpha, to_array
from imgpipe.filters.opencv import opencv
from imgpipe.filters.strips import by_strips
from imgpipe.picture import Frame, Picture

if TYPE_CHECKING:
    import numpy.typing as npt

    Pixels: TypeAlias = npt.NDArray[Any]


def filter_visible(picture: Picture, reach: int, function: Callable[[Pixels], Pixels]) -> Picture:
    """The picture with a function applied to the colour bands of each frame; alpha stays as it is.

    The function is for filters that compare or subtract neighbours, which premultiplied colours would mislead. It
    is shown H x W x 1 or 3 samples, uint8 or uint16, in which the transparent pixels within `reach` px of
    visible ones have the mean colour of these, so that what they hide does not shine through. In the result they
    hide what they hid before.
    """
    return map_frames(picture, lambda frame: filter_visible_of(frame, reach, function))


def filter_visible_of(frame: Frame, reach: int, function: Callable[[Pixels], Pixels]) -> Frame:
    """`filter_visible` of one frame."""
    import numpy as np

    colour, mask = split_alpha(frame)
    alpha = None if mask is None else to_array(mask)
    if alpha is None or alpha.all():
        # Nobody holds the array that the function is given when the frame is made of its result.
        return join_alpha(from_array(function(to_array(colour)), like=colour), mask)
    given = to_array(colour)
    result = function(_filled(given, alpha, reach))
    if result.shape == given.shape:
        result = np.where(alpha == 0, given, result)
    return join_alpha(from_array(result, like=colour), mask)


def _filled(colour: Pixels, alpha: Pixels, reach: int) -> Pixels:
    """The colours, those of transparent pixels replaced by the mean of what is visible around them."""
    import numpy as np

    both = np.concatenate([colour, alpha], axis=2)
    if alpha.dtype != np.uint8:
        # OpenCV adds what enters its box to a sum and takes away what leaves it: of 16 bits not without rounding, so
        # that what comes out depends on where the sum began.
        return _filled_rows(both, reach)
    return by_strips(both, reach, lambda rows: _filled_rows(rows, reach))


def _filled_rows(both: Pixels, reach: int) -> Pixels:
    import numpy as np

    cv2 = opencv()

    def mean(samples: Pixels) -> Pixels:
        around: Pixels = cv2.blur(samples, (2 * reach + 1,) * 2, borderType=cv2.BORDER_REPLICATE)
        return around.reshape(samples.shape)

    colour, alpha = both[:, :, :-1], both[:, :, -1:]
    weight = alpha.astype(np.float32) / np.iinfo(alpha.dtype).max
    around = np.maximum(mean(weight), 1e-9)
    beside = (alpha == 0) & (around > 1e-9)
    filled = np.array(colour)
    for band in range(colour.shape[2]):
        means = mean(colour[:, :, band : band + 1] * weight)
        means /= around
        np.copyto(filled[:, :, band : band + 1], np.rint(means, out=means).astype(colour.dtype), where=beside)
    return filled
