import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from imgpipe import Recipe
from imgpipe.codecs import by_name
from imgpipe.codecs.adobe_rgb import adobe_rgb_profile
from imgpipe.codecs.codec import Encoding
from imgpipe.codecs.matrix_profile import Primaries, grey_profile, matrix_profile
from imgpipe.filters import apply, filter, parse
from imgpipe.icc import layer_in
from imgpipe.picture import Picture

from ..codecs.pictures import nearly_srgb_profile

GREEN = (30, 180, 60)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.fixture
def logo(tmp_path):
    path = tmp_path / "logo.png"
    Image.new("RGBA", (40, 30), (*GREEN, 255)).save(path)
    return f'watermark:image="{path}",gravity=north'


def seen(frame, profile):
    """The picture's colours in sRGB, of 8 bits, N x 3."""
    image = frame if isinstance(frame, Image.Image) else Image.fromarray((frame // 257).astype(np.uint8))
    shown = ImageCms.profileToProfile(image.convert("RGB"), ImageCms.ImageCmsProfile(io.BytesIO(profile)),
                                      ImageCms.createProfile("sRGB"), renderingIntent=1)  # fmt: skip
    return np.asarray(shown).reshape(-1, 3).astype(int)


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("text", [
    None, "pad:9,background=#1eb43c", "border:9,colour=#1eb43c", "rotate:30,background=#1eb43c",
    "text:H,size=90%,colour=#1eb43c", "text:H,background=#1eb43c", "resize:40x90,fit=contain,background=#1eb43c",
])  # fmt: skip
def test_colours_and_logos_look_the_same_in_every_space(text, deep, logo):
    profile = adobe_rgb_profile()
    samples = np.full((30, 40, 3), 131, np.uint8)
    frame = samples.astype(np.uint16) * 257 if deep else Image.fromarray(samples)
    made = apply(parse(text or logo), Picture((frame,), (40, 30), "png", profile=profile)).frames[0]
    assert abs(seen(made, profile) - GREEN).max(axis=1).min() <= 3


@pytest.mark.parametrize("profile", [None, SRGB, grey_profile("grey", 1.8), b"no profile"])
def test_in_srgb_and_in_what_has_no_colours_they_stay_as_they_are(profile, logo):
    for text in (logo, "pad:9,background=#1eb43c"):
        made = apply(parse(text), Picture((Image.new("RGB", (40, 30)),), (40, 30), "png", profile=profile))
        assert made.frames[0].getpixel((20, 2)) == GREEN


def test_a_logo_is_not_copied_where_a_space_is_srgb_by_another_name():
    layer = Image.new("RGBA", (2, 2), GREEN)
    for profile in (SRGB, nearly_srgb_profile()):
        assert layer_in(layer, profile) is layer


def test_grey_stays_grey():
    # Of this one rounding would make a green of a grey.
    profile = matrix_profile("", Primaries((0.63, 0.34), (0.31, 0.595), (0.155, 0.07)), 2.2)
    picture = Picture((Image.new("L", (8, 8), 90),), (8, 8), "png", profile=profile)
    for level in range(256):
        assert apply(parse(f"pad:1,background=#{level:02x}{level:02x}{level:02x}"), picture).frames[0].mode == "L"


def test_a_colour_that_is_half_transparent_stays_so():
    picture = Picture((Image.new("RGBA", (8, 8)),), (8, 8), "png", profile=adobe_rgb_profile())
    made = apply(parse("pad:1,background=#1eb43c80"), picture).frames[0]
    assert made.getpixel((0, 0))[3] == 0x80
    assert made.getpixel((0, 0))[:3] != GREEN


def test_options_of_a_filter_of_ones_own_are_its_own_affair():
    @filter
    def named(picture: Picture, colour: str = "") -> Picture:
        """Say it."""
        return picture.warn(colour)

    picture = Picture((Image.new("RGB", (8, 8)),), (8, 8), "png", profile=adobe_rgb_profile())
    assert apply(named(colour="red"), picture).warnings == ("red",)


def test_16_bits_become_srgb_with_the_logo_that_was_meant(logo):
    deep = Picture((np.full((30, 40, 3), 30000, np.uint16),), (40, 30), "png", profile=adobe_rgb_profile())
    file = by_name("png").encode(deep, Encoding()).data
    made = Image.open(io.BytesIO(Recipe([logo], "webp", encoding=Encoding(lossless=True)).apply(bytes(file))))
    assert abs(np.asarray(made.convert("RGB"))[10, 20].astype(int) - GREEN).max() <= 3
