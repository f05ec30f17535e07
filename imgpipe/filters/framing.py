"""What is put around a picture: margins, a border, round corners."""

from dataclasses import replace
from typing import Annotated, Any

from imgpipe.errors import FilterFailed, RecipeError
from imgpipe.filters import corners
from imgpipe.filters.aspect import parse_aspect, smallest_around
from imgpipe.filters.canvas import place
from imgpipe.filters.colour import check_colours
from imgpipe.filters.frames import is_cmyk
from imgpipe.filters.layout import Gravity, offset
from imgpipe.filters.lengths import Length, parse_length
from imgpipe.filters.option import Range
from imgpipe.filters.registry import filter
from imgpipe.filters.sizing import LARGEST
from imgpipe.picture import Frame, Picture, frame_size

Margin = Annotated[int, Range(0, LARGEST, "px")]
Edge = Annotated[int | None, Range(0, LARGEST, "px")]


def _check_pad(**options: Any) -> None:
    check_colours(**options)
    lengths = [name for name in ("all", "left", "top", "right", "bottom") if options.get(name) is not None]
    if options.get("aspect") is not None:
        parse_aspect(options["aspect"])
        if lengths:
            raise RecipeError(f"pad takes either aspect or {lengths[0]}, not both")
    elif "gravity" in options:
        raise RecipeError("pad: gravity says where the picture lies in an aspect; there is none")


@filter(alpha="straight", check=_check_pad)
def pad(  # noqa: PLR0913, PLR0917 - these are the options
    picture: Picture,
    all: Margin = 0,
    left: Edge = None,
    top: Edge = None,
    right: Edge = None,
    bottom: Edge = None,
    aspect: str | None = None,
    gravity: Gravity = "center",
    background: str | None = None,
) -> Picture:
    """Put margins around the picture, or extend it to an aspect.

    No pixel of the picture changes; all frames and pages get the same margins. 16 bits a sample stay. A background
    with a colour makes RGB of grey pictures, one that is not opaque gives them alpha. Without options nothing
    is added.

        >>> from imgpipe.filters import parse
        >>> parse("pad:20,bottom=60,background=white")
        Operation('pad:all=20,bottom=60,background=white')
        >>> parse("pad:aspect=1:1,background=#202020")
        Operation('pad:aspect=1:1,background=#202020')

    Args:
        picture: the picture.
        all: px on each side that has none of its own, 0 to 1000000.
        left: px on the left, instead of `all`.
        top: px above, instead of `all`.
        right: px on the right, instead of `all`.
        bottom: px below, instead of `all`.
        aspect: width over height, as `1:1` or `1.5`, instead of lengths: the smallest canvas of this aspect
            that holds the picture.
        gravity: where the picture lies on the canvas of an `aspect`.
        background: `#rrggbb`, `#rrggbbaa` or a name such as white; transparent where the picture has alpha,
            else white, by default.

    Errors: contradicting options, an aspect that cannot be read and an unknown colour are found before any
    picture is read; a transparent background fails on CMYK pictures.
    """
    sides = tuple(all if side is None else side for side in (left, top, right, bottom))

    def padded(frame: Frame) -> Frame:
        whole = frame_size(frame)
        if aspect:
            canvas = smallest_around(whole, parse_aspect(aspect))
            at = offset(gravity, canvas, whole)
        else:
            canvas = whole[0] + sides[0] + sides[2], whole[1] + sides[1] + sides[3]
            at = sides[0], sides[1]
        return frame if canvas == whole else place(frame, canvas, at, background)

    return _reframed(picture, tuple(padded(frame) for frame in picture.frames))


@filter(alpha="straight", check=check_colours)
def border(picture: Picture, width: Margin = 1, colour: str = "black") -> Picture:
    """Put a border of one width and colour around the picture, outside of it.

    No pixel of the picture changes; transparent parts stay transparent; all frames and pages. 16 bits a sample
    stay. A colour makes RGB of grey pictures, one that is not opaque gives them alpha.

        >>> from imgpipe.filters import parse
        >>> parse("border:width=12,colour=#d4af37")
        Operation('border:width=12,colour=#d4af37')

    Args:
        picture: the picture.
        width: px on each side, 0 to 1000000; 0 changes nothing.
        colour: `#rrggbb`, `#rrggbbaa` or a name such as white.

    Errors: an unknown colour is found before any picture is read; one that is not opaque fails on CMYK pictures.
    """

    def bordered(frame: Frame) -> Frame:
        across, down = frame_size(frame)
        return place(frame, (across + 2 * width, down + 2 * width), (width, width), colour)

    return _reframed(picture, tuple(map(bordered, picture.frames))) if width else picture


def _read_radius(text: str) -> Length:
    return parse_length(text, 0, LARGEST, most_percent=50)


def _check_round_corners(radius: str = "10%") -> None:
    _read_radius(radius)


@filter(alpha="straight", check=_check_round_corners)
def round_corners(picture: Picture, radius: str = "10%") -> Picture:
    """Round the corners off: what lies outside the arcs becomes transparent, with smooth edges.

    The picture gets an alpha band; formats without one, such as JPEG, show the output's background there. Colours
    and what was transparent already stay. All frames and pages, 16 bits a sample too, grey stays grey.

        >>> from imgpipe.filters import parse
        >>> parse("round-corners:24")
        Operation('round-corners:radius=24')
        >>> parse("round-corners:50%")
        Operation('round-corners:radius=50%')

    Args:
        picture: the picture.
        radius: of the arcs in px, at most half the shorter side counts; or 0% to 50% of the shorter side, at 50%
            a square becomes a circle. 0 changes nothing.

    Errors: a radius that cannot be read is found before any picture is read; CMYK pictures, which have no alpha,
    fail.
    """
    length = _read_radius(radius)
    if not length.number:
        return picture
    if any(map(is_cmyk, picture.frames)):
        raise FilterFailed("round-corners: CMYK has no transparency: leave out --no-srgb, so that it becomes sRGB")

    def rounded(frame: Frame) -> Frame:
        shorter = min(frame_size(frame))
        return corners.rounded(frame, min(shorter / 2, length.of(shorter)))

    return replace(picture, frames=tuple(map(rounded, picture.frames)))


def _reframed(picture: Picture, frames: tuple[Frame, ...]) -> Picture:
    return replace(picture, frames=frames, size=frame_size(frames[0]))
