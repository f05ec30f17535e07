"""What the default recipe makes of colours, against what a colour-managed viewer shows of the source."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from imgpipe import codecs
from imgpipe.codecs import Limits
from imgpipe.codecs.adobe_rgb import adobe_rgb_profile
from imgpipe.codecs.exif import saying_srgb, says_adobe_rgb
from imgpipe.metadata import Metadata
from imgpipe.recipe import WEB_READY, Colour, Recipe

from .pictures import gradient, ink_profile, pixels, saved, wide_gamut_profile

SAMPLES = Path(__file__).parent.parent.parent / "sample_images"


def shown(data):
    """The picture as a colour-managed viewer on an sRGB screen shows it."""
    image = Image.open(io.BytesIO(data))
    profile = image.info.get("icc_profile")
    if profile is None:
        return image.convert("RGB")
    return ImageCms.profileToProfile(
        image,
        ImageCms.ImageCmsProfile(io.BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )


def difference(data, reference):
    made = Image.open(io.BytesIO(data))
    assert "icc_profile" not in made.info
    assert made.mode == "RGB"
    # What is lost to the encoder is no fault of the colours.
    encoded = Image.open(io.BytesIO(saved(reference, made.format, quality=82)))
    return np.abs(pixels(made) - pixels(encoded)).mean()


def test_a_display_p3_photograph_comes_out_as_it_is_shown():
    data = (SAMPLES / "display-p3.jpg").read_bytes()
    made = WEB_READY.apply(data)
    assert difference(made, shown(data)) < 0.5
    assert difference(made, Image.open(io.BytesIO(data)).convert("RGB")) > 4


@pytest.mark.parametrize("format", ["JPEG", "TIFF"])
def test_a_cmyk_photograph_comes_out_as_it_is_shown(format):
    source = saved(gradient(300, 200, mode="CMYK"), format, icc_profile=ink_profile())
    reference = shown(source)
    made = WEB_READY.apply(source)
    assert difference(made, reference) < 0.5
    assert difference(made, Image.open(io.BytesIO(source)).convert("RGB")) > 10


def test_cmyk_that_was_to_stay_and_cannot_is_said_to_be_converted():
    source = saved(gradient(mode="CMYK"), "TIFF", icc_profile=ink_profile())
    words = {}
    for name in ("png", "jpeg", "tiff"):
        words[name] = Recipe(format=name, metadata=Metadata(keep=["all"])).apply_all(source)[0].warnings
    assert words == {"png": ("colours converted to sRGB: png does not hold CMYK",), "jpeg": (), "tiff": ()}


def adobe_exif(space=65535, index=b"R03\0", order="<"):
    tags = Image.Exif()
    tags[0x010F] = "Imgpipe Camera"
    tags.endian = order
    tags.get_ifd(0x8769)[0xA001] = space
    tags.get_ifd(0x8769)[0xA005] = {1: index.decode().rstrip("\0")}
    return tags.tobytes()


@pytest.mark.parametrize(("space", "index"), [(65535, b"R03\0"), (2, b"R98\0")])
@pytest.mark.parametrize("order", ["<", ">"])
def test_adobe_rgb_that_only_exif_names_is_converted(space, index, order):
    exif = adobe_exif(space, index, order)
    plain = saved(gradient(300, 200), "JPEG", quality=95, exif=exif)
    tagged = saved(gradient(300, 200), "JPEG", quality=95, exif=exif, icc_profile=adobe_rgb_profile())
    assert difference(WEB_READY.apply(plain), shown(tagged)) < 0.5
    assert difference(WEB_READY.apply(plain), shown(plain)) > 4
    assert WEB_READY.apply(plain) == WEB_READY.apply(tagged)


def test_kept_exif_does_not_say_adobe_rgb_of_converted_colours():
    plain = saved(gradient(), "JPEG", exif=adobe_exif())
    kept = Recipe(metadata=Metadata(["exif"])).apply(plain)
    tags = Image.open(io.BytesIO(kept)).getexif()
    assert tags.get_ifd(0x8769)[0xA001] == 1
    assert tags.get_ifd(0xA005)[1] == "R98"
    # Read again, it is not converted a second time.
    assert codecs.decode(kept, codecs.probe(kept, Limits())).profile is None


def test_colours_that_stay_get_the_profile_that_exif_only_named():
    plain = saved(gradient(), "JPEG", exif=adobe_exif())
    kept = Recipe(format="png", colour=Colour(srgb=False)).apply(plain)
    assert Image.open(io.BytesIO(kept)).info["icc_profile"] == adobe_rgb_profile()


@pytest.mark.parametrize(("space", "index"), [(1, b"R98\0"), (65535, b"R98\0"), (1, b"R03\0")])
def test_other_words_of_exif_do_not_mean_adobe_rgb(space, index):
    plain = saved(gradient(), "JPEG", exif=adobe_exif(space, index))
    assert codecs.decode(plain, codecs.probe(plain, Limits())).profile is None


def test_a_profile_goes_before_what_exif_says():
    wide = wide_gamut_profile()
    data = saved(gradient(), "JPEG", exif=adobe_exif(), icc_profile=wide)
    assert codecs.decode(data, codecs.probe(data, Limits())).profile == wide


def test_the_made_profile_is_adobe_rgb():
    profile = ImageCms.ImageCmsProfile(io.BytesIO(adobe_rgb_profile()))
    assert profile.profile.profile_description == "Adobe RGB (1998) compatible"
    # Its green is far outside of sRGB, its red and blue are those of sRGB (Adobe RGB (1998), 4.3.1.2).
    data = saved(Image.new("RGB", (1, 1), (219, 0, 0)), "PNG", icc_profile=adobe_rgb_profile())
    assert pixels(shown(data))[0, 0].tolist() == pytest.approx([255, 0, 0], abs=3)
    grey = saved(Image.new("RGB", (1, 1), (128, 128, 128)), "PNG", icc_profile=adobe_rgb_profile())
    assert pixels(shown(grey))[0, 0].tolist() == pytest.approx([128, 128, 128], abs=2)


def test_a_truncated_or_changed_block_never_raises():
    whole = adobe_exif()
    for cut in range(len(whole)):
        says_adobe_rgb(whole[:cut])
        saying_srgb(whole[:cut])
        for value in (0, 0x7F, 0xFF):
            block = bytearray(whole)
            block[cut] = value
            says_adobe_rgb(bytes(block))
            assert len(saying_srgb(bytes(block))) == len(whole)
