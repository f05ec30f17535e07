import numpy as np
import pytest
from PIL import Image, ImageFilter

from imgpipe.errors import FilterFailed, RecipeError
from imgpipe.filters import apply, parse

OPAQUE = ["L", "RGB", 1, 3]


def after(picture, frame, text):
    return apply(parse(text), picture(frame)).frames[0]


def windows(samples, radius):
    """Every pixel's neighbourhood, edges repeated: H x W x bands x (2 radius + 1) squared."""
    padded = np.pad(samples, ((radius, radius), (radius, radius), (0, 0)), mode="edge")
    size = (2 * radius + 1,) * 2
    found = np.lib.stride_tricks.sliding_window_view(padded, size, axis=(0, 1))
    return found.reshape(*samples.shape, -1)


@pytest.mark.parametrize("kind", OPAQUE)
@pytest.mark.parametrize("radius", [1, 2])
def test_median_is_the_middle_sample_of_the_square(kind, radius, frame, picture, samples):
    source = frame(kind, (23, 17))
    expected = np.median(windows(samples(source), radius), axis=3)
    assert np.array_equal(samples(after(picture, source, f"median:{radius}")), expected)


def test_a_large_median_is_pillows(frame, picture, samples):
    source = frame("L", (40, 30))
    expected = np.median(windows(samples(source), 9), axis=3)
    assert np.array_equal(samples(after(picture, source, "median:9")), expected)
    inner = samples(source.filter(ImageFilter.MedianFilter(19)))[9:-9, 9:-9]
    assert np.array_equal(expected[9:-9, 9:-9], inner)


def test_a_large_median_of_16_bits_is_refused_in_words(frame, picture):
    with pytest.raises(FilterFailed, match="above 2 needs 8 bits a sample"):
        after(picture, frame(3, (9, 9)), "median:3")


@pytest.mark.parametrize("kind", ["LA", "RGBA", 2, 4])
def test_median_takes_single_pixels_away_visible_or_not(kind, picture, samples):
    deep = isinstance(kind, int)
    most = 65535 if deep else 255
    array = np.full((9, 9, kind if deep else len(kind)), most, np.uint16 if deep else np.uint8)
    array[4, 4] = 0
    source = array if deep else Image.frombytes(kind, (9, 9), array.tobytes())
    assert (samples(after(picture, source, "median")) == 255).all()


def exact_bilateral(samples, sigma, tolerance):
    reach = max(1, round(2 * sigma))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    near = np.where(x**2 + y**2 <= reach**2, np.exp(-(x**2 + y**2) / (2 * sigma**2)), 0).ravel()
    around = windows(samples, reach)
    difference = np.abs(around - samples[..., np.newaxis]).sum(axis=2, keepdims=True)
    weights = near * np.exp(-(difference**2) / (2 * tolerance**2))
    return (around * weights).sum(axis=3) / weights.sum(axis=3)


@pytest.mark.parametrize("kind", OPAQUE)
@pytest.mark.parametrize(("sigma", "tolerance"), [(1, 20), (3, 60), (2.5, 255)])
def test_bilateral_weighs_by_distance_and_likeness(kind, sigma, tolerance, frame, picture, samples):
    source = frame(kind, (31, 22))
    expected = exact_bilateral(samples(source), sigma, tolerance)
    result = samples(after(picture, source, f"bilateral:{sigma},tolerance={tolerance}"))
    assert abs(result - expected).max() <= 1


def test_bilateral_of_16_bits_keeps_steps_finer_than_8_bits(picture):
    ramp = np.linspace(30000, 31000, 64).astype(np.uint16)
    source = np.ascontiguousarray(np.broadcast_to(ramp, (32, 64))[:, :, np.newaxis])
    assert len(np.unique(after(picture, source, "bilateral"))) > 40


def noisy(deviation, shape=(96, 96, 3)):
    """Four fields of one colour, with noise of this standard deviation, and without."""
    clean = np.zeros(shape, np.float64)
    clean[:48, :48], clean[48:, :48], clean[:48, 48:], clean[48:, 48:] = 60, 110, 160, 200
    random = np.random.default_rng(1)
    return np.clip(np.rint(clean + random.normal(0, deviation, shape)), 0, 255).astype(np.uint8), clean


@pytest.mark.parametrize("bands", [1, 3])
@pytest.mark.parametrize("deep", [False, True])
def test_denoise_takes_most_of_the_noise_and_keeps_edges(bands, deep, picture, samples):
    source, clean = noisy(8, (96, 96, bands))
    frame = source.astype(np.uint16) * 257 if deep else Image.fromarray(source.squeeze())
    result = samples(after(picture, frame, "denoise:10"))
    assert np.abs(result - clean).mean() < 0.4 * np.abs(source - clean).mean()
    assert abs(np.diff(result.mean(axis=(0, 2)))[47] - 95) < 3


def test_denoise_of_16_bits_is_that_of_8_and_keeps_finer_steps(picture):
    source, _ = noisy(8)
    shallow = np.asarray(after(picture, Image.fromarray(source), "denoise:10"))
    fine = np.random.default_rng(2).integers(-100, 101, source.shape)
    inside = (source > 5) & (source < 250)
    deep = np.clip(source.astype(int) * 257 + fine, 0, 65535).astype(np.uint16)
    result = after(picture, deep, "denoise:10").astype(int)
    assert np.array_equal((result - shallow.astype(int) * 257)[inside], fine[inside])


def test_denoise_strengths_for_lightness_and_colour_are_apart(picture, samples):
    source = Image.fromarray(noisy(8)[0])
    before = samples(source)

    def changes(text):
        changed = samples(after(picture, source, text))
        return changed.mean(axis=2).std(), (changed[:, :, 0] - changed[:, :, 2])[:40, :40].std()

    untouched = before.mean(axis=2).std(), (before[:, :, 0] - before[:, :, 2])[:40, :40].std()
    assert after(picture, source, "denoise:0") is source
    assert after(picture, source, "denoise:0,colour=0") is source
    assert changes("denoise:0,colour=20")[1] < 0.5 * untouched[1]
    assert changes("denoise:20,colour=0")[1] > 0.8 * untouched[1]


@pytest.mark.parametrize("text", ["bilateral", "denoise"])
@pytest.mark.parametrize("kind", ["LA", "RGBA", 2, 4])
def test_what_is_hidden_stays_hidden_as_it_was(text, kind, frame, picture, samples):
    source = frame(kind, (16, 16))
    array = np.array(source)
    array[:, :8, -1] = 0
    source = array if isinstance(kind, int) else Image.frombytes(kind, (16, 16), array.tobytes())
    result = np.asarray(after(picture, source, text))
    assert np.array_equal(result[:, :8], array[:, :8])
    assert np.array_equal(result[:, :, -1], array[:, :, -1])


@pytest.mark.parametrize("text", ["median", "bilateral", "denoise"])
def test_cmyk_is_refused(text, frame, picture):
    with pytest.raises(FilterFailed, match="--no-srgb"):
        after(picture, frame("CMYK", (4, 4)), text)


@pytest.mark.parametrize("text", ["median:101", "bilateral:16", "denoise:101", "denoise:5,search=51"])
def test_ranges_bound_the_time(text):
    with pytest.raises(RecipeError, match="is not valid"):
        parse(text)


@pytest.mark.parametrize("kind", ["RGB", 3])
def test_where_there_is_nothing_alike_denoise_changes_nothing(kind, frame, picture):
    source = frame(kind, (24, 20))
    assert np.array_equal(np.asarray(after(picture, source, "denoise:0.01")), np.asarray(source))
