"""Outputs of at most so many bytes."""

import numpy as np
import pytest
from PIL import Image

from imgpipe import codecs
from imgpipe.codecs import Encoding, Limits
from imgpipe.errors import EncodingFailed
from imgpipe.picture import Picture, frame_size, is_deep
from imgpipe.sized import encode_within

WRITERS = [codec for codec in codecs.all_codecs() if codec.encode and not codec.missing]
WITH_QUALITY = [codec for codec in WRITERS if codec.heeds("quality")]
WITHOUT = [codec for codec in WRITERS if not codec.heeds("quality")]


def photograph(width=400, height=300, mode="RGB"):
    """Smooth shapes with some noise on them, as photographs have."""
    random = np.random.default_rng(3)
    across, down = np.meshgrid(np.linspace(0, 9, width), np.linspace(0, 7, height))
    bands = [np.sin(across * (band + 1) / 2) * np.cos(down) * 90 + 128 for band in range(4)]
    samples = np.stack(bands, axis=2) + random.normal(0, 12, (height, width, 4))
    return Image.fromarray(samples.clip(0, 255).astype(np.uint8), "RGBA").convert(mode)


def picture(*frames, **more):
    return Picture(frames, frame_size(frames[0]), "png", **more)


def size_at(codec, quality, image):
    return len(codecs.encode(picture(image), codec.name, Encoding(quality=quality)).data)


@pytest.mark.parametrize("codec", WITH_QUALITY, ids=lambda codec: codec.name)
def test_the_quality_is_the_highest_that_fits(codec):
    image = photograph(200, 150)  # encoded some twenty times, which of HEIC takes its time
    # From 99 down to 40 it is the last that halving the range comes to.
    most = size_at(codec, 62, image)
    made = encode_within(picture(image), codec, Encoding(quality=99, max_size=most))
    assert len(made.data) == most
    assert made.size == image.size
    assert not made.warnings
    fitting = [quality for quality in range(55, 66) if size_at(codec, quality, image) <= most]
    assert len(made.data) == size_at(codec, max(fitting), image)


@pytest.mark.parametrize("codec", WITH_QUALITY, ids=lambda codec: codec.name)
def test_what_fits_already_is_left_as_it_is(codec):
    image = photograph(200, 150)
    plain = codecs.encode(picture(image), codec.name, Encoding(quality=70))
    assert encode_within(picture(image), codec, Encoding(quality=70, max_size=len(plain.data))) == plain
    smaller = encode_within(picture(image), codec, Encoding(quality=70, max_size=len(plain.data) - 1))
    assert len(smaller.data) < len(plain.data)


@pytest.mark.parametrize("codec", [*WITH_QUALITY, *WITHOUT], ids=lambda codec: codec.name)
@pytest.mark.parametrize("share", [0.5, 0.2])
def test_the_size_is_never_exceeded_and_not_missed_by_far(codec, share):
    image = photograph(240, 180)
    whole = len(codecs.encode(picture(image), codec.name, Encoding(quality=40)).data)
    most = int(whole * share)
    made = encode_within(picture(image), codec, Encoding(max_size=most))
    assert most * 0.25 < len(made.data) <= most
    width, height = made.size
    assert width < image.width
    assert abs(width * image.height - height * image.width) <= max(image.size)
    assert made.warnings[-1] == f"scaled to {width}x{height} to stay within {most} bytes"
    back = codecs.decode(made.data, codecs.probe(made.data, Limits()))
    assert back.size == made.size


def test_a_lossless_output_is_only_made_smaller():
    webp = codecs.by_name("webp")
    made = encode_within(picture(photograph()), webp, Encoding(lossless=True, max_size=40_000))
    assert len(made.data) <= 40_000
    assert made.size[0] < 400


def test_frames_depth_and_alpha_are_kept():
    webp, png = codecs.by_name("webp"), codecs.by_name("png")
    frames = [photograph().rotate(angle) for angle in (0, 120, 240)]
    made = encode_within(picture(*frames, durations=(40, 50, 60)), webp, Encoding(max_size=12_000))
    back = codecs.decode(made.data, codecs.probe(made.data, Limits()))
    assert (len(back.frames), back.durations) == (3, (40, 50, 60))
    deep = np.asarray(photograph()).astype(np.uint16) * 257
    made = encode_within(picture(deep), png, Encoding(max_size=90_000))
    assert is_deep(codecs.decode(made.data, codecs.probe(made.data, Limits())).frames[0])
    made = encode_within(picture(photograph(mode="RGBA")), png, Encoding(max_size=90_000))
    assert codecs.decode(made.data, codecs.probe(made.data, Limits())).frames[0].mode == "RGBA"


@pytest.mark.parametrize("codec", [*WITH_QUALITY, *WITHOUT], ids=lambda codec: codec.name)
def test_what_cannot_fit_at_all_fails_and_says_so(codec):
    with pytest.raises(EncodingFailed, match=r"400 x 300 px cannot be made to fit into 10 bytes .* raise --max-size"):
        encode_within(picture(photograph()), codec, Encoding(max_size=10))
