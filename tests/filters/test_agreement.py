"""Resizing agrees with Pillow within a mean of 0.5 of 255: with its exact Lanczos, at every size and fit, and more."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from imgpipe import Recipe
from imgpipe.filters import apply, parse
from imgpipe.picture import Picture

SAMPLES = Path(__file__).parents[2] / "sample_images"
FITS = ["inside", "outside", "cover", "contain", "fill"]
LANCZOS = Image.Resampling.LANCZOS
MEAN = 0.5
PILLOWS = {
    "catmull-rom": Image.Resampling.BICUBIC,
    "bilinear": Image.Resampling.BILINEAR,
    "box": Image.Resampling.BOX,
}
"""The kernels besides Lanczos that both have; Hamming is Pillow's alone."""


def photograph(size, seed=0, bands=3):
    """Noise with the spectrum of natural scenes (amplitude falls as 1/frequency), and a few hard edges."""
    random = np.random.default_rng(seed)
    width, height = size
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    frequency[0, 0] = 1
    samples = np.empty((height, width, bands))
    for band in range(bands):
        phase = np.exp(2j * np.pi * random.random(frequency.shape))
        samples[:, :, band] = np.fft.irfft2(phase / frequency, s=(height, width))
    samples = 128 + samples * 50 / max(samples.std(), 1e-9)
    for _ in range(4):
        x, y = random.integers(0, width), random.integers(0, height)
        samples[y : y + height // 4 + 1, x : x + width // 5 + 1] += random.integers(-90, 90, bands)
    pixels = np.clip(samples, 0, 255).astype(np.uint8)
    return Image.fromarray(pixels[:, :, 0] if bands == 1 else pixels)


def exact(image, box, fit):
    """What Pillow makes of a picture, with the sizes and boxes worked out anew."""
    (width, height), (across, down) = image.size, box
    if fit == "fill":
        return image.resize(box, LANCZOS)
    if fit == "cover":
        scale = max(across / width, down / height)
        part = across / scale, down / scale
        corner = max(0, (width - part[0]) / 2), max(0, (height - part[1]) / 2)
        if part == box:  # nothing to resample: pixels are copied, from whole px
            return image.crop((int(corner[0]), int(corner[1]), int(corner[0]) + across, int(corner[1]) + down))
        edges = (*corner, min(width, corner[0] + part[0]), min(height, corner[1] + part[1]))
        return image.resize(box, LANCZOS, box=edges)
    choose = max if fit == "outside" else min
    scale = choose(across / width, down / height)
    size = max(1, int(width * scale + 0.5 + 1e-9)), max(1, int(height * scale + 0.5 + 1e-9))
    scaled = image.resize(size, LANCZOS)
    if fit != "contain":
        return scaled
    canvas = Image.new(image.mode, box, {"L": 255, "RGB": (255, 255, 255)}.get(image.mode, (0, 0, 0, 0)))
    canvas.paste(scaled, ((across - size[0]) // 2, (down - size[1]) // 2))
    return canvas


def mean_difference(one, two):
    assert (one.mode, one.size) == (two.mode, two.size)
    first, second = (np.atleast_3d(np.asarray(image)).astype(float) for image in (one, two))
    if one.mode in ("LA", "RGBA"):  # what is seen
        first, second = (samples * np.maximum(samples[:, :, -1:], 1) / 255 for samples in (first, second))
    return abs(first - second).mean()


def resized(image, box, fit, kernel="lanczos3"):
    step = parse(f"resize:width={box[0]},height={box[1]},fit={fit},kernel={kernel}")
    return apply(step, Picture((image,), image.size, "png")).frames[0]


@settings(max_examples=60, deadline=None)
@given(
    size=st.tuples(st.integers(1, 300), st.integers(1, 300)),
    box=st.tuples(st.integers(1, 400), st.integers(1, 400)),
    fit=st.sampled_from(FITS),
    bands=st.sampled_from([1, 3]),
    seed=st.integers(0, 99),
)
def test_generated_photographs(size, box, fit, bands, seed):
    # Both round to 8 bits between their two passes, one across first and the other down: where edges of black and white
    # overshoot, each clips other pixels, which tells in pictures of a few px.
    image = photograph(size, seed, bands).point(lambda level: 50 + level * 3 // 5)
    assert mean_difference(resized(image, box, fit), exact(image, box, fit)) <= MEAN


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize(
    "name", ["dunes.jpg", "skyline.jpg", "grey.jpg", "cmyk.jpg", "alpha.png", "display-p3.jpg", "früh.webp"]
)
def test_sample_pictures(name, fit):
    with Image.open(SAMPLES / name) as image:
        image.load()
    for box in ((64, 64), (333, 100), (90, 271), (image.width // 2, image.height // 2), (image.width + 37, 801)):
        assert mean_difference(resized(image, box, fit), exact(image, box, fit)) <= MEAN, box


@pytest.mark.parametrize("box", [(64, 64), (333, 100), (90, 271), (811, 977)])
@pytest.mark.parametrize("name", ["dunes.jpg", "grey.jpg", "alpha.png", "cmyk.jpg"])
@pytest.mark.parametrize("kernel", PILLOWS)
def test_other_kernels_that_pillow_has(kernel, name, box):
    with Image.open(SAMPLES / name) as image:
        image.load()
    assert mean_difference(resized(image, box, "fill", kernel), image.resize(box, PILLOWS[kernel])) <= MEAN


@pytest.mark.parametrize("box", [(64, 48), (101, 37), (700, 400)])
def test_nearest_picks_the_pixel_in_whose_middle_it_falls(box):
    image = photograph((301, 199))  # no middle of a px falls between two
    assert mean_difference(resized(image, box, "fill", "nearest"), image.resize(box, Image.Resampling.NEAREST)) == 0


def mitchell(distance):
    """Of Mitchell and Netravali 1988, B = C = 1/3."""
    x = np.abs(distance)
    near, far = (7 * x**3 - 12 * x**2 + 16 / 3) / 6, (-7 / 3 * x**3 + 12 * x**2 - 20 * x + 32 / 3) / 6
    return np.where(x < 1, near, np.where(x < 2, far, 0))


def convolved(samples, length, kernel, axis):
    """Samples of one axis weighted by a kernel as wide as its scale wants, cut off at the edges."""
    whole = samples.shape[axis]
    scale = max(1, whole / length)
    middles = (np.arange(length) + 0.5) * whole / length
    weights = kernel((np.arange(whole) + 0.5 - middles[:, None]) / scale)
    weights /= weights.sum(axis=1, keepdims=True)
    return np.moveaxis(np.tensordot(weights, samples, (1, axis)), 0, axis)


@pytest.mark.parametrize("box", [(64, 64), (90, 271), (611, 577)])
def test_mitchell_is_the_kernel_of_that_name(box):
    image = photograph((300, 200))
    exactly = convolved(convolved(np.asarray(image).astype(float), box[0], mitchell, 1), box[1], mitchell, 0)
    made = np.asarray(resized(image, box, "fill", "mitchell")).astype(float)
    assert abs(made - np.clip(exactly, 0, 255)).mean() <= MEAN


@pytest.mark.parametrize("box", [(64, 64), (123, 45), (700, 900)])
def test_sixteen_bits(box):
    deep = np.asarray(photograph((300, 200), bands=1)).astype(np.uint16)[:, :, np.newaxis] * 257
    result = apply(parse(f"resize:{box[0]}x{box[1]}!"), Picture((deep,), (300, 200), "png")).frames[0]
    image = Image.fromarray(deep[:, :, 0].astype(np.float32)).resize(box, LANCZOS)
    assert abs(result[:, :, 0] - np.clip(np.asarray(image), 0, 65535)).mean() / 257 <= MEAN


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("name", ["dunes.jpg", "skyline.jpg", "grey.jpg"])
@pytest.mark.parametrize("box", [(64, 64), (100, 80), (33, 120)])
def test_decoding_at_a_reduced_scale_changes_little(name, box, fit):
    data = (SAMPLES / name).read_bytes()
    recipe = Recipe([f"resize:width={box[0]},height={box[1]},fit={fit}"], format="png")
    with Image.open(BytesIO(recipe.apply(data))) as made, Image.open(BytesIO(data)) as whole:
        assert mean_difference(made, exact(whole, box, fit)) <= 3 * MEAN


@pytest.mark.parametrize("side", [9, 17, 25, 26, 49, 65, 137, 257])
@pytest.mark.parametrize("length", [1, 2, 4])
def test_a_small_jpeg_has_its_colours_in_a_few_px(side, length):
    ramp = Image.fromarray(np.linspace(0, 255, side).astype(np.uint8)[np.newaxis].repeat(side, axis=0))
    file = BytesIO()
    ramp.save(file, "JPEG", quality=100)
    recipe = Recipe([f"resize:{length}x{length}!"], format="png")
    with Image.open(BytesIO(recipe.apply(file.getvalue()))) as made:
        difference = np.asarray(made).astype(float) - np.asarray(ramp.resize((length, length), LANCZOS))
    assert abs(difference).max() <= 3
