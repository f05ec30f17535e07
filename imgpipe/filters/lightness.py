"""Changing the lightness L of CIE Lab (D65), hue and chroma kept: over the whole picture, or tile by tile."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, TypeAlias

from imgpipe.filters.frames import from_array, join_alpha, split_alpha, to_array
from imgpipe.filters.linear import encoding
from imgpipe.filters.opencv import opencv
from imgpipe.filters.srgb import to_levels, to_light
from imgpipe.filters.strips import strips
from imgpipe.picture import frame_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy.typing as npt

    from imgpipe.picture import Frame

    Lightness: TypeAlias = npt.NDArray[Any]
    """Rows x W, float32, 0 to 1."""

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
        seen = _seen(frame)
        for rows, light in _lightness(frame):
            counts += np.bincount(_steps(light)[seen[rows]], minlength=_STEPS + 1)
    curve = equalized(counts).astype(np.float32)
    return [_relit(frame, lambda _rows, light: curve[_steps(light)]) for frame in frames]


def adapt(frame: Frame, limit: float, grid: int) -> Frame:
    """The frame with its lightness equalized tile by tile, the contrast limited: OpenCV's CLAHE.

    Grey frames' samples are equalized as they are. Tiles have 16 px a side at least, so that their histograms say
    something: fewer than 256 px would become black and white. Smaller frames stay as they are.
    """
    import numpy as np

    width, height = frame_size(frame)
    if width * height < _TILE**2:
        return frame
    coarse = np.empty((height, width), np.uint8)
    for rows, light in _lightness(frame):
        coarse[rows] = np.rint(light * 255)
    seen = _seen(frame)
    if seen.any():
        # What transparent pixels hide must not show in their neighbours.
        coarse[~seen] = round(coarse[seen].mean())
    tiles = tuple(max(1, min(grid, side // _TILE)) for side in (width, height))
    adapted = opencv().createCLAHE(limit, tiles).apply(coarse)

    def changed(rows: slice, light: Lightness) -> Lightness:
        # The change is added, so that what lies between two of the 256 steps is not lost.
        change = adapted[rows].astype(np.float32) - coarse[rows]
        result: Lightness = (light + change / 255).clip(0, 1)
        return result

    return _relit(frame, changed)


def _lightness(frame: Frame) -> Iterator[tuple[slice, Lightness]]:
    """L of the frame's pixels, 0 to 1, in strips of rows; of grey ones, their samples."""
    pixels = to_array(split_alpha(frame)[0])
    for rows in strips(pixels):
        yield rows, _lab(pixels[rows])[:, :, 0]


def _relit(frame: Frame, changed: Callable[[slice, Lightness], Lightness]) -> Frame:
    """The frame with another L for the pixels of each strip; of grey ones, other samples. Clipped to sRGB."""
    import numpy as np

    colour, alpha = split_alpha(frame)
    pixels = to_array(colour)
    most = np.iinfo(pixels.dtype).max
    result = np.empty_like(pixels)
    for rows in strips(pixels):
        lab = _lab(pixels[rows])
        lab[:, :, 0] = changed(rows, lab[:, :, 0])
        if lab.shape[2] == 3:
            lab[:, :, 0] *= 100
            result[rows] = _encoded(opencv().cvtColor(lab, opencv().COLOR_Lab2LRGB), most)
        else:
            result[rows] = np.rint(lab * most)
    return join_alpha(from_array(result, like=colour), alpha)


def _lab(pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """CIE Lab, float32, L from 0 to 1; grey samples as they are, 0 to 1."""
    import numpy as np

    most = np.iinfo(pixels.dtype).max
    if pixels.shape[2] == 1:
        return pixels.astype(np.float32) / np.float32(most)
    # From light: from sRGB's levels OpenCV interpolates in a table that is too coarse for 16 bits.
    lab: npt.NDArray[Any] = opencv().cvtColor(_light(most)[pixels], opencv().COLOR_LRGB2Lab)
    lab[:, :, 0] /= 100
    return lab


@functools.cache
def _light(most: int) -> npt.NDArray[Any]:
    """The light of each level, 0 to `most`, as float32 of 0 to 1."""
    import numpy as np

    light: npt.NDArray[Any] = to_light(np.linspace(0, 1, most + 1)).astype(np.float32)
    return light


def _encoded(light: npt.NDArray[Any], most: int) -> npt.NDArray[Any]:
    """The levels, 0 to `most`, of light that may exceed 0 to 1."""
    import numpy as np

    light = light.clip(0, 1)
    if most == 255:
        levels: npt.NDArray[Any] = encoding(most)[np.rint(light * 65535).astype(np.uint16)]
    else:
        levels = np.rint(to_levels(light) * most)
    return levels


def _seen(frame: Frame) -> npt.NDArray[Any]:
    """H x W, whether a pixel is not wholly transparent."""
    import numpy as np

    alpha = split_alpha(frame)[1]
    width, height = frame_size(frame)
    return np.ones((height, width), bool) if alpha is None else to_array(alpha)[:, :, 0] > 0


def _steps(light: Lightness) -> npt.NDArray[Any]:
    import numpy as np

    steps: npt.NDArray[Any] = np.rint(np.clip(light, 0, 1) * _STEPS).astype(np.uint16)
    return steps
