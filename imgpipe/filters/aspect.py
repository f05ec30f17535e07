"""Aspects: the ratio of a picture's width to its height."""

from __future__ import annotations

import math
import re
from fractions import Fraction

from imgpipe.errors import RecipeError
from imgpipe.picture import Size

_ASPECT = re.compile(r"(\d{1,7}(?:\.\d{1,7})?)(?::(\d{1,7}(?:\.\d{1,7})?))?", re.ASCII)


def parse_aspect(text: str) -> Fraction:
    """Width over height, from `16:9` or `1.85`.

    Raises:
        RecipeError: it cannot be read, or a side is 0.

    >>> parse_aspect("16:9"), parse_aspect("1.5")
    (Fraction(16, 9), Fraction(3, 2))
    """
    found = _ASPECT.fullmatch(text.strip())
    sides = [Fraction(side) for side in found.groups("1")] if found else []
    if not sides or 0 in sides:
        raise RecipeError(f"cannot read the aspect {text!r}; write width:height, such as 16:9, or a number")
    return sides[0] / sides[1]


def largest_within(size: Size, aspect: Fraction) -> Size:
    """The largest rectangle of this aspect in a picture of this size, px; sides round to the nearest, at least 1.

    >>> largest_within((4000, 3000), parse_aspect("16:9"))
    (4000, 2250)
    """
    if size[0] > size[1] * aspect:
        return min(size[0], _nearest(size[1] * aspect)), size[1]
    return size[0], min(size[1], _nearest(size[0] / aspect))


def smallest_around(size: Size, aspect: Fraction) -> Size:
    """The smallest rectangle of this aspect that a picture of this size fits in, px.

    >>> smallest_around((4000, 3000), parse_aspect("1:1"))
    (4000, 4000)
    """
    if size[0] > size[1] * aspect:
        return size[0], max(size[1], _nearest(size[0] / aspect))
    return max(size[0], _nearest(size[1] * aspect)), size[1]


def _nearest(length: Fraction) -> int:
    return max(1, math.floor(length + Fraction(1, 2)))
