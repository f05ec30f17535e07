"""Histograms of what can be seen of a picture: what is wholly transparent does not count.

Those of an animation are of all its frames, so that it does not flicker; each page has its own.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

from imgpipe.filters.frames import image_of, split_alpha, to_array
from imgpipe.filters.mixing import luma
from imgpipe.filters.strips import strips
from imgpipe.filters.table import look_up

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from imgpipe.filters.table import Tables
    from imgpipe.picture import Frame, Picture

    Histogram: TypeAlias = npt.NDArray[Any]


def look_up_together(picture: Picture, tables_of: Callable[[Sequence[Frame]], Tables]) -> Picture:
    """The picture looked up in tables made from all frames of an animation, or from each page."""
    changed: list[Frame] = []
    for group in groups(picture):
        tables = tables_of(group)
        changed.extend(look_up(frame, tables) for frame in group)
    return replace(picture, frames=tuple(changed))


def groups(picture: Picture) -> list[tuple[Frame, ...]]:
    """The frames that are counted together."""
    return [picture.frames] if picture.animated else [(frame,) for frame in picture.frames]


def histograms(frames: Sequence[Frame]) -> Histogram:
    """How many samples of each colour band have each level: bands x 256, or x 65536."""
    import numpy as np

    counts: Histogram = np.sum([_counted(*split_alpha(frame)) for frame in frames], axis=0)
    return counts


def luma_histogram(frames: Sequence[Frame]) -> Histogram:
    """How many pixels have each luma: 256 or 65536 counts."""
    import numpy as np

    counts: Histogram = np.sum([_counted(luma(frame), split_alpha(frame)[1])[0] for frame in frames], axis=0)
    return counts


def ends(histogram: Histogram, below: float, above: float) -> tuple[int, int]:
    """The darkest and the lightest level that are left when so many % of the darkest and lightest are taken off.

    The cut-off of Pillow's `ImageOps.autocontrast`. 0 and the last level where nothing is left.

    >>> import numpy as np
    >>> ends(np.array([1, 0, 98, 0, 1, 0]), 0, 0), ends(np.array([1, 0, 98, 0, 1, 0]), 1, 1)
    ((0, 4), (2, 2))
    """
    import numpy as np

    count = histogram.sum()
    dark = np.cumsum(histogram) > int(count * below / 100)
    light = np.cumsum(histogram[::-1]) > int(count * above / 100)
    first, last = int(dark.argmax()), len(histogram) - 1 - int(light.argmax())
    return (first, last) if dark.any() and light.any() and first <= last else (0, len(histogram) - 1)


def otsu(histogram: Histogram) -> int:
    """The level from which on pixels are light: the one that parts them best in two groups.

    N. Otsu, A Threshold Selection Method from Gray-Level Histograms, IEEE Trans. SMC 9 (1979), 62-66.

    >>> import numpy as np
    >>> otsu(np.array([3, 5, 0, 0, 1, 4]))
    2
    """
    import numpy as np

    levels = np.arange(len(histogram))
    dark = np.cumsum(histogram)[:-1].astype(float)
    light = histogram.sum() - dark
    mass = np.cumsum(histogram * levels)[:-1].astype(float)
    rest = (histogram * levels).sum() - mass
    both = (dark > 0) & (light > 0)
    apart = np.zeros(len(dark))
    apart[both] = dark[both] * light[both] * (rest[both] / light[both] - mass[both] / dark[both]) ** 2
    # One level alone has no two groups; the middle of the range parts it from nothing.
    return int(apart.argmax()) + 1 if both.any() else len(histogram) // 2


def _counted(colour: Frame, alpha: Frame | None) -> Histogram:
    """Bands x levels of the pixels whose alpha is not 0."""
    import numpy as np

    image = image_of(colour)
    if image:
        mask = None if alpha is None else image_of(alpha)
        return np.array(image.histogram(mask), np.int64).reshape(-1, 256)
    samples: Any = to_array(colour)
    counts = np.zeros((samples.shape[2], 65536), np.int64)
    for rows in strips(samples):
        part = samples[rows]
        seen = part.reshape(-1, part.shape[2]) if alpha is None else part[to_array(alpha)[rows, :, 0] > 0]
        for band in range(len(counts)):
            counts[band] += np.bincount(seen[:, band], minlength=65536)
    return counts
