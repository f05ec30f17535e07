import numpy as np
import pytest
from PIL import Image, ImageOps

from imgpipe.errors import FilterFailed, RecipeError
from imgpipe.filters import apply, least_size, parse
from imgpipe.filters.opencv import opencv

TEXTS = ["normalize", "normalize:low=5,high=90", "autocontrast", "autocontrast:2", "equalize", "equalize:true", "clahe"]


def after(picture, frame, text):
    return apply(parse(text), picture(frame)).frames[0]


def dull(kind, seed=0, size=(64, 48)):
    """A picture of weak contrast and smooth tones; the kind is a Pillow mode, or a number of bands for 16 bits."""
    random = np.random.default_rng(seed)
    count = kind if isinstance(kind, int) else len(kind)
    x, y = np.meshgrid(np.linspace(0, 1, size[0]), np.linspace(0, 1, size[1]))
    bands = [80 + 60 * x * (1 - band / 5) + 30 * y + random.normal(0, 4, x.shape) for band in range(count)]
    if count in (2, 4):
        bands[-1] = 255 * (x + y > 0.6)
    pixels = np.stack(bands, axis=2).clip(0, 255)
    if isinstance(kind, int):
        return (pixels * 257).astype(np.uint16)
    return Image.frombytes(kind, size, pixels.astype(np.uint8).tobytes())


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_deep_frames_agree_with_8_bit_ones(mode, text, picture, samples):
    shallow = dull(mode)
    deep = np.atleast_3d(np.asarray(shallow)).astype(np.uint16) * 257
    difference = abs(samples(after(picture, shallow, text)) - samples(after(picture, deep, text)))
    # Luma lies between the levels of 8 bits: the ends are half a level from there, and the slope is up to 8; twice
    # so where colours are drawn towards grey.
    assert difference.max() <= (18 if text.startswith("normalize") else 1.1), difference.max()
    assert difference.mean() <= 2.5, difference.mean()


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("kind", ["LA", "RGBA", 2, 4])
def test_alpha_is_not_touched_and_what_it_hides_does_not_count(text, kind, picture):
    source = np.asarray(dull(kind)).copy()
    other = source.copy()
    hidden = source[:, :, -1] == 0
    other[hidden, :-1] = np.iinfo(source.dtype).max
    made = []
    for pixels in (source, other):
        result = np.asarray(after(picture, pixels if isinstance(kind, int) else Image.fromarray(pixels, kind), text))
        assert np.array_equal(result[:, :, -1], source[:, :, -1])
        made.append(result[~hidden])
    assert np.array_equal(*made)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("kind", ["L", "LA", "RGB", "RGBA", 1, 3])
def test_a_picture_of_one_colour_stays_as_it_is(text, kind, picture, samples):
    for size in ((1, 1), (3, 7), (64, 48)):
        pixels = np.zeros((*size[::-1], kind if isinstance(kind, int) else len(kind)), np.uint8) + 90
        deep = isinstance(kind, int)
        source = pixels.astype(np.uint16) * 257 if deep else Image.frombytes(kind, size, pixels.tobytes())
        made = samples(after(picture, source, text))
        # CLAHE spreads what exceeds its limit over all levels, and so moves even these; Lab and back is not exact.
        assert abs(made - 90).max() <= (4 if text == "clahe" else 1 if text == "equalize" else 0), size


@pytest.mark.parametrize("cutoff", [0, 1, 2.5, 10])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_autocontrast_and_normalize_are_pillows_within_a_level(cutoff, mode, picture, samples):
    source = dull(mode)
    expected = samples(ImageOps.autocontrast(source, cutoff))
    assert abs(samples(after(picture, source, f"autocontrast:{cutoff}")) - expected).max() <= 1
    expected = samples(ImageOps.autocontrast(source, cutoff, preserve_tone=True))
    made = samples(after(picture, source, f"normalize:low={cutoff},high={100 - cutoff}"))
    inside = ((expected > 0) & (expected < 255)).all(axis=2)
    assert inside.mean() > 0.5
    assert abs(made - expected)[inside].max() <= 1.01


def test_normalize_fills_the_range_and_keeps_hues(picture, samples):
    made = samples(after(picture, dull("RGB"), "normalize:low=0,high=100"))
    before = samples(dull("RGB"))
    inside = ((made > 0) & (made < 255)).all(axis=2)
    # One straight line for all bands: the order and the ratios of their differences stay.
    scale = np.polyfit(before[inside].ravel(), made[inside].ravel(), 1)
    assert abs(np.polyval(scale, before[inside]) - made[inside]).max() <= 0.75
    luma = made @ [0.299, 0.587, 0.114]
    assert (luma.min(), luma.max()) == pytest.approx((0, 255), abs=8)


@pytest.mark.parametrize("deep", [False, True])
def test_normalize_keeps_the_hue_and_luma_of_what_one_band_would_clip(deep, picture, samples):
    ramp = np.tile(np.linspace(60, 180, 120)[:, np.newaxis], (1, 3))
    sky = np.array([[150.0, 170.0, 225.0], [140.0, 90.0, 60.0], [70.0, 60.0, 110.0]])
    pixels = np.concatenate([ramp, sky])[np.newaxis]
    source = (pixels * 257).astype(np.uint16) if deep else Image.fromarray(pixels.astype(np.uint8))
    made = samples(after(picture, source, "normalize:low=0,high=100"))[0]
    weights = [0.299, 0.587, 0.114]
    assert (made @ weights)[120:] == pytest.approx((sky @ weights - 60) * 255 / 120, abs=5)
    for before, result in zip(sky, made[120:], strict=True):
        one, two = before - before @ weights, result - result @ weights
        assert one @ two / np.linalg.norm(one) / np.linalg.norm(two) > 0.995


@pytest.mark.parametrize("text", ["normalize:low=50,high=50", "normalize:low=99", "normalize:high=0"])
def test_normalize_needs_low_below_high(text):
    with pytest.raises(RecipeError, match="must be below"):
        parse(text)


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_equalize_per_band_is_opencvs(mode, picture):
    source = dull(mode)
    made = np.atleast_3d(np.asarray(after(picture, source, "equalize:per_band=true")))
    for band, samples in zip(source.split(), np.moveaxis(made, 2, 0), strict=True):
        assert abs(opencv().equalizeHist(np.asarray(band)).astype(int) - samples).max() <= 1


def test_equalize_makes_tones_equally_frequent_and_keeps_hues(picture):
    source = dull("RGB", size=(128, 96))
    made = np.asarray(after(picture, source, "equalize"))
    cv2 = opencv()
    before, lab = (cv2.cvtColor(np.asarray(each, np.float32) / 255, cv2.COLOR_RGB2Lab) for each in (source, made))
    shares = np.histogram(lab[:, :, 0], bins=10, range=(0, 100))[0] / lab[:, :, 0].size
    assert abs(shares - 0.1).max() < 0.03
    inside = ((made > 0) & (made < 255)).all(axis=2) & (lab[:, :, 0] > 15)
    assert abs(before - lab)[inside][:, 1:].max() < 3


def test_clahe_of_grey_is_opencvs(picture):
    source = dull("L", size=(160, 129))
    for limit, grid, tiles in ((2, 8, (8, 8)), (5, 3, (3, 3)), (1, 1, (1, 1)), (2, 64, (10, 8))):
        expected = opencv().createCLAHE(limit, tiles).apply(np.asarray(source))
        assert np.array_equal(np.asarray(after(picture, source, f"clahe:limit={limit},grid={grid}")), expected)


def test_clahe_raises_local_contrast_and_keeps_hues(picture):
    source = dull("RGB", size=(128, 96))
    made = np.asarray(after(picture, source, "clahe:3"))
    cv2 = opencv()
    before, lab = (cv2.cvtColor(np.asarray(each, np.float32) / 255, cv2.COLOR_RGB2Lab) for each in (source, made))
    assert lab[:, :, 0].std() > 1.2 * before[:, :, 0].std()
    inside = ((made > 0) & (made < 255)).all(axis=2) & (lab[:, :, 0] > 15)
    assert abs(before - lab)[inside][:, 1:].max() < 3


@pytest.mark.parametrize("kind", [1, 3])
@pytest.mark.parametrize("text", [*TEXTS, "clahe:limit=1"])
def test_gradients_of_16_bits_stay_smooth(text, kind, picture):
    gradient = np.tile(np.linspace(20000, 40000, 800).astype(np.uint16)[:, np.newaxis], (400, 1, kind))
    made = np.asarray(after(picture, gradient, text))[200, :, 0].astype(int)
    assert len(np.unique(made)) >= 700 * (0.9 if "high=90" in text else 1)
    assert np.median(np.diff(made)) > 0


@pytest.mark.parametrize("text", [text for text in TEXTS if text != "clahe"])
def test_an_animation_does_not_flicker_and_pages_are_on_their_own(text, picture):
    """The frame that two animations share differs with the rest of each; as a page it does not."""
    shared, dark, light = dull("RGB"), dull("RGB", 1).point(lambda v: v // 2), dull("RGB", 2).point(lambda v: v + 90)

    def made(other, **fields):
        return apply(parse(text), picture(shared, other, **fields)).frames[0].tobytes()

    assert made(dark, durations=(9, 9)) != made(light, durations=(9, 9))
    assert made(dark) == made(light) == after(picture, shared, text).tobytes()
    one, two = apply(parse(text), picture(shared, shared, dark, durations=(1, 2, 3))).frames[:2]
    assert one.tobytes() == two.tobytes()


@pytest.mark.parametrize("text", TEXTS)
def test_every_pixel_counts(text):
    assert least_size([parse(text), parse("resize:50%")], (400, 400)) is None
    assert least_size([parse("resize:50%"), parse(text)], (400, 400)) == (300, 300)


@pytest.mark.parametrize("text", TEXTS)
def test_cmyk_fails_with_the_way_out(text, frame, picture):
    with pytest.raises(FilterFailed, match="--no-srgb"):
        after(picture, frame("CMYK", (4, 4)), text)
