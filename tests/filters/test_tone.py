from io import BytesIO
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from imgpipe import Recipe
from imgpipe.errors import FilterFailed, RecipeError
from imgpipe.filters import apply, apply_all, least_size, parse

MODES = ["L", "LA", "RGB", "RGBA"]
CURVE = '"0,0 64,40 192,215 255,255"'
TEXTS = [
    *("brightness:1.3", "brightness:0.4", "contrast:1.7", "contrast:0.3", "gamma:2.2", "exposure:1", "exposure:-1.5"),
    *("levels:black=20,white=200,gamma=1.5,out_black=10,out_white=250", f"curves:{CURVE}"),
    *("invert", "solarize:100", "posterize:levels=5", "posterize:bits=3"),
]


def after(picture, frame, text):
    return apply(parse(text), picture(frame)).frames[0]


def ramp(deep=False):
    levels = np.arange(65536 if deep else 256)[np.newaxis]
    return levels.astype(np.uint16)[:, :, np.newaxis] if deep else Image.fromarray(levels.astype(np.uint8))


def curve_of(text, picture, deep=False):
    """What becomes of each level, 0 to 1."""
    return np.asarray(after(picture, ramp(deep), text)).ravel() / (65535 if deep else 255)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("text", TEXTS)
def test_deep_frames_agree_with_8_bit_ones(mode, text, frame, picture, samples):
    shallow = frame(mode, (64, 48))
    deep = np.atleast_3d(np.asarray(shallow)).astype(np.uint16) * 257
    result = after(picture, deep, text)
    assert result.dtype == np.uint16
    # The lower bits that 8-bit samples do not have are cleared, too.
    assert abs(samples(after(picture, shallow, text)) - samples(result)).max() <= 1


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("kind", ["LA", "RGBA", 2, 4])
def test_alpha_is_not_touched(text, kind, frame, picture):
    source = frame(kind, (20, 10))
    before, result = np.asarray(source), np.asarray(after(picture, source, text))
    assert np.array_equal(result[:, :, -1], before[:, :, -1])
    assert not np.array_equal(result, before)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("kind", ["L", "RGBA", 1, 3])
def test_one_pixel(text, kind, frame, picture):
    source = frame(kind, (1, 1))
    assert np.asarray(after(picture, source, text)).shape == np.asarray(source).shape


@pytest.mark.parametrize("factor", [0, 0.5, 1.4, 3])
def test_brightness_is_that_of_pillow_within_a_level(factor, frame, picture, samples):
    source = frame("RGB", (64, 48))
    expected = samples(ImageEnhance.Brightness(source).enhance(factor))
    assert abs(samples(after(picture, source, f"brightness:{factor}")) - expected).max() <= 1


def test_brightness_multiplies_and_clips(picture):
    assert after(picture, Image.new("RGB", (1, 1), (10, 100, 200)), "brightness:1.5").getpixel((0, 0)) == (15, 150, 255)
    assert after(picture, Image.new("L", (1, 1), 200), "brightness:0").getpixel((0, 0)) == 0


def test_contrast_turns_about_mid_grey(picture):
    source = Image.new("RGB", (1, 1), (0, 100, 255))
    assert after(picture, source, "contrast:0").getpixel((0, 0)) == (128, 128, 128)
    assert after(picture, source, "contrast:0.5").getpixel((0, 0)) == (64, 114, 191)
    assert after(picture, source, "contrast:2").getpixel((0, 0)) == (0, 73, 255)


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("power", [0.1, 0.5, 2.2, 10])
def test_gamma_raises_to_its_reciprocal(power, deep, picture):
    expected = np.linspace(0, 1, 65536 if deep else 256) ** (1 / power)
    assert abs(curve_of(f"gamma:{power}", picture, deep) - expected).max() <= 0.5001 / (65535 if deep else 255)


@pytest.mark.parametrize("stops", [-10, -2, -0.5, 0.5, 1, 10])
def test_exposure_multiplies_light(stops, picture):
    level = np.linspace(0, 1, 256)
    light = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4) * 2**stops
    expected = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055).clip(0, 1)
    assert abs(curve_of(f"exposure:{stops}", picture) - expected).max() <= 0.5001 / 255


def test_a_stop_is_twice_the_light(picture):
    # sRGB 188 is half the light of 255.
    assert after(picture, Image.new("L", (1, 1), 188), "exposure:1").getpixel((0, 0)) in (254, 255)
    assert after(picture, Image.new("L", (1, 1), 255), "exposure:-1").getpixel((0, 0)) == 188


def test_levels_set_black_white_and_middle(picture):
    made = curve_of("levels:black=50,white=200", picture) * 255
    assert made[:51].max() == 0
    assert made[200:].min() == 255
    assert made[125] == 128
    lifted = curve_of("levels:out_black=40,out_white=180", picture) * 255
    assert (lifted[0], lifted[255]) == (40, 180)
    assert curve_of("levels:gamma=2", picture)[64] * 255 == round(255 * (64 / 255) ** 0.5)
    assert np.array_equal(curve_of("levels:out_black=255,out_white=0", picture), curve_of("invert", picture))


@pytest.mark.parametrize("text", ["levels:black=100,white=100", "levels:black=255", "levels:white=0"])
def test_levels_need_black_below_white(text):
    with pytest.raises(RecipeError, match="must be below"):
        parse(text)


def test_curves_go_through_their_points_and_rise_where_they_rise(picture):
    made = np.rint(curve_of(f"curves:{CURVE}", picture) * 255)
    assert [made[at] for at in (0, 64, 192, 255)] == [0, 40, 215, 255]
    assert (np.diff(made) >= 0).all()
    deep = curve_of(f"curves:{CURVE}", picture, deep=True)
    assert abs(deep[::257] - made / 255).max() <= 0.51 / 255


@pytest.mark.parametrize(
    "points", ["0,0 100,5 110,250 255,255", "0,0 128,200 255,100", "0,10 20,10 21,240 255,240", "0,255 9,3 255,0"]
)
def test_curves_never_overshoot_their_points(points, picture):
    made = curve_of(f'curves:"{points}"', picture, deep=True) * 255
    given = [tuple(map(float, point.split(","))) for point in points.split()]
    for (left, start), (right, end) in pairwise(given):
        part = made[int(left * 257) : int(right * 257) + 1]
        steps = np.diff(part) * (1 if end >= start else -1)
        assert (steps >= 0).all()
        assert (part[0], part[-1]) == pytest.approx((start, end), abs=0.01)


def test_a_curve_is_the_monotone_cubic_of_fritsch_and_carlson(picture):
    # Worked out by hand for 0,0 51,102 255,255: secants 2 and 3/4, slopes 2, 11/8 and 3/4, none too steep.
    made = curve_of('curves:"0,0 51,102 255,255"', picture, deep=True) * 255
    t = np.arange(25, 40) / 51
    expected = (3 * t**2 - 2 * t**3) * 102 + (t - 2 * t**2 + t**3) * 51 * 2 + (t**3 - t**2) * 51 * 11 / 8
    assert made[np.arange(25, 40) * 257] == pytest.approx(expected, abs=0.01)


def test_curves_are_level_beyond_their_ends(picture):
    made = curve_of('curves:"50,20 200,220"', picture) * 255
    assert set(made[:51]) == {20}
    assert set(made[200:]) == {220}


@pytest.mark.parametrize(("channel", "band"), [("red", 0), ("green", 1), ("blue", 2)])
@pytest.mark.parametrize("kind", ["RGB", 3])
def test_a_curve_of_one_band_leaves_the_others(channel, band, kind, frame, picture):
    source = frame(kind, (20, 10))
    before = np.asarray(source)
    result = np.asarray(after(picture, source, f"curves:{CURVE},channel={channel}"))
    changed = [not np.array_equal(result[:, :, each], before[:, :, each]) for each in range(3)]
    assert changed == [each == band for each in range(3)]
    everything = np.asarray(after(picture, source, f"curves:{CURVE}"))
    assert np.array_equal(result[:, :, band], everything[:, :, band])


@pytest.mark.parametrize("kind", ["L", "LA", 1, 2])
def test_grey_has_no_band_of_a_colour(kind, frame, picture):
    source = frame(kind, (20, 10))
    assert np.array_equal(np.asarray(after(picture, source, f"curves:{CURVE},channel=blue")), np.asarray(source))


@pytest.mark.parametrize("points", ["0,0", "", "0,0 0,255", "9,0 3,4", "0,0 256,1", "0,0 -1,2", "nan,0 1,1", "0;0 1;1"])
def test_points_that_make_no_curve_are_refused(points):
    with pytest.raises(RecipeError, match="filter curves"):
        parse("curves").filter.operation({"points": points})


@pytest.mark.parametrize("text", TEXTS)
def test_cmyk_fails_with_the_way_out(text, frame, picture):
    with pytest.raises(FilterFailed, match="--no-srgb"):
        after(picture, frame("CMYK", (4, 4)), text)
    with pytest.raises(FilterFailed, match="--no-srgb"):
        apply_all([parse("brightness:2"), parse(text)], picture(frame("CMYK", (4, 4))))


@pytest.mark.parametrize("text", TEXTS)
def test_tone_keeps_reduced_size_and_asks_for_pixels_only_where_it_jumps_or_bends_much(text, frame, picture):
    reduced = picture(frame("RGB", (10, 8)), frame("RGB", (10, 8), 1), size=(40, 32))
    result = apply(parse(text), reduced)
    assert (result.size, len(result.frames)) == ((40, 32), 2)
    every = text.startswith(("solarize", "posterize", "brightness:1.3", "contrast:1.7", "levels"))
    assert least_size([parse(text), parse("resize:50%")], (400, 320)) == (None if every else (300, 240))
    assert least_size([parse(text)], (400, 320)) is None


@pytest.mark.parametrize("text", [
    *("brightness:1.2", "brightness:1.3", "brightness:0", "contrast:1.4", "contrast:1.6", "contrast:0"),
    *("levels:black=12,white=240", "levels:black=70,white=200", "levels:white=190", "levels:black=60"),
    *("levels:black=60,out_white=150", "levels:out_black=255,out_white=0", f"curves:{CURVE}"),
    *('curves:"70,0 200,255"', 'curves:"0,0 70,0 200,255 255,255"', 'curves:"0,255 255,0"', 'curves:"0,0 128,200"'),
])  # fmt: skip
def test_what_bends_levels_much_looks_at_every_pixel(text, picture):
    """The farthest that the mean of two levels' results may be from the result of their mean says what is much."""
    curve, levels = curve_of(text, picture), np.arange(256)
    bend = 0
    for first in range(0, 256, 5):
        for last in range(first + 5, 256, 5):
            between = levels[first : last + 1]
            straight = np.interp(between, [first, last], curve[[first, last]])
            bend = max(bend, np.abs(straight - curve[between]).max())
    assert (least_size([parse(text), parse("resize:10%")], (4000, 3000)) is None) == (bend > 0.2)


def test_small_text_of_a_scan_does_not_fade_in_jpeg_alone():
    page = np.full((800, 800), 240, np.uint8)
    page[:, ::16] = page[:, 1::16] = 90
    made = []
    for name in ("PNG", "JPEG"):
        file = BytesIO()
        Image.fromarray(page).save(file, name)
        made.append(
            Image.open(BytesIO(Recipe(["levels:black=70,white=200", "resize:50x"], "png").apply(file.getvalue())))
        )
    assert abs(np.mean(made[0]) - np.mean(made[1])) < 2
