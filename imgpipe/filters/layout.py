"""The arithmetic of resizing and cropping: target sizes, boxes, gravity. No pixels here."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Literal, NamedTuple, TypeAlias

from imgpipe.filters.sizing import Fit, Geometry
from imgpipe.picture import Box, Size

Gravity: TypeAlias = Literal[
    "center", "north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest"
]
Interest: TypeAlias = Literal["attention", "entropy"]
"""What decides instead of a gravity, see `imgpipe.filters.interest`."""

_FEWEST = 32
"""px of a reduced frame: the last one may stand for part of a px only, and of fewer it would count for too much."""

_SHARES: dict[str, tuple[float, float]] = {
    "center": (0.5, 0.5),
    "north": (0.5, 0.0),
    "northeast": (1.0, 0.0),
    "east": (1.0, 0.5),
    "southeast": (1.0, 1.0),
    "south": (0.5, 1.0),
    "southwest": (0.0, 1.0),
    "west": (0.0, 0.5),
    "northwest": (0.0, 0.0),
}


class Layout(NamedTuple):
    """Where the pixels of a resized picture come from and go to.

    Attributes:
        box: the part of the source that is used, px of the source, fractions allowed.
        scaled: the size in px to which that part is resampled.
        canvas: the size in px of the result: `scaled`, or larger where `contain` leaves bars.
    """

    box: Box
    scaled: Size
    canvas: Size


def lay_out(geometry: Geometry, size: Size, gravity: str = "center") -> Layout:
    """What becomes of a picture of this size (px).

    >>> lay_out(Geometry(720, 588), (2725, 2225)).canvas
    (720, 588)
    """
    return _laid_out(geometry, size, gravity)


@lru_cache(maxsize=256)
def _laid_out(geometry: Geometry, size: Size, gravity: str) -> Layout:
    # Asked for several times with every picture, and most pictures of a folder have one size or two.
    fit, target = _target(geometry, size)
    whole = (0.0, 0.0, float(size[0]), float(size[1]))
    if fit == "cover":
        canvas = _limited(geometry, size, target, fit)
        return Layout(cover_box(size, canvas, gravity), canvas, canvas)
    if fit == "contain":
        scaled = _limited(geometry, size, _same_aspect(size, target, inside=True), fit)
        kept = not geometry.shrink and (scaled[0] > target[0] or scaled[1] > target[1])
        return Layout(whole, scaled, scaled if kept else target)
    if fit in ("inside", "outside"):
        target = _same_aspect(size, target, inside=fit == "inside")
    scaled = _limited(geometry, size, target, fit)
    return Layout(whole, scaled, scaled)


def cover_box(size: Size, canvas: Size, gravity: str) -> Box:
    """The largest part of a picture that has the aspect of the canvas; not rounded, so that nothing is distorted.

    >>> cover_box((400, 200), (50, 50), "east")
    (200.0, 0.0, 200.0, 200.0)
    """
    width, height = float(size[0]), float(size[1])
    if size[0] * canvas[1] > size[1] * canvas[0]:
        width = size[1] * canvas[0] / canvas[1]
    else:
        height = size[0] * canvas[1] / canvas[0]
    across, down = _SHARES[gravity]
    return (size[0] - width) * across, (size[1] - height) * down, width, height


def offset(gravity: str, outer: Size, inner: Size) -> tuple[int, int]:
    """Where the inner rectangle's upper left corner is in the outer one, px; halves go up and left.

    >>> offset("south", (100, 100), (31, 20))
    (34, 80)
    """
    across, down = _SHARES[gravity]
    return math.floor((outer[0] - inner[0]) * across), math.floor((outer[1] - inner[1]) * down)


def needed_size(layout: Layout, size: Size, margin: float = 1.5) -> Size:
    """The size of a reduced frame that still has `margin` times the pixels which the layout makes, each way, and 32 px.

    >>> needed_size(lay_out(Geometry(width=720), (2725, 2225)), (2725, 2225))
    (1080, 882)
    """
    _, _, width, height = layout.box
    across = max(_FEWEST, math.ceil(margin * layout.scaled[0] * size[0] / width))
    down = max(_FEWEST, math.ceil(margin * layout.scaled[1] * size[1] / height))
    return min(size[0], across), min(size[1], down)


def _target(geometry: Geometry, size: Size) -> tuple[Fit, Size]:
    """The size asked for in both directions, and how to fit it; exact sizes are fit=fill."""
    if geometry.percent is not None:
        return "fill", (_share(size[0], geometry.percent), _share(size[1], geometry.percent))
    if geometry.area is not None:
        # Rounded down in exact arithmetic: 2MP is never exceeded.
        across, down = (math.isqrt(geometry.area * a // b) for a, b in (size, size[::-1]))
        return "fill", (min(max(1, across), geometry.area), min(max(1, down), geometry.area))
    width, height = geometry.width, geometry.height
    if geometry.long_edge or geometry.short_edge:
        edges = (geometry.long_edge, geometry.short_edge)
        width, height = edges if size[0] >= size[1] else edges[::-1]
    if geometry.fit == "fill":
        return "fill", (width or size[0], height or size[1])
    if width and height:
        return geometry.fit, (width, height)
    if width:
        return "fill", (width, _half_up(size[1] * width, size[0]))
    return "fill", (_half_up(size[0] * (height or 1), size[1]), height or 1)


def _limited(geometry: Geometry, size: Size, target: Size, fit: Fit) -> Size:
    """The target as far as shrinking and enlarging are allowed."""
    if not geometry.enlarge:
        target = min(target[0], size[0]), min(target[1], size[1])
    if geometry.shrink:
        return target
    if fit == "fill":
        return max(target[0], size[0]), max(target[1], size[1])
    return size if target[0] <= size[0] and target[1] <= size[1] else target


def _same_aspect(size: Size, box: Size, *, inside: bool) -> Size:
    """The size of the picture's aspect that touches the box from inside or from outside."""
    wider = size[0] * box[1] > size[1] * box[0]
    if wider is inside:
        return box[0], _half_up(size[1] * box[0], size[0])
    return _half_up(size[0] * box[1], size[1]), box[1]


def _half_up(numerator: int, denominator: int) -> int:
    """The quotient rounded to the nearest px, halves up, at least one."""
    return max(1, (2 * numerator + denominator) // (2 * denominator))


def _share(length: int, percent: float) -> int:
    return max(1, math.floor(length * percent / 100 + 0.5))
