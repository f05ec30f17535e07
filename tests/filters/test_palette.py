import numpy as np
import pytest
from PIL import Image, ImageFilter

from imgpipe.errors import FilterFailed, RecipeError
from imgpipe.filters import apply, parse, softening
from imgpipe.picture import Picture

DITHERS = ["floyd-steinberg", "ordered", "none"]
EIGHT_BITS = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def after(frame, text):
    size = frame.size if isinstance(frame, Image.Image) else frame.shape[1::-1]
    return apply(parse(text), Picture((frame,), size, "png")).frames[0]


def sky(mode, size=(96, 64)):
    """Smooth colours, with soft transparent edges where the mode has alpha."""
    y, x = np.mgrid[: size[1], : size[0]]
    bands = [x * 255 / size[0], y * 255 / size[1], 255 - x * 200 / size[0]]
    bands = bands[:1] if mode[0] == "L" else bands
    if mode.endswith("A"):
        bands = [*bands, np.clip((30 - np.hypot(x - 48, y - 32)) * 40, 0, 255)]
    samples = np.stack(bands, axis=2).astype(np.uint8)
    return Image.frombytes(mode, size, samples.tobytes())


def deep(image):
    return np.atleast_3d(np.asarray(image)).astype(np.uint16) * 257


def shown(image):
    """The distinct colours that can be seen, and transparency as one more."""
    samples = np.asarray(image.convert("RGBA")).reshape(-1, 4).copy()
    samples[samples[:, 3] == 0] = 0
    # Four bytes as one number: rows take np.unique a hundred times as long.
    return {tuple(each.tobytes()) for each in np.unique(samples.view(np.uint32))}


@pytest.mark.parametrize("dither", DITHERS)
@pytest.mark.parametrize("colours", [2, 3, 5, 8, 16, 64, 256])
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_there_are_no_more_colours_than_asked_for(mode, colours, dither):
    made = after(sky(mode), f"quantize:{colours},dither={dither}")
    assert made.mode == mode
    assert len(shown(made)) <= colours
    assert len(shown(made)) > min(colours, 96) * 0.4  # the grey one has 96 levels


@pytest.mark.parametrize("dither", DITHERS)
def test_colours_stay_near(dither):
    source = sky("RGB")
    made = after(source, f"quantize:64,dither={dither}")
    blurred = [np.asarray(image.filter(ImageFilter.BoxBlur(3))).astype(float) for image in (source, made)]
    assert abs(blurred[0] - blurred[1]).mean() < 3.5


def test_dithering_keeps_tones_that_flat_colours_lose():
    source = sky("L")
    errors = {}
    for dither in DITHERS:
        made = after(source, f"quantize:4,dither={dither}")
        errors[dither] = abs(np.asarray(source.reduce(8)).astype(float) - np.asarray(made.reduce(8))).mean()
    assert errors["floyd-steinberg"] < errors["none"] / 2
    assert errors["ordered"] < errors["none"] / 1.5


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_pictures_of_few_colours_stay_as_they_are(mode):
    source = Image.new(mode, (9, 9), "red" if mode != "L" else 7)
    source.putpixel((3, 3), 9 if mode == "L" else (1, 2, 3, 99)[: len(mode)])
    assert after(source, "quantize:2") is source


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (7, 5)])
@pytest.mark.parametrize("text", ["quantize:2", "quantize:3,dither=ordered", "dither", "dither:3,method=ordered"])
def test_small_and_odd_sizes(size, text, frame):
    for mode in ("L", "LA", "RGB", "RGBA"):
        made = after(frame(mode, size), text)
        assert (made.mode, made.size) == (mode, size)


def test_a_colour_that_is_rare_is_kept_where_there_is_room():
    source = Image.new("RGB", (2000, 1000), "white")
    source.paste("navy", (0, 0, 1000, 1000))
    source.putpixel((1500, 500), (255, 0, 0))
    assert after(source, "quantize:3").getpixel((1500, 500)) == (255, 0, 0)


def test_soft_edges_stay_soft_and_opaque_stays_opaque():
    source = sky("RGBA")
    made = np.asarray(after(source, "quantize:64"))
    alpha = np.asarray(source)[:, :, 3]
    assert (made[alpha == 255, 3] == 255).all()
    assert (made[alpha == 0] == 0).all()
    soft = (alpha > 0) & (alpha < 255)
    assert len(np.unique(made[soft, 3])) >= 6
    assert abs(made[soft, 3].astype(int) - alpha[soft]).mean() < 20


def test_wholly_half_transparent_pictures():
    source = sky("RGB")
    source.putalpha(100)
    made = after(source, "quantize:32")
    assert 8 < len(shown(made)) <= 32
    assert made.getchannel("A").getextrema() == (100, 100)


@pytest.mark.parametrize("text", ["quantize:16", "quantize:16,dither=ordered", "dither:3"])
def test_what_is_hidden_does_not_spread(text):
    one, two = sky("RGBA"), sky("RGBA")
    hidden = np.asarray(two.getchannel("A")) == 0
    samples = np.array(two)
    samples[hidden, :3] = 255
    two = Image.fromarray(samples)
    first, second = (np.asarray(after(image, text)) for image in (one, two))
    assert np.array_equal(first[~hidden], second[~hidden])


def test_half_transparent_neighbours_change_nothing_that_is_opaque():
    samples = np.array(sky("RGBA"))
    soft = (samples[:, :, 3] > 0) & (samples[:, :, 3] < 255)
    opaque = samples[:, :, 3] == 255
    first = np.asarray(after(Image.fromarray(samples), "quantize:16"))
    samples[soft, :3] = 255 - samples[soft, :3]
    assert np.array_equal(np.asarray(after(Image.fromarray(samples), "quantize:16"))[opaque], first[opaque])


def test_colours_that_can_hardly_be_seen_take_no_palette_from_the_others():
    samples = np.array(sky("RGB").convert("RGBA"))
    samples[:, :, 3] = 200
    samples[:32, :, :3] = np.random.default_rng(1).integers(0, 256, (32, 96, 3))
    samples[:32, :, 3] = 3
    made = np.asarray(after(Image.fromarray(samples), "quantize:16,dither=none"))
    assert abs(made[32:].astype(int) - samples[32:]).mean() < 15


def test_one_palette_serves_all_frames_of_an_animation():
    red = sky("RGB")
    blue = Image.merge("RGB", [band.point(lambda level: level // 2) for band in red.split()[::-1]])
    step = parse("quantize:16")
    moving = apply(step, Picture((red, blue), red.size, "gif", durations=(1, 2)))
    assert len(shown(moving.frames[0]) | shown(moving.frames[1])) <= 16
    same = apply(step, Picture((red, red), red.size, "gif", durations=(1, 2)))
    assert same.frames[0].tobytes() == same.frames[1].tobytes()
    pages = apply(step, Picture((red, blue), red.size, "tiff"))
    assert pages.frames[0].tobytes() == after(red, "quantize:16").tobytes()


def test_few_pixels_at_a_time_are_compared_with_many_colours(monkeypatch):
    compared = []
    nearest = softening._nearest
    monkeypatch.setattr(
        softening,
        "_nearest",
        lambda pixels, palette: compared.append(len(pixels) * len(palette)) or nearest(pixels, palette),
    )
    source = np.random.default_rng(0).integers(1, 255, (80, 80, 4), np.uint8)
    after(Image.fromarray(source), "quantize:256,dither=none")
    assert 0 < max(compared) <= 1 << 20  # of 16 bytes


@pytest.mark.parametrize("text", ["quantize:16", "dither:4"])
@pytest.mark.parametrize("bands", EIGHT_BITS)
def test_16_bits_become_8_with_a_warning(text, bands):
    source = sky(EIGHT_BITS[bands])
    made = apply(parse(text), Picture((deep(source),), source.size, "png"))
    assert made.frames[0].tobytes() == after(source, text).tobytes()
    assert "16 bits" in made.warnings[0]
    assert not apply(parse(text), Picture((source,), source.size, "png")).warnings


@pytest.mark.parametrize("method", ["floyd-steinberg", "ordered"])
@pytest.mark.parametrize("levels", [2, 3, 4, 16, 32])
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_every_band_has_its_levels_and_keeps_its_tone(mode, levels, method):
    source = sky(mode)
    made = after(source, f"dither:{levels},method={method}")
    assert made.mode == mode
    allowed = {round(level * 255 / (levels - 1)) for level in range(levels)}
    names = [name for name in made.getbands() if name != "A"]
    for name in names:
        assert set(np.unique(np.asarray(made.getchannel(name)))) <= allowed
    if mode in ("L", "RGB"):
        tones = [np.asarray(image.reduce(16)).astype(float) for image in (source, made)]
        assert abs(tones[0] - tones[1]).mean() < 6
    else:
        assert made.getchannel("A").tobytes() == source.getchannel("A").tobytes()


def test_ordered_dither_is_bayers():
    made = np.asarray(after(Image.new("L", (8, 8), 128), "dither:method=ordered"))
    assert (made == 255).sum() == 32
    # Half grey is a chequerboard.
    assert np.array_equal(made == 255, np.indices((8, 8)).sum(axis=0) % 2 == 1)


@pytest.mark.parametrize("method", ["floyd-steinberg", "ordered"])
def test_levels_that_are_there_already_stay(method):
    levels = Image.fromarray(np.array([[0, 85, 170, 255]] * 4, np.uint8))
    assert after(levels, f"dither:4,method={method}").tobytes() == levels.tobytes()
    for count in range(2, 33):
        values = np.rint(np.arange(count) * 255 / (count - 1)).astype(np.uint8)
        patches = Image.fromarray(values.repeat(8)[np.newaxis].repeat(8, axis=0))
        assert after(patches, f"dither:{count},method={method}").tobytes() == patches.tobytes(), count


def test_cmyk_is_told_what_to_do():
    for text in ("quantize:8", "dither"):
        with pytest.raises(FilterFailed, match="--no-srgb"):
            after(Image.new("CMYK", (4, 4)), text)


@pytest.mark.parametrize("text", ["quantize:1", "quantize:257", "quantize:8,dither=random", "dither:1", "dither:33"])
def test_mistakes(text):
    with pytest.raises(RecipeError):
        parse(text)


def test_a_large_picture_s_palette_is_chosen_from_all_of_its_columns():
    # As many px as make the sample take every sixteenth, were it not for the width.
    samples = np.zeros((512, 4096, 3), np.uint8)
    samples[:, :, 0] = np.arange(4096) % 16 * 16
    samples[:, :, 1] = 255 - samples[:, :, 0]
    made = np.asarray(after(Image.fromarray(samples), "quantize:8,dither=none")).astype(int)
    assert np.abs(made - samples).max() <= 32


@pytest.mark.parametrize("place", [(1, 0), (1023, 767)])
def test_a_palette_is_found_where_the_sample_sees_nothing_opaque(place):
    image = Image.new("RGBA", (1024, 768), (1, 2, 3, 0))
    image.putpixel(place, (200, 100, 50, 255))
    assert shown(after(image, "quantize:8,dither=none")) == {(0, 0, 0, 0), (200, 100, 50, 255)}
