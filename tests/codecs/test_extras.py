"""Formats whose libraries are installed on request."""

import numpy as np
import pytest

from imgpipe import codecs
from imgpipe.codecs import Encoding, Limits
from imgpipe.errors import LimitExceeded

from .pictures import exif_block, gradient, picture_of, pixels, read

AVAILABLE = [name for name in ("heic", "jxl") if not codecs._load(name).missing]

RATIOS = [(200, 200), (240, 200), (400, 300), (300, 200), (320, 180), (250, 200), (400, 200)]
"""Those that a JPEG XL has short words for."""


def encode(name, *frames, **options):
    return codecs.encode(picture_of(*frames), name, Encoding(**options)).data


@pytest.mark.parametrize("name", AVAILABLE)
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_lossless_is_exact(name, mode):
    back = read(encode(name, gradient(mode=mode), lossless=True)).frames[0]
    assert np.abs(pixels(back, mode) - pixels(gradient(mode=mode))).max() == 0


@pytest.mark.parametrize("name", AVAILABLE)
def test_lower_quality_is_smaller(name):
    noise = gradient(256, 256).effect_spread(9)
    sizes = [len(encode(name, noise, quality=quality)) for quality in (30, 60, 90)]
    assert sizes == sorted(sizes)


@pytest.mark.parametrize("name", AVAILABLE)
def test_exif_goes_round(name):
    meant = picture_of(gradient(), exif=exif_block(1))
    assert b"Imgpipe Camera" in read(codecs.encode(meant, name, Encoding()).data).exif


@pytest.mark.skipif("jxl" not in AVAILABLE, reason="needs imgpipe-cli[jxl]")
@pytest.mark.parametrize("size", [(8, 8), (256, 256), (61, 43), (300, 200), (1, 1), (1920, 1080), (2000, 3), *RATIOS])
def test_the_size_of_a_jpeg_xl_is_known_before_it_is_decoded(size):
    data = encode("jxl", gradient(*size))
    assert codecs._load("jxl").stored_size(data) == size
    with pytest.raises(LimitExceeded, match="--max-pixels"):
        codecs.probe(data, Limits(max_pixels=size[0] * size[1] - 1))
