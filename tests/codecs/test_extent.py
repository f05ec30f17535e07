"""What a file says of its size is read as Pillow reads it, and nothing that is broken does harm."""

import io
import random
import struct

import numpy as np
import pytest
from PIL import Image, ImageSequence, features

from imgpipe.codecs import encode
from imgpipe.codecs.codec import Encoding
from imgpipe.codecs.extent import extent_of
from imgpipe.picture import Picture

from .raws import dng, flat

SIZE = (37, 23)


def encoded(format, size=SIZE, mode="RGB", **options):
    file = io.BytesIO()
    Image.new(mode, size, 1).save(file, format, **options)
    return file.getvalue()


def box(kind, content):
    return struct.pack(">I", 8 + len(content)) + kind + content


def animated(format, count, **options):
    frames = [Image.new("RGB", SIZE, (number, 9, 9)) for number in range(count)]
    file = io.BytesIO()
    frames[0].save(file, format, save_all=True, append_images=frames[1:], **options)
    return file.getvalue()


def coloured_gif():
    image = Image.new("P", SIZE)
    image.putpalette([9, 9, 9, 9, 9, 10])
    image.putpixel((3, 3), 1)
    file = io.BytesIO()
    image.save(file, "GIF")
    return file.getvalue()


STILLS = {
    "jpeg": encoded("JPEG"),
    "progressive jpeg": encoded("JPEG", progressive=True),
    "jpeg with much before its size": encoded("JPEG", exif=b"Exif\0\0" + bytes(60_000), comment=b"\xff\xc0" * 100),
    "grey jpeg": encoded("JPEG", mode="L"),
    "png": encoded("PNG"),
    "grey png": encoded("PNG", mode="L"),
    "deep png": encoded("PNG", mode="I;16"),
    "gif": coloured_gif(),
    "gif with a clear grey": encoded("GIF", mode="P", transparency=1),
    "grey gif": encoded("GIF", mode="P"),
    "grey gif with a delay": encoded("GIF", mode="P", duration=100),
    "webp": encoded("WEBP"),
    "lossless webp": encoded("WEBP", lossless=True),
    "webp with alpha": encoded("WEBP", mode="RGBA"),
    "webp with profile": encoded("WEBP", icc_profile=b"x" * 1001),
    "bmp": encoded("BMP"),
    "tiff": encoded("TIFF"),
    "deflated tiff": encoded("TIFF", compression="tiff_adobe_deflate"),
    "grey tiff": encoded("TIFF", mode="1", compression="group4"),
    "deep tiff": encoded("TIFF", mode="I;16"),
    "large tiff": encoded("TIFF", big_tiff=True),
}


def view(data):
    """As it lies in memory that others have."""
    return memoryview(bytearray(data))


@pytest.mark.parametrize("held", [bytes, view])
@pytest.mark.parametrize("name", STILLS)
def test_of_a_still_is_what_pillow_says(name, held):
    extent = extent_of(held(STILLS[name]))
    assert extent.size == Image.open(io.BytesIO(STILLS[name])).size == SIZE
    assert extent.pixels == SIZE[0] * SIZE[1]
    assert extent.kind in name
    assert extent.progressive == ("progressive" in name)
    assert extent.grey == name.startswith("grey")


@pytest.mark.parametrize("local", [True, False])
def test_of_a_gif_whose_frame_has_a_colour_table_of_its_own_is_not_grey(local):
    greys, colours = bytes([0, 0, 0, 9, 9, 9]), bytes([200, 9, 9, 0, 0, 0])
    size = struct.pack("<HH", *SIZE)
    head = b"GIF89a" + size + bytes([0x80, 0, 0]) + greys
    image = b"," + bytes(4) + size + (b"\x80" + colours if local else b"\0") + b"\x02\x02\x44\x01\0"
    assert extent_of(head + image + b";").grey != local


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("kind", "code"), [(3, "HH"), (4, "I")])
def test_of_a_tiff_in_either_byte_order_and_with_either_kind_of_number(order, kind, code):
    values = [struct.pack(order + code, *((side, 0) if kind == 3 else (side,))) for side in SIZE]
    entries = b"".join(
        struct.pack(order + "HHI", tag, kind, 1) + value for tag, value in zip((256, 257), values, strict=True)
    )
    head = b"II*\0" if order == "<" else b"MM\0*"
    data = head + struct.pack(order + "IH", 8, 2) + entries + struct.pack(order + "I", 0)
    assert extent_of(data).size == SIZE
    assert extent_of(data).grey


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")
@pytest.mark.parametrize("gap", [0, 1, 16_370, 16_384, 32_753, 50_000])
def test_of_what_stands_across_pieces_of_a_view_is_found(gap):
    """As where there is much between the boxes, or before the size of a JPEG."""
    size = b"ispe" + struct.pack(">III", 0, 40, 30)
    boxes = box(b"ftyp", b"avif") + box(b"free", bytes(gap)) + box(b"meta", bytes(gap) + size)
    jpeg = (
        b"\xff\xd8\xff\xfe" + struct.pack(">H", 2) + bytes(gap) + b"\xff\xc0" + struct.pack(">HBHHB", 17, 8, 30, 40, 3)
    )
    for data in (boxes, jpeg):
        assert extent_of(view(data)) == extent_of(data)
        assert extent_of(data).size == (40, 30)


def test_of_an_avif():
    assert extent_of(encoded("AVIF", speed=10)).size == SIZE


def test_of_an_avif_nothing_counts_that_came_by_chance_among_its_pixels():
    data = encoded("AVIF", speed=10)
    assert extent_of(data + box(b"mdat", b"ispe" + b"\x7f" * 12 + b"stsz" + b"\x7f" * 12)) == extent_of(data)


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG"])
def test_of_an_animation_counts_its_frames(format):
    data = animated(format, 7, **({"default_image": True} if format == "PNG" else {}))
    frames = len(list(ImageSequence.Iterator(Image.open(io.BytesIO(data)))))
    assert extent_of(data).size == SIZE
    assert extent_of(data).pixels >= frames * SIZE[0] * SIZE[1]


def test_of_pages_counts_each_with_its_own_size():
    file = io.BytesIO()
    Image.new("L", (10, 10)).save(
        file, "TIFF", save_all=True, append_images=[Image.new("L", (100, 7)), Image.new("L", (3, 3))]
    )
    extent = extent_of(file.getvalue())
    assert (extent.size, extent.pixels) == ((100, 7), 100 + 700 + 9)


def test_of_pages_that_go_round_in_a_circle_comes_to_an_end():
    data = b"II*\0" + struct.pack("<IHHHIIHHIIII", 8, 2, 256, 4, 1, 5, 257, 4, 1, 5, 8, 0)[:-4]
    assert extent_of(data).size == (5, 5)


def test_of_a_raw_is_that_of_the_sensor_not_of_its_thumbnail():
    extent = extent_of(dng(flat(0.1, 0.1, 0.1), thumbnail=True))
    assert (extent.kind, extent.size, extent.pixels) == ("raw", (64, 48), 3072)


@pytest.mark.parametrize(
    "data", [b"", b"x", b"RIFF1234WEBPALPH", b"\xff\xd8\xff", b"\xff\xd8\xff\xda1234567", bytes(100)]
)
def test_of_what_tells_nothing_is_none(data):
    assert extent_of(data) is None


@pytest.mark.parametrize("name", STILLS)
def test_of_anything_damaged_raises_nothing(name):
    data = STILLS[name]
    chance = random.Random(1)
    for end in range(len(data) if len(data) < 5000 else 500):
        assert extent_of(data[:end]) == extent_of(view(data[:end]))
    for _ in range(300):
        broken = bytearray(data)
        for _ in range(chance.randrange(1, 9)):
            broken[chance.randrange(len(broken) if len(broken) < 5000 else 500)] = chance.randrange(256)
        assert extent_of(bytes(broken)) == extent_of(view(broken))


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8" + b"\xff" * 20_000_000,
        b"\xff\xd8\xff" + bytes(20_000_000),
        b"\x89PNG\r\n\x1a\n" + bytes(25) + b"\0\0\0\0tEXt\0\0\0\0" * 2_000_000,
        b"RIFF\0\0\0\0WEBPVP8X\n\0\0\0\2" + bytes(20_000_000),
        b"GIF89a" + bytes(7) + b"!\0" + b"\1x" * 10_000_000,
        b"II*\0\x08\0\0\0" + b"\xff\xff" + bytes(12 * 65535) + b"\x08\0\0\0",
        box(b"ftyp", b"avif") + box(b"meta", b"ispe" * 5_000_000),
        box(b"ftyp", b"avif") + box(b"free", b"") * 5_000_000,
    ],
    ids=["fill bytes", "no marker", "text", "chunks", "blocks", "circle of directories", "sizes", "boxes"],
)
@pytest.mark.timeout(20)
@pytest.mark.parametrize("held", [bytes, view])
def test_of_what_was_made_to_be_looked_at_for_ever(data, held):
    extent_of(held(data))


@pytest.mark.parametrize("format", ["png", "tiff"])
@pytest.mark.parametrize(("bands", "deep"), [(1, False), (3, True), (4, True)])
def test_of_several_bands_of_16_bits_says_that_they_are_deep(format, bands, deep):
    pixels = np.zeros((*SIZE[::-1], bands), np.uint16)
    extent = extent_of(encode(Picture((pixels,), SIZE, format), format, Encoding()).data)
    assert (extent.size, extent.deep, extent.grey) == (SIZE, deep, False)


@pytest.mark.parametrize("name", STILLS)
def test_of_what_pillow_writes_is_not_deep(name):
    assert not extent_of(STILLS[name]).deep
