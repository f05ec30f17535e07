from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from imgpipe import codecs
from imgpipe.codecs import Encoding
from imgpipe.errors import EncodingFailed

from .pictures import exif_block, gradient, picture_of, pixels, read


def encode(*frames, **options):
    return codecs.encode(picture_of(*frames), "webp", Encoding(**options)).data


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_lossless_is_exact(mode):
    image = gradient(mode=mode)
    wanted = "RGBA" if mode.endswith("A") else "RGB"
    assert (pixels(read(encode(image, lossless=True)).frames[0], wanted) == pixels(image, wanted)).all()


def test_lossless_keeps_the_colours_of_what_is_transparent():
    hidden = gradient(mode="RGBA")
    hidden.putalpha(0)
    assert (pixels(read(encode(hidden, lossless=True)).frames[0]) == pixels(hidden)).all()


def test_lossy_is_near():
    assert np.abs(pixels(read(encode(gradient(), quality=95)).frames[0]) - pixels(gradient())).mean() < 3


def test_quality_is_80_where_none_is_asked():
    assert encode(gradient()) == encode(gradient(), quality=80) != encode(gradient(), quality=60)


def test_effort_is_the_method():
    assert encode(gradient(), effort=9) == saved_by_pillow(gradient(), method=6)
    assert encode(gradient(), effort=0) == saved_by_pillow(gradient(), method=0)


def saved_by_pillow(image, **options):
    file = BytesIO()
    image.save(file, "WEBP", quality=80, **options)
    return file.getvalue()


def test_an_animation_comes_back_whole():
    frames = [gradient(mode="RGBA").rotate(angle) for angle in (0, 90, 180)]
    picture = picture_of(*frames, durations=(40, 100, 2000), loop=3)
    back = read(codecs.encode(picture, "webp", Encoding(lossless=True)).data)
    assert (back.durations, back.loop) == ((40, 100, 2000), 3)
    for ours, theirs in zip(back.frames, frames, strict=True):
        visible = pixels(theirs)[:, :, 3] > 0
        assert (pixels(ours)[visible] == pixels(theirs)[visible]).all()


@pytest.mark.parametrize("lossless", [True, False])
def test_what_lies_around_opaque_rectangles_stays_transparent_in_an_animation(lossless):
    """Libwebp cuts the frames to these, and would say that all is opaque."""
    frames = []
    for left in (4, 8):
        frames.append(Image.new("RGBA", (24, 16)))
        frames[-1].paste(gradient(8, 8), (left, 4))
    picture = picture_of(*frames, durations=(50, 70))
    back = read(codecs.encode(picture, "webp", Encoding(lossless=lossless)).data)
    assert [frame.mode for frame in back.frames] == ["RGBA", "RGBA"]
    for made, frame in zip(back.frames, frames, strict=True):
        assert made.getchannel("A") == frame.getchannel("A")


def test_metadata_goes_round(wide_profile):
    meant = picture_of(gradient(), profile=wide_profile, exif=exif_block(1), xmp=b"<x/>")
    back = read(codecs.encode(meant, "webp", Encoding()).data)
    assert (back.profile, back.exif, back.xmp) == (meant.profile, meant.exif, meant.xmp)


def test_cmyk_becomes_srgb_and_says_so():
    encoded = codecs.encode(picture_of(gradient(mode="CMYK")), "webp", Encoding())
    assert encoded.warnings == ("CMYK converted without an ICC profile: colours are approximate",)
    assert Image.open(BytesIO(encoded.data)).mode == "RGB"


def test_a_side_that_is_too_long_is_an_encoding_failure():
    with pytest.raises(EncodingFailed, match="16384 x 1"):
        encode(Image.new("L", (16384, 1)))
