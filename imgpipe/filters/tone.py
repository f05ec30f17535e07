"""Brightness, contrast, gamma, exposure, levels, curves: each sample by itself, by a look-up table."""

from itertools import combinations
from typing import TYPE_CHECKING, Annotated, Any, Literal

from imgpipe.errors import RecipeError
from imgpipe.filters.monotone import Point, interpolate, parse_points
from imgpipe.filters.option import Range
from imgpipe.filters.registry import filter
from imgpipe.filters.srgb import to_levels, to_light
from imgpipe.picture import Size

if TYPE_CHECKING:
    import numpy.typing as npt


Factor = Annotated[float, Range(0, 10)]
Level = Annotated[float, Range(0, 255, "levels of 255")]
Power = Annotated[float, Range(0.1, 10)]

_STRAIGHT = "0,0 255,255"
_GENTLE = 0.2
"""Of white: how far what a step makes of the mean of two levels may be from the mean of what it makes of them, for
pictures to be decoded at a reduced scale. Beyond it small text of a scan would fade, in JPEG alone."""
_MOST_POINTS = 20
"""Of a curve that are looked at; all say little more, and take long."""


def _least_size(bend: float) -> Size | None:
    """The `least_size` of a step of which the mean may be so far off: photographs are rarely bent as much."""
    return None if bend > _GENTLE else (0, 0)


def _least_size_of_brightness(_size: Size, /, factor: float = 1.0) -> Size | None:
    return _least_size(1 - 1 / max(1, factor))


def _least_size_of_contrast(_size: Size, /, factor: float = 1.0) -> Size | None:
    return _least_size((factor - 1) / (factor + 1))


@filter(pointwise=True, least_size=_least_size_of_brightness)
def brightness(levels: "npt.NDArray[Any]", factor: Factor = 1.0) -> "npt.NDArray[Any]":
    """Make the picture lighter or darker: each sample is multiplied.

    Pillow's `ImageEnhance.Brightness` within one level. Alpha is not touched. `exposure` does it in linear light,
    as a camera would.

        >>> from imgpipe.filters import parse
        >>> parse("brightness:1.2")
        Operation('brightness:factor=1.2')

    Args:
        levels: bands x levels, 0 to 1.
        factor: 0 to 10. 0 is black, 1 changes nothing, 2 is twice as light; what exceeds white is clipped.

    Errors: CMYK pictures fail; leave out `--no-srgb`.
    """
    return levels * factor


@filter(pointwise=True, least_size=_least_size_of_contrast)
def contrast(levels: "npt.NDArray[Any]", factor: Factor = 1.0) -> "npt.NDArray[Any]":
    """Strengthen or weaken the contrast: each sample's distance from mid-grey is multiplied.

    Mid-grey is the middle of the range (127.5 of 255), so the result does not depend on what else is in the
    picture; Pillow's `ImageEnhance.Contrast` turns about the picture's mean grey instead. Alpha is not touched.

        >>> from imgpipe.filters import parse
        >>> parse("contrast:1.5")
        Operation('contrast:factor=1.5')

    Args:
        levels: bands x levels, 0 to 1.
        factor: 0 to 10. 0 is uniform mid-grey, 1 changes nothing, 10 leaves little but black and white.

    Errors: CMYK pictures fail; leave out `--no-srgb`.
    """
    return 0.5 + (levels - 0.5) * factor


@filter(pointwise=True)
def gamma(levels: "npt.NDArray[Any]", gamma: Power = 1.0) -> "npt.NDArray[Any]":
    """Lighten or darken the middle tones; black and white stay.

    Each sample v of 0 to 1 becomes v^(1 / gamma), as ImageMagick's `-gamma` has it. Alpha is not touched.

        >>> from imgpipe.filters import parse
        >>> parse("gamma:1.4")
        Operation('gamma:gamma=1.4')

    Args:
        levels: bands x levels, 0 to 1.
        gamma: 0.1 to 10. Above 1 is lighter, 1 changes nothing, below 1 darker.

    Errors: CMYK pictures fail; leave out `--no-srgb`.
    """
    return levels ** (1 / gamma)


@filter(pointwise=True)
def exposure(levels: "npt.NDArray[Any]", stops: Annotated[float, Range(-10, 10, "stops")] = 0.0) -> "npt.NDArray[Any]":
    """Expose longer or shorter, as a camera would: the light is multiplied.

    The sample's light, by the curve of sRGB (IEC 61966-2-1), is multiplied by 2^stops and encoded again. What
    exceeds white is clipped. Alpha is not touched.

        >>> from imgpipe.filters import parse
        >>> parse("exposure:-0.5")
        Operation('exposure:stops=-0.5')

    Args:
        levels: bands x levels, 0 to 1.
        stops: -10 to 10. 1 is twice the light, -1 half of it, 0 changes nothing.

    Errors: CMYK pictures fail; leave out `--no-srgb`.
    """
    return to_levels(to_light(levels) * 2.0**stops)


def _check_levels(black: float = 0.0, white: float = 255.0, **_options: float) -> None:
    if black >= white:
        raise RecipeError(f"filter levels: black={black:.10g} must be below white={white:.10g}")


def _least_size_of_levels(_size: Size, /, black: float = 0.0, white: float = 255.0, **options: float) -> Size | None:
    height = abs(options.get("out_white", 255.0) - options.get("out_black", 0.0)) / 255
    return _least_size(max(black / white, (255 - white) / (255 - black)) * height)


@filter(pointwise=True, least_size=_least_size_of_levels, check=_check_levels)
def levels(
    levels: "npt.NDArray[Any]",
    black: Level = 0.0,
    white: Level = 255.0,
    gamma: Power = 1.0,
    out_black: Level = 0.0,
    out_white: Level = 255.0,
) -> "npt.NDArray[Any]":
    """Set black point, white point and middle tones, and where black and white come to lie.

    Each sample becomes out_black + (out_white - out_black) * ((v - black) / (white - black))^(1 / gamma), clipped
    between black and white first: the levels of image editors, and ImageMagick's `-level` and `+level`. Alpha is
    not touched.

        >>> from imgpipe.filters import parse
        >>> parse("levels:black=12,white=240,gamma=1.2")
        Operation('levels:black=12,white=240,gamma=1.2')

    Args:
        levels: bands x levels, 0 to 1.
        black: 0 to 255, whatever the depth; this and what is darker becomes out_black.
        white: 0 to 255, above black; this and what is lighter becomes out_white.
        gamma: 0.1 to 10; above 1 lightens the middle tones.
        out_black: 0 to 255; above 0 lifts the shadows.
        out_white: 0 to 255; below out_black the picture is inverted.

    Errors: CMYK pictures fail; leave out `--no-srgb`.
    """
    stretched = ((levels * 255 - black) / (white - black)).clip(0, 1) ** (1 / gamma)
    return (out_black + (out_white - out_black) * stretched) / 255


def _check_curves(points: str = _STRAIGHT, **_options: str) -> None:
    parse_points(points)


def _least_size_of_curves(_size: Size, /, points: str = _STRAIGHT, **_options: str) -> Size | None:
    given = parse_points(points)
    ends = [(0.0, given[0][1])] * (given[0][0] > 0), [(255.0, given[-1][1])] * (given[-1][0] < 255)
    curve = [*ends[0], *given[:: len(given) // _MOST_POINTS + 1], *ends[1]]
    return _least_size(max((abs(_off(*three)) for three in combinations(curve, 3)), default=0) / 255)


def _off(first: Point, middle: Point, last: Point) -> float:
    """How far a point of a curve is from the straight line between two others."""
    share = (middle[0] - first[0]) / (last[0] - first[0])
    return middle[1] - (first[1] + (last[1] - first[1]) * share)


@filter(pointwise=True, least_size=_least_size_of_curves, check=_check_curves)
def curves(
    levels: "npt.NDArray[Any]", points: str = _STRAIGHT, channel: Literal["all", "red", "green", "blue"] = "all"
) -> "npt.NDArray[Any]":
    """Draw a tone curve through points.

    Between the points runs a cubic that never overshoots them, so that rising points give a rising curve
    (Fritsch and Carlson, Monotone Piecewise Cubic Interpolation, SIAM J. Numer. Anal. 17, 1980); before the first and
    after the last it is level. Alpha is not touched.

        >>> from imgpipe.filters import parse
        >>> parse('curves:points="0,0 64,48 192,208 255,255"').arguments
        {'points': '0,0 64,48 192,208 255,255'}

    Args:
        levels: bands x levels, 0 to 1.
        points: pairs "from,to" separated by spaces, at least two, from the darkest on; both 0 to 255 whatever the
            depth. In a recipe they stand in double quotes, because of the commas.
        channel: which band: all, red, green or blue. Of the last three, grey pictures have none and stay as they are.

    Errors: CMYK pictures fail; leave out `--no-srgb`.
    """
    import numpy as np

    curve = interpolate(parse_points(points), levels[0] * 255) / 255
    if channel == "all":
        return np.broadcast_to(curve, levels.shape)
    changed = levels.copy()
    if len(changed) == 3:
        changed[("red", "green", "blue").index(channel)] = curve
    return changed
