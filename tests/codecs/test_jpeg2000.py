import numpy as np
import pytest

from imgpipe import codecs
from imgpipe.codecs import Encoding
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
