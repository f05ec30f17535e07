import struct
from io import BytesIO

import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from imgpipe.codecs.exif import orientation_of, prefixed, resolution_of, without_orientation
from imgpipe.metadata import Metadata
from imgpipe.recipe import Recipe

from .pictures import exif_block, gradient, read, saved


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_is_read(orientation, order):
    assert orientation_of(exif_block(orientation, order)) == orientation


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_an_orientation_that_means_nothing_is_upright(value):
    assert orientation_of(exif_block(value)) == 1


@pytest.mark.parametrize("order", ["<", ">"])
def test_only_the_orientation_is_taken_out(order):
    block = exif_block(6, order)
    rest = without_orientation(block)
    assert orientation_of(rest) == 1
    assert len(rest) == len(block)
    assert struct.unpack_from(order + "H", rest, 14) == (2,)
    tags = Image.open(BytesIO(saved(gradient(), "JPEG", exif=rest))).getexif()
    assert dict(tags) == {0x010F: "Imgpipe Camera", 0x8298: "(c) somebody"}


def test_a_block_with_nothing_else_is_gone():
    tags = Image.Exif()
    tags[0x0112] = 3
    assert without_orientation(tags.tobytes()) is None


def test_a_block_without_orientation_is_left_as_it_is():
    block = without_orientation(exif_block(6))
    assert without_orientation(block) is block
    assert without_orientation(None) is None


def test_a_truncated_block_never_raises():
    whole = exif_block(6)
    for cut in range(len(whole)):
        assert orientation_of(whole[:cut]) in (1, 6), cut
        without_orientation(whole[:cut])


@pytest.mark.parametrize("value", [0, 0x7F, 0xFF])
def test_a_hostile_block_never_raises(value):
    for offset in range(6, 60):
        block = bytearray(exif_block(6))
        block[offset] = value
        assert 1 <= orientation_of(bytes(block)) <= 8, offset
        without_orientation(bytes(block))


def test_the_prefix_is_added_once():
    raw = b"II*\0" + struct.pack("<L", 8)
    assert prefixed(raw) == prefixed(prefixed(raw)) == b"Exif\0\0" + raw
    assert prefixed(b"") is prefixed(None) is None


def resolution_block(across=300, down=200, unit=2, orientation=1):
    tags = Image.Exif()
    given = {0x0112: orientation, 0x011A: across, 0x011B: down, 0x0128: unit, 0x8298: "(c) somebody"}
    for tag, value in given.items():
        if value is not None:
            tags[tag] = value
    return tags.tobytes()


@pytest.mark.parametrize(
    ("across", "down", "unit", "dpi"),
    [
        (300, 200, 2, (300, 200)),
        (300, 200, None, (300, 200)),
        (100, 50, 3, (254, 127)),
        (300, 200, 1, None),
        (300, None, 2, None),
        (300, IFDRational(1, 0), 2, None),
        (0, 0, 2, None),
    ],
    ids=["inch", "inch by default", "cm", "no unit", "across alone", "divided by nothing", "nothing"],
)
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_a_resolution_that_only_exif_says_is_that_of_the_picture(format, across, down, unit, dpi):
    assert read(saved(gradient(), format, exif=resolution_block(across, down, unit))).dpi == dpi


@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_what_a_jpeg_or_png_itself_says_of_its_resolution_counts(format):
    picture = read(saved(gradient(), format, exif=resolution_block(), dpi=(72, 96)))
    assert picture.dpi == pytest.approx((72, 96), abs=0.02)


@pytest.mark.parametrize("format", ["jpeg", "webp"])
@pytest.mark.parametrize(("orientation", "filters"), [(6, []), (1, ["rotate:90"]), (3, ["rotate:270", "resize:30x30"])])
def test_across_and_down_change_places_in_exif_that_is_kept(format, orientation, filters):
    data = saved(gradient(), "JPEG", exif=resolution_block(orientation=orientation))
    recipe = Recipe(filters, format=format, metadata=Metadata(keep=("exif",)))
    assert resolution_of(read(recipe.apply(data)).exif) == (200, 300)


def test_a_resolution_in_exif_that_was_another_from_the_start_stays():
    data = saved(gradient(), "JPEG", exif=resolution_block(), dpi=(72, 72))
    recipe = Recipe(["rotate:90"], metadata=Metadata(keep=("exif",)))
    back = read(recipe.apply(data))
    assert (back.dpi, resolution_of(back.exif)) == ((72, 72), (300, 200))


def test_a_block_whose_resolution_is_cut_off_says_none():
    block = prefixed(resolution_block())
    for length in range(len(block)):
        assert resolution_of(block[:length]) in (None, (300, 200))
