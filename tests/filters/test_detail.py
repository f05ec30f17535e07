import numpy as np
import pytest
from PIL import Image, ImageFilter

from imgpipe import filters
from imgpipe.errors import FilterFailed
from imgpipe.filters import apply, least_size, parse
from imgpipe.filters import gaussian as gaussian_module
from imgpipe.filters.gaussian import gaussian

KINDS = ["L", "LA", "RGB", "RGBA", 1, 2, 3, 4]
FADED = [("LA", (200, 0)), ("RGBA", (200, 100, 50, 0)), (2, (200, 0)), (4, (200, 100, 50, 0))]


def after(picture, frame, text):
    return apply(parse(text), picture(frame)).frames[0]


def exact_gaussian(samples, sigma):
    """By definition: a convolution with the sampled Gaussian, edges repeated."""
    reach = int(4 * sigma) + 1
    kernel = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * sigma**2))
    kernel /= kernel.sum()
    padded = np.pad(samples, ((reach, reach), (reach, reach), (0, 0)), mode="edge")
    down = sum(weight * padded[i : i + len(samples)] for i, weight in enumerate(kernel))
    return sum(weight * down[:, i : i + samples.shape[1]] for i, weight in enumerate(kernel))


def half_clear(kind):
    """White beside transparent black."""
    deep = isinstance(kind, int)
    shape = (40, 40, kind if deep else len(kind))
    array = np.full(shape, 65535 if deep else 255, np.uint16 if deep else np.uint8)
    array[:, :20] = 0
    return array if deep else Image.frombytes(kind, (40, 40), array.tobytes())


@pytest.mark.parametrize("kind", ["L", "RGB", 1, 3])
@pytest.mark.parametrize("sigma", [0.3, 1, 1.9, 2.1, 7, 30])
def test_blur_is_a_gaussian_in_pixels(kind, sigma, frame, picture, samples):
    source = frame(kind, (64, 48))
    result = samples(after(picture, source, f"blur:{sigma}"))
    assert abs(result - exact_gaussian(samples(source), sigma)).max() <= 1.2


def hard_pictures():
    """Samples that a coarse kernel shows on: noise, black and white, edges, a light alone, and nothing but white."""
    random = np.random.default_rng(5)
    noise = random.integers(0, 256, (61, 83, 3), np.uint8)
    edges = np.zeros_like(noise)
    edges[:, 40:], edges[30:, :40, 1] = 255, 255
    light = np.zeros_like(noise)
    light[30, 41] = 255
    return noise, (noise > 127).astype(np.uint8) * 255, edges, light, np.full_like(noise, 255)


@pytest.mark.parametrize(
    "sigma", [0.05, 0.3, 1, 2, 2.001, 2.13, 2.5, 3, 4, 5.1787, 6, 8.7, 13, 20, 41.5, 100, 260, 500]
)
def test_8_bits_are_within_a_level_of_the_blur_in_floating_point(sigma):
    import cv2

    size = 2 * round(4 * sigma) + 1
    for given in hard_pictures():
        exact = cv2.GaussianBlur(given.astype(np.float32), (size, size), sigma, borderType=cv2.BORDER_REPLICATE)
        made = filters.blur(given, sigma=sigma)
        assert np.abs(made.astype(int) - np.rint(exact)).max() <= 1


@pytest.mark.parametrize("sigma", [8, 9.9, 16, 31, 100, 500])
@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_a_wide_blur_of_more_than_8_bits_is_the_exact_one(dtype, sigma):
    import cv2

    size = 2 * round(4 * sigma) + 1
    for given in hard_pictures():
        samples = given.astype(np.float32) * 257
        exact = cv2.GaussianBlur(samples, (size, size), sigma, borderType=cv2.BORDER_REPLICATE)
        assert np.abs(gaussian(samples.astype(dtype), sigma) - exact).max() <= 0.05 * 257


@pytest.mark.parametrize("text", ["blur:500", "blur:50", "sharpen:sigma=100", "sharpen:amount=3,sigma=100"])
@pytest.mark.parametrize("kind", ["RGB", "RGBA", 3])
def test_what_a_blur_does_for_a_pixel_does_not_grow_with_sigma(kind, text, frame, picture, monkeypatch):
    convolved, sigmas = gaussian_module._convolved, []

    def noting(pixels, sigma):
        sigmas.append(sigma)
        return convolved(pixels, sigma)

    monkeypatch.setattr(gaussian_module, "_convolved", noting)
    after(picture, frame(kind, (40, 30)), text)
    assert sigmas
    assert max(sigmas) <= 8


@pytest.mark.parametrize("kind", ["L", "RGB", 1, 3])
@pytest.mark.parametrize("radius", [1, 4, 40, 500])
def test_box_blur_is_the_mean_of_the_square(kind, radius, frame, picture, samples):
    source = frame(kind, (37, 26))
    padded = np.pad(samples(source), ((radius, radius), (radius, radius), (0, 0)), mode="edge")
    sums = np.pad(padded, ((1, 0), (1, 0), (0, 0))).cumsum(axis=0).cumsum(axis=1)
    size = 2 * radius + 1
    boxes = sums[size:, size:] - sums[:-size, size:] - sums[size:, :-size] + sums[:-size, :-size]
    result = samples(after(picture, source, f"box-blur:{radius}"))
    assert abs(result - boxes / size**2).max() <= 0.51


@pytest.mark.parametrize("kind", ["LA", "RGBA", 2, 4])
@pytest.mark.parametrize("text", ["blur:2", "blur:5", "box-blur:3", "sharpen:amount=1", "sharpen:amount=5,sigma=3"])
def test_transparent_pixels_leave_no_fringe(kind, text, picture, samples):
    result = samples(after(picture, half_clear(kind), text))
    visible = result[:, :, -1] > 8
    assert (result[visible][:, :-1] > 250).all()


@pytest.mark.parametrize("kind", ["LA", "RGBA", 2, 4])
def test_blur_blurs_alpha_along_and_sharpen_leaves_it(kind, picture, samples):
    source = half_clear(kind)
    assert 100 < samples(after(picture, source, "blur:2"))[20, 20, -1] < 160
    assert 100 < samples(after(picture, source, "box-blur:2"))[20, 20, -1] < 160
    assert np.array_equal(samples(after(picture, source, "sharpen:2"))[:, :, -1], samples(source)[:, :, -1])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", ["blur:0", "box-blur:0", "sharpen:0", "sharpen:amount=3,sigma=0"])
def test_neutral_values_change_nothing(kind, text, frame, picture):
    source = frame(kind, (9, 7))
    assert after(picture, source, text) is source


@pytest.mark.parametrize("kind", ["L", "RGB", 1, 3])
@pytest.mark.parametrize("options", ["amount=0.5", "amount=1,sigma=3", "amount=4,sigma=1", "amount=1,threshold=20"])
def test_sharpen_adds_the_difference_from_a_blurred_copy(kind, options, frame, picture, samples):
    given = dict(item.split("=") for item in options.split(","))
    amount, sigma = float(given["amount"]), float(given.get("sigma", 1))
    source = frame(kind, (64, 48))
    difference = samples(source) - exact_gaussian(samples(source), sigma)
    clear = abs(abs(difference) - float(given.get("threshold", 0))) > 0.6
    difference[abs(difference) < float(given.get("threshold", 0))] = 0
    expected = np.clip(samples(source) + amount * difference, 0, 255)
    result = samples(after(picture, source, f"sharpen:{options}"))
    assert abs(result - expected)[clear].max() <= 1.5


def test_sharpen_is_near_pillows_unsharp_mask(picture, samples):
    y, x = np.mgrid[:64, :64]
    source = Image.fromarray(np.where((x // 9 + y // 7) % 2, 180, 70).astype(np.uint8))
    expected = source.filter(ImageFilter.UnsharpMask(radius=1.5, percent=80, threshold=0))
    assert abs(samples(after(picture, source, "sharpen:0.8,sigma=1.5")) - samples(expected)).mean() < 2


def test_threshold_spares_faint_differences(picture):
    y, x = np.mgrid[:20, :20]
    faint = Image.fromarray((100 + (x + y) % 2 * 3).astype(np.uint8))
    assert after(picture, faint, "sharpen:2,threshold=4").tobytes() == faint.tobytes()
    assert after(picture, faint, "sharpen:2").tobytes() != faint.tobytes()
    deep = np.asarray(faint)[:, :, None].astype(np.uint16) * 257
    assert np.array_equal(after(picture, deep, "sharpen:2,threshold=4"), deep)


@pytest.mark.parametrize(("kind", "colour"), FADED)
def test_hidden_colour_does_not_shine_through(kind, colour, picture, samples):
    deep = isinstance(kind, int)
    array = np.zeros((20, 20, len(colour)), np.uint16 if deep else np.uint8)
    array[:, :10] = colour
    array[:, 10:] = np.iinfo(array.dtype).max // 2
    array[:, 10:, -1] = np.iinfo(array.dtype).max
    source = array if deep else Image.frombytes(kind, (20, 20), array.tobytes())
    for text in ("blur:2", "box-blur:3", "sharpen:3"):
        result = samples(after(picture, source, text))[:, 10:, :-1]
        assert abs(result - samples(source)[:, 10:, :-1]).max() <= 1


@pytest.mark.parametrize("text", ["blur", "box-blur", "sharpen"])
def test_detail_needs_every_pixel_and_refuses_cmyk(text, frame, picture):
    assert least_size([parse(text), parse("resize:50%")], (40, 32)) is None
    with pytest.raises(FilterFailed, match="--no-srgb"):
        after(picture, frame("CMYK", (4, 4)), text)


def test_opencv_keeps_to_one_thread(frame, picture):
    after(picture, frame("L", (4, 4)), "blur")
    import cv2

    assert cv2.getNumThreads() == 1
