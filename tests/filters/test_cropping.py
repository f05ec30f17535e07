import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from imgpipe.errors import FilterFailed, RecipeError
from imgpipe.filters import apply, parse
from imgpipe.picture import frame_size

KINDS = ["L", "LA", "RGB", "RGBA", "CMYK", 1, 2, 3, 4]


def after(picture, frame, text):
    return apply(parse(text), picture(frame)).frames[0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("options", "box"),
    [
        ("left=2,top=1,width=3,height=2", (2, 1, 5, 3)),
        ("left=5", (5, 0, 7, 5)),
        ("left=-2,top=-1,width=4,height=4", (0, 0, 2, 3)),
        ("left=6,top=4,width=100,height=100", (6, 4, 7, 5)),
        ("width=3,height=2,gravity=center", (2, 1, 5, 3)),
        ("width=3,height=2,gravity=southeast", (4, 3, 7, 5)),
        ("width=2,gravity=west", (0, 0, 2, 5)),
        ("width=100,height=1,gravity=south", (0, 4, 7, 5)),
    ],
)
def test_crop_keeps_the_rectangle(kind, options, box, frame, picture):
    source = frame(kind, (7, 5))
    left, top, right, bottom = box
    result = apply(parse(f"crop:{options}"), picture(source))
    assert np.array_equal(np.asarray(result.frames[0]), np.asarray(source)[top:bottom, left:right])
    assert result.size == (right - left, bottom - top)


@pytest.mark.parametrize("options", ["left=7", "top=5", "left=-9,width=9", "left=100,top=100,width=1,height=1"])
def test_crop_outside_the_picture_fails(options, frame, picture):
    with pytest.raises(FilterFailed, match="7x5"):
        after(picture, frame("RGB", (7, 5)), f"crop:{options}")


def test_crop_with_gravity_and_place_is_refused():
    with pytest.raises(RecipeError, match="gravity"):
        parse("crop:left=1,width=3,gravity=east")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("size", "options", "box"),
    [
        ((16, 9), "aspect=1:1", (3, 0, 12, 9)),
        ((16, 9), "aspect=1", (3, 0, 12, 9)),
        ((16, 9), "aspect=16:9", (0, 0, 16, 9)),
        ((16, 9), "aspect=1:1,gravity=west", (0, 0, 9, 9)),
        ((9, 16), "aspect=3:2,gravity=south", (0, 10, 9, 16)),
        ((7, 5), "aspect=1.85", (0, 0, 7, 4)),
        ((7, 5), "aspect=1000:1", (0, 2, 7, 3)),
        ((7, 5), "aspect=1:1000", (3, 0, 4, 5)),
        ((1, 1), "aspect=16:9", (0, 0, 1, 1)),
    ],
)
def test_crop_by_aspect_keeps_the_largest_rectangle(kind, size, options, box, frame, picture):
    source = frame(kind, size)
    left, top, right, bottom = box
    result = apply(parse(f"crop:{options}"), picture(source))
    assert np.array_equal(np.asarray(result.frames[0]), np.asarray(source)[top:bottom, left:right])
    assert result.size == (right - left, bottom - top)


@pytest.mark.parametrize("text", [
    "crop:aspect=16:9,left=3", "crop:aspect=16:9,width=3", "crop:aspect=0:9", "crop:aspect=wide", "crop:aspect=1:2:3",
    "crop:aspect=-1", "crop:aspect=1e9", 'crop:aspect=""', "smart-crop", "smart-crop:aspect=1:1,width=3",
    "smart-crop:aspect=x", "smart-crop:width=3,by=luck", "trim:background=blu", "trim:threshold=-1",
])  # fmt: skip
def test_mistakes_are_found_before_any_picture_is_read(text):
    with pytest.raises(RecipeError):
        parse(text)


def scene(at, size=(300, 100)):
    """A dull picture with something colourful and sharp at a place."""
    image = Image.new("RGB", size, (120, 125, 130))
    draw = ImageDraw.Draw(image)
    for step in range(0, 24, 4):
        draw.ellipse([at[0] - 24 + step, at[1] - 24 + step, at[0] + 24 - step, at[1] + 24 - step],
                     fill=(230, 60, 30) if step % 8 else (250, 210, 40))  # fmt: skip
    return image.filter(ImageFilter.GaussianBlur(0.7))


@pytest.mark.parametrize("by", ["attention", "entropy"])
@pytest.mark.parametrize("at", [(40, 50), (150, 50), (255, 50)])
def test_smart_crop_finds_the_one_thing_that_is_there(by, at, picture):
    left = at[0] - 24
    marked = scene(at)
    marked.putpixel((left, 50), (1, 2, 3))
    marked.putpixel((left + 48, 50), (3, 2, 1))
    result = after(picture, marked, f"smart-crop:width=100,height=100,by={by}")
    found = np.asarray(result).reshape(-1, 3).tolist()
    assert [1, 2, 3] in found
    assert [3, 2, 1] in found


@pytest.mark.parametrize("by", ["attention", "entropy"])
@pytest.mark.parametrize("left", [8, 250])
def test_smart_crop_sees_black_ink(by, left, frame, picture):
    paper = Image.new("CMYK", (300, 100))
    black = frame("L", (40, 40))
    paper.paste(Image.merge("CMYK", [Image.new("L", black.size)] * 3 + [black]), (left, 30))
    assert np.asarray(after(picture, paper, f"smart-crop:aspect=1:1,by={by}")).sum() > 0.9 * np.asarray(black).sum()


def test_attention_puts_it_in_the_middle(picture):
    result = np.asarray(after(picture, scene((190, 50)), "smart-crop:aspect=1:1"))
    red = np.argwhere(result[:, :, 0] > 200)
    assert abs(red[:, 1].mean() - 50) < 6


def test_skin_draws_the_eye_more_than_another_colour(picture):
    source = Image.new("RGB", (300, 100), "gray")
    source.paste((20, 60, 160), (20, 30, 60, 70))
    source.paste((224, 172, 140), (240, 30, 280, 70))
    result = after(picture, source, "smart-crop:aspect=1:1")
    assert (224, 172, 140) in {colour for _, colour in result.getcolors()}


@pytest.mark.parametrize("by", ["attention", "entropy"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("size", "window"), [((1, 1), (1, 1)), ((7, 5), (3, 2)), ((5, 300), (5, 7)), ((641, 2), (9, 1))]
)
def test_smart_crop_copies_pixels_of_every_kind(by, kind, size, window, frame, picture):
    source = frame(kind, size)
    result = apply(parse(f"smart-crop:width={window[0]},height={window[1]},by={by}"), picture(source))
    assert result.size == frame_size(result.frames[0]) == window
    pixels, part = np.atleast_3d(np.asarray(source)), np.atleast_3d(np.asarray(result.frames[0]))
    windows = np.lib.stride_tricks.sliding_window_view(pixels, part.shape)
    assert (windows == part).all(axis=(-1, -2, -3)).any()


@pytest.mark.parametrize("by", ["attention", "entropy"])
def test_smart_crop_of_one_colour_keeps_the_middle(by, picture):
    source = Image.new("RGB", (301, 101), "teal")
    source.putpixel((150, 50), (0, 128, 127))
    result = after(picture, source, f"smart-crop:width=99,height=51,by={by}")
    y, x = np.argwhere(np.asarray(result)[:, :, 2] == 127)[0]
    assert abs(x - 49) <= 3
    assert abs(y - 25) <= 3


def test_smart_crop_asks_no_more_than_there_is(frame, picture):
    source = frame("RGB", (7, 5))
    assert after(picture, source, "smart-crop:width=100,height=3").size == (7, 3)
    assert after(picture, source, "smart-crop:height=100,width=3").size == (3, 5)
    assert after(picture, source, "smart-crop:width=100,height=100") is source


def test_smart_crop_counts_what_is_faint_little(picture):
    source = scene((40, 50)).convert("RGBA")
    source.putalpha(Image.new("L", source.size, 12))
    source.paste((160, 160, 160, 255), (230, 40, 260, 60))
    result = after(picture, source, "smart-crop:aspect=1:1")
    assert (160, 160, 160, 255) in {colour for _, colour in result.getcolors()}


def test_smart_crop_of_an_animation_stands_still_and_pages_go_their_own_way(picture):
    frames = scene((40, 50)), scene((255, 50))
    moving = apply(parse("smart-crop:aspect=1:1"), picture(*frames, durations=(1, 2)))
    pages = apply(parse("smart-crop:aspect=1:1"), picture(*frames))
    red = [(np.asarray(frame)[:, :, 0] > 200).any() for frame in (*moving.frames, *pages.frames)]
    assert red == [True, False, True, True]


def test_smart_crop_at_16_bit_cuts_where_8_bit_does(picture):
    shallow = scene((222, 50))
    deep = np.asarray(shallow).astype(np.uint16) * 257
    text = "smart-crop:width=100,height=60"
    assert np.array_equal(after(picture, deep, text), np.asarray(after(picture, shallow, text)).astype(np.uint16) * 257)


def framed(kind, border, inside, size=(20, 14), box=(3, 2, 15, 9)):
    bands = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4}.get(kind, kind)
    deep = isinstance(kind, int)
    samples = np.empty((size[1], size[0], bands), np.uint16 if deep else np.uint8)
    samples[:] = np.array(border[:bands]) * (257 if deep else 1)
    samples[box[1] : box[3], box[0] : box[2]] = np.array(inside[:bands]) * (257 if deep else 1)
    return samples if deep else Image.frombytes(kind, size, samples.tobytes())


@pytest.mark.parametrize("kind", KINDS)
def test_trim_takes_borders_away(kind, picture):
    source = framed(kind, (200, 210, 220, 255), (90, 80, 70, 255))
    if kind in ("LA", 2):
        source = framed(kind, (200, 255), (90, 255))
    result = apply(parse("trim"), picture(source))
    assert np.array_equal(np.asarray(result.frames[0]), np.asarray(source)[2:9, 3:15])
    assert result.size == (12, 7)
    assert result.warnings == ()


@pytest.mark.parametrize(
    ("kind", "opaque"), [("RGBA", (9, 99, 199, 255)), ("LA", (99, 255)), (2, (99, 255)), (4, (9, 9, 9, 255))]
)
def test_trim_takes_transparent_borders_whatever_they_hide(kind, opaque, picture):
    source = framed(kind, (0, 0, 0, 0), opaque)
    hidden = np.array(source)
    hidden[:, 12:, :-1][hidden[:, 12:, -1] == 0] = 200
    shown = hidden if isinstance(kind, int) else Image.frombytes(kind, source.size, hidden.tobytes())
    assert np.array_equal(np.asarray(after(picture, shown, "trim")), hidden[2:9, 3:15])


@pytest.mark.parametrize("kind", ["L", 1])
@pytest.mark.parametrize(("threshold", "size"), [(10, (20, 14)), (9.9, (12, 7)), (0, (12, 7)), (255, (20, 14))])
def test_trim_threshold_is_in_levels_of_255_at_any_depth(kind, threshold, size, picture):
    result = apply(parse(f"trim:threshold={threshold}"), picture(framed(kind, (100,), (110,))))
    assert result.size == size


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [(1, 1), (7, 5)])
def test_trim_never_leaves_nothing(kind, size, picture):
    source = framed(kind, (7, 7, 7, 7), (7, 7, 7, 7), size, (0, 0, 1, 1))
    result = apply(parse("trim"), picture(source))
    assert result.frames[0] is source
    assert "nothing but background" in result.warnings[0]


def test_trim_by_a_named_background(picture):
    source = framed("RGB", (255, 255, 255), (10, 20, 30))
    assert after(picture, source, "trim:background=white").size == (12, 7)
    assert after(picture, source, "trim:background=red").size == (20, 14)
    assert after(picture, framed("L", (255,), (9,)), "trim:background=#ff0000").size == (20, 14)
    assert after(picture, framed("RGBA", (0, 0, 0, 0), (9, 9, 9, 255)), "trim:background=transparent").size == (12, 7)
    assert after(picture, framed("CMYK", (0, 0, 0, 0), (9, 9, 99, 9)), "trim:background=white").size == (12, 7)
    for black in [(0, 0, 0, 255), (255, 255, 255, 0), (180, 180, 180, 255)]:
        assert after(picture, framed("CMYK", black, (9, 9, 99, 9)), "trim:background=black").size == (12, 7)


def test_trim_leaves_what_is_uneven_on_one_side(picture):
    source = Image.new("L", (20, 14), 255)
    source.putpixel((19, 0), 0)
    assert after(picture, source, "trim").size == (1, 1)


def test_trim_of_an_animation_keeps_what_any_frame_shows(picture):
    frames = [framed("RGB", (0, 0, 0), (200, 90, 90), box=box) for box in ((3, 2, 6, 9), (8, 4, 15, 12))]
    blank = Image.new("RGB", (20, 14))
    moving = apply(parse("trim"), picture(*frames, blank, durations=(1, 2, 3)))
    assert [frame.size for frame in moving.frames] == [(12, 10)] * 3
    assert [frame.size for frame in apply(parse("trim"), picture(*frames)).frames] == [(3, 7), (7, 8)]
    assert moving.warnings == ()
