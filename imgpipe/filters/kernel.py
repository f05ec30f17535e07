"""A convolution kernel as text: rows divided by semicolons, numbers by commas or spaces."""

from __future__ import annotations

import math
import re
from typing import TypeAlias

from imgpipe.errors import RecipeError

Kernel: TypeAlias = tuple[tuple[float, ...], ...]
"""Rows from top to bottom, all of one length."""

LARGEST_SIDE = 63
"""Numbers in a row, and rows, at most."""

_LARGEST_NUMBER = 1e6


def parse_kernel(text: str) -> Kernel:
    """The kernel that a text describes.

    Raises:
        RecipeError: not numbers, rows of different lengths, an even or too large number of rows or columns.

    >>> parse_kernel("0 -1 0; -1 5 -1; 0 -1 0")
    ((0.0, -1.0, 0.0), (-1.0, 5.0, -1.0), (0.0, -1.0, 0.0))
    >>> parse_kernel("1,2,1")
    ((1.0, 2.0, 1.0),)
    """
    rows = tuple(tuple(map(_number, re.split(r"\s*,\s*|\s+", row.strip()))) for row in text.split(";"))
    sides = len(rows[0]), len(rows)
    if {len(row) for row in rows} != {sides[0]}:
        raise RecipeError(f"kernel {text!r}: every row must have as many numbers as the first, {sides[0]}")
    if any(side % 2 == 0 or side > LARGEST_SIDE for side in sides):
        raise RecipeError(
            f"kernel {text!r} is {sides[0]}x{sides[1]}: it must have an odd number of rows and of columns, "
            f"at most {LARGEST_SIDE}, as its middle lies on the pixel"
        )
    return rows


def kernel_sum(kernel: Kernel) -> float:
    """What a kernel is divided by where nothing is said: the sum of its numbers, 1 where that is 0."""
    total = math.fsum(number for row in kernel for number in row)
    return total if abs(total) > 1e-9 else 1.0


def _number(word: str) -> float:
    try:
        number = float(word)
    except ValueError:
        number = math.nan
    if not abs(number) <= _LARGEST_NUMBER:
        span = f"from {-_LARGEST_NUMBER:.0f} to {_LARGEST_NUMBER:.0f}"
        raise RecipeError(f'kernel: {word!r} is no number {span}; write "1,2,1;2,4,2;1,2,1"')
    return number
