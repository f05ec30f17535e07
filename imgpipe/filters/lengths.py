"""Lengths in options: `20` and `20px` are px, `5%` is a share of the picture."""

from __future__ import annotations

import re
from dataclasses import dataclass

from imgpipe.errors import RecipeError

_LENGTH = re.compile(r"(-?\d{1,7}(?:\.\d{1,4})?)\s*(px|%)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Length:
    """A number of px, or of hundredths of something."""

    number: float
    shared: bool

    def of(self, whole: float) -> float:
        """The length in px where 100 % are so many px."""
        return whole * self.number / 100 if self.shared else self.number


def parse_length(text: str, least: float, most: float, most_percent: float = 100) -> Length:
    """The length that a text names.

    Args:
        text: `20`, `20px` or `5%`.
        least: allowed in px, and in % where that is no less than the opposite of `most_percent`.
        most: allowed in px.
        most_percent: allowed in %.

    Raises:
        RecipeError: it names none, or one out of range.

    >>> parse_length("5%", 0, 1000).of(640)
    32.0
    """
    found = _LENGTH.fullmatch(text.strip())
    length = Length(float(found[1]), found[2] == "%") if found else None
    shares = max(least, -most_percent), most_percent
    low, high = shares if length and length.shared else (least, most)
    if length is None or not low <= length.number <= high:
        bounds = f"{least:.10g} to {most:.10g} px, or {shares[0]:.10g}% to {shares[1]:.10g}%"
        raise RecipeError(f"{text!r} is no length here; write {bounds}")
    return length
