"""Formats whose libraries are installed on request."""

from functools import partial
from importlib import import_module
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from imgpipe import Recipe, codecs
from imgpipe.codecs import Encoding, Limits
from imgpipe.codecs.colour import to_srgb
from imgpipe.codecs.exif import orientation_of
from imgpipe.codecs.matrix_profile import grey_profile
from imgpipe.errors import LimitExceeded
from imgpipe.metadata import Metadata
from imgpipe.orientation import upright_frame
from imgpipe.picture import is_deep
from imgpipe.recipe import Colour

from .pictures import exif_block, gradient, picture_of, pixels, read, saved

AVAILABLE = [name for name in ("heic", "jxl") if not codecs._load(name).missing]

RATIOS = [(200, 200), (240, 200), (400, 300), (300, 200), (320, 180), (250, 200), (400, 200)]
"""Those that a JPEG XL has short words for."""


ANIMATION = "4041130088090804010030004b188b1542a9d003900000000804050034004b188b15c249411e80e0"
ANIMATED = "animation: only its last picture is kept"
KEPT = Metadata(keep=("exif",))
FLOATING = "samples in floating point converted to 8"


def encode(name, *frames, **options):
    return codecs.encode(picture_of(*frames), name, Encoding(**options)).data


@pytest.mark.parametrize("name", AVAILABLE)
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_lossless_is_exact(name, mode):
    back = read(encode(name, gradient(mode=mode), lossless=True)).frames[0]
    assert np.abs(pixels(back, mode) - pixels(gradient(mode=mode))).max() == 0


def test_grey_with_alpha_in_heic_has_no_profile_of_grey():
    if "heic" not in AVAILABLE:
        pytest.skip("not installed")
    profile = grey_profile("grey", 1.4)
    meant = to_srgb(picture_of(gradient(mode="LA"), profile=profile)).frames[0]
    encoded = codecs.encode(picture_of(gradient(mode="LA"), profile=profile), "heic", Encoding(lossless=True))
    assert encoded.warnings == ("colours converted to sRGB: heic does not hold grey with alpha",)
    back = read(encoded.data)
    assert back.profile is None
    assert np.abs(pixels(back.frames[0], "RGBA") - pixels(meant, "RGBA")).max() <= 1
    assert (
        read(codecs.encode(picture_of(gradient(mode="L"), profile=profile), "heic", Encoding()).data).profile == profile
    )


@pytest.mark.skipif("jxl" not in AVAILABLE, reason="needs imgpipe-cli[jxl]")
def test_exif_turns_no_jpeg_xl_so_the_picture_is_turned():
    """As ISO 18181-2 has it, and browsers do."""
    picture = picture_of(gradient(64, 48), exif=exif_block(6))
    encoded = codecs.encode(picture, "jxl", Encoding(lossless=True))
    back = read(encoded.data)
    assert encoded.size == (48, 64)
    assert encoded.warnings == ("turned as EXIF says: viewers of JPEG XL do not heed it",)
    assert orientation_of(back.exif) == 1
    assert np.array_equal(back.frames[0], upright_frame(gradient(64, 48), 6))


@pytest.mark.skipif("jxl" not in AVAILABLE, reason="needs imgpipe-cli[jxl]")
@pytest.mark.parametrize("auto_orient", [True, False])
def test_a_jpeg_xl_whose_exif_would_turn_it_stays_as_viewers_show_it(auto_orient):
    """ISO 18181-2 and djxl: the codestream alone says how it is turned."""
    import pillow_jxl  # noqa: F401 - makes Pillow know it

    data = saved(gradient(64, 48), "JXL", exif=exif_block(6), lossless=True, use_container=True)
    assert codecs.probe(data, Limits()).size == (64, 48)
    made = Recipe(format="png", metadata=KEPT, colour=Colour(auto_orient=auto_orient)).apply(data)
    back = read(made)
    assert orientation_of(back.exif) == 1
    assert b"Imgpipe Camera" in back.exif
    assert np.array_equal(back.frames[0], gradient(64, 48))


@pytest.mark.skipif("jxl" not in AVAILABLE, reason="needs imgpipe-cli[jxl]")
def test_a_jpeg_xl_made_of_a_jpeg_without_loss_is_turned_as_that_is(tmp_path):
    import pillow_jxl  # noqa: F401 - makes Pillow know it

    jpeg = tmp_path / "turned.jpg"
    gradient(64, 48).save(jpeg, exif=exif_block(6), quality=95)
    with Image.open(jpeg) as image:
        data = saved(image, "JXL", lossless_jpeg=True)
    assert codecs.probe(data, Limits()).size == (48, 64)
    upright = read(Recipe(format="png").apply(data)).frames[0]
    assert np.array_equal(upright, upright_frame(Image.open(jpeg), 6))
    stored = read(Recipe(format="png", metadata=KEPT, colour=Colour(auto_orient=False)).apply(data))
    assert orientation_of(stored.exif) == 6
    assert np.array_equal(stored.frames[0], Image.open(jpeg))


@pytest.mark.parametrize("name", AVAILABLE)
def test_lower_quality_is_smaller(name):
    noise = gradient(256, 256).effect_spread(9)
    sizes = [len(encode(name, noise, quality=quality)) for quality in (30, 60, 90)]
    assert sizes == sorted(sizes)


@pytest.mark.parametrize("name", AVAILABLE)
def test_the_highest_quality_can_be_asked_for(name):
    back = read(encode(name, gradient(), quality=100)).frames[0]
    assert np.abs(pixels(back) - pixels(gradient())).max() <= (0 if name == "jxl" else 8)


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


@pytest.mark.skipif("jxl" not in AVAILABLE, reason="needs imgpipe-cli[jxl]")
def test_a_jpeg_xl_is_decoded_and_encoded_in_one_thread(monkeypatch):
    """Several workers with one thread each are faster than one with several."""
    plugin = import_module(codecs.by_name("jxl").plugin)
    threads = []
    for name in ("Decoder", "Encoder"):
        made = getattr(plugin, name)
        noting = partial(lambda made, **given: threads.append(given["num_threads"]) or made(**given), made)
        monkeypatch.setattr(plugin, name, noting)
    read(encode("jxl", gradient()))
    assert threads == [0, 0]


@pytest.mark.skipif("jxl" not in AVAILABLE, reason="needs imgpipe-cli[jxl]")
def test_xmp_of_a_jpeg_xl_is_read():
    file = BytesIO()
    gradient().save(file, "JXL", xmp=b"<x/>", use_container=True)
    assert read(file.getvalue()).xmp == b"<x/>"
    assert read(encode("jxl", gradient())).xmp is None


@pytest.mark.skipif("jxl" not in AVAILABLE, reason="needs imgpipe-cli[jxl]")
@pytest.mark.parametrize(
    ("codestream", "deep", "words"),
    [
        (ANIMATION, False, ANIMATED),
        ("40fc00142d020804010034004b188b15c271811f80680400", False, "16 bits a sample converted to 8"),
        ("401450b4080804010030004b188b15c241011e804800", False, "10 bits a sample converted to 8"),
        ("407200458b0804010068004b2825d6818284a4f8c805403e0100000f0200001e0400003c", False, FLOATING),
        ("4018142d020804010028004b188b15c241014e24", True, ""),
    ],
)
def test_what_of_a_jpeg_xl_is_not_decoded_is_said(codestream, deep, words):
    """Pictures of 3 x 2 px, written by libjxl."""
    picture = read(b"\xff\x0a\x08" + bytes.fromhex(codestream) + bytes(3))
    assert picture.size == (3, 2)
    assert is_deep(picture.frames[0]) == deep
    assert picture.warnings == ((words,) if words else ())


@pytest.mark.skipif("jxl" not in AVAILABLE, reason="needs imgpipe-cli[jxl]")
def test_a_jpeg_xl_may_be_meant_for_another_size_than_it_has():
    rest = bytes.fromhex(ANIMATION) + bytes(3)
    bits = int.from_bytes(b"\x08" + rest, "little")
    # Behind those of the size, of "not all is usual", of "there is more", and the orientation.
    at = (1 + 2 + 9 + 3) + 1 + 1 + 3
    low, high = bits & (1 << at) - 1, bits >> at + 1
    intended = 0 | 2 << 1 | 399 << 3 | 1 << 21  # 400 px of height in 18 bits, and as much of width: 3 bytes in all
    made = low | 1 << at | intended << at + 1 | high << at + 25
    picture = read(b"\xff\x0a" + made.to_bytes(len(rest) + 4, "little"))
    assert (picture.size, picture.warnings) == ((3, 2), (ANIMATED,))
