"""What a reduced scale leaves of a px at the far edge is where it belongs after every turn: nothing is shifted."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from imgpipe import codecs
from imgpipe.codecs import Limits
from imgpipe.recipe import Recipe
from tests.codecs.pictures import exif_block, saved

SIZES = [(489, 401), (481, 408), (488, 395), (487, 407)]
"""px: one more than a multiple of 8 leaves the smallest part of a px, one less nearly all of it."""
TOLERANCE = 0.7
"""Of 255, in the mean: a shift by half a px of the reduced frame makes 1.5 and more, none 0.5."""


def waves(size):
    """A JPEG whose colours change fast, each in one direction, so that a shift of a third of a px tells."""
    x, y = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    bands = [128 + 100 * np.sin(x / 20), 128 + 100 * np.sin(y / 20), 128 + 60 * np.sin((x + y) / 30)]
    return Image.fromarray(np.stack(bands, axis=2).astype(np.uint8))


def photo(size, orientation):
    return saved(waves(size), "JPEG", quality=100, subsampling=0, exif=exif_block(orientation))


def made(data, *steps):
    return np.asarray(Image.open(BytesIO(Recipe(list(steps), format="png").apply(data)))).astype(float)


def reduction(data, steps):
    """By how much the recipe's picture is decoded smaller, and whether that is so at all."""
    from imgpipe.filters import least_size, parse

    header = codecs.probe(data, Limits())
    need = least_size([parse(step) for step in steps], header.size)
    width = codecs.decode(data, header, need).frames[0].width
    stored = Image.open(BytesIO(data)).width
    return round(stored / width)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("length", "scale"), [(130, 2), (60, 4), (30, 8)])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_by_exif(size, length, scale, orientation):
    check(photo(size, orientation), [f"resize:short_edge={length}"], scale)


@pytest.mark.parametrize("orientation", [1, 6, 7])
@pytest.mark.parametrize(
    "turns",
    [
        ["flip"],
        ["flop"],
        ["rotate:90"],
        ["rotate:180"],
        ["rotate:270"],
        ["rotate:90", "flop"],
        ["flip", "flip"],
        ["flop", "vignette:0"],
        ["rotate:90", "vignette:0", "flip"],
    ],
)
def test_by_filters_and_exif_together(turns, orientation):
    check(photo(SIZES[0], orientation), [*turns, "resize:short_edge=60"], 4)


def check(data, steps, scale):
    assert reduction(data, steps) == scale
    # A crop asks for every pixel, and here takes nothing away.
    difference = made(data, *steps) - made(data, "crop:left=0", *steps)
    # Within the picture: the kernel's overhang at the very edge is another matter.
    inner = difference[3:-3, 3:-3]
    assert np.abs(inner).mean() < TOLERANCE, f"mean {np.abs(inner).mean():.2f}, most {np.abs(inner).max()}"
