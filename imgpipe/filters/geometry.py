"""Turning and mirroring."""

from dataclasses import replace
from typing import Annotated, Any

from imgpipe.filters import turning
from imgpipe.filters.colour import check_colours
from imgpipe.filters.option import Range
from imgpipe.filters.registry import filter
from imgpipe.filters.traits import always, any_size
from imgpipe.orientation import turn
from imgpipe.picture import Picture, Size, frame_size

_CLOCKWISE = (1, 6, 3, 8)
"""EXIF orientations that ask for 0 to 3 quarter turns."""
_LEFT_TO_RIGHT, _TOP_TO_BOTTOM = 2, 4


def _turned_need(_size: Size, /, angle: float, **_options: Any) -> Size | None:
    return None if angle % 90 else (0, 0)


def _in_quarters(_size: Size, /, angle: float, **_options: Any) -> bool:
    return not angle % 90


def _swaps(angle: float, **_options: Any) -> bool:
    return _quarters(angle) % 2 == 1


def _quarters(angle: float) -> int:
    return int(angle % 360 // 90)


@filter(alpha="straight", least_size=_turned_need, swaps=_swaps, as_stored=_in_quarters, check=check_colours)
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
    if angle % 90:
        frames = tuple(turning.turn(frame, angle, background) for frame in picture.frames)
        return replace(picture, frames=frames, size=frame_size(frames[0]))
    return turn(picture, _CLOCKWISE[_quarters(angle)])


@filter(alpha="straight", least_size=any_size, as_stored=always)
def flip(picture: Picture) -> Picture:
    """Mirror the picture top to bottom, exactly; all frames. It has no options and no errors.

    >>> from imgpipe.filters import parse
    >>> parse("flip")
    Operation('flip')
    """
    return turn(picture, _TOP_TO_BOTTOM)


@filter(alpha="straight", least_size=any_size, as_stored=always)
def flop(picture: Picture) -> Picture:
    """Mirror the picture left to right, exactly; all frames. It has no options and no errors.

    >>> from imgpipe.filters import parse
    >>> parse("flop")
    Operation('flop')
    """
    return turn(picture, _LEFT_TO_RIGHT)
