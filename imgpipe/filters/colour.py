"""Colours in options: `#rgb`, `#rrggbb`, `#rrggbbaa` and the common names of CSS."""

from __future__ import annotations

import re
from typing import Any, TypeAlias

from imgpipe.errors import RecipeError
from imgpipe.filters.option import nearest

Colour: TypeAlias = tuple[int, int, int, int]
"""Red, green, blue and alpha, 0 to 255, not premultiplied."""

OPTIONS = ("background", "colour", "outline")
"""What options are called that name a colour."""

_HEX = re.compile(r"#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})", re.IGNORECASE)
_NAMES = {
    "aqua": "#00ffff",
    "beige": "#f5f5dc",
    "black": "#000000",
    "blue": "#0000ff",
    "brown": "#a52a2a",
    "cyan": "#00ffff",
    "darkgray": "#a9a9a9",
    "fuchsia": "#ff00ff",
    "gold": "#ffd700",
    "gray": "#808080",
    "green": "#008000",
    "grey": "#808080",
    "ivory": "#fffff0",
    "lightgray": "#d3d3d3",
    "lime": "#00ff00",
    "magenta": "#ff00ff",
    "maroon": "#800000",
    "navy": "#000080",
    "olive": "#808000",
    "orange": "#ffa500",
    "pink": "#ffc0cb",
    "purple": "#800080",
    "red": "#ff0000",
    "silver": "#c0c0c0",
    "teal": "#008080",
    "transparent": "#00000000",
    "white": "#ffffff",
    "whitesmoke": "#f5f5f5",
    "yellow": "#ffff00",
}


def parse_colour(text: str) -> Colour:
    """The colour that a text names.

    Raises:
        RecipeError: it names none.

    >>> parse_colour("#ff800080"), parse_colour("#f80"), parse_colour("white")
    ((255, 128, 0, 128), (255, 136, 0, 255), (255, 255, 255, 255))
    """
    written = _NAMES.get(text.lower(), text)
    if not _HEX.fullmatch(written):
        hint = "write #rrggbb or #rrggbbaa" if text.startswith("#") else nearest(text.lower(), ["#rrggbb", *_NAMES])
        raise RecipeError(f"{text!r} is no colour; {hint}")
    digits = written[1:] if len(written) > 5 else "".join(digit * 2 for digit in written[1:])
    red, green, blue, *alpha = bytes.fromhex(digits)
    return red, green, blue, alpha[0] if alpha else 255


def parse_opaque(text: str) -> tuple[int, int, int]:
    """Red, green and blue, 0 to 255, of the colour that a text names.

    Raises:
        RecipeError: it names none, or one that is transparent itself.
    """
    *bands, alpha = parse_colour(text)
    if alpha < 255:
        raise RecipeError(f"{text} is transparent itself")
    return bands[0], bands[1], bands[2]


def check_colours(**options: Any) -> None:
    """Raise RecipeError where an option that names a colour names none; other options are let through."""
    for name in OPTIONS:
        if options.get(name) is not None:
            parse_colour(options[name])
