"""PNG where nobody asked for an effort."""

import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageDraw

from imgpipe import codecs
from imgpipe.codecs import Encoding
from imgpipe.codecs.png_chunks import chunks_of
from imgpipe.codecs.png_compression import LEVEL, SMALL, compression_of
from imgpipe.codecs.png_rows import NONE, SUB, UP, Compression, deflated

from .pictures import exif_block, picture_of, pixels, read

MODES = ["L", "LA", "RGB", "RGBA"]


def photograph(mode="RGB", size=(640, 480), grain=2.0):
    """Smooth, with the noise of a sensor."""
    random = np.random.default_rng(1)
    y, x = np.mgrid[0 : size[1], 0 : size[0]]
    bands = len(Image.new(mode, (1, 1)).getbands())
    waves = np.stack([128 + 80 * np.sin(x / (70 + 9 * n)) * np.cos(y / (50 + 7 * n)) for n in range(bands)], axis=2)
    noisy = waves + random.normal(0, grain, waves.shape)
    samples = np.clip(noisy, 0, 255).astype(np.uint8)
    return Image.fromarray(samples[..., 0] if bands == 1 else samples, mode if bands != 2 else "LA")


def pattern(mode="RGB"):
    """What repeats is no run: a tile of noise, side by side."""
    tile = np.random.default_rng(2).integers(0, 256, (8, 16, 3), np.uint8)
    return Image.fromarray(np.tile(tile, (60, 40, 1))).convert(mode)


def noise(mode="RGB"):
    bands = len(Image.new(mode, (1, 1)).getbands())
    samples = np.random.default_rng(3).integers(0, 256, (300, 400, bands), np.uint8)
    return Image.frombytes(mode, (400, 300), samples.tobytes())


def graphic(mode="RGB"):
    """Text and boxes, as on a screenshot."""
    image = Image.new("RGB", (800, 600), "#f4f4f4")
    draw = ImageDraw.Draw(image)
    for line in range(50):
        draw.rectangle((20, 12 * line, 24, 12 * line + 8), fill=("teal", "navy", "maroon")[line % 3])
        draw.text(
            (40, 12 * line), f"{line * 7919 % 1000:03} imgpipe process in/ out/ --cores {line}  " * 3, fill="black"
        )
    return image.convert(mode)


def few_colours(mode="RGB"):
    """Of a palette of 24, dithered."""
    return photograph().quantize(24).convert(mode)


def veil(mode="RGBA"):
    """One colour, of which only the alpha changes, slowly."""
    y, x = np.mgrid[0:480, 0:640]
    alpha = np.clip(128 + 90 * np.sin((x + 2 * y) / 150), 0, 255).astype(np.uint8)
    image = Image.new("RGBA", (640, 480), (40, 90, 60, 0))
    image.putalpha(Image.fromarray(alpha))
    return image.convert(mode)


PICTURES = [photograph, pattern, noise, graphic, few_colours, veil]


def encoded(image, **encoding):
    return codecs.encode(picture_of(image), "png", Encoding(**encoding)).data


def bytes_of(image, **encoding):
    return len(encoded(image, **encoding))


def size_in(image, *way):
    return sum(map(len, deflated(image, Compression(*way))))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("make", PICTURES)
def test_the_pixels_come_back_exactly(make, mode):
    image = make(mode)
    data = encoded(image)
    assert (pixels(read(data).frames[0]) == pixels(image)).all()
    with Image.open(BytesIO(data)) as seen:
        assert seen.mode == mode
        assert seen.tobytes() == image.tobytes()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("filter", [NONE, SUB, UP])
@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (33, 127), (600, 500), (300_000, 3)])
def test_every_filter_is_read_back_by_pillow(filter, size, mode):
    bands = len(Image.new(mode, (1, 1)).getbands())
    samples = np.random.default_rng(4).integers(0, 256, (size[1], size[0], bands), np.uint8)
    image = Image.frombytes(mode, size, samples.tobytes())
    head = encoded(Image.new(mode, size))
    chunks = chunks_of(head)
    start = next(offset for kind, offset, _ in chunks if kind == b"IDAT") - 8
    content = b"".join(deflated(image, Compression(filter, 1)))
    idat = len(content).to_bytes(4) + b"IDAT" + content + zlib.crc32(b"IDAT" + content).to_bytes(4)
    with Image.open(BytesIO(head[:start] + idat + head[-12:])) as seen:
        assert seen.tobytes() == image.tobytes()
    assert set(zlib.decompress(content)[:: 1 + size[0] * bands]) == {filter}


@pytest.mark.parametrize("make", PICTURES)
def test_no_picture_becomes_much_larger_than_by_zlib_as_most_programs_use_it(make):
    image = make()
    assert bytes_of(image) <= 1.15 * size_in(image, NONE, 6)


@pytest.mark.parametrize("make", PICTURES)
def test_no_picture_becomes_much_larger_than_by_the_filters_that_pillow_picks_row_by_row(make):
    image = make()
    assert bytes_of(image) <= 1.15 * bytes_of(image, effort=LEVEL)


@pytest.mark.parametrize("make", PICTURES)
def test_no_thumbnail_becomes_much_larger_than_by_the_filters_that_pillow_picks_row_by_row(make):
    image = make().crop((100, 100, 280, 250))
    assert bytes_of(image) <= 1.2 * bytes_of(image, effort=LEVEL)


@pytest.mark.parametrize("mode", MODES)
def test_of_photographs_runs_are_enough(mode):
    way = compression_of(photograph(mode))
    assert way.strategy in (zlib.Z_RLE, zlib.Z_HUFFMAN_ONLY)
    assert way.filter in (SUB, UP)


def test_the_better_filter_is_found():
    steps = np.random.default_rng(5).integers(-3, 4, (600, 600))
    walk = Image.fromarray(np.cumsum(steps, axis=1).astype(np.uint8))
    assert compression_of(walk).filter == SUB
    assert compression_of(walk.transpose(Image.Transpose.ROTATE_90)).filter == UP


def test_the_better_filter_is_found_for_strings_too():
    random = np.random.default_rng(6)
    words = random.integers(0, 256, (20, 12), np.uint8)[random.integers(0, 20, (600, 50))].reshape(600, 600)
    ways = [compression_of(Image.fromarray(np.cumsum(words, axis=axis, dtype=np.uint8))) for axis in (0, 1)]
    assert [way.filter for way in ways] == [UP, SUB]
    assert {way.strategy for way in ways} == {zlib.Z_DEFAULT_STRATEGY}


@pytest.mark.parametrize("make", [pattern, graphic, few_colours, veil])
def test_what_repeats_is_searched_for_strings(make):
    assert compression_of(make()).strategy == zlib.Z_DEFAULT_STRATEGY


def test_what_is_small_is_not_sampled():
    image = photograph(size=(160, 100))
    assert encoded(image) == encoded(image, effort=LEVEL)


@pytest.mark.parametrize("size", [(70_000, 1), (1, 70_000), (256, 256), (33, 2001), (2, SMALL), (40_000, 2)])
def test_any_shape_can_be_sampled(size):
    image = photograph(size=size)
    assert (pixels(read(encoded(image)).frames[0]) == pixels(image)).all()


def test_an_effort_that_is_given_decides():
    assert bytes_of(photograph(), effort=9) < bytes_of(photograph(), effort=1)


def test_palettes_and_animations_are_not_sampled():
    few = photograph().quantize(64).convert("RGB")
    assert bytes_of(few, palette=True) == bytes_of(few, palette=True, effort=LEVEL)
    moving = picture_of(photograph(), photograph().rotate(180), durations=(50, 50))
    made = [codecs.encode(moving, "png", Encoding(effort=effort)).data for effort in (None, LEVEL)]
    assert made[0] == made[1]


@pytest.mark.parametrize("place", ["top", "bottom"])
def test_the_sample_is_of_the_whole_picture(place):
    image = pattern()
    image.paste(photograph(size=(640, 100)), (0, 0 if place == "top" else 380))
    assert compression_of(image).strategy == zlib.Z_DEFAULT_STRATEGY


def test_metadata_is_written_as_pillow_writes_it():
    xmp = "<x:xmpmeta xmlns:x='adobe:ns:meta/'>größer</x:xmpmeta>".encode()
    more = {"exif": exif_block(1), "xmp": xmp, "dpi": (300.0, 72.0), "profile": bytes(range(256)) * 3}
    sampled, plain = (
        codecs.encode(picture_of(photograph(), **more), "png", Encoding(effort=effort)).data for effort in (None, LEVEL)
    )
    assert metadata_of(sampled) == metadata_of(plain)
    assert set(metadata_of(sampled)) == {b"IHDR", b"iCCP", b"pHYs", b"eXIf", b"iTXt", b"IEND"}


def test_xmp_that_is_no_text_is_written_as_text():
    data = codecs.encode(picture_of(photograph(), xmp=b"<x:xmpmeta>\xff"), "png", Encoding()).data
    assert metadata_of(data)[b"iTXt"].endswith("<x:xmpmeta>\ufffd".encode())


def metadata_of(data):
    return {kind: data[offset : offset + length] for kind, offset, length in chunks_of(data) if kind != b"IDAT"}
