"""Colours made stronger, paler, other, or none."""

import math
from typing import Annotated, Any

from imgpipe.errors import RecipeError
from imgpipe.filters.colour import check_colours, parse_colour
from imgpipe.filters.frames import bands, from_array, join_alpha, map_frames, split_alpha, to_array
from imgpipe.filters.mixing import LUMA, Matrix, recombined, without_colour
from imgpipe.filters.option import Range
from imgpipe.filters.registry import filter
from imgpipe.filters.strips import strips
from imgpipe.filters.toning import toned
from imgpipe.filters.traits import any_size
from imgpipe.picture import Frame, Picture

Strength = Annotated[float, Range(0, 1)]

_LARGEST = (100, 100, 100, 25500)  # weights of red, green and blue, and a constant
_UNMIXED = "1,0,0;0,1,0;0,0,1"
_IDENTITY = ((1.0, 0.0, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0))


@filter(least_size=any_size)
def grayscale(picture: Picture) -> Picture:
    """Turn colours to grey; the picture then has one colour band.

    Luma of ITU-R BT.601, 0.299 red + 0.587 green + 0.114 blue, rounded to the nearest level, as Pillow's
    conversion to "L" does it. Grey pictures stay as they are, alpha too, 16 bits a sample too. No options.

        >>> from imgpipe.filters import parse
        >>> parse("grayscale")
        Operation('grayscale')

    Errors: CMYK pictures fail; leave out `--no-srgb`.
    """
    return map_frames(picture, without_colour)


@filter(least_size=any_size)
def saturation(picture: Picture, factor: Annotated[float, Range(0, 10)] = 1.0) -> Picture:
    """Make colours stronger or paler: each colour's distance from its own grey is multiplied.

    Grey is the luma of ITU-R BT.601; Pillow's `ImageEnhance.Color` within one level. Grey pictures stay as
    they are. Alpha is not touched.

        >>> from imgpipe.filters import parse
        >>> parse("saturation:0.5")
        Operation('saturation:factor=0.5')

    Args:
        picture: the picture.
        factor: 0 to 10. 0 is grey (in three bands), 1 changes nothing, 2 doubles the distance.

    Errors: CMYK pictures fail; leave out `--no-srgb`.
    """
    grey = [weight * (1 - factor) for weight in LUMA]
    rows = [(*(weight + factor * (row == band) for band, weight in enumerate(grey)), 0.0) for row in range(3)]
    return _mixed(picture, rows) if factor != 1 else picture


@filter(least_size=any_size)
def hue(picture: Picture, angle: Annotated[float, Range(-360, 360, "degrees")] = 0.0) -> Picture:
    """Turn all colours around the colour circle: red to green to blue and on to red.

    The rotation about the grey axis that keeps luma, `hue-rotate` of CSS (W3C Filter Effects Module Level 1,
    feColorMatrix hueRotate). Colours that the turned one would have to be too strong for are clipped. Grey pictures
    stay as they are. Alpha is not touched.

        >>> from imgpipe.filters import parse
        >>> parse("hue:90")
        Operation('hue:angle=90')

    Args:
        picture: the picture.
        angle: -360 to 360 degrees. 0 changes nothing, 180 gives the complementary colours.

    Errors: CMYK pictures fail; leave out `--no-srgb`.
    """
    return _mixed(picture, _hue_matrix(math.radians(angle))) if angle % 360 else picture


@filter(least_size=any_size)
def vibrance(picture: Picture, amount: Annotated[float, Range(-1, 1)] = 0.0) -> Picture:
    """Make pale colours stronger and spare strong ones, skin among them.

    `saturation` by the factor 1 + amount * (1 - chroma), where chroma is the difference of a pixel's largest and
    smallest sample, 0 to 1. Grey pictures stay as they are. Alpha is not touched.

        >>> from imgpipe.filters import parse
        >>> parse("vibrance:0.4")
        Operation('vibrance:amount=0.4')

    Args:
        picture: the picture.
        amount: -1 to 1. 0 changes nothing, 1 nearly doubles pale colours, -1 takes them away.

    Errors: CMYK pictures fail; leave out `--no-srgb`.
    """
    return map_frames(picture, lambda frame: _vibrant(frame, amount)) if amount else picture


@filter(least_size=any_size)
def sepia(picture: Picture, strength: Strength = 1.0) -> Picture:
    """Tone the picture brown, like an old print.

    The matrix of CSS's `sepia` (W3C Filter Effects Module Level 1). Grey pictures become RGB. Alpha is not touched.

        >>> from imgpipe.filters import parse
        >>> parse("sepia:0.7")
        Operation('sepia:strength=0.7')

    Args:
        picture: the picture.
        strength: 0 to 1. 0 changes nothing, 1 is brown alone.

    Errors: CMYK pictures fail; leave out `--no-srgb`.
    """
    if not strength:
        return picture
    brown = ((0.393, 0.769, 0.189, 0.0), (0.349, 0.686, 0.168, 0.0), (0.272, 0.534, 0.131, 0.0))
    matrix = [
        [strength * new + (1 - strength) * old for new, old in zip(*rows, strict=True)]
        for rows in zip(brown, _IDENTITY, strict=True)
    ]
    return map_frames(picture, lambda frame: recombined(frame, matrix))


def _check_tint(colour: str, **_options: float) -> None:
    check_colours(colour=colour)
    if parse_colour(colour)[3] < 255:
        raise RecipeError(f"filter tint: colour={colour} must be opaque; for less of it give a strength below 1")


@filter(least_size=any_size, check=_check_tint)
def tint(picture: Picture, colour: str, strength: Strength = 0.5) -> Picture:
    """Tone the picture with a colour: black stays black, white stays white, and between runs the colour.

    Each pixel moves towards the colour on the way from black over the given colour to white that has its own luma
    (ITU-R BT.601), so lightness stays and nothing is clipped. Grey pictures become RGB. Alpha is not touched.

        >>> from imgpipe.filters import parse
        >>> parse("tint:teal,strength=0.3")
        Operation('tint:colour=teal,strength=0.3')

    Args:
        picture: the picture.
        colour: `#rgb`, `#rrggbb` or a name such as teal.
        strength: 0 to 1. 0 changes nothing, 1 leaves no other hue.

    Errors: CMYK pictures fail; leave out `--no-srgb`.
    """
    target = parse_colour(colour)[:3]
    return map_frames(picture, lambda frame: toned(frame, target, strength)) if strength else picture


def _check_matrix(rows: str = _UNMIXED) -> None:
    _parse_matrix(rows)


@filter(least_size=any_size, check=_check_matrix)
def matrix(picture: Picture, rows: str = _UNMIXED) -> Picture:
    """Mix the colour bands by a matrix of one's own.

    new red = a * red + b * green + c * blue + d for the first row "a,b,c,d", green and blue likewise; rounded and
    clipped. Grey pictures become RGB. Alpha is not touched. ImageMagick's `-color-matrix`, sharp's `recomb`.

        >>> from imgpipe.filters import parse
        >>> parse('matrix:"0,0,1;0,1,0;1,0,0"').arguments
        {'rows': '0,0,1;0,1,0;1,0,0'}

    Args:
        picture: the picture.
        rows: three rows for red, green and blue, separated by semicolons, each with three weights of -100 to 100 and
            if wanted a constant in levels of 255, -25500 to 25500. In a recipe they stand in double quotes.

    Errors: CMYK pictures fail; leave out `--no-srgb`.
    """
    weights = _parse_matrix(rows)
    return picture if weights == _IDENTITY else map_frames(picture, lambda frame: recombined(frame, weights))


def _parse_matrix(text: str) -> Matrix:
    wrong = RecipeError(f'filter matrix: cannot read rows={text!r}; write "1,0,0;0,1,0;0,0,1", three or four a row')
    try:
        rows = tuple(tuple(map(float, row.split(","))) for row in text.split(";"))
    except ValueError:
        raise wrong from None
    if len(rows) != 3 or any(len(row) not in (3, 4) for row in rows):
        raise wrong
    whole = tuple((*row, 0.0)[:4] for row in rows)
    # Asked so that what is no number is refused too.
    if not all(abs(weight) <= most for row in whole for weight, most in zip(row, _LARGEST, strict=True)):
        raise RecipeError(
            f"filter matrix: rows={text!r} is out of range; weights go from -100 to 100, constants from -25500 to 25500"
        )
    return whole


def _mixed(picture: Picture, matrix: Matrix) -> Picture:
    """The picture with its colours multiplied by a matrix that leaves grey as it is."""
    return map_frames(picture, lambda frame: recombined(frame, matrix) if bands(frame) > 2 else frame)


def _hue_matrix(angle: float) -> Matrix:
    # The specification's own rounded weights.
    cosine, sine = math.cos(angle), math.sin(angle)
    red, green, blue = 0.213, 0.715, 0.072
    grey = (red, green, blue)
    along = ((1 - red, -green, -blue), (-red, 1 - green, -blue), (-red, -green, 1 - blue))
    across = ((-red, -green, 1 - blue), (0.143, 0.140, -0.283), (red - 1, green, blue))
    return [
        (*(grey[band] + cosine * along[row][band] + sine * across[row][band] for band in range(3)), 0.0)
        for row in range(3)
    ]


def _vibrant(frame: Frame, amount: float) -> Frame:
    import numpy as np

    if bands(frame) < 3:
        return frame
    colour, alpha = split_alpha(frame)
    pixels = to_array(colour)
    most: Any = np.iinfo(pixels.dtype).max
    result = np.empty_like(pixels)
    for rows in strips(pixels):
        # Band by band: numpy is slow along an axis of three.
        red, green, blue = planes = np.moveaxis(pixels[rows], 2, 0).astype(np.float32, order="C")
        chroma = np.maximum(np.maximum(red, green), blue) - np.minimum(np.minimum(red, green), blue)
        factor = 1 + amount * (1 - chroma / most)
        grey = LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue
        for band, plane in enumerate(planes):
            result[rows, :, band] = np.clip(np.rint(grey + (plane - grey) * factor), 0, most)
    return join_alpha(from_array(result, like=colour), alpha)
