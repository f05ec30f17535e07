"""Text as a picture."""

from __future__ import annotations

import functools
import math
import os
import unicodedata
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw, ImageFont

from imgpipe.errors import FilterFailed
from imgpipe.filters.colour import Colour
from imgpipe.picture import Size

_PADDING = 0.3  # em between the text and the edge of its background
_OUTLINE = 1 / 16  # em
_NO_CHARACTER = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Lettering:
    """What a text looks like.

    Attributes:
        font: path of a font's file; None for the one that comes with Pillow.
        size: px of an em.
        colour: of the letters.
        outline: colour of a seam around the letters, or None.
        background: colour of the box behind the text, or None.
        align: of lines beside each other, "left", "center" or "right".
    """

    font: str | None
    size: float
    colour: Colour
    outline: Colour | None
    background: Colour | None
    align: str


def lettered(text: str, look: Lettering, within: Size) -> Image.Image:
    """The text as an RGBA image; its size is lessened until it fits within so many px, as far as letters can be.

    Raises:
        FilterFailed: the font cannot be read or lacks a character.
    """
    _check_characters(text, look.font)
    size = max(1.0, look.size)
    # Letters do not become narrower evenly, as they are fitted to whole px: again until they fit.
    while size > 1:
        left, top, right, bottom = _measured(text, look, size)
        scale = min(within[0] / (right - left), within[1] / (bottom - top))
        if scale >= 1:
            break
        size = max(1.0, size * min(scale, 0.98))
    return _painted(text, look, size)


def _measured(text: str, look: Lettering, size: float) -> tuple[int, int, int, int]:
    """The edges of the text with its outline and padding, px; its origin is at 0, 0."""
    draw = ImageDraw.Draw(Image.new("L", (1, 1)))
    seam = _seam(look, size)
    left, top, right, bottom = draw.multiline_textbbox(
        (0, 0), text, font=_font(look.font, size), align=look.align, stroke_width=seam
    )
    around = round(size * _PADDING) if look.background else 0
    return (
        math.floor(left) - around,
        math.floor(top) - around,
        max(math.ceil(right), math.floor(left) + 1) + around,
        max(math.ceil(bottom), math.floor(top) + 1) + around,
    )


def _seam(look: Lettering, size: float) -> int:
    return max(1, round(size * _OUTLINE)) if look.outline else 0


def _painted(text: str, look: Lettering, size: float) -> Image.Image:
    left, top, right, bottom = _measured(text, look, size)
    whole = right - left, bottom - top
    font = _font(look.font, size)

    def mask(seam: int) -> Image.Image:
        shape = Image.new("L", whole)
        draw = ImageDraw.Draw(shape)
        draw.multiline_text((-left, -top), text, fill=255, font=font, align=look.align, stroke_width=seam)
        return shape

    layers = [
        (look.background, Image.new("L", whole, 255)) if look.background else None,
        (look.outline, mask(_seam(look, size))) if look.outline else None,
        (look.colour, mask(0)),
    ]
    result: Image.Image | None = None
    for colour, shape in filter(None, layers):
        layer = _dyed(shape, colour)
        result = Image.alpha_composite(result, layer) if result else layer
    return result or Image.new("RGBA", whole)


def _dyed(shape: Image.Image, colour: Colour) -> Image.Image:
    layer = Image.new("RGBA", shape.size, colour)
    layer.putalpha(ImageChops.multiply(shape, Image.new("L", shape.size, colour[3])))
    return layer


def _font(path: str | None, size: float) -> ImageFont.FreeTypeFont:
    if path is None:
        return _load(None, 0, size)
    try:
        return _load(path, os.stat(path).st_mtime_ns, size)
    except OSError as error:
        raise FilterFailed(f"text: cannot read the font {path!r}: {error}") from None


@functools.lru_cache(maxsize=16)
def _load(path: str | None, _changed: int, size: float) -> ImageFont.FreeTypeFont:
    if path is not None:
        return ImageFont.truetype(path, size)
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise FilterFailed("text: this Pillow has no font of its own: give one with font=FILE")
    return font


@functools.lru_cache(maxsize=16)
def _check_characters(text: str, path: str | None) -> None:
    """FilterFailed where a font would draw a box, or nothing at all, for want of the character."""
    font = _font(path, 32.0)
    missing = bytes(font.getmask(_NO_CHARACTER))
    for character in dict.fromkeys(text.replace("\n", "")):
        told = bool(missing) or not _is_unseen(character)
        if told and bytes(font.getmask(character)) == missing:
            name = "the font that ships" if path is None else f"the font {path!r}"
            raise FilterFailed(f"text: {name} has no character {character!r}; give another one with font=FILE")


def _is_unseen(character: str) -> bool:
    """Whether it is to draw nothing by itself: a space, a joiner, a mark of direction, a variant of the one before."""
    joins = unicodedata.category(character) == "Cf" or "VARIATION SELECTOR" in unicodedata.name(character, "")
    return joins or character.isspace()
