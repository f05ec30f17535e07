import math

import numpy as np
import pytest
from PIL import Image, ImageFilter

from imgpipe.errors import FilterFailed, RecipeError
from imgpipe.filters import apply, parse
from imgpipe.filters.kernel import parse_kernel

OPAQUE = ["L", "RGB", 1, 3]


def after(picture, frame, text):
    return apply(parse(text), picture(frame)).frames[0]


def weighted(samples, kernel):
    """By definition: the sum of the neighbours, weighted as written, edges repeated."""
    kernel = np.array(kernel, float)
    high, wide = kernel.shape
    padded = np.pad(samples, ((high // 2,) * 2, (wide // 2,) * 2, (0, 0)), mode="edge")
    height, width, _ = samples.shape
    return sum(kernel[y, x] * padded[y : y + height, x : x + width] for y in range(high) for x in range(wide))


SOBEL = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 4


def step_picture(size=(9, 9), at=4):
    """Black on the left, white on the right."""
    array = np.zeros(size[::-1], np.uint8)
    array[:, at:] = 255
    return Image.fromarray(array)


@pytest.mark.parametrize("kind", OPAQUE)
@pytest.mark.parametrize("text", ["1 2 1;2 4 2;1 2 1", "0 -1 0;-1 5 -1;0 -1 0", "1;0;0", "0 0 1 0 0 0 0", "-2 1 0"])
def test_convolve_sums_the_neighbours_as_written(kind, text, frame, picture, samples):
    kernel = np.array(parse_kernel(text))
    source = frame(kind, (19, 13))
    expected = np.clip(weighted(samples(source), kernel) / (kernel.sum() or 1), 0, 255)
    assert abs(samples(after(picture, source, f"convolve:{text}")) - expected).max() <= 0.51


@pytest.mark.parametrize("kind", OPAQUE)
@pytest.mark.parametrize("text", ["40000,divisor=1", "1000000,divisor=0.001", "0 1000000 -1000000,divisor=0.000001"])
def test_convolve_clips_whatever_the_sum_exceeds(kind, text, frame, picture, samples):
    source = frame(kind, (16, 9))
    kernel = np.array(parse_kernel(text.split(",")[0]))
    expected = np.clip(weighted(samples(source), kernel) * 1e6, 0, 255)
    assert np.array_equal(samples(after(picture, source, f"convolve:{text}")), expected)


def test_convolve_tells_large_sums_apart(picture):
    deep = np.full((5, 7, 3), 40_001, np.uint16)
    assert np.array_equal(after(picture, deep, "convolve:0 100000 -99999"), deep)


@pytest.mark.parametrize("kind", OPAQUE)
def test_convolve_divides_and_then_adds(kind, frame, picture, samples):
    source = frame(kind, (19, 13))
    expected = np.clip(weighted(samples(source), [[-1, 0, 1]]) / 4 + 128, 0, 255)
    result = samples(after(picture, source, 'convolve:"-1,0,1",divisor=4,offset=128'))
    assert abs(result - expected).max() <= 0.51


def test_convolve_is_pillows_kernel(frame, picture, samples):
    source = frame("RGB", (32, 24))
    numbers = [1, 2, 3, 4, 5, 6, 7, 8, 9]
    expected = source.filter(ImageFilter.Kernel((3, 3), numbers))
    rows = [" ".join(map(str, numbers[i : i + 3])) for i in (6, 3, 0)]  # Pillow counts rows from below
    result = after(picture, source, f"convolve:{';'.join(rows)}")
    assert abs(samples(result) - samples(expected))[1:-1, 1:-1].max() <= 1


def test_a_large_kernel_is_exact_too(frame, picture, samples):
    source = frame("L", (70, 70))
    row = " ".join(["1"] * 63)
    text = ";".join([row] * 63)
    expected = weighted(samples(source), np.full((63, 63), 1 / 63**2))
    assert abs(samples(after(picture, source, f"convolve:{text}")) - expected).max() <= 0.51


@pytest.mark.parametrize(
    ("kernel", "message"),
    [
        ("", "is no number"),
        ("1 x 1", "'x' is no number"),
        ("1 nan 1", "'nan' is no number"),
        ("1 1e7 1", "'1e7' is no number"),
        ("1 2 1;1 2", "every row"),
        ("1 2;1 2", "is 2x2: it must have an odd number"),
        (" ".join(["1"] * 65), "at most 63"),
        ("1,,1", "'' is no number"),
    ],
)
def test_kernels_that_cannot_be_read_are_found_with_the_recipe(kernel, message):
    with pytest.raises(RecipeError, match=message):
        parse(f'convolve:kernel="{kernel}"')


def test_kernels_may_be_written_with_spaces_and_commas():
    assert parse_kernel(" 1, 2 ,1 ; 0 -1.5 1e2 ;3 4 5") == ((1, 2, 1), (0, -1.5, 100), (3, 4, 5))


@pytest.mark.parametrize("kind", OPAQUE)
def test_sobel_is_the_length_of_the_gradient_of_the_luma(kind, frame, picture, samples):
    source = frame(kind, (19, 13))
    grey = samples(source) @ ([1] if kind in ("L", 1) else [0.299, 0.587, 0.114])
    across, down = weighted(grey[:, :, np.newaxis], SOBEL), weighted(grey[:, :, np.newaxis], SOBEL.T)
    expected = np.clip(0.5 * np.hypot(across, down), 0, 255)
    result = samples(after(picture, source, "edges:strength=0.5"))
    assert result.shape == expected.shape
    assert abs(result - expected).max() <= 1.5


def test_a_step_from_black_to_white_is_white(picture):
    result = np.asarray(after(picture, step_picture(), "edges"))
    assert (result[:, 3:5] == 255).all()
    assert not result[:, :3].any()
    assert not result[:, 5:].any()


@pytest.mark.parametrize("deep", [False, True])
def test_canny_draws_lines_of_one_pixel(deep, picture, samples):
    y, x = np.mgrid[:40, :40]
    disk = np.where(np.hypot(x - 20, y - 20) < 12, 200, 40).astype(np.uint8)
    source = disk[:, :, np.newaxis].astype(np.uint16) * 257 if deep else Image.fromarray(disk)
    result = samples(after(picture, source, "edges:canny"))[:, :, 0]
    assert set(np.unique(result)) == {0, 255}
    assert abs(np.hypot(x - 20, y - 20)[result > 0] - 12).max() < 1.6
    assert 60 < (result > 0).sum() < 110


def test_cannys_thresholds_are_in_levels(picture):
    faint = Image.fromarray(np.where(np.arange(20) < 10, 100, 130).astype(np.uint8)[np.newaxis].repeat(20, axis=0))
    assert np.asarray(after(picture, faint, "edges:canny,low=29,high=29")).any()
    assert not np.asarray(after(picture, faint, "edges:canny,low=31,high=31")).any()
    assert np.asarray(after(picture, faint, "edges:canny,low=30,high=30")).any()
    assert np.asarray(after(picture, step_picture(), "edges:canny,low=255,high=255")).any()
    assert not np.asarray(after(picture, Image.new("RGB", (9, 9), "teal"), "edges:canny,low=0,high=0")).any()


@pytest.mark.parametrize("kind", ["LA", "RGBA", 2, 4])
def test_canny_draws_nothing_for_what_is_hidden(kind, frame, picture, samples):
    source = np.array(frame(kind, (60, 40)))
    source[:, :, :-1] //= 12  # faint, but for what is hidden
    source[:, 20:40, -1] = 0
    source[:, :20, -1] = source[:, 40:, -1] = np.iinfo(source.dtype).max
    plain = source.copy()
    source[:, 20:40, :-1] = np.array(frame(kind, (60, 40), seed=1))[:, 20:40, :-1]
    plain[:, 20:40, :-1] = 0
    as_frame = (lambda array: array) if isinstance(kind, int) else Image.fromarray
    results = [samples(after(picture, as_frame(each), "edges:canny,low=1,high=60")) for each in (source, plain)]
    seen = source[:, :, -1] > 0
    assert np.array_equal(results[0][seen], results[1][seen])


@pytest.mark.parametrize(
    "text", ["edges:low=3", "edges:canny,strength=2", "edges:canny,low=60", "edges:canny,low=9,high=8"]
)
def test_options_of_the_other_method_are_found_with_the_recipe(text):
    with pytest.raises(RecipeError, match="edges: "):
        parse(text)


@pytest.mark.parametrize("kind", OPAQUE)
@pytest.mark.parametrize("azimuth", [0, 45, 270, 315])
def test_emboss_is_the_derivative_along_the_light(kind, azimuth, frame, picture, samples):
    source = frame(kind, (19, 13))
    x, y = -math.sin(math.radians(azimuth)), math.cos(math.radians(azimuth))
    derivative = x * weighted(samples(source), SOBEL) + y * weighted(samples(source), SOBEL.T)
    expected = np.clip(127.5 + 1.5 / 2 * derivative, 0, 255)
    result = samples(after(picture, source, f"emboss:1.5,azimuth={azimuth}"))
    assert abs(result - expected).max() <= 0.51


def test_slopes_that_face_the_light_are_light(picture):
    rising = step_picture()
    assert (np.asarray(after(picture, rising, "emboss:1,azimuth=270"))[:, 3:5] == 255).all()
    assert not np.asarray(after(picture, rising, "emboss:1,azimuth=90"))[:, 3:5].any()
    assert (np.asarray(after(picture, rising, "emboss:1,azimuth=0")) == 128).all()


@pytest.mark.parametrize("text", ["edges", "edges:canny", "emboss", "convolve:-1 2 -1"])
@pytest.mark.parametrize("kind", ["LA", "RGBA", 2, 4])
def test_the_rim_of_what_is_visible_is_no_edge(text, kind, picture, samples):
    """A plain disk with a soft rim, over black that is hidden."""
    y, x = np.mgrid[:40, :40]
    cover = np.clip(14 - np.hypot(x - 20, y - 20), 0, 1)
    deep = isinstance(kind, int)
    most = 65535 if deep else 255
    array = np.zeros((40, 40, kind if deep else len(kind)), np.uint16 if deep else np.uint8)
    array[cover > 0, :-1] = most * 4 // 5
    array[:, :, -1] = np.rint(cover * most)
    source = array if deep else Image.frombytes(kind, (40, 40), array.tobytes())
    result = samples(after(picture, source, text))
    inside = result[cover > 0][:, :-1]
    assert np.ptp(inside) == 0
    assert np.array_equal(result[:, :, -1], samples(source)[:, :, -1])


@pytest.mark.parametrize("text", ["edges", "emboss", "convolve:1"])
def test_cmyk_is_refused(text, frame, picture):
    with pytest.raises(FilterFailed, match="--no-srgb"):
        after(picture, frame("CMYK", (4, 4)), text)
