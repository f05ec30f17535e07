from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from imgpipe.errors import FilterFailed, RecipeError
from imgpipe.filters import apply, least_size, parse
from imgpipe.picture import frame_size

MODES = ["L", "LA", "RGB", "RGBA", "CMYK"]
KINDS = [*MODES, 1, 2, 3, 4]
SMOOTH = (96, 64)


def gradient(mode):
    """A smooth picture, as photographs are, with a hard edge in it."""
    width, height = SMOOTH
    y, x = np.mgrid[:height, :width]
    bands = [x * 255 / width, y * 255 / height, (x + y) * 255 / (width + height), 255 - x * 2]
    samples = np.stack(bands[: len(Image.new(mode, (1, 1)).getbands())], axis=2)
    samples[20:40, 30:60] = 255 - samples[20:40, 30:60]
    return Image.frombytes(mode, SMOOTH, samples.clip(0, 255).astype(np.uint8).tobytes())


def resized(picture, frame, options):
    return apply(parse(f"resize:{options}"), picture(frame)).frames[0]


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "CMYK", "LA"])
@pytest.mark.parametrize("size", [(48, 32), (31, 17), (200, 150)])
def test_agrees_with_pillow(mode, size, picture, samples):
    source = gradient(mode)
    result = resized(picture, source, f"{size[0]}x{size[1]}!")
    difference = abs(samples(result) - samples(source.resize(size, Image.Resampling.LANCZOS)))
    if mode in ("LA", "RGBA"):
        difference = difference * samples(result)[:, :, -1:] / 255
    assert result.mode == mode
    assert difference.mean() < 0.5


@pytest.mark.parametrize("bands", [1, 2, 3, 4])
def test_deep_frames_agree_with_8_bit_ones(bands, picture, samples):
    source = gradient({1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[bands])
    deep = np.atleast_3d(np.asarray(source)).astype(np.uint16) * 257
    shallow, result = resized(picture, source, "31x17!"), resized(picture, deep, "31x17!")
    assert result.dtype == np.uint16
    assert result.shape == (17, 31, bands)
    assert result.flags.c_contiguous
    weight = samples(shallow)[:, :, -1:] / 255 if bands in (2, 4) else 1
    assert (abs(samples(shallow) - samples(result)) * weight).max() <= 2


@pytest.mark.parametrize("kind", ["RGBA", "LA", 2, 4])
def test_transparent_pixels_leave_no_fringe(kind, frame, picture, samples):
    source = np.array(frame(kind, (40, 40)))
    source[:] = np.iinfo(source.dtype).max
    source[:, :20] = 0  # transparent black beside opaque white
    shown = source if isinstance(kind, int) else Image.frombytes(kind, (40, 40), source.tobytes())
    result = samples(resized(picture, shown, "13x13!"))
    visible = result[:, :, -1] > 8
    assert (result[visible][:, :-1] > 250).all()
    assert not visible.all()
    assert visible.any()


@pytest.mark.parametrize("kind", KINDS)
def test_own_size_leaves_pixels_alone(kind, frame, picture):
    source = frame(kind, (7, 5))
    assert resized(picture, source, "7x5") is source


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fit", ["inside", "outside", "cover", "contain", "fill"])
def test_every_kind_goes_through_every_fit(kind, fit, frame, picture):
    result = resized(picture, frame(kind, (64, 48)), f"width=20,height=30,fit={fit}")
    expected = {"inside": (20, 15), "outside": (40, 30)}.get(fit, (20, 30))
    assert frame_size(result) == expected
    assert getattr(result, "mode", None) or result.shape[2] == kind


@pytest.mark.parametrize("kernel", ["lanczos3", "mitchell", "catmull-rom", "bilinear", "gaussian", "box", "nearest"])
@pytest.mark.parametrize("mode", MODES)
def test_every_kernel_keeps_a_flat_colour(kernel, mode, picture):
    flat = Image.new(mode, (40, 30), (200, 100, 50, 255)[-len(Image.new(mode, (1, 1)).getbands()) :])
    result = resized(picture, flat, f"width=9,kernel={kernel}")
    assert result.getcolors() == [(9 * 7, flat.getpixel((0, 0)))]


@pytest.mark.parametrize(("size", "options", "expected"), [
    ((1, 1), "30x", (30, 30)),
    ((60_000, 2), "1x1!", (1, 1)),
    ((60_000, 2), "width=30", (30, 1)),
    ((3, 2), "60000x2!", (60_000, 2)),
])  # fmt: skip
@pytest.mark.parametrize("kind", ["RGB", 4])
def test_extreme_sizes(size, options, expected, kind, frame, picture):
    assert frame_size(resized(picture, frame(kind, size), options)) == expected


def test_cover_keeps_the_part_that_gravity_says(picture):
    source = Image.new("RGB", (300, 100), "red")
    source.paste("blue", (200, 0, 300, 100))
    assert resized(picture, source, "50x50,fit=cover,gravity=west").getcolors() == [(2500, (255, 0, 0))]
    assert resized(picture, source, "50x50,fit=cover,gravity=east").getpixel((25, 25)) == (0, 0, 255)


def test_cover_at_the_own_scale_copies_pixels(frame, picture):
    source = frame("RGB", (11, 4))
    assert resized(picture, source, "4x4,fit=cover").tobytes() == source.crop((3, 0, 7, 4)).tobytes()


def test_cover_does_not_distort(picture):
    source = Image.new("L", (2725, 2225))
    source.paste(255, (1362 - 500, 1112 - 500, 1362 + 500, 1112 + 500))
    marked = np.asarray(resized(picture, source, "100x100,fit=cover")) > 128
    assert abs(int(marked.any(axis=0).sum()) - int(marked.any(axis=1).sum())) <= 1


def test_contain_leaves_white_bars_and_transparent_ones_with_alpha(picture):
    opaque = resized(picture, Image.new("RGB", (40, 20), "red"), "40x40,fit=contain")
    assert opaque.getpixel((20, 2)) == (255, 255, 255)
    assert opaque.getpixel((20, 20)) == (255, 0, 0)
    clear = resized(picture, Image.new("RGBA", (40, 20), "red"), "40x40,fit=contain")
    assert clear.getpixel((20, 2))[3] == 0
    assert clear.getpixel((20, 20)) == (255, 0, 0, 255)


def test_contain_obeys_gravity_and_background(picture):
    result = resized(picture, Image.new("L", (40, 20), 0), "40x40,fit=contain,gravity=south,background=#ff0000")
    assert result.mode == "RGB"
    assert result.getpixel((0, 0)) == (255, 0, 0)
    assert result.getpixel((0, 39)) == (0, 0, 0)


def test_contain_on_cmyk_uses_no_ink_and_refuses_transparency(picture):
    source = Image.new("CMYK", (40, 20), (9, 9, 9, 9))
    assert resized(picture, source, "40x40,fit=contain").getpixel((0, 0)) == (0, 0, 0, 0)
    with pytest.raises(FilterFailed, match="--no-srgb"):
        resized(picture, source, "40x40,fit=contain,background=#00000000")


def test_all_frames_of_an_animation(frame, picture):
    frames = [frame("RGBA", (20, 10), seed) for seed in range(3)]
    result = apply(parse("resize:10x"), picture(*frames, durations=(10, 20, 30)))
    assert [each.size for each in result.frames] == [(10, 5)] * 3
    assert (result.size, result.durations) == ((10, 5), (10, 20, 30))


def test_pages_of_different_sizes_count_by_their_own(frame, picture):
    result = apply(parse("resize:50%"), picture(frame("L", (20, 10)), frame("L", (8, 30))))
    assert [each.size for each in result.frames] == [(10, 5), (4, 15)]


def test_reduced_frames_give_the_size_that_the_header_asks_for(frame, picture):
    reduced = picture(frame("RGB", (1363, 1113)), size=(2725, 2225))
    result = apply(parse("resize:50%"), reduced)
    assert result.size == result.frames[0].size == (1363, 1113)
    assert apply(parse("resize:720x588"), reduced).size == (720, 588)
    assert apply(parse("resize:700x700,fit=cover,gravity=southeast"), reduced).size == (700, 700)


@pytest.mark.parametrize("kind", ["RGB", 3])
@pytest.mark.parametrize("gravity", ["west", "center", "east"])
def test_reduced_frames_are_cut_in_the_same_place(kind, gravity, picture, samples):
    x = np.linspace(0, 255, 800).astype(np.uint8)
    whole = Image.fromarray(np.repeat(np.tile(x, (400, 1))[:, :, None], 3, axis=2))
    half = whole.resize((400, 200), Image.Resampling.BOX)
    if kind == 3:
        whole, half = (np.asarray(image).astype(np.uint16) * 257 for image in (whole, half))
    text = f"resize:50x50,fit=cover,gravity={gravity}"
    expected = apply(parse(text), picture(whole)).frames[0]
    result = apply(parse(text), picture(half, size=(800, 400))).frames[0]
    assert abs(samples(result) - samples(expected)).max() <= 2


@pytest.mark.parametrize("kind", ["RGB", 3])
def test_a_size_that_memory_cannot_hold_is_a_memory_error_before_the_resizer_aborts(kind, frame, picture, monkeypatch):
    asked = []

    def full(_, length):
        asked.append(length)
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr("mmap.mmap", full)
    with pytest.raises(MemoryError, match="3000x2000"):
        resized(picture, frame(kind, (4, 4)), "3000x2000!")
    assert asked[0] > 3000 * 2000 * (3 if kind == "RGB" else 6)


def test_other_fields_stay(frame, picture):
    source = picture(frame("RGB", (4, 4)), profile=b"x" * 200, dpi=(72.0, 72.0), exif=b"e")
    result = apply(parse("resize:2x"), source)
    assert replace(result, frames=source.frames, size=source.size) == source


@pytest.mark.parametrize(
    "text",
    [
        "resize",
        "resize:fit=cover",
        "resize:8x8,width=4",
        "resize:8",
        "resize:8x8!,fit=cover",
        "resize:8x8,background=blak",
        'resize:8x8,background=""',
        "resize:8x8<,upscale=false",
    ],
)
def test_mistakes_are_found_before_any_picture_is_read(text):
    with pytest.raises(RecipeError):
        parse(text)


def chequered(kind, size=(64, 64)):
    """Black and white px in turns, which seen from far are half the light of white."""
    bands = len(Image.new(kind, (1, 1)).getbands()) if isinstance(kind, str) else kind
    samples = np.indices(size).sum(axis=0)[:, :, None].repeat(bands, axis=2) % 2
    samples = samples * (65535 if isinstance(kind, int) else 255)
    if bands in (2, 4):
        samples[:, :, -1] = samples.max()
    deep = isinstance(kind, int)
    pixels = samples.astype(np.uint16 if deep else np.uint8)
    return pixels if deep else Image.frombytes(kind, size, pixels.tobytes())


@pytest.mark.parametrize("kind", ["L", "LA", "RGB", "RGBA", 1, 2, 3, 4])
def test_linear_light_keeps_the_brightness_of_a_grid(kind, picture, samples):
    encoded = samples(resized(picture, chequered(kind), "8x8,kernel=box"))
    linear = samples(resized(picture, chequered(kind), "8x8,kernel=box,linear=true"))
    colours = slice(None, -1) if kind in ("LA", "RGBA", 2, 4) else slice(None)
    assert abs(encoded[:, :, colours] - 127.5).max() <= 0.6
    # Half the light, by the sRGB curve: 1.055 * 0.5 ** (1 / 2.4) - 0.055 of 255.
    assert abs(linear[:, :, colours] - 187.5).max() <= 0.6
    assert (linear[:, :, colours.stop :] == 255).all() or colours.stop is None


@pytest.mark.parametrize("kind", ["L", "LA", "RGB", "RGBA", 1, 2, 3, 4])
def test_linear_light_keeps_kind_depth_and_flat_colours(kind, frame, picture, samples):
    source = frame(kind, (1, 1))
    result = resized(picture, source, "5x3!,linear=true")
    assert frame_size(result) == (5, 3)
    assert getattr(result, "mode", None) or result.shape[2] == kind
    weight = samples(result)[:, :, -1:] / 255 if kind in ("LA", "RGBA", 2, 4) else 1
    assert (abs(samples(result) - samples(source)) * weight).max() <= 1
    whole = frame(kind, (7, 5))
    assert resized(picture, whole, "7x5,linear=true") is whole


@pytest.mark.parametrize("kind", ["RGBA", "LA", 2, 4])
def test_linear_light_leaves_no_fringe(kind, frame, picture, samples):
    source = np.array(frame(kind, (40, 40)))
    source[:] = np.iinfo(source.dtype).max
    source[:, :20] = 0
    shown = source if isinstance(kind, int) else Image.frombytes(kind, (40, 40), source.tobytes())
    result = samples(resized(picture, shown, "13x13!,linear=true"))
    visible = result[:, :, -1] > 8
    assert (result[visible][:, :-1] > 250).all()
    assert len(np.unique(result[:, :, -1])) > 2


def test_linear_light_keeps_every_level_of_8_bits(picture):
    levels = Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16))
    twice = resized(picture, levels, "32x32,kernel=box,linear=true")
    assert np.array_equal(np.asarray(twice)[::2, ::2], np.asarray(levels))


def test_linear_light_needs_every_pixel_and_light(frame, picture):
    assert least_size([parse("resize:10x,linear=true")], (1000, 1000)) is None
    with pytest.raises(FilterFailed, match="--no-srgb"):
        resized(picture, frame("CMYK", (7, 5)), "3x,linear=true")


@pytest.mark.parametrize("gravity", ["attention", "entropy"])
@pytest.mark.parametrize("reduced", [1, 2])
@pytest.mark.parametrize("kind", ["RGB", 3])
def test_cover_finds_what_is_interesting(gravity, reduced, kind, picture, samples):
    source = Image.new("RGB", (600, 200), "gray")
    source.paste("red", (460, 40, 580, 160))
    for x in range(460, 580, 20):
        source.paste("yellow", (x, 40, x + 10, 160))
    shown = source.resize((600 // reduced, 200 // reduced), Image.Resampling.BOX)
    if kind == 3:
        shown = np.asarray(shown).astype(np.uint16) * 257
    step = parse(f"resize:50x50,fit=cover,gravity={gravity}")
    result = apply(step, picture(shown, size=(600, 200)))
    assert result.size == (50, 50)
    coloured = samples(result.frames[0]).std(axis=2) > 10
    assert coloured.sum() >= 30 * 30


def test_cover_of_an_animation_stands_still(picture):
    frames = [Image.new("RGB", (60, 20), "gray") for _ in range(2)]
    frames[0].paste("red", (0, 0, 20, 20))
    frames[1].paste("red", (40, 0, 60, 20))
    step = parse("resize:10x10,fit=cover,gravity=attention")
    moving = apply(step, picture(*frames, durations=(1, 2))).frames
    pages = apply(step, picture(*frames)).frames
    assert [frame.getpixel((5, 5)) for frame in moving] == [(255, 0, 0), (128, 128, 128)]
    assert [frame.getpixel((5, 5)) for frame in pages] == [(255, 0, 0)] * 2


def test_interest_without_cover_is_a_mistake():
    for text in ("resize:8x8,gravity=attention", "resize:8x8,fit=contain,gravity=entropy"):
        with pytest.raises(RecipeError, match="fit=cover"):
            parse(text)


def test_least_size_is_half_as_much_again():
    assert least_size([parse("resize:720x588")], (2725, 2225)) == (1080, 882)
    assert least_size([parse("resize:720x588,kernel=nearest")], (2725, 2225)) is None
    assert least_size([parse("resize:9000x")], (2725, 2225)) == (2725, 2225)
