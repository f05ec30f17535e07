"""What the pipeline must know about a filter besides its function, and the usual answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple, TypeAlias

from imgpipe.picture import Size

Alpha: TypeAlias = Literal["apart", "premultiplied", "straight"]
LeastSize: TypeAlias = Callable[..., Size | None]
Swaps: TypeAlias = Callable[..., bool]
AsStored: TypeAlias = Callable[..., bool]
Check: TypeAlias = Callable[..., None]


class Traits(NamedTuple):
    """What the pipeline must know about a filter besides its function.

    Attributes:
        alpha: what it is shown of a picture with transparency. ``"apart"``: the colour bands only,
            alpha is put back after; ``"premultiplied"``: colour multiplied by alpha, and alpha as the
            last band, divided again after (for filters that mix neighbouring pixels; images have
            Pillow's modes `La` and `RGBa`);
            ``"straight"``: all bands as they are (for filters that only move pixels).
        colour: grey pictures are widened to RGB first.
        least_size: from the size of the picture before the filter (px) and its options, the size of
            frame that it needs; None where it needs every pixel. Filters whose result does not depend
            on the number of pixels return the size (0, 0). Absent: needs every pixel, unless it is pointwise.
        check: called with the options when a step is made, before any picture is read; raises
            RecipeError where options contradict each other.
        swaps: whether width and height change places with these options; absent: never. It lets `least_size`
            ask the steps that come after a quarter turn.
        as_stored: from the size of the picture before the filter (px) and its options, whether it takes frames as
            they are stored, with `Picture.orientation` to be heeded or changed; absent: it is given upright frames.
        windowed: whether it heeds `Picture.window`, besides taking frames as they are stored; else these are cut to it.
        pointwise: what becomes of a sample depends on nothing but its level and band. The function is shown not
            the pixels but all levels that a sample can have, 0 to 1, as an array colour bands x levels
            (1 or 3 x 256 or 65536), and returns what each becomes, in the same shape; what exceeds 0 to 1 is
            clipped. It runs once for many pictures, and neighbouring filters of this kind become one look-up.

    These functions get the options as keyword arguments, those only that differ from their defaults.

    A filter that takes a whole `Picture` is shown it as it is; `alpha` says of it only whether it can
    work on CMYK (``"straight"``) or not.
    """

    alpha: Alpha = "apart"
    colour: bool = False
    least_size: LeastSize | None = None
    check: Check | None = None
    swaps: Swaps | None = None
    as_stored: AsStored | None = None
    windowed: bool = False
    pointwise: bool = False


def any_size(_size: Size, /, **_options: Any) -> Size:
    """The `least_size` of filters whose result does not depend on the number of pixels."""
    return 0, 0


def every_pixel(_size: Size, /, **_options: Any) -> None:
    """The `least_size` of pointwise filters that jump from one level to another.

    The mean of what they make of some pixels is then far from what they make of the mean, which is all that a picture
    has that was decoded at a reduced scale: thin dark lines would vanish at a threshold, in JPEG alone.
    """


def always(_size: Size, /, **_options: Any) -> bool:
    """The `as_stored` of filters that never need upright frames."""
    return True
