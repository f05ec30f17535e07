"""What describes the picture in a TIFF: whatever stands there costs itself, never the picture."""

import random
import struct
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from imgpipe import codecs
from imgpipe.codecs import Encoding, Limits
from imgpipe.codecs.adobe_rgb import adobe_rgb_profile
from imgpipe.codecs.exif import says_adobe_rgb
from imgpipe.errors import PictureError
from imgpipe.metadata import Metadata
from imgpipe.recipe import Recipe

from .pictures import deep_gradient, gradient, pixels, read, saved
from .raws import fractions, longs, shorts, text, tiff

SAMPLES = np.arange(8 * 8 * 3, dtype=np.uint8)
UNREADABLE = "part of its EXIF cannot be read and was dropped"
NUMBERS = "is stored as numbers, which imgpipe does not read, and was dropped"


def page():
    entries = {254: longs(0), 256: longs(8), 257: longs(8), 258: shorts(8, 8, 8), 259: shorts(1), 262: shorts(2)}
    return {**entries, 273: SAMPLES.tobytes(), 277: shorts(3), 278: longs(8), 279: longs(SAMPLES.nbytes)}


@pytest.mark.parametrize(
    ("tag", "value", "word"),
    [
        (34665, longs(9_999_999), UNREADABLE),
        (34665, longs(0xFFFFFFFF), UNREADABLE),
        (34665, longs(8), None),
        (34665, text("hello there"), UNREADABLE),
        (34665, shorts(5), UNREADABLE),
        (34665, {0x829A: text("abc"), 0x8827: (2, 4, b"abc\0"), 0x9204: (10, 1, bytes(8))}, None),
        (34665, {0x9003: (12, 2, bytes(16)), 0xA005: longs(99_999_999)}, None),
        (34853, longs(9_999_999), UNREADABLE),
        (34853, fractions(1.5), UNREADABLE),
        (274, text("abc"), None),
        (274, fractions(1.0), None),
        (315, (12, 3, bytes(24)), UNREADABLE),
        (33432, (5, 1, bytes(8)), UNREADABLE),
        (306, (2, 0x7FFFFFFF, bytes(8)), None),
        (270, (99, 5, bytes(8)), None),
        (270, text("x" * 100_000), UNREADABLE),
        (33723, text("abc"), "IPTC " + NUMBERS),
        (34675, text("nonsense"), "ICC profile is stored as text or numbers and was dropped"),
        (282, text("abcdef"), None),
        (282, (5, 1, bytes(8)), None),
    ],
)
def test_a_hostile_tag_costs_itself_on_every_page(tag, value, word):
    picture = read(tiff(page() | {tag: value, 271: text("Imgpipe")}, page() | {tag: value}))
    assert [np.array_equal(np.asarray(frame).ravel(), SAMPLES) for frame in picture.frames] == [True, True]
    assert picture.warnings == ((word,) if word else ())
    exif = Image.Exif()
    exif.load(picture.exif)
    assert exif[271] == "Imgpipe"
    for name in ("tiff", "jpeg", "png", "webp"):
        assert codecs.encode(picture, name, Encoding()).data


@pytest.mark.parametrize("value", [shorts(1, 2, 3), fractions(1, 2), longs(9), (12, 70_000, bytes(8))])
def test_xmp_of_numbers_costs_itself_on_every_page(value):
    data = tiff(page() | {700: value}, page() | {700: value})
    assert [np.array_equal(np.asarray(frame).ravel(), SAMPLES) for frame in read(data).frames] == [True, True]
    made = Recipe(format="tiff", metadata=Metadata(keep=["xmp"])).apply_all(data)[0]
    assert read(made.data).xmp is None


@pytest.mark.parametrize("name", ["tiff", "jpeg", "png", "webp"])
@pytest.mark.parametrize("words", ["© Zoë Müller, 2026", "© Zoë".encode("latin-1"), "写真"])
def test_texts_beyond_ascii_keep_their_bytes(name, words):
    words = words if isinstance(words, bytes) else words.encode()
    rights = 2, len(words) + 1, words + b"\0"
    data = tiff(page() | {33432: rights, 34665: {0xA430: rights}})
    made = bytes(Recipe(format=name, metadata=Metadata(keep=["exif"])).apply(data))
    assert made.count(words) == (1 if name == "tiff" else 2)
    assert words in bytes(Recipe(format=name).apply(data))


def test_the_directory_below_that_of_exif_goes_along():
    details = {0x9003: text("2026:01:01 00:00:00"), 0xA001: shorts(65535), 0xA005: {1: text("R03"), 2: (7, 4, b"0100")}}
    data = tiff(page() | {34665: details})
    assert says_adobe_rgb(read(data).exif)
    assert read(data).profile == adobe_rgb_profile()
    made = Recipe(format="jpeg", metadata=Metadata(keep=["exif"])).apply_all(data)[0]
    assert made.warnings == ()
    assert Image.open(BytesIO(made.data)).getexif().get_ifd(0xA005) == {1: "R98", 2: b"0100"}
    lost = details | {0xA005: longs(99_999_999)}
    assert (
        Recipe(format="jpeg", metadata=Metadata(keep=["exif"])).apply_all(tiff(page() | {34665: lost}))[0].warnings
        == ()
    )


def test_texts_beyond_ascii_keep_their_bytes_beside_16_bits():
    words = "© Zoë Müller".encode()
    data = tiff(page() | {33432: (2, len(words) + 1, words + b"\0")})
    deep = replace(read(data), frames=(deep_gradient(),))
    for name in ("tiff", "png"):
        assert words in bytes(codecs.encode(deep, name, Encoding()).data)


def test_xmp_of_numbers_costs_itself_in_a_big_tiff():
    large = gradient(300, 300)
    data = saved(large, "TIFF", big_tiff=True, tiffinfo={700: bytes(8)})
    assert data.count(struct.pack("<HHQ", 700, 1, 8)) == 1
    data = data.replace(struct.pack("<HHQ", 700, 1, 8), struct.pack("<HHQ", 700, 3, 4))
    assert codecs.probe(data, Limits()).size == (300, 300)
    assert (pixels(read(data).frames[0]) == pixels(large)).all()


def test_a_resolution_that_is_not_said_is_none():
    assert read(tiff(page())).dpi is None
    for strange in (70_000, 200_000):
        assert read(tiff(page() | {282: fractions(strange), 283: fractions(strange)})).dpi is None
    none = (5, 1, bytes(8))
    for across, down in [(none, fractions(300)), (fractions(300), none), (none, none)]:
        assert read(tiff(page() | {282: across, 283: down})).dpi is None
    resolution = {282: fractions(300), 283: fractions(300), 296: shorts(2)}
    assert read(tiff(page() | resolution)).dpi == (300, 300)


def test_changed_bytes_of_the_descriptions_cost_no_picture_whose_structure_is_whole():
    details = {0x829A: fractions(0.01), 0x9003: text("2026:01:01 00:00:00"), 0xA001: shorts(1)}
    place = {1: text("N"), 2: fractions(1, 2, 3)}
    data = tiff(page() | {271: text("Imgpipe"), 34665: details, 34853: place})
    chance = random.Random(1)
    # Behind the first directory, and before the pixels.
    first, last = data.index(b"Imgpipe") + 8, len(data) - SAMPLES.nbytes
    for _ in range(600):
        changed = bytearray(data)
        for _ in range(3):
            changed[chance.randrange(first, last)] = chance.choice([0, 127, 255, chance.randrange(256)])
        try:
            assert np.array_equal(np.asarray(read(bytes(changed)).frames[0]).ravel(), SAMPLES)
        except PictureError as error:
            pytest.fail(str(error))
