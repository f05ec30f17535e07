import struct
from io import BytesIO

import pytest
from PIL import Image

from imgpipe.codecs.exif import orientation_of, prefixed, without_orientation

from .pictures import exif_block, gradient, saved


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
