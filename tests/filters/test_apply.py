import numpy as np
import pytest
from PIL import Image

from imgpipe.errors import FilterFailed, LimitExceeded
from imgpipe.filters import Filter, apply, filter, least_size, parse, when_upright
from imgpipe.picture import Picture

COLOURS = {"L": 1, "LA": 1, "RGB": 3, "RGBA": 3, 1: 1, 2: 1, 3: 3, 4: 3}


def run(function, picture, **traits):
    return apply(filter(**traits)(function).operation({}), picture)


def array_filter(body):
    def own(pixels: np.ndarray) -> np.ndarray:
        return body(pixels)

    return own


def image_filter(body):
    def own(image: Image.Image) -> Image.Image:
        return body(image)

    return own


@pytest.mark.parametrize("kind", COLOURS)
def test_array_filters_see_colour_only_and_alpha_comes_back(kind, frame, picture):
    seen = []
    source = frame(kind, (7, 5))
    result = run(array_filter(lambda pixels: seen.append(pixels) or ~pixels), picture(source)).frames[0]
    before, after = np.atleast_3d(np.asarray(source)), np.atleast_3d(np.asarray(result))
    colours = COLOURS[kind]
    assert seen[0].shape == (5, 7, colours)
    assert seen[0].flags.c_contiguous
    assert np.array_equal(after[:, :, :colours], ~before[:, :, :colours])
    assert np.array_equal(after[:, :, colours:], before[:, :, colours:])
    assert getattr(result, "mode", kind) == kind


@pytest.mark.parametrize("kind", [*COLOURS, "CMYK"])
def test_straight_filters_see_all_bands(kind, frame, picture):
    source = frame(kind, (7, 5))
    seen = []
    result = run(array_filter(lambda pixels: seen.append(pixels) or ~pixels), picture(source), alpha="straight")
    assert np.array_equal(np.asarray(result.frames[0]), ~np.asarray(source))
    assert np.array_equal(seen[0], np.atleast_3d(np.asarray(source)))
    assert getattr(result.frames[0], "mode", kind) == kind


@pytest.mark.parametrize(("kind", "most"), [("LA", 255), ("RGBA", 255), (2, 65535), (4, 65535)])
def test_premultiplied_filters_see_colour_times_alpha(kind, most, frame, picture):
    source = frame(kind, (7, 5))
    seen = []
    result = run(array_filter(lambda p: seen.append(p) or p.copy()), picture(source), alpha="premultiplied").frames[0]
    before, after = np.asarray(source).astype(float), np.asarray(result).astype(float)
    product = before[:, :, :-1] * before[:, :, -1:] / most
    assert abs(seen[0][:, :, :-1] - product).max() <= 1
    assert np.array_equal(seen[0][:, :, -1], before[:, :, -1])
    solid = before[:, :, -1] > most / 2
    assert abs(after - before)[solid].max() <= 2
    assert getattr(result, "mode", kind) == kind


@pytest.mark.parametrize(("mode", "shown"), [("LA", "La"), ("RGBA", "RGBa"), ("L", "L"), ("RGB", "RGB")])
def test_premultiplied_images_have_pillows_modes(mode, shown, frame, picture):
    seen = []
    result = run(image_filter(lambda image: seen.append(image.mode) or image), picture(frame(mode, (7, 5))),
                 alpha="premultiplied")  # fmt: skip
    assert seen == [shown]
    assert result.frames[0].mode == mode


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_image_filters_see_colour_only_and_cannot_harm_the_source(mode, frame, picture):
    source = frame(mode, (7, 5))
    before = source.tobytes()

    def paint(image: Image.Image) -> Image.Image:
        assert image.mode == mode.removesuffix("A")
        image.paste(0, (0, 0, 7, 5))
        return image

    result = run(paint, picture(source)).frames[0]
    assert source.tobytes() == before
    assert result.mode == mode
    assert not np.atleast_3d(np.asarray(result))[:, :, : COLOURS[mode]].any()


@pytest.mark.parametrize("kind", ["L", "RGB", "RGBA", 1, 4])
@pytest.mark.parametrize("alpha", ["apart", "premultiplied", "straight"])
def test_array_filters_cannot_write_into_the_source(kind, alpha, frame, picture):
    def scribble(pixels: np.ndarray) -> np.ndarray:
        pixels[:] = 0
        return pixels

    source = frame(kind, (7, 5))
    before = source.tobytes()
    with pytest.raises(FilterFailed, match="read-only"):
        run(scribble, picture(source), alpha=alpha)
    assert source.tobytes() == before


@pytest.mark.parametrize(("kind", "expected"), [("L", "RGB"), ("LA", "RGBA"), (1, 3), (2, 4), ("RGB", "RGB"), (4, 4)])
def test_colour_widens_grey(kind, expected, frame, picture):
    result = run(array_filter(lambda pixels: pixels.copy()), picture(frame(kind, (7, 5))), colour=True).frames[0]
    assert (result.shape[2] if isinstance(expected, int) else result.mode) == expected


def test_arrays_without_a_last_axis_are_grey(frame, picture):
    result = run(array_filter(lambda pixels: pixels[:, :, 0]), picture(frame("RGBA", (7, 5)))).frames[0]
    assert (result.mode, result.size) == ("LA", (7, 5))


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        (lambda pixels: pixels.astype(float), "float64"),
        (lambda pixels: pixels.tolist(), "list"),
        (lambda pixels: None, "NoneType"),
        (lambda pixels: pixels[0, 0], "shape"),
        (lambda pixels: pixels[:0], r"\(0, 5, 3\)|\(0, 7, 3\)"),
        (lambda pixels: np.dstack([pixels] * 2), r"\(5, 7, 6\)"),
        (lambda pixels: np.dstack([pixels, pixels[:, :, :1]]), "alpha"),
    ],
)
@pytest.mark.parametrize("kind", ["RGB", 3])
def test_wrong_results_are_named(wrong, what, kind, frame, picture):
    with pytest.raises(FilterFailed, match=f"filter own .*({what})"):
        run(array_filter(wrong), picture(frame(kind, (7, 5))))


@pytest.mark.parametrize(
    "wrong", [lambda image: image.convert("P"), lambda image: 3, lambda image: image.crop((0, 0, 0, 3))]
)
def test_wrong_images_are_named(wrong, frame, picture):
    with pytest.raises(FilterFailed, match="filter own returned"):
        run(image_filter(wrong), picture(frame("RGB", (7, 5))))


def test_changed_size_needs_alpha_along(frame, picture):
    smaller = array_filter(lambda pixels: pixels[::2, ::2])
    assert run(smaller, picture(frame("RGB", (8, 6)))).size == (4, 3)
    with pytest.raises(FilterFailed, match="size"):
        run(smaller, picture(frame("RGBA", (8, 6))))
    assert run(smaller, picture(frame("RGBA", (8, 6))), alpha="straight").frames[0].size == (4, 3)


def test_size_by_header_stays_where_frames_keep_their_size(frame, picture):
    reduced = picture(frame("RGB", (8, 6)), size=(32, 24))
    assert run(array_filter(lambda pixels: ~pixels), reduced).size == (32, 24)
    assert run(array_filter(lambda pixels: pixels[:3]), reduced).size == (8, 3)


def test_every_frame_is_filtered(frame, picture):
    frames = [frame("RGB", (4, 4), seed) for seed in range(3)]
    result = run(array_filter(lambda pixels: ~pixels), picture(*frames, durations=(1, 2, 3)))
    assert [np.asarray(each).tobytes() for each in result.frames] == [(~np.asarray(each)).tobytes() for each in frames]
    assert result.durations == (1, 2, 3)


def test_frames_of_an_animation_must_keep_one_size(frame, picture):
    sizes = iter([3, 4])
    with pytest.raises(FilterFailed, match="different sizes"):
        run(array_filter(lambda p: p[: next(sizes)]), picture(*[frame("L", (5, 5))] * 2, durations=(1, 2)))


def test_pages_may_differ_in_size(frame, picture):
    result = run(array_filter(lambda p: p[::2]), picture(frame("L", (5, 6)), frame("L", (3, 2))))
    assert [each.size for each in result.frames] == [(5, 3), (3, 1)]


def test_image_filters_refuse_16_bits(frame, picture):
    with pytest.raises(FilterFailed, match="8 bits"):
        run(image_filter(lambda image: image), picture(frame(3, (4, 4))))


@pytest.mark.parametrize("alpha", ["apart", "premultiplied"])
def test_cmyk_is_refused_unless_straight(alpha, frame, picture):
    with pytest.raises(FilterFailed, match="leave out --no-srgb"):
        run(array_filter(lambda pixels: pixels), picture(frame("CMYK", (4, 4))), alpha=alpha)


def test_picture_filters_get_and_give_a_picture(frame, picture):
    def last(picture: Picture) -> Picture:
        return Picture(picture.frames[-1:], picture.size, picture.format)

    frames = [frame("L", (4, 4), seed) for seed in range(2)]
    assert run(last, picture(*frames)).frames == (frames[1],)


@pytest.mark.parametrize("wrong", [lambda picture: None, lambda picture: Picture((), (1, 1), "png")])
def test_picture_filters_must_give_a_picture(wrong, frame, picture):
    def own(picture: Picture) -> Picture:
        return wrong(picture)

    with pytest.raises(FilterFailed, match="filter own returned"):
        run(own, picture(frame("L", (4, 4))))


def fail(error):
    def own(pixels):
        raise error

    return array_filter(own)


def test_errors_of_a_filter_name_it_and_keep_their_cause(frame, picture):
    cause = ZeroDivisionError("by zero")
    with pytest.raises(FilterFailed, match="filter own failed: ZeroDivisionError: by zero") as caught:
        run(fail(cause), picture(frame("L", (4, 4))))
    assert caught.value.__cause__ is cause


@pytest.mark.parametrize("error", [SystemExit(3), GeneratorExit("odd"), type("Odd", (BaseException,), {})("odd")])
def test_a_filter_that_would_leave_the_process_fails_its_picture(error, frame, picture):
    with pytest.raises(FilterFailed, match=f"filter own failed: {type(error).__name__}: (3|odd)"):
        run(fail(error), picture(frame("L", (4, 4))))


@pytest.mark.parametrize("error", [MemoryError(), LimitExceeded("too large"), KeyboardInterrupt()])
def test_errors_that_mean_something_go_through(error, frame, picture):
    with pytest.raises(type(error)) as caught:
        run(fail(error), picture(frame("L", (4, 4))))
    assert caught.value is error


def test_options_reach_the_function(frame, picture):
    @filter
    def shift(pixels: np.ndarray, by: int = 1) -> np.ndarray:
        return pixels >> by

    source = frame("L", (4, 4))
    for options, by in (({}, 1), ({"by": "3"}, 3)):
        result = apply(shift.operation(options), picture(source)).frames[0]
        assert np.array_equal(np.asarray(result), np.asarray(source) >> by)
    assert isinstance(shift, Filter)


def test_least_size_is_what_the_first_counting_step_needs():
    assert least_size([], (100, 100)) is None
    assert least_size([parse("grayscale")], (100, 100)) is None
    steps = [parse("brightness:1.2"), parse("flip"), parse("resize:100x"), parse("crop:width=3")]
    assert least_size(steps, (1040, 1040)) == (150, 150)
    assert least_size(iter([parse("blur:2"), *steps]), (1040, 1040)) is None


def test_levels_that_jump_wait_for_no_turn():
    size = (400, 300)
    assert when_upright(map(parse, ["posterize:4", "invert"]), size) == "last"
    assert when_upright(map(parse, ["posterize:4", "resize:100x"]), size) == "small"
