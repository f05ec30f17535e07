import pytest
from PIL import Image, ImageCms

from imgpipe.filters import apply, parse

OTHER = b"\0" * 16 + b"RGB " + b"Display P3" + b"\0" * 100
GREY = b"\0" * 16 + b"GRAY" + b"Dot Gain 20%" + b"\0" * 100


def test_colour_profile_goes_with_the_colours_and_says_so(frame, picture):
    result = apply(parse("grayscale"), picture(frame("RGB", (4, 4)), profile=OTHER))
    assert result.profile is None
    assert any("ICC profile" in warning for warning in result.warnings)


def test_srgb_goes_without_a_word(frame, picture):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    result = apply(parse("grayscale"), picture(frame("RGB", (4, 4)), profile=profile))
    assert (result.profile, result.warnings) == (None, ())


def test_grey_profile_goes_where_a_background_brings_colour(picture):
    source = picture(Image.new("L", (4, 2)), profile=GREY)
    assert apply(parse("resize:4x4,fit=contain,background=red"), source).profile is None
    assert apply(parse("resize:4x4,fit=contain"), source).profile == GREY


@pytest.mark.parametrize(("kind", "profile"), [("RGB", OTHER), ("L", GREY), (3, OTHER), (1, GREY)])
@pytest.mark.parametrize("text", ["blur:2", "resize:2x", "flip", "brightness:2"])
def test_profile_stays_otherwise(kind, profile, text, frame, picture):
    assert apply(parse(text), picture(frame(kind, (4, 4)), profile=profile)).profile == profile


def test_grey_stays_with_its_profile(frame, picture):
    assert apply(parse("grayscale"), picture(frame("L", (4, 4)), profile=GREY)).profile == GREY
