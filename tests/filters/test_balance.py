import numpy as np
import pytest
from PIL import Image

from imgpipe.errors import FilterFailed, RecipeError
from imgpipe.filters import apply, least_size, parse
from imgpipe.filters.illuminant import light_of
from imgpipe.filters.srgb import to_levels, to_light

LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


def after(picture, frame, text):
    return apply(parse(text), picture(frame)).frames[0]


def means(frame):
    """Mean light of each colour band."""
    pixels = np.asarray(frame)[:, :, :3]
    return to_light(pixels / np.iinfo(pixels.dtype).max).mean(axis=(0, 1))


def cast(frame, gains):
    """The frame under light of this colour."""
    pixels = np.asarray(frame)
    most = np.iinfo(pixels.dtype).max
    lit = to_levels(to_light(pixels / most) * gains)
    shown = np.rint(lit.clip(0, 1) * most).astype(pixels.dtype)
    return shown if pixels.dtype == np.uint16 else Image.fromarray(shown)


@pytest.fixture
def scene(frame):
    """scene(kind): a picture of middle tones, grey on average."""

    def make(kind):
        source = frame(kind, (64, 48))
        return source // 2 if isinstance(kind, int) else source.point(lambda value: value // 2)

    return make


@pytest.mark.parametrize("kind", ["RGB", 3])
def test_automatic_balance_makes_means_equal(kind, scene, picture):
    made = means(after(picture, cast(scene(kind), [1.3, 1.0, 0.7]), "white-balance"))
    assert np.ptp(made) < 0.02 * made.mean()


def test_strength_of_the_automatic_balance(scene, picture):
    source = cast(scene("RGB"), [1.3, 1.0, 0.7])
    none, half, full = (
        np.ptp(means(after(picture, source, f"white-balance:strength={strength}"))) for strength in (0, 0.5, 1)
    )
    assert none == np.ptp(means(source))
    assert 0.35 * none < half < 0.65 * none
    assert full < 0.05 * none


def test_a_picture_of_one_colour_keeps_some_of_it(picture):
    made = after(picture, Image.new("RGB", (8, 8), (20, 20, 200)), "white-balance").getpixel((0, 0))
    assert made[2] > 1.5 * made[0]
    assert after(picture, Image.new("RGB", (2, 2)), "white-balance").getpixel((0, 0)) == (0, 0, 0)


@pytest.mark.parametrize("kind", ["L", "LA", 1, 2])
@pytest.mark.parametrize("text", ["white-balance", "white-balance:3000,tint=20"])
def test_grey_stays(kind, text, frame, picture):
    source = frame(kind, (20, 10))
    assert np.array_equal(np.asarray(after(picture, source, text)), np.asarray(source))


@pytest.mark.parametrize("temperature", [2500, 3000, 4500, 8000, 15000])
@pytest.mark.parametrize("tint", [-50, 0, 50])
def test_a_temperature_takes_light_of_it_out(temperature, tint, picture):
    light = np.array(light_of(temperature, tint / 3000)) / light_of(6500, 0)
    seen = cast(Image.new("RGB", (1, 1), (90, 90, 90)), light / light.max())
    made = after(picture, seen, f"white-balance:temperature={temperature},tint={tint}").getpixel((0, 0))
    assert max(made) - min(made) <= 4


@pytest.mark.parametrize("text", ["3000", "4500,tint=30", "20000"])
def test_grey_keeps_its_luminance(text, picture):
    made = np.array(after(picture, Image.new("RGB", (1, 1), (60, 60, 60)), f"white-balance:{text}").getpixel((0, 0)))
    assert to_light(made / 255) @ LUMINANCE == pytest.approx(to_light(np.array(60 / 255)), rel=0.03)


def test_directions(picture):
    grey = Image.new("RGB", (1, 1), (120, 120, 120))
    red, _, blue = after(picture, grey, "white-balance:3500").getpixel((0, 0))
    assert blue > red + 30
    red, _, blue = after(picture, grey, "white-balance:9000").getpixel((0, 0))
    assert red > blue + 20
    red, green, blue = after(picture, grey, "white-balance:6500,tint=40").getpixel((0, 0))
    assert green < min(red, blue) - 5
    red, green, blue = after(picture, grey, "white-balance:6500,tint=-40").getpixel((0, 0))
    assert green > max(red, blue) + 5


@pytest.mark.parametrize(
    ("temperature", "x", "y"), [(2856, 0.44757, 0.40745), (4000, 0.3805, 0.3768), (6500, 0.3135, 0.3237)]
)
def test_black_bodies_have_the_chromaticities_of_cie(temperature, x, y):
    to_xyz = np.array(
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
    )
    xyz = to_xyz @ light_of(temperature, 0)
    assert xyz[:2] / xyz.sum() == pytest.approx((x, y), abs=0.001)


def test_an_animation_does_not_flicker_and_pages_are_on_their_own(scene, picture):
    frames = [cast(scene("RGB"), gains) for gains in ([1.2, 1, 0.9], [0.8, 1, 1.1])]
    step = parse("white-balance")
    moving = apply(step, picture(*frames, durations=(9, 9))).frames
    assert np.ptp(np.mean([means(each) for each in moving], axis=0)) < 0.003
    assert np.ptp(means(moving[0])) > 0.01
    assert all(np.ptp(means(page)) < 0.003 for page in apply(step, picture(*frames)).frames)


def test_alpha_is_not_touched_and_what_it_hides_does_not_count(frame, picture):
    pixels = np.asarray(frame("RGBA", (20, 10))).copy()
    pixels[:, :10, 3] = 0
    other = pixels.copy()
    other[:, :10, :3] = (0, 0, 255)
    one, two = (np.asarray(after(picture, Image.fromarray(each, "RGBA"), "white-balance")) for each in (pixels, other))
    assert np.array_equal(one[:, :, 3], pixels[:, :, 3])
    assert np.array_equal(one[:, 10:], two[:, 10:])


@pytest.mark.parametrize("text", ["white-balance", "white-balance:4000"])
@pytest.mark.parametrize("kind", ["RGB", "RGBA", "L", 3])
def test_one_pixel(text, kind, frame, picture):
    assert np.asarray(after(picture, frame(kind, (1, 1)), text)).shape[:2] == (1, 1)


@pytest.mark.parametrize("text", ["white-balance:temperature=3000,strength=0.5", "white-balance:tint=5"])
def test_options_that_do_not_go_together(text):
    with pytest.raises(RecipeError, match="goes with"):
        parse(text)


def test_the_automatic_balance_counts_every_pixel():
    assert least_size([parse("white-balance"), parse("resize:50%")], (400, 400)) is None
    assert least_size([parse("white-balance:5000"), parse("resize:50%")], (400, 400)) == (300, 300)


@pytest.mark.parametrize("text", ["white-balance", "white-balance:5000"])
def test_cmyk_fails_with_the_way_out(text, frame, picture):
    with pytest.raises(FilterFailed, match="--no-srgb"):
        after(picture, frame("CMYK", (4, 4)), text)
