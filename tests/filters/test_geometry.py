from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from imgpipe import Recipe
from imgpipe.errors import RecipeError
from imgpipe.filters import apply, least_size, parse
from imgpipe.filters.turning import turned_size
from imgpipe.picture import frame_size

KINDS = ["L", "LA", "RGB", "RGBA", "CMYK", 1, 2, 3, 4]


def after(picture, frame, text):
    return apply(parse(text), picture(frame)).frames[0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("angle", "turns"), [(90, 1), (180, 2), (270, 3), (-90, 3), (450, 1), (360, 0), (0, 0)])
def test_quarter_turns_are_exact_and_clockwise(kind, angle, turns, frame, picture):
    source = frame(kind, (7, 5))
    result = apply(parse(f"rotate:{angle}"), picture(source))
    assert np.array_equal(np.asarray(result.frames[0]), np.rot90(np.asarray(source), -turns))
    assert result.size == frame_size(result.frames[0])


def test_quarter_turn_of_a_reduced_frame_turns_the_size_too(frame, picture):
    result = apply(parse("rotate:90"), picture(frame("RGB", (7, 5)), size=(70, 50)))
    assert (result.size, result.frames[0].size) == ((50, 70), (5, 7))


@pytest.mark.parametrize("kind", KINDS)
def test_flip_and_flop_mirror(kind, frame, picture):
    source = frame(kind, (7, 5))
    assert np.array_equal(np.asarray(after(picture, source, "flip")), np.asarray(source)[::-1])
    assert np.array_equal(np.asarray(after(picture, source, "flop")), np.asarray(source)[:, ::-1])


@pytest.mark.parametrize("size", [(1, 1), (7, 5), (64, 48)])
@pytest.mark.parametrize("kind", KINDS)
def test_any_angle_holds_the_whole_picture(kind, size, frame, picture):
    result = apply(parse("rotate:30"), picture(frame(kind, size)))
    assert frame_size(result.frames[0]) == result.size == turned_size(size, 30)
    assert getattr(result.frames[0], "mode", kind) == kind


def test_small_angle_turns_clockwise(picture):
    source = Image.new("L", (101, 101), 0)
    source.paste(255, (48, 5, 53, 10))
    y, x = np.argwhere(np.asarray(after(picture, source, "rotate:45,background=black")) > 128).mean(axis=0)
    middle = (turned_size((101, 101), 45)[0] - 1) / 2
    assert x - middle == pytest.approx(middle - y, abs=1)
    assert x - middle == pytest.approx(43 * 0.7071, abs=1)


def test_corners_are_white_or_transparent_or_as_asked(picture):
    red = (255, 0, 0)
    assert after(picture, Image.new("RGB", (40, 40), red), "rotate:45").getpixel((1, 1)) == (255, 255, 255)
    assert after(picture, Image.new("RGBA", (40, 40), red), "rotate:45").getpixel((1, 1))[3] == 0
    assert after(picture, Image.new("RGB", (40, 40), red), "rotate:45,background=navy").getpixel((1, 1)) == (0, 0, 128)
    assert after(picture, Image.new("CMYK", (40, 40), (9, 9, 9, 9)), "rotate:45").getpixel((1, 1)) == (0, 0, 0, 0)
    deep = np.zeros((40, 40, 1), np.uint16)
    assert after(picture, deep, "rotate:45")[1, 1, 0] == 65535


def test_half_transparent_background(picture):
    result = after(picture, Image.new("RGB", (40, 40)), "rotate:45,background=#64000080")
    assert result.mode == "RGBA"
    assert result.getpixel((1, 1)) == pytest.approx((100, 0, 0, 128), abs=1)
    assert result.getpixel((28, 28)) == (0, 0, 0, 255)
    deep = after(picture, np.zeros((40, 40, 3), np.uint16), "rotate:45,background=#64000080")
    assert deep[1, 1].tolist() == pytest.approx([100 * 257, 0, 0, 128 * 257], abs=1)
    assert deep[28, 28].tolist() == [0, 0, 0, 65535]


@pytest.mark.parametrize("kind", ["RGBA", "LA", 2, 4])
def test_turning_leaves_no_fringe(kind, frame, picture, samples):
    source = np.array(frame(kind, (40, 40)))
    source[:] = np.iinfo(source.dtype).max
    source[:, :20] = 0
    shown = source if isinstance(kind, int) else Image.frombytes(kind, (40, 40), source.tobytes())
    result = samples(after(picture, shown, "rotate:17"))
    visible = result[:, :, -1] > 8
    assert (result[visible][:, :-1] > 245).all()


def test_deep_turn_agrees_with_8_bit(frame, picture, samples):
    shallow = Image.new("RGB", (30, 20), (10, 200, 90))
    deep = np.asarray(shallow).astype(np.uint16) * 257
    difference = samples(after(picture, shallow, "rotate:20")) - samples(after(picture, deep, "rotate:20"))
    assert abs(difference).max() <= 1


def test_all_frames_are_turned(frame, picture):
    frames = [frame("RGBA", (20, 10), seed) for seed in range(3)]
    for text in ("rotate:90", "rotate:5", "flip", "flop", "crop:width=3"):
        result = apply(parse(text), picture(*frames, durations=(1, 2, 3)))
        assert len({each.size for each in result.frames}) == 1
        assert len({each.tobytes() for each in result.frames}) == 3


def test_mirrors_and_quarter_turns_leave_reduced_decoding_to_the_next_step():
    resize = parse("resize:500x")
    for text in ("flip", "flop", "rotate:180", "rotate:0"):
        assert least_size([parse(text), resize], (1000, 600)) == (750, 450)
    for text in ("rotate:90", "rotate:270", "rotate:-90"):
        assert least_size([parse(text), resize], (600, 1000)) == (450, 750)
        assert least_size([parse(text), parse("flip"), parse(text), resize], (1000, 600)) == (750, 450)
    for text in ("crop:width=900", "rotate:3"):
        assert least_size([parse(text), resize], (1000, 600)) is None


@pytest.mark.parametrize("text", ["rotate:90", "rotate:270", "rotate:180", "flip", "flop"])
def test_turned_pictures_are_the_same_from_reduced_decoding(text, samples):
    data = BytesIO()
    y, x = np.mgrid[:648, :968]
    picture = np.stack([128 + 90 * np.sin(x / 61), 128 + 90 * np.cos(y / 47), (x + y) / 7], axis=2)
    Image.fromarray(picture.astype(np.uint8)).save(data, "jpeg", quality=95)
    steps = [text, "resize:10%"]
    made = Image.open(BytesIO(Recipe(steps, format="png").apply(data.getvalue())))
    whole = Image.open(BytesIO(Recipe(["crop:left=0", *steps], format="png").apply(data.getvalue())))
    assert made.size == whole.size
    assert abs(samples(made) - samples(whole)).mean() < 0.5


def test_angle_must_be_given_and_finite():
    for text in ("rotate", "rotate:nan", "rotate:inf", "rotate:3,background=blu"):
        with pytest.raises(RecipeError):
            parse(text)
