"""Working on samples strip by strip: in floating point, a whole picture takes many times its memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy.typing as npt

    Pixels: TypeAlias = npt.NDArray[Any]

_STRIP = 1 << 16  # px: floating point for a whole picture would take six times its memory, and leave the caches
_TALL_STRIP = 1 << 17  # px: of what is looked at from two strips there is little
_REACHES = 8  # rows of a strip, for each row that it shares with the next one


def strips(samples: npt.NDArray[Any]) -> Iterator[slice]:
    """Slices of rows that go over an array H x W x bands in pieces that a processor's caches hold."""
    height, width = samples.shape[:2]
    step = max(1, _STRIP // width)
    for first in range(0, height, step):
        yield slice(first, first + step)


def by_strips(pixels: Pixels, reach: int, function: Callable[[Pixels], Pixels]) -> Pixels:
    """What a function makes of an array H x W x bands, a strip of rows at a time.

    Args:
        pixels: the samples.
        reach: how many rows away the samples are that the function makes a sample of; the same samples come out as of
            the whole array at once.
        function: from rows of the samples to an array of as many rows; it takes those at the edges as the picture's.
    """
    import numpy as np

    height, width = pixels.shape[:2]
    step = max(1, _TALL_STRIP // width, _REACHES * reach)
    if step >= height:
        return function(pixels)
    result: Pixels | None = None
    for top in range(0, height, step):
        bottom, first = min(height, top + step), max(0, top - reach)
        made = function(pixels[first : min(height, bottom + reach)])
        if result is None:
            result = np.empty((height, *made.shape[1:]), made.dtype)
        result[top:bottom] = made[top - first : bottom - first]
    assert result is not None
    return result


def looked_up(samples: Pixels, table: Pixels) -> Pixels:
    """What stands in a table of one axis for each sample; numpy alone would make eight bytes of each to look it up."""
    return by_strips(samples, 0, lambda rows: table[rows])
