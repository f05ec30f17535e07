from functools import partial
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageOps

from imgpipe import Recipe
from imgpipe.errors import FilterFailed, RecipeError
from imgpipe.filters import apply, least_size, parse
from imgpipe.filters.opencv import opencv


def after(picture, frame, text):
    return apply(parse(text), picture(frame)).frames[0]


@pytest.fixture
def same(frame, picture):
    """same(text, expected): the step gives what Pillow's function gives, at 8 bits, for RGB and grey."""

    def check(text, expected):
        for mode in ("RGB", "L"):
            source = frame(mode, (64, 48))
            assert np.array_equal(np.asarray(after(picture, source, text)), np.asarray(expected(source))), mode

    return check


def test_invert_is_that_of_pillow(same, picture):
    same("invert", ImageOps.invert)
    deep = np.array([[[0, 1, 65535]]], np.uint16)
    assert after(picture, deep, "invert").ravel().tolist() == [65535, 65534, 0]


def test_solarize_is_that_of_pillow(same, picture):
    deep = np.arange(65536, dtype=np.uint16).reshape(256, 256, 1)
    for threshold in range(257):
        same(f"solarize:{threshold}", partial(ImageOps.solarize, threshold=threshold))
        expected = np.where(deep < threshold * 257, deep, 65535 - deep)
        assert np.array_equal(after(picture, deep, f"solarize:{threshold}"), expected), threshold


@pytest.mark.parametrize("bits", range(1, 9))
def test_posterize_by_bits_is_that_of_pillow(bits, same, picture):
    same(f"posterize:bits={bits}", lambda image: ImageOps.posterize(image, bits))
    deep = np.arange(65536, dtype=np.uint16).reshape(256, 256, 1)
    assert np.array_equal(after(picture, deep, f"posterize:bits={bits}"), deep >> (16 - bits) << (16 - bits))


@pytest.mark.parametrize("count", [2, 3, 5, 256])
@pytest.mark.parametrize("deep", [False, True])
def test_posterize_by_levels_spreads_them_evenly(count, deep, picture):
    most = 65535 if deep else 255
    ramp = np.arange(most + 1)[np.newaxis]
    source = ramp.astype(np.uint16)[:, :, np.newaxis] if deep else Image.fromarray(ramp.astype(np.uint8))
    made = np.asarray(after(picture, source, f"posterize:levels={count}")).ravel()
    expected = [int(part * most / (count - 1) + 0.5) for part in range(count)]
    assert np.unique(made).tolist() == expected
    sizes = np.unique(made, return_counts=True)[1]
    assert np.ptp(sizes) <= 1


def test_posterize_takes_levels_or_bits():
    assert parse("posterize").arguments == {}
    with pytest.raises(RecipeError, match="not both"):
        parse("posterize:levels=4,bits=2")


@pytest.mark.parametrize(("kind", "expected"), [("L", "L"), ("LA", "LA"), ("RGB", "L"), ("RGBA", "LA")])
def test_threshold_parts_luma_and_keeps_alpha(kind, expected, frame, picture):
    source = frame(kind, (40, 30))
    made = after(picture, source, "threshold:100")
    assert made.mode == expected
    white = np.asarray(source.convert("L")) >= 100 if "A" not in kind else None
    shown = np.atleast_3d(np.asarray(made))
    assert set(np.unique(shown[:, :, 0])) == {0, 255}
    if white is not None:
        assert np.array_equal(shown[:, :, 0] > 0, white)
    else:
        assert np.array_equal(shown[:, :, 1], np.asarray(source)[:, :, -1])


@pytest.mark.parametrize(("level", "expected"), [(0, 65535), (256, 0), (128, 65535), (128.01, 0)])
def test_threshold_counts_in_levels_of_255_at_16_bits_too(level, expected, picture):
    deep = np.full((1, 1, 1), 128 * 257, np.uint16)
    assert after(picture, deep, f"threshold:{level}").item() == expected
    shallow = after(picture, Image.new("L", (1, 1), 128), f"threshold:{level}")
    assert shallow.getpixel((0, 0)) == expected // 257


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("deep", [False, True])
def test_threshold_without_a_level_is_otsus(seed, deep, picture):
    random = np.random.default_rng(seed)
    samples = np.concatenate([random.normal(80, 20, 4000), random.normal(170, 15 + seed, 2000 + 900 * seed)])
    grey = samples.clip(0, 255).astype(np.uint8)[:5000].reshape(50, 100)
    cv2 = opencv()
    _, expected = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    source = grey[:, :, np.newaxis].astype(np.uint16) * 257 if deep else Image.fromarray(grey)
    made = np.asarray(after(picture, source, "threshold")).reshape(grey.shape)
    assert np.array_equal(made > 0, expected > 0)


def test_threshold_of_an_animation_is_one_for_all_its_frames_and_of_pages_one_for_each(picture):
    dark, light = (Image.fromarray(np.array([[a, b]], np.uint8)) for a, b in ((0, 60), (200, 255)))
    values = [np.asarray(each).ravel().tolist() for each in apply(
        parse("threshold"), picture(dark, light, durations=(9, 9))).frames]  # fmt: skip
    assert values == [[0, 0], [255, 255]]
    values = [np.asarray(each).ravel().tolist() for each in apply(parse("threshold"), picture(dark, light)).frames]
    assert values == [[0, 255], [0, 255]]


def test_threshold_does_not_count_what_is_transparent(picture):
    colours = np.array([[[100, 255], [120, 255], [250, 0], [255, 0], [252, 0]]], np.uint8)
    made = np.asarray(after(picture, Image.fromarray(colours, "LA"), "threshold"))
    assert made[0, :2, 0].tolist() == [0, 255]


@pytest.mark.parametrize("kind", ["L", "RGBA", 1, 4])
@pytest.mark.parametrize("text", ["invert", "solarize", "posterize", "threshold", "threshold:10"])
def test_one_pixel(text, kind, frame, picture):
    assert np.asarray(after(picture, frame(kind, (1, 1)), text)).shape[:2] == (1, 1)


@pytest.mark.parametrize("text", ["threshold", "threshold:128", "posterize:2", "solarize:128"])
def test_what_jumps_between_levels_looks_at_every_pixel(text):
    """At a reduced scale thin dark lines would be light grey before they are judged, and vanish."""
    assert least_size([parse(text), parse("resize:50%")], (400, 400)) is None
    assert least_size([parse("resize:50%"), parse(text)], (400, 400)) == (300, 300)
    lines = np.full((400, 400), 255, np.uint8)
    lines[:, ::8] = 0
    made = []
    for name, options in (("PNG", {}), ("JPEG", {"quality": 100})):
        file = BytesIO()
        Image.fromarray(lines).save(file, name, **options)
        made.append(Image.open(BytesIO(Recipe([text, "resize:50x"], "png").apply(file.getvalue()))).convert("L"))
    assert abs(np.mean(made[0]) - np.mean(made[1])) < 3


@pytest.mark.parametrize("text", ["invert", "solarize", "posterize", "threshold"])
def test_cmyk_fails_with_the_way_out(text, frame, picture):
    with pytest.raises(FilterFailed, match="--no-srgb"):
        after(picture, frame("CMYK", (4, 4)), text)
