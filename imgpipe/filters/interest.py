"""Where in a picture the eye goes: what smart cropping is about. It looks at a small copy, and so is quick."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeAlias

from imgpipe.filters.frames import lit, split_alpha, to_array, widen
from imgpipe.filters.resampling import resample
from imgpipe.picture import Frame, frame_size, to_eight_bits

if TYPE_CHECKING:
    import numpy.typing as npt

    Map: TypeAlias = npt.NDArray[Any]

Share: TypeAlias = tuple[float, float]
"""A length across and one down, each as a share (0 to 1) of the picture's."""

_LOOK = 128  # px of the small copy's longer side
_SKIN = (0.78, 0.57, 0.44)  # direction of skin tones in linear light, as libvips has it
_SLICES = 32


def most_interesting(frame: Frame, window: Share, by: str) -> Share:
    """Where the upper left corner of a window should lie.

    Args:
        frame: the picture.
        window: the window's width and height as shares of the frame's.
        by: an `Interest`. "attention": edges, saturated colours and skin tones, those near the window's centre
            counting more; "entropy": slices are cut off the side that holds less information until the rest
            fits, as libvips does.

    Returns:
        the corner as shares, 0 to 1 less the window.
    """
    samples, alpha = _small_copy(frame)
    width, height = samples.shape[1], samples.shape[0]
    across, down = (min(1.0, max(0.0, share)) for share in window)
    if by == "entropy":
        grey = samples.mean(axis=2) * alpha
        left = _by_entropy(grey, across)
        top = _by_entropy(grey.T, down)
    else:
        left, top = _by_attention(_attention(samples) * alpha, (across * width, down * height))
    return min(left, 1 - across), min(top, 1 - down)


def _small_copy(frame: Frame) -> tuple[Map, Map]:
    """RGB as seen on black, and alpha, of a copy of at most 128 px a side, both 0 to 1."""
    import numpy as np

    width, height = frame_size(frame)
    scale = min(1.0, _LOOK / max(width, height))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = widen(lit(to_eight_bits(resample(frame, (0, 0, width, height), size, "box"))))
    colour, alpha = split_alpha(small)
    samples = to_array(colour) / 255
    seen = to_array(alpha)[:, :, 0] / 255 if alpha is not None else np.ones(samples.shape[:2])
    return samples * seen[:, :, np.newaxis], seen


def _attention(samples: Map) -> Map:
    """How much each pixel draws the eye: edges, saturation, skin; each 0 to about 1."""
    import numpy as np

    light = samples**2.2
    luma = samples @ np.array([0.299, 0.587, 0.114])
    around = np.pad(luma, 1, mode="edge")
    neighbours = around[:-2, 1:-1] + around[2:, 1:-1] + around[1:-1, :-2] + around[1:-1, 2:]
    edges = np.abs(4 * luma - neighbours)
    saturation = samples.max(axis=2) - samples.min(axis=2)
    length = np.sqrt((light**2).sum(axis=2))
    direction = light / np.maximum(length, 1e-6)[:, :, np.newaxis]
    distance = np.sqrt(((direction - np.array(_SKIN) / np.linalg.norm(_SKIN)) ** 2).sum(axis=2))
    skin = np.clip(1 - distance / 0.2, 0, 1) * (luma > 0.15) * (luma < 0.95)
    drawn: Map = np.minimum(edges * 2, 1) + 0.5 * saturation + skin
    return drawn


def _by_attention(drawn: Map, window: tuple[float, float]) -> Share:
    """The corner of the window in which most is seen, weighted towards its centre."""
    import numpy as np

    height, width = drawn.shape
    # Only what stands out of the rest: an even texture is no reason to move.
    drawn = np.maximum(drawn - np.median(drawn), 0) + 1e-6
    across = _weights(width, window[0])
    down = _weights(height, window[1])
    found = down @ drawn @ across.T
    # Of equal places the one nearest the middle, whatever the rounding.
    places = np.argwhere(found >= found.max() * (1 - 1e-9))
    middle = (np.array(found.shape) - 1) / 2
    top, left = places[np.abs(places - middle).sum(axis=1).argmin()]
    return _share_at(int(left), len(across), width, window[0]), _share_at(int(top), len(down), height, window[1])


def _weights(length: int, window: float) -> Map:
    """For each place that a window can take, the weight of each px: most at the window's centre, 0 outside."""
    import numpy as np

    places = max(1, round(length - window) + 1)
    starts = np.linspace(0, max(0.0, length - window), places)
    at = (np.arange(length) + 0.5 - starts[:, np.newaxis]) / max(window, 1e-9)
    weights: Map = np.where((at >= 0) & (at <= 1), np.sin(np.pi * np.clip(at, 0, 1)), 0)
    return weights


def _share_at(index: int, places: int, length: int, window: float) -> float:
    room = max(0.0, length - window) / length
    return room * index / (places - 1) if places > 1 else room / 2


def _by_entropy(grey: Map, window: float) -> float:
    """The start of the window along the second axis, as a share, after cutting the duller side off again and again."""
    length = grey.shape[1]
    start, stop, wanted = 0.0, float(length), window * length
    slice_size = max(1.0, (length - wanted) / _SLICES)
    while stop - start > wanted + 1e-9:
        step = min(slice_size, stop - start - wanted)
        wide = max(1, math.ceil(step))
        first, last = math.floor(start), math.ceil(stop)
        left = _entropy(grey[:, first : first + wide])
        right = _entropy(grey[:, last - wide : last])
        # Equally dull: the picture's middle is kept.
        if left < right or (left == right and start <= length - stop):
            start += step
        else:
            stop -= step
    return float(start / length)


def _entropy(grey: Map) -> float:
    """Shannon's, in bits, of the levels in 32 bins."""
    import numpy as np

    counts = np.bincount((grey * 31.999).astype(int).ravel(), minlength=32)
    shares = counts[counts > 0] / grey.size
    return float(-(shares * np.log2(shares)).sum())
