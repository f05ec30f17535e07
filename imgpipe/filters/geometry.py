"""Turning and mirroring."""

from dataclasses import replace
from typing import Annotated, Any

from imgpipe.filters import turning
from imgpipe.filters.colour import check_colours
from imgpipe.filters.frames import map_frames
from imgpipe.filters.option import Range
from imgpipe.filters.registry import any_size, filter
from imgpipe.picture import Picture, Size, frame_size


def _turned_need(_size: Size, /, angle: float, **_options: Any) -> Size | None:
    return None if angle % 90 else (0, 0)


def _swaps(angle: float, **_options: Any) -> bool:
    return _quarters(angle) % 2 == 1


def _quarters(angle: float) -> int:
    return int(angle % 360 // 90)


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
    size, mirrored = picture.size, picture.mirrored
    for _ in range(_quarters(angle)):
        # The lower edge comes to the left, and the left one up.
        size, mirrored = size[::-1], (not mirrored[1], mirrored[0])
    turned = map_frames(picture, lambda frame: turning.quarter_turns(frame, _quarters(angle)))
    return replace(turned, size=size, mirrored=mirrored)


@filter(alpha="straight", least_size=any_size)
def flip(picture: Picture) -> Picture:
    """Mirror the picture top to bottom, exactly; all frames. It has no options and no errors.

    >>> from imgpipe.filters import parse
    >>> parse("flip")
    Operation('flip')
    """
    across, down = picture.mirrored
    return replace(map_frames(picture, turning.flipped), mirrored=(across, not down))


@filter(alpha="straight", least_size=any_size)
def flop(picture: Picture) -> Picture:
    """Mirror the picture left to right, exactly; all frames. It has no options and no errors.

    >>> from imgpipe.filters import parse
    >>> parse("flop")
    Operation('flop')
    """
    across, down = picture.mirrored
    return replace(map_frames(picture, turning.flopped), mirrored=(not across, down))
