"""A curve through points that rises where they rise and never overshoots them."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

from imgpipe.errors import RecipeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

Point: TypeAlias = tuple[float, float]

_NUMBER = r"(\d{1,3}(?:\.\d{1,6})?)"
_POINT = re.compile(f"{_NUMBER},{_NUMBER}", re.ASCII)


def parse_points(text: str) -> tuple[Point, ...]:
    """The points that a text lists, in levels of 0 to 255.

    Raises:
        RecipeError: fewer than two, one out of range, or not in rising order.

    >>> parse_points("0,0 128,150.5 255,255")
    ((0.0, 0.0), (128.0, 150.5), (255.0, 255.0))
    """
    points = []
    for word in text.split():
        match = _POINT.fullmatch(word)
        if match is None or max(map(float, match.groups())) > 255:
            raise RecipeError(f'filter curves: {word!r} is no point; write two levels of 0 to 255, as in "0,0 255,255"')
        points.append((float(match[1]), float(match[2])))
    if len(points) < 2 or any(left[0] >= right[0] for left, right in pairwise(points)):
        raise RecipeError(f"filter curves: points={text!r} must be two points or more, each right of the one before")
    return tuple(points)


def interpolate(points: Sequence[Point], at: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The curve's values at these places; level before the first and after the last point.

    Fritsch and Carlson, Monotone Piecewise Cubic Interpolation, SIAM J. Numer. Anal. 17 (1980), 238-246.

    >>> import numpy as np
    >>> interpolate([(0, 0), (128, 192), (255, 255)], np.array([0.0, 64.0, 128.0, 255.0])).round(1)
    array([  0., 104., 192., 255.])
    """
    import numpy as np

    x, y = np.array(points, float).T
    slopes = _slopes(x, y)
    at = np.clip(at, x[0], x[-1])
    left = np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(x) - 2)
    width = x[left + 1] - x[left]
    t = (at - x[left]) / width
    # Hermite's basis.
    start, rise = (1 + 2 * t) * (1 - t) ** 2, t * (1 - t) ** 2
    end, fall = t**2 * (3 - 2 * t), t**2 * (t - 1)
    curve: npt.NDArray[Any] = (
        start * y[left] + rise * width * slopes[left] + end * y[left + 1] + fall * width * slopes[left + 1]
    )
    return curve


def _slopes(x: npt.NDArray[Any], y: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The curve's slope at each point: the mean of its neighbours' secants, as far as that keeps it monotone."""
    import numpy as np

    secants = np.diff(y) / np.diff(x)
    slopes = np.concatenate([secants[:1], (secants[:-1] + secants[1:]) / 2, secants[-1:]])
    turning = secants[:-1] * secants[1:] <= 0
    slopes[1:-1][turning] = 0
    for index, secant in enumerate(secants):
        if secant == 0:
            slopes[index : index + 2] = 0
            continue
        excess = np.hypot(slopes[index] / secant, slopes[index + 1] / secant)
        if excess > 3:
            slopes[index : index + 2] *= 3 / excess
    return slopes
