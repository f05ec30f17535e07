import struct

import numpy as np
import pytest

from imgpipe import Recipe, codecs
from imgpipe.codecs import Encoding
from imgpipe.codecs.colour import to_srgb
from imgpipe.errors import DamagedPicture

from .pictures import deep_gradient, gradient, picture_of, pixels, read, saved


def encode(*frames, **options):
    return codecs.encode(picture_of(*frames), "jpeg2000", Encoding(**options)).data


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_lossless_is_exact(mode):
    assert (pixels(read(encode(gradient(mode=mode), lossless=True)).frames[0]) == pixels(gradient(mode=mode))).all()


def test_lower_quality_is_smaller_and_still_near():
    noise = gradient(256, 256).effect_spread(9)
    sizes = [len(encode(noise, quality=quality)) for quality in (30, 60, 90)]
    assert sizes == sorted(sizes)
    assert np.abs(pixels(read(encode(noise, quality=60)).frames[0]) - pixels(noise)).mean() < 6


def test_a_codestream_without_a_file_around_it_is_read():
    data = saved(gradient(), "JPEG2000", no_jp2=True)
    assert data.startswith(b"\xff\x4f")
    assert (pixels(read(data).frames[0]) == pixels(gradient())).all()


def test_grey_of_16_bits_stays_16():
    from PIL import Image

    deep = deep_gradient(1)
    back = read(saved(Image.fromarray(deep[:, :, 0]), "JPEG2000"))
    assert (back.frames[0] == deep).all()
    assert back.warnings == ()


def test_a_file_without_its_end_is_damaged():
    with pytest.raises(DamagedPicture, match="its end is missing"):
        read(encode(gradient())[:-2])


@pytest.mark.parametrize("method", [2, 3])
def test_the_profile_of_the_file_is_read_and_applied(wide_profile, method):
    data = encode(gradient(), lossless=True)
    head, start = data.index(b"jp2h") - 4, data.index(b"colr") - 4
    end = start + int.from_bytes(data[start : start + 4], "big")
    box = struct.pack(">I4sBBB", 11 + len(wide_profile), b"colr", method, 0, 0) + wide_profile
    length = int.from_bytes(data[head : head + 4], "big") + len(box) - (end - start)
    managed = data[:head] + struct.pack(">I", length) + data[head + 4 : start] + box + data[end:]
    assert read(managed).profile == wide_profile
    assert read(data).profile is None
    wide = picture_of(gradient(), profile=wide_profile)
    assert (pixels(read(Recipe(format="png").apply(managed)).frames[0]) == pixels(to_srgb(wide).frames[0])).all()
