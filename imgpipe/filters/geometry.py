"""Turning and mirroring."""

from dataclasses import replace
from typing import Annotated, Any

from imgpipe.filters import turning
from imgpipe.filters.colour import check_colours
from imgpipe.filters.frames import map_frames
from imgpipe.filters.option import Range
from imgpipe.filters.registry import filter
from imgpipe.picture import Picture, Size, frame_size

_REDUCTION = 8
"""The most that decoding may reduce by. A reduced frame's last column or row may stand for a part of a px where the
edge is no multiple of this, and mirrors would take that part to where nobody expects it."""


def _whole(*edges: int) -> Size | None:
    """The least size of mirrors and quarter turns that take these edges, px, to the other side."""
    return None if any(edge % _REDUCTION for edge in edges) else (0, 0)


def _turned_need(size: Size, /, angle: float, **_options: Any) -> Size | None:
    if angle % 90:
        return None
    # Clockwise, the lower edge comes to the left, after a half turn the right one too.
    return _whole(*((), size[1:], size, size[:1])[_quarters(angle)])


def _swaps(angle: float, **_options: Any) -> bool:
    return _quarters(angle) % 2 == 1


def _quarters(angle: float) -> int:
    return int(angle % 360 // 90)


def _flipped_need(size: Size, /) -> Size | None:
    return _whole(size[1])


def _flopped_need(size: Size, /) -> Size | None:
    return _whole(size[0])


@filter(alpha="straight", least_size=_turned_need, swaps=_swaps, check=check_colours)
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
    size = picture.size[::-1] if _swaps(angle) else picture.size
    return replace(map_frames(picture, lambda frame: turning.quarter_turns(frame, _quarters(angle))), size=size)


@filter(alpha="straight", least_size=_flipped_need)
def flip(picture: Picture) -> Picture:
    """Mirror the picture top to bottom, exactly; all frames. It has no options and no errors.

    >>> from imgpipe.filters import parse
    >>> parse("flip")
    Operation('flip')
    """
    return map_frames(picture, turning.flipped)


@filter(alpha="straight", least_size=_flopped_need)
def flop(picture: Picture) -> Picture:
    """Mirror the picture left to right, exactly; all frames. It has no options and no errors.

    >>> from imgpipe.filters import parse
    >>> parse("flop")
    Operation('flop')
    """
    return map_frames(picture, turning.flopped)
