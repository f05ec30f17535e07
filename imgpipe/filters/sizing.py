"""Which size is asked for: by a geometry string, or by the options of `resize`."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Literal, NamedTuple, TypeAlias

from imgpipe.errors import RecipeError

Fit: TypeAlias = Literal["inside", "cover", "contain", "fill", "outside"]

LARGEST = 1_000_000
"""px: more in one direction is a slip of the hand."""

_SIZES = ("size", "width", "height", "long_edge", "short_edge")
_GEOMETRY = re.compile(
    r"(?:(?P<width>\d+)?x(?P<height>\d+)?|(?P<percent>\d+(?:\.\d+)?)%|(?P<megapixels>\d+(?:\.\d+)?)MP)"
    r"(?P<flags>[<>!^]*)",
    re.IGNORECASE,
)
_FORMS = "800x600, 800x, x600, 50% or 2MP, with > (only shrink), < (only enlarge), ! (ignore aspect) or ^ (fill)"


class Geometry(NamedTuple):
    """The size that is asked for: a box, or edges, or a share, or an area; each None where not given.

    Attributes:
        width: px.
        height: px.
        long_edge: px of the longer side, whichever that is.
        short_edge: px of the shorter side.
        percent: of each side.
        area: px in all, at most.
        fit: how the picture goes into the box.
        shrink: whether pictures may become smaller.
        enlarge: whether pictures may become larger.
    """

    width: int | None = None
    height: int | None = None
    long_edge: int | None = None
    short_edge: int | None = None
    percent: float | None = None
    area: int | None = None
    fit: Fit = "inside"
    shrink: bool = True
    enlarge: bool = True


def read_geometry(given: dict[str, Any]) -> Geometry:
    """The geometry that the options `size`, `width`, `height`, `long_edge`, `short_edge`, `fit`, `upscale` ask for.

    Options may be absent or None; others are ignored.

    Raises:
        RecipeError: no size at all, options that contradict each other, or a `size` that cannot be read.
    """
    return _geometry(tuple(map(given.get, _SIZES)), given.get("fit", "inside"), given.get("upscale", True))


@lru_cache(maxsize=256)
def _geometry(given: tuple[Any, ...], fit: Fit, upscale: bool) -> Geometry:
    # A recipe asks for the same few with every picture.
    sizes = {name: size for name, size in zip(_SIZES, given, strict=True) if size is not None}
    if not sizes:
        raise RecipeError(f"resize needs a size: {', '.join(_SIZES)} (--resize 800x600, --width 800...)")
    for group in ({"size"}, {"width", "height"}, {"long_edge", "short_edge"}):
        if sizes.keys() & group and sizes.keys() - group:
            raise RecipeError(f"resize takes either of {' and '.join(sizes)}, not both")
    asked = Geometry(fit=fit, enlarge=upscale)
    if "size" in sizes:
        return parse_geometry(sizes["size"], asked)
    if sizes.get("short_edge", 0) > sizes.get("long_edge", LARGEST):
        raise RecipeError("resize: short_edge is larger than long_edge")
    return asked._replace(**sizes)


def parse_geometry(text: str, asked: Geometry | None = None) -> Geometry:
    """The geometry of a text such as `800x600>`; `asked` gives what the text does not say.

    Raises:
        RecipeError: it cannot be read, or its suffix contradicts `asked`.

    >>> parse_geometry("800x600!").fit
    'fill'
    """
    asked = asked or Geometry()
    found = _GEOMETRY.fullmatch(text)
    if not found:
        raise RecipeError(f"resize: cannot read the size {text!r}; write {_FORMS}")
    *texts, flags = found.groups()
    width, height, percent, megapixels = (float(number) if number else None for number in texts)
    values = [value for value in (width, height, percent, megapixels) if value is not None]
    if not values or min(values) <= 0 or max(values) > LARGEST:
        raise RecipeError(f"resize: the size {text!r} must have a number from 1 to {LARGEST}; write {_FORMS}")
    if (percent or megapixels) and set(flags) & set("!^"):
        raise RecipeError(f"resize: {text!r} has no box that ! or ^ could be about")
    box = asked._replace(width=int(width) if width else None, height=int(height) if height else None)
    area = max(1, round(megapixels * 1e6)) if megapixels else None
    return _flagged(box._replace(percent=percent, area=area), flags, text)


def _flagged(geometry: Geometry, flags: str, text: str) -> Geometry:
    """The geometry with the suffixes of the text applied."""
    if len(set(flags)) < len(flags) or {"<", ">"} <= set(flags) or {"!", "^"} <= set(flags):
        raise RecipeError(f"resize: the suffixes of {text!r} contradict each other")
    if "<" in flags and not geometry.enlarge:
        raise RecipeError(f"resize: {text!r} only enlarges, and upscale=false never does")
    fit: Fit = "fill" if "!" in flags else "outside" if "^" in flags else geometry.fit
    if geometry.fit not in ("inside", fit):
        raise RecipeError(f"resize: {text!r} says fit={fit}, which contradicts fit={geometry.fit}")
    return geometry._replace(fit=fit, shrink="<" not in flags, enlarge=geometry.enlarge and ">" not in flags)
