"""Cutting, turning and mirroring."""

from dataclasses import replace
from typing import Annotated, Any

from imgpipe.errors import FilterFailed, RecipeError
from imgpipe.filters import turning
from imgpipe.filters.canvas import cut
from imgpipe.filters.colour import parse_colour
from imgpipe.filters.frames import map_frames
from imgpipe.filters.option import Range
from imgpipe.filters.registry import filter
from imgpipe.filters.sizing import LARGEST, Gravity, offset
from imgpipe.picture import Frame, Picture, Size, frame_size

Place = Annotated[int, Range(-LARGEST, LARGEST, "px")]
Length = Annotated[int | None, Range(1, LARGEST, "px")]


def _any_size(size: Size, /, **_options: Any) -> Size:  # noqa: ARG001 - mirrors need no pixel more than the others
    return 0, 0


def _check_crop(**options: Any) -> None:
    if "gravity" in options and (options.get("left") or options.get("top")):
        raise RecipeError("crop takes either gravity or left and top, not both")


@filter(alpha="straight", check=_check_crop)
def crop(
    picture: Picture,
    left: Place = 0,
    top: Place = 0,
    width: Length = None,
    height: Length = None,
    gravity: Gravity | None = None,
) -> Picture:
    """Keep a rectangle of the picture.

    The rectangle is given by its upper left corner and its size, or by its size and `gravity`. What lies
    outside the picture is left out, so the result may be smaller than asked for. Without options
    nothing is cut. Every frame of an animation is cut alike.

        >>> from imgpipe.filters import parse
        >>> parse("crop:left=10,top=20,width=300,height=200")
        Operation('crop:left=10,top=20,width=300,height=200')
        >>> parse("crop:width=300,height=300,gravity=center")
        Operation('crop:width=300,height=300,gravity=center')

    Args:
        picture: the picture.
        left: px from the picture's left edge to the rectangle's; 0 by default; may be negative.
        top: px from the picture's upper edge to the rectangle's; 0 by default; may be negative.
        width: px, 1 or more; to the right edge by default.
        height: px, 1 or more; to the lower edge by default.
        gravity: where the rectangle lies, instead of `left` and `top`; center, north, northeast...

    Errors: `gravity` together with `left` or `top` is found before any picture is read; a rectangle that
    lies wholly outside a picture fails that picture.
    """

    def cropped(frame: Frame) -> Frame:
        across, down = frame_size(frame)
        size = width or LARGEST, height or LARGEST
        x, y = offset(gravity, (across, down), (min(size[0], across), min(size[1], down))) if gravity else (left, top)
        right, bottom = min(across, x + size[0]), min(down, y + size[1])
        x, y = max(0, x), max(0, y)
        if right <= x or bottom <= y:
            raise FilterFailed(f"crop: the rectangle lies outside the picture, which has {across}x{down} px")
        return cut(frame, (x, y), (right - x, bottom - y))

    frames = tuple(cropped(frame) for frame in picture.frames)
    return replace(picture, frames=frames, size=frame_size(frames[0]))


def _turned_size(size: Size, /, angle: float, **_options: Any) -> Size | None:  # noqa: ARG001 - only the angle counts
    # A quarter turn swaps the size that later steps would have to be asked about.
    return (0, 0) if angle % 180 == 0 else None


def _check_rotate(angle: float, background: str | None = None) -> None:  # noqa: ARG001 - only colours can be wrong
    if background is not None:
        parse_colour(background)


@filter(alpha="straight", least_size=_turned_size, check=_check_rotate)
def rotate(
    picture: Picture, angle: Annotated[float, Range(-3600, 3600, "degrees")], background: str | None = None
) -> Picture:
    """Turn the picture clockwise.

    Quarter turns are exact: no pixel changes its value. Any other angle enlarges the canvas so that nothing is
    cut off, and fills the corners.

        >>> from imgpipe.filters import parse
        >>> parse("rotate:90")
        Operation('rotate:angle=90')
        >>> parse("rotate:angle=-2.5,background=#000000")
        Operation('rotate:angle=-2.5,background=#000000')

    Args:
        picture: the picture.
        angle: degrees clockwise, -3600 to 3600; negative ones turn counterclockwise; 0 changes nothing.
        background: of the corners: `#rrggbb`, `#rrggbbaa` or a name such as white; transparent where the
            picture has alpha, else white, by default.

    Other angles are resampled bicubically by OpenCV's warpAffine, colours weighted by alpha; edges are
    antialiased against the background.

    Errors: an unknown colour is found before any picture is read; a transparent background fails on CMYK
    pictures.
    """
    quarters, rest = divmod(angle % 360, 90)
    if rest:
        frames = tuple(turning.turn(frame, angle, background) for frame in picture.frames)
        return replace(picture, frames=frames, size=frame_size(frames[0]))
    size = picture.size[::-1] if quarters % 2 else picture.size
    return replace(map_frames(picture, lambda frame: turning.quarter_turns(frame, int(quarters))), size=size)


@filter(alpha="straight", least_size=_any_size)
def flip(picture: Picture) -> Picture:
    """Mirror the picture top to bottom, exactly; all frames. It has no options and no errors.

    >>> from imgpipe.filters import parse
    >>> parse("flip")
    Operation('flip')
    """
    return map_frames(picture, turning.flipped)


@filter(alpha="straight", least_size=_any_size)
def flop(picture: Picture) -> Picture:
    """Mirror the picture left to right, exactly; all frames. It has no options and no errors.

    >>> from imgpipe.filters import parse
    >>> parse("flop")
    Operation('flop')
    """
    return map_frames(picture, turning.flopped)
