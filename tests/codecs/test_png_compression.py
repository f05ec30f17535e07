"""PNG where nobody asked for an effort."""

import numpy as np
import pytest
from PIL import Image

from imgpipe import codecs
from imgpipe.codecs import Encoding
from imgpipe.codecs.png_compression import LEVEL, compression_of

from .pictures import picture_of, pixels, read


def photograph(mode="RGB", size=(640, 480)):
    """Smooth, with the noise of a sensor."""
    random = np.random.default_rng(1)
    y, x = np.mgrid[0 : size[1], 0 : size[0]]
    bands = len(Image.new(mode, (1, 1)).getbands())
    waves = np.stack([128 + 80 * np.sin(x / (70 + 9 * n)) * np.cos(y / (50 + 7 * n)) for n in range(bands)], axis=2)
    noisy = waves + random.normal(0, 2, waves.shape)
    samples = np.clip(noisy, 0, 255).astype(np.uint8)
    return Image.fromarray(samples[..., 0] if bands == 1 else samples, mode if bands != 2 else "LA")


def pattern(mode="RGB"):
    """What repeats is no run: a tile of noise, side by side."""
    tile = np.random.default_rng(2).integers(0, 256, (8, 16, 3), np.uint8)
    return Image.fromarray(np.tile(tile, (60, 40, 1))).convert(mode)


def bytes_of(image, **encoding):
    return len(codecs.encode(picture_of(image), "png", Encoding(**encoding)).data)


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
@pytest.mark.parametrize("make", [photograph, pattern])
def test_the_pixels_come_back_exactly(make, mode):
    image = make(mode)
    back = read(codecs.encode(picture_of(image), "png", Encoding()).data).frames[0]
    assert (pixels(back) == pixels(image)).all()


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_photographs_are_made_of_runs(mode):
    assert compression_of(photograph(mode))["compress_type"] == 3
    assert bytes_of(photograph(mode)) <= 1.1 * bytes_of(photograph(mode), effort=LEVEL)


def test_what_repeats_is_deflated():
    assert compression_of(pattern()) == {"compress_level": LEVEL}
    assert bytes_of(pattern()) == bytes_of(pattern(), effort=LEVEL)


def test_what_is_small_is_not_looked_at():
    assert compression_of(photograph(size=(200, 100))) == {"compress_level": LEVEL}


@pytest.mark.parametrize("size", [(70_000, 1), (1, 70_000), (256, 256), (33, 2001)])
def test_any_shape_can_be_sampled(size):
    assert "compress_level" in compression_of(Image.new("RGB", size))


def test_an_effort_that_is_given_decides():
    assert bytes_of(photograph(), effort=9) < bytes_of(photograph(), effort=1)


def test_palettes_and_animations_are_deflated():
    few = photograph().quantize(64).convert("RGB")
    assert bytes_of(few, palette=True) == bytes_of(few, palette=True, effort=LEVEL)
    moving = picture_of(photograph(), photograph().rotate(180), durations=(50, 50))
    made = [codecs.encode(moving, "png", Encoding(effort=effort)).data for effort in (None, LEVEL)]
    assert made[0] == made[1]


def test_the_sample_is_of_the_whole_picture_and_not_of_its_top():
    image = pattern()
    image.paste(Image.new("RGB", (image.width, 60), "teal"))
    assert compression_of(image) == {"compress_level": LEVEL}
