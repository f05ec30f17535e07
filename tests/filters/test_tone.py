import numpy as np
import pytest
from PIL import Image, ImageEnhance

from imgpipe.errors import FilterFailed
from imgpipe.filters import apply, least_size, parse

MODES = ["L", "LA", "RGB", "RGBA"]
TEXTS = ["brightness:1.3", "brightness:0.4", "contrast:1.7", "contrast:0.3", "saturation:1.8", "saturation:0.2"]


def after(picture, frame, text):
    return apply(parse(text), picture(frame)).frames[0]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("text", [*TEXTS, "grayscale"])
def test_deep_frames_agree_with_8_bit_ones(mode, text, frame, picture, samples):
    shallow = frame(mode, (64, 48))
    deep = np.atleast_3d(np.asarray(shallow)).astype(np.uint16) * 257
    result = after(picture, deep, text)
    assert result.dtype == np.uint16
    assert abs(samples(after(picture, shallow, text)) - samples(result)).max() <= 1


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("kind", ["LA", "RGBA", 2, 4])
def test_alpha_is_not_touched(text, kind, frame, picture):
    source = frame(kind, (20, 10))
    before, result = np.asarray(source), np.asarray(after(picture, source, text))
    assert np.array_equal(result[:, :, -1], before[:, :, -1])
    grey = before.shape[2] == 2 and "saturation" in text
    assert np.array_equal(result, before) is grey


@pytest.mark.parametrize("factor", [0, 0.5, 1.4, 3])
def test_brightness_and_saturation_are_those_of_pillow_within_a_level(factor, frame, picture, samples):
    source = frame("RGB", (64, 48))
    for text, enhance in (("brightness", ImageEnhance.Brightness), ("saturation", ImageEnhance.Color)):
        expected = samples(enhance(source).enhance(factor))
        tolerance = 1 if factor <= 1 or text == "brightness" else factor + 1  # Pillow rounds its grey first
        assert abs(samples(after(picture, source, f"{text}:{factor}")) - expected).max() <= tolerance


def test_brightness_multiplies_and_clips(picture):
    assert after(picture, Image.new("RGB", (1, 1), (10, 100, 200)), "brightness:1.5").getpixel((0, 0)) == (15, 150, 255)
    assert after(picture, Image.new("L", (1, 1), 200), "brightness:0").getpixel((0, 0)) == 0


def test_contrast_turns_about_mid_grey(picture):
    source = Image.new("RGB", (1, 1), (0, 100, 255))
    assert after(picture, source, "contrast:0").getpixel((0, 0)) == (128, 128, 128)
    assert after(picture, source, "contrast:0.5").getpixel((0, 0)) == (64, 114, 191)
    assert after(picture, source, "contrast:2").getpixel((0, 0)) == (0, 73, 255)


def test_saturation_of_zero_is_grey_in_three_bands(frame, picture):
    source = frame("RGB", (20, 10))
    result = after(picture, source, "saturation:0")
    assert result.mode == "RGB"
    assert all(band.tobytes() == source.convert("L").tobytes() for band in result.split())


def test_saturation_leaves_grey_alone_and_strengthens_colour(picture):
    assert after(picture, Image.new("RGB", (1, 1), (90, 90, 90)), "saturation:10").getpixel((0, 0)) == (90, 90, 90)
    red, green, _ = after(picture, Image.new("RGB", (1, 1), (150, 100, 100)), "saturation:2").getpixel((0, 0))
    assert red > 150
    assert green < 100


@pytest.mark.parametrize(("kind", "expected"), [("L", "L"), ("LA", "LA"), ("RGB", "L"), ("RGBA", "LA")])
def test_grayscale_is_luma_601_in_one_band(kind, expected, frame, picture, samples):
    source = frame(kind, (20, 10))
    result = after(picture, source, "grayscale")
    assert result.mode == expected
    if kind.startswith("RGB"):
        luma = samples(source)[:, :, :3] @ [0.299, 0.587, 0.114]
        assert abs(samples(result)[:, :, 0] - luma).max() <= 0.51


@pytest.mark.parametrize(("bands", "expected"), [(1, 1), (2, 2), (3, 1), (4, 2)])
def test_grayscale_of_deep_frames(bands, expected, frame, picture):
    source = frame(bands, (20, 10))
    result = after(picture, source, "grayscale")
    assert result.shape == (10, 20, expected)
    if bands > 2:
        luma = source[:, :, :3].astype(float) @ [0.299, 0.587, 0.114]
        assert abs(result[:, :, 0] - luma).max() <= 2
    white = np.full((1, 1, 3), 65535, np.uint16)
    assert after(picture, white, "grayscale").item() == 65535


@pytest.mark.parametrize("text", [*TEXTS, "grayscale"])
def test_cmyk_fails_with_the_way_out(text, frame, picture):
    with pytest.raises(FilterFailed, match="--no-srgb"):
        after(picture, frame("CMYK", (4, 4)), text)


@pytest.mark.parametrize("text", [*TEXTS, "grayscale"])
def test_tone_keeps_reduced_size_and_does_not_ask_for_pixels(text, frame, picture):
    reduced = picture(frame("RGB", (10, 8)), frame("RGB", (10, 8), 1), size=(40, 32))
    result = apply(parse(text), reduced)
    assert (result.size, len(result.frames)) == ((40, 32), 2)
    assert least_size([parse(text), parse("resize:50%")], (40, 32)) == (30, 24)
    assert least_size([parse(text)], (40, 32)) is None
