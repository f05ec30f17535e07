import math

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from imgpipe.errors import FilterFailed, RecipeError
from imgpipe.filters import apply, least_size, parse

MODES = ["L", "LA", "RGB", "RGBA"]
TEXTS = [
    *("saturation:1.8", "saturation:0.2", "hue:75", "hue:-120", "vibrance:0.8", "vibrance:-0.6", "grayscale"),
    *("sepia", "sepia:0.4", "tint:teal", "tint:#f80,strength=1", 'matrix:"0.5,0.5,0;0,1,0,10;0.1,0,0.9,-5"'),
]
LUMA = np.array([0.299, 0.587, 0.114])


def after(picture, frame, text):
    return apply(parse(text), picture(frame)).frames[0]


def one(picture, colour, text):
    return after(picture, Image.new("RGB", (1, 1), colour), text).getpixel((0, 0))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("text", TEXTS)
def test_deep_frames_agree_with_8_bit_ones(mode, text, frame, picture, samples):
    shallow = frame(mode, (64, 48))
    deep = np.atleast_3d(np.asarray(shallow)).astype(np.uint16) * 257
    result = after(picture, deep, text)
    assert result.dtype == np.uint16
    most = 2 if text.startswith("tint") else 1.01  # a luma of 8 bits has been rounded once more
    assert abs(samples(after(picture, shallow, text)) - samples(result)).max() <= most


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("kind", ["LA", "RGBA", 2, 4])
def test_alpha_is_not_touched(text, kind, frame, picture):
    source = frame(kind, (20, 10))
    before, result = np.asarray(source), np.asarray(after(picture, source, text))
    assert np.array_equal(result[:, :, -1], before[:, :, -1])
    kept = before.shape[2] == 2 and text.partition(":")[0] in ("saturation", "hue", "vibrance", "grayscale")
    assert np.array_equal(result, before) is kept


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("kind", ["L", "RGBA", 1, 3])
def test_one_pixel(text, kind, frame, picture):
    assert np.asarray(after(picture, frame(kind, (1, 1)), text)).shape[:2] == (1, 1)


@pytest.mark.parametrize("factor", [0, 0.5, 1.4, 3])
def test_saturation_is_that_of_pillow(factor, frame, picture, samples):
    source = frame("RGB", (64, 48))
    expected = samples(ImageEnhance.Color(source).enhance(factor))
    tolerance = 1 if factor <= 1 else factor + 1  # Pillow rounds its grey first
    assert abs(samples(after(picture, source, f"saturation:{factor}")) - expected).max() <= tolerance


def test_saturation_of_zero_is_grey_in_three_bands(frame, picture):
    source = frame("RGB", (20, 10))
    result = after(picture, source, "saturation:0")
    assert result.mode == "RGB"
    assert all(band.tobytes() == source.convert("L").tobytes() for band in result.split())


def test_saturation_leaves_grey_alone_and_strengthens_colour(picture):
    assert one(picture, (90, 90, 90), "saturation:10") == (90, 90, 90)
    red, green, _ = one(picture, (150, 100, 100), "saturation:2")
    assert red > 150
    assert green < 100


@pytest.mark.parametrize(("kind", "expected"), [("L", "L"), ("LA", "LA"), ("RGB", "L"), ("RGBA", "LA")])
def test_grayscale_is_luma_601_in_one_band(kind, expected, frame, picture, samples):
    source = frame(kind, (20, 10))
    result = after(picture, source, "grayscale")
    assert result.mode == expected
    if kind.startswith("RGB"):
        assert abs(samples(result)[:, :, 0] - samples(source)[:, :, :3] @ LUMA).max() <= 0.51


@pytest.mark.parametrize(("bands", "expected"), [(1, 1), (2, 2), (3, 1), (4, 2)])
def test_grayscale_of_deep_frames(bands, expected, frame, picture):
    source = frame(bands, (20, 10))
    result = after(picture, source, "grayscale")
    assert result.shape == (10, 20, expected)
    if bands > 2:
        assert abs(result[:, :, 0] - source[:, :, :3].astype(float) @ LUMA).max() <= 2
    white = np.full((1, 1, 3), 65535, np.uint16)
    assert after(picture, white, "grayscale").item() == 65535


@pytest.mark.parametrize("angle", [30, 90, -120, 180, 350])
def test_hue_is_the_rotation_of_css(angle, frame, picture, samples):
    c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    constant = [[0.213, 0.715, 0.072]] * 3
    cosine = [[0.787, -0.715, -0.072], [-0.213, 0.285, -0.072], [-0.213, -0.715, 0.928]]
    sine = [[-0.213, -0.715, 0.928], [0.143, 0.140, -0.283], [-0.787, 0.715, 0.072]]
    rows = np.array(constant) + c * np.array(cosine) + s * np.array(sine)
    source = frame("RGB", (30, 20))
    expected = (samples(source) @ rows.T).clip(0, 255)
    assert abs(samples(after(picture, source, f"hue:{angle}")) - expected).max() <= 0.51


def test_hue_keeps_grey_and_goes_from_red_to_green_to_blue(picture):
    assert one(picture, (77, 77, 77), "hue:100") == (77, 77, 77)
    assert np.argmax(one(picture, (200, 60, 60), "hue:120")) == 1
    assert np.argmax(one(picture, (200, 60, 60), "hue:-120")) == 2


@pytest.mark.parametrize("amount", [-1, -0.3, 0.5, 1])
def test_vibrance_is_saturation_that_strong_colours_escape(amount, frame, picture, samples):
    source = frame("RGB", (30, 20))
    pixels = samples(source)
    grey = (pixels @ LUMA)[:, :, np.newaxis]
    chroma = np.ptp(pixels, axis=2, keepdims=True) / 255
    expected = (grey + (pixels - grey) * (1 + amount * (1 - chroma))).clip(0, 255)
    assert abs(samples(after(picture, source, f"vibrance:{amount}")) - expected).max() <= 0.51


def test_vibrance_leaves_full_colours_and_grey(picture):
    assert one(picture, (255, 0, 0), "vibrance:1") == (255, 0, 0)
    assert one(picture, (90, 90, 90), "vibrance:1") == (90, 90, 90)
    pale, strong = one(picture, (140, 120, 120), "vibrance:1"), one(picture, (230, 20, 20), "vibrance:1")
    assert pale[0] - pale[1] > 1.8 * 20
    assert strong[0] - strong[1] < 1.2 * 210


def test_sepia_is_that_of_css(frame, picture, samples):
    source = frame("RGB", (30, 20))
    rows = np.array([[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]])
    for strength in (1, 0.4):
        weights = strength * rows + (1 - strength) * np.eye(3)
        expected = (samples(source) @ weights.T).clip(0, 255)
        assert abs(samples(after(picture, source, f"sepia:{strength}")) - expected).max() <= 0.51


def test_tint_gives_a_grey_of_its_luma_the_colour_itself(picture):
    colour = (200, 90, 30)
    luma = round(float(np.dot(colour, LUMA)))
    made = one(picture, (luma, luma, luma), "tint:#c85a1e,strength=1")
    assert np.abs(np.subtract(made, colour)).max() <= 2


@pytest.mark.parametrize("colour", ["teal", "#f80", "black", "white", "blue"])
def test_tint_keeps_luma_black_and_white(colour, frame, picture, samples):
    for end in (0, 255):
        assert one(picture, (end,) * 3, f"tint:{colour},strength=1") == (end,) * 3
    source = frame("RGB", (30, 20))
    for strength in (0.5, 1):
        made = samples(after(picture, source, f"tint:{colour},strength={strength}"))
        assert abs((made - samples(source)) @ LUMA).max() <= 1.5


@pytest.mark.parametrize("kind", ["RGB", 3])
def test_the_strength_of_a_tint_is_its_weight(kind, frame, picture, samples):
    source = frame(kind, (30, 20))
    whole = samples(after(picture, source, "tint:teal,strength=1"))
    part = samples(after(picture, source, "tint:teal,strength=0.3"))
    assert abs(part - (0.3 * whole + 0.7 * samples(source))).max() <= 0.51


@pytest.mark.parametrize("text", ["tint:#ff000080", "tint:transparent", "tint:purpel"])
def test_tint_needs_an_opaque_colour(text):
    with pytest.raises(RecipeError, match=r"opaque|purple"):
        parse(text)


def test_matrix_mixes_bands_and_adds(picture):
    assert one(picture, (10, 20, 30), 'matrix:"0,0,1;1,0,0;0,1,0"') == (30, 10, 20)
    assert one(picture, (10, 20, 30), 'matrix:"2,0,0,-5;0,1,1;0,0,1,300"') == (15, 50, 255)
    deep = after(picture, np.full((1, 1, 3), 257 * 10, np.uint16), 'matrix:"2,0,0,-5;0,1,1;0,0,1,300"')
    assert deep.ravel().tolist() == [15 * 257, 20 * 257, 65535]


@pytest.mark.parametrize("rows", ["", "1,0,0;0,1,0", "1,0;0,1;1,1", "a,0,0;0,1,0;0,0,1", "1,0,0;0,1,0;0,0,1;1,1,1"])
def test_what_is_no_matrix_is_refused(rows):
    with pytest.raises(RecipeError, match="cannot read"):
        parse("matrix").filter.operation({"rows": rows})


@pytest.mark.parametrize("weight", ["nan", "inf", "101", "-1e9"])
def test_weights_out_of_range_are_refused(weight):
    with pytest.raises(RecipeError, match="out of range"):
        parse(f'matrix:"{weight},0,0;0,1,0;0,0,1"')


@pytest.mark.parametrize("text", TEXTS)
def test_cmyk_fails_with_the_way_out(text, frame, picture):
    with pytest.raises(FilterFailed, match="--no-srgb"):
        after(picture, frame("CMYK", (4, 4)), text)


@pytest.mark.parametrize("text", TEXTS)
def test_colours_keep_reduced_size_and_do_not_ask_for_pixels(text, frame, picture):
    reduced = picture(frame("RGB", (10, 8)), frame("RGB", (10, 8), 1), size=(40, 32))
    result = apply(parse(text), reduced)
    assert (result.size, len(result.frames)) == ((40, 32), 2)
    assert least_size([parse(text), parse("resize:50%")], (400, 320)) == (300, 240)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("kind", ["RGB", 3])
def test_strips_do_not_show(text, kind, frame, picture):
    wide, tall = frame(kind, (70000, 3)), frame(kind, (3, 70000))
    for source in (wide, tall):
        pixels = np.asarray(source)
        part = pixels[-2:, -2:].copy()
        small = part if kind == 3 else Image.fromarray(part)
        whole = np.asarray(after(picture, source, text))
        assert np.array_equal(whole[-2:, -2:], np.asarray(after(picture, small, text)))
