"""Changing the lightness L of CIE Lab (D65), hue and chroma kept: over the whole picture, or tile by tile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from imgpipe.filters.frames import bands, from_array, join_alpha, split_alpha, to_array
from imgpipe.filters.mixing import strips
from imgpipe.filters.opencv import opencv
from imgpipe.picture import frame_size

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from imgpipe.picture import Frame

    Lightness: TypeAlias = npt.NDArray[Any]
    """H x W, float32, 0 to 1."""

_STEPS = 65535
_TILE = 16  # px


def equalized(counts: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The curve, 0 to 1, that spreads a histogram evenly; one that changes nothing where there is one level only.

    (c(v) - c0) / (n - c0), where c counts the samples up to a level and c0 those of the lowest one: as OpenCV's
    `equalizeHist` has it.
    """
    import numpy as np

    up_to = np.cumsum(counts)
    lowest = counts[(counts > 0).argmax()]
    rest = up_to[-1] - lowest
    curve: npt.NDArray[Any] = (up_to - lowest) / rest if rest else np.linspace(0, 1, len(counts))
    return curve


def equalize_lightness(frames: Sequence[Frame]) -> list[Frame]:
    """The frames with their lightness spread evenly, by one curve for all of them."""
    import numpy as np

    counts = np.zeros(_STEPS + 1, np.int64)
    for frame in frames:
        steps = _steps(lightness(frame))
        alpha = split_alpha(frame)[1]
        seen = steps if alpha is None else steps[to_array(alpha)[:, :, 0] > 0]
        counts += np.bincount(seen.ravel(), minlength=_STEPS + 1)
    curve = equalized(counts).astype(np.float32)
    return [with_lightness(frame, curve[_steps(lightness(frame))]) for frame in frames]


def adapt(frame: Frame, limit: float, grid: int) -> Frame:
    """The frame with its lightness equalized tile by tile, the contrast limited: OpenCV's CLAHE.

    Grey frames' samples are equalized as they are. Tiles have 16 px a side at least, so that their histograms say
    something: fewer than 256 px would become black and white. Smaller frames stay as they are.
    """
    import numpy as np

    width, height = frame_size(frame)
    if width * height < _TILE**2:
        return frame
    tiles = tuple(max(1, min(grid, side // _TILE)) for side in (width, height))
    given = lightness(frame)
    alpha = split_alpha(frame)[1]
    seen = np.ones(given.shape, bool) if alpha is None else to_array(alpha)[:, :, 0] > 0
    # What transparent pixels hide must not show in their neighbours.
    shown = given if seen.all() or not seen.any() else np.where(seen, given, given[seen].mean())
    coarse = np.rint(shown * 255).astype(np.uint8)
    adapted = opencv().createCLAHE(limit, tiles).apply(coarse).astype(np.float32)
    # The change is added, so that what lies between two of the 256 steps is not lost.
    return with_lightness(frame, np.clip(given + (adapted - coarse) / 255, 0, 1))


def lightness(frame: Frame) -> Lightness:
    """L of the frame's pixels, 0 to 1; of grey ones, their samples."""
    import numpy as np

    pixels = to_array(split_alpha(frame)[0])
    result = np.empty(pixels.shape[:2], np.float32)
    for rows in strips(pixels):
        shown = _unit(pixels[rows])
        if pixels.shape[2] == 1:
            result[rows] = shown[:, :, 0]
        else:
            result[rows] = opencv().cvtColor(shown, opencv().COLOR_RGB2Lab)[:, :, 0] / 100
    return result


def with_lightness(frame: Frame, changed: Lightness) -> Frame:
    """The frame with another L for each pixel; of grey ones, other samples. What leaves sRGB is clipped."""
    import numpy as np

    colour, alpha = split_alpha(frame)
    pixels = to_array(colour)
    most = np.iinfo(pixels.dtype).max
    result = np.empty_like(pixels)
    for rows in strips(pixels):
        mixed = changed[rows][:, :, np.newaxis]
        if bands(colour) > 1:
            lab = opencv().cvtColor(_unit(pixels[rows]), opencv().COLOR_RGB2Lab)
            lab[:, :, 0] = changed[rows] * 100
            mixed = opencv().cvtColor(lab, opencv().COLOR_Lab2RGB)
        result[rows] = np.clip(np.rint(mixed * most), 0, most)
    return join_alpha(from_array(result, like=colour), alpha)


def _unit(pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    import numpy as np

    return pixels.astype(np.float32) / np.float32(np.iinfo(pixels.dtype).max)


def _steps(lightness: Lightness) -> npt.NDArray[Any]:
    import numpy as np

    steps: npt.NDArray[Any] = np.rint(np.clip(lightness, 0, 1) * _STEPS).astype(np.uint16)
    return steps
