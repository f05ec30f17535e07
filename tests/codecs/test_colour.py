from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageCms

from imgpipe import codecs
from imgpipe.codecs import Encoding
from imgpipe.codecs.colour import to_srgb
from imgpipe.codecs.matrix_profile import grey_profile

from .pictures import (
    deep_gradient,
    gradient,
    nearly_srgb_profile,
    picture_of,
    pixels,
    read,
    saved,
    wide_gamut_profile,
)


def srgb_profile():
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def by_the_engine(image, profile):
    return ImageCms.profileToProfile(
        image,
        ImageCms.ImageCmsProfile(BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )


def test_a_wide_gamut_is_converted_as_the_colour_engine_does(wide_profile):
    converted = to_srgb(picture_of(gradient(), profile=wide_profile))
    assert converted.profile is None
    assert np.array_equal(converted.frames[0], by_the_engine(gradient(), wide_profile))
    assert np.abs(pixels(converted.frames[0]) - pixels(gradient())).max() > 20
    assert converted.frames[0].info == {}


def test_white_stays_white_whatever_the_paper():
    warm = wide_gamut_profile(white=(0.8, 0.75, 0.5), kind=b"scnr")
    converted = to_srgb(picture_of(Image.new("RGB", (2, 2), "white"), profile=warm))
    assert pixels(converted.frames[0])[0, 0].min() >= 254


def test_alpha_is_left_alone(wide_profile):
    image = gradient(mode="RGBA")
    converted = to_srgb(picture_of(image, profile=wide_profile)).frames[0]
    assert converted.mode == "RGBA"
    assert np.array_equal(converted.getchannel("A"), image.getchannel("A"))
    assert np.array_equal(converted.convert("RGB"), by_the_engine(image.convert("RGB"), wide_profile))


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_grey_stays_grey_and_follows_the_curve(mode):
    dark = wide_gamut_profile(gamma=1.0)
    converted = to_srgb(picture_of(gradient(mode=mode), profile=dark)).frames[0]
    assert converted.mode == mode
    before, after = pixels(gradient(mode=mode).getchannel(0)), pixels(converted.getchannel(0))
    expected = by_the_engine(gradient(mode=mode).convert("L").convert("RGB"), dark)
    assert np.abs(after - pixels(expected)[:, :, 1]).max() <= 1
    assert (after[before == 129] > 180).all()


@pytest.mark.parametrize("profile", [srgb_profile(), nearly_srgb_profile()])
def test_srgb_by_any_name_is_not_converted(profile):
    picture = picture_of(gradient(), profile=profile)
    converted = to_srgb(picture)
    assert converted.frames[0] is picture.frames[0]
    assert converted.profile is None


def test_no_profile_is_srgb():
    picture = picture_of(gradient())
    assert to_srgb(picture) is picture


@pytest.mark.parametrize("profile", [b"junk", b"\0" * 200, wide_gamut_profile()[:300]])
def test_an_unusable_profile_is_said_and_taken_off(profile):
    picture = picture_of(gradient(), profile=profile)
    converted = to_srgb(picture)
    assert converted.frames[0] is picture.frames[0]
    assert (converted.profile, converted.warnings) == (None, ("ICC profile is unusable and was ignored",))


def test_a_profile_of_another_colour_space_is_unusable():
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    assert to_srgb(picture_of(gradient(), profile=lab)).warnings == ("ICC profile is unusable and was ignored",)


def test_cmyk_without_a_profile_is_said():
    converted = to_srgb(picture_of(Image.new("CMYK", (2, 2), (255, 0, 0, 0))))
    assert converted.frames[0].mode == "RGB"
    assert pixels(converted.frames[0])[0, 0].tolist() == [0, 255, 255]
    assert converted.warnings == ("CMYK converted without an ICC profile: colours are approximate",)


def test_16_bits_keep_their_numbers_and_their_profile(wide_profile):
    picture = picture_of(deep_gradient(), profile=wide_profile)
    assert to_srgb(picture) is picture


def test_16_bits_lose_a_profile_that_says_nothing():
    assert to_srgb(picture_of(deep_gradient(), profile=srgb_profile())).profile is None


def test_the_engine_is_asked_once_for_a_profile(wide_profile, monkeypatch):
    to_srgb(picture_of(gradient(), profile=wide_profile))
    monkeypatch.setattr(ImageCms, "ImageCmsTransform", None)
    to_srgb(picture_of(gradient(), profile=bytes(bytearray(wide_profile))))


@pytest.mark.parametrize("name", ["webp", "avif"])
def test_a_profile_of_grey_is_applied_where_the_output_has_colours(name):
    profile = grey_profile("grey", 1.4)
    picture = picture_of(gradient(mode="L"), profile=profile)
    encoded = codecs.encode(picture, name, Encoding(quality=100))
    assert encoded.warnings == (f"colours converted to sRGB: {name} does not hold grey",)
    back, wanted = read(encoded.data), to_srgb(picture).frames[0]
    assert back.profile is None
    assert np.abs(pixels(back.frames[0], "L") - pixels(wanted)).max() < 8


def test_lab_is_converted_to_the_colours_that_it_says():
    """Of D50, as the ICC has it: red, green and blue of sRGB, a grey, white and black, rounded to 8 bits."""
    said = {
        (138, 209, 198): (255, 0, 0),
        (224, 49, 209): (0, 255, 0),
        (75, 196, 16): (0, 0, 255),
        (136, 128, 128): (127, 127, 127),
        (255, 128, 128): (255, 255, 255),
        (0, 128, 128): (0, 0, 0),
    }
    image = Image.merge("LAB", [Image.fromarray(np.array([band], np.uint8)) for band in zip(*said, strict=True)])
    made = read(saved(image, "TIFF")).frames[0]
    off = np.abs(pixels(made)[0] - np.array(list(said.values())))
    assert off.max() <= 10  # a step of a or b in the dark is as much
    assert off.mean() <= 2
