import numpy as np
import pytest
from PIL import Image, ImageChops

from imgpipe.errors import FilterFailed, RecipeError
from imgpipe.filters import apply, parse
from imgpipe.picture import frame_size

KINDS = ["L", "LA", "RGB", "RGBA", "CMYK", 1, 2, 3, 4]
TRANSPARENT_KINDS = ["LA", "RGBA", 2, 4]


def after(picture, frame, text):
    return apply(parse(text), picture(frame)).frames[0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("text", "size", "at"),
    [
        ("pad:3", (13, 11), (3, 3)),
        ("pad:3,left=1,bottom=0", (11, 8), (1, 3)),
        ("pad:right=4", (11, 5), (0, 0)),
        ("pad:top=2", (7, 7), (0, 2)),
        ("pad:aspect=1:1", (7, 7), (0, 1)),
        ("pad:aspect=1:1,gravity=south", (7, 7), (0, 2)),
        ("pad:aspect=3:1,gravity=east", (15, 5), (8, 0)),
        ("pad:aspect=7:5", (7, 5), (0, 0)),
        ("border:2", (11, 9), (2, 2)),
    ],
)
def test_the_picture_lies_untouched_on_its_canvas(kind, text, size, at, frame, picture):
    source = frame(kind, (7, 5))
    result = apply(parse(text), picture(source))
    made = np.atleast_3d(np.asarray(result.frames[0]))
    assert result.size == frame_size(result.frames[0]) == size
    assert np.array_equal(made[at[1] : at[1] + 5, at[0] : at[0] + 7], np.atleast_3d(np.asarray(source)))


@pytest.mark.parametrize(("kind", "white"), [("L", [255]), ("RGB", [255] * 3), ("CMYK", [0] * 4), (1, [65535])])
def test_margins_are_white_where_nothing_can_be_transparent(kind, white, frame, picture):
    assert np.atleast_3d(np.asarray(after(picture, frame(kind, (7, 5)), "pad:1")))[0, 0].tolist() == white


@pytest.mark.parametrize("kind", TRANSPARENT_KINDS)
def test_margins_are_transparent_where_the_picture_has_alpha(kind, frame, picture):
    made = np.asarray(after(picture, frame(kind, (7, 5)), "pad:1"))
    assert not made[0].any()
    assert not made[:, -1].any()


def test_margins_take_a_colour_at_every_depth(frame, picture):
    assert after(picture, frame("L", (7, 5)), "pad:1,background=#0a141e").getpixel((0, 0)) == (10, 20, 30)
    deep = after(picture, frame(2, (7, 5)), "pad:1,background=#0a141e80")
    assert deep[0, 0].tolist() == [2570, 5140, 7710, 128 * 257]
    with pytest.raises(FilterFailed, match="--no-srgb"):
        after(picture, frame("CMYK", (7, 5)), "pad:1,background=transparent")


def test_border_is_black_and_of_the_colour_that_is_asked(frame, picture):
    plain = after(picture, frame("RGB", (7, 5)), "border:2")
    assert {plain.getpixel(at) for at in ((0, 0), (1, 1), (10, 8), (9, 4), (5, 7))} == {(0, 0, 0)}
    gold = after(picture, frame("RGBA", (7, 5)), "border:1,colour=gold")
    assert gold.getpixel((8, 6)) == (255, 215, 0, 255)


def test_margins_of_all_frames_and_pages(frame, picture):
    frames = [frame("RGB", (7, 5), seed) for seed in range(3)]
    moving = apply(parse("pad:2"), picture(*frames, durations=(1, 2, 3)))
    assert [each.size for each in moving.frames] == [(11, 9)] * 3
    pages = apply(parse("border:1"), picture(frame("L", (7, 5)), frame("L", (3, 9))))
    assert [each.size for each in pages.frames] == [(9, 7), (5, 11)]


@pytest.mark.parametrize("text", [
    "pad:-1", "pad:3,aspect=1:1", "pad:aspect=1:1,left=0", "pad:gravity=east", "pad:1,background=blu", "pad:aspect=0",
    "border:-2", "border:1,colour=blu", "border:1.5", "round-corners:-3", "round-corners:51%", "round-corners:x",
    'round-corners:""', "round-corners:1e3",
])  # fmt: skip
def test_mistakes_are_found_before_any_picture_is_read(text):
    with pytest.raises(RecipeError):
        parse(text)


@pytest.mark.parametrize("kind", ["L", "RGB", 1, 3, *TRANSPARENT_KINDS])
def test_corners_become_transparent_and_colours_stay(kind, frame, picture):
    source = frame(kind, (40, 31))
    made = np.asarray(after(picture, source, "round-corners:10"))
    before = np.atleast_3d(np.asarray(source))
    colours = before.shape[2] - (kind in TRANSPARENT_KINDS)
    assert np.array_equal(made[:, :, :colours], before[:, :, :colours])
    opacity = before[:, :, -1] if kind in TRANSPARENT_KINDS else np.full(before.shape[:2], np.iinfo(made.dtype).max)
    for row, column in ((0, 0), (0, -1), (-1, 0), (-1, -1)):
        assert made[row, column, -1] == 0
    assert np.array_equal(made[10:-10, :, -1], opacity[10:-10])
    assert np.array_equal(made[:, 10:-10, -1], opacity[:, 10:-10])
    assert (made[:, :, -1] <= opacity).all()


@pytest.mark.parametrize("size", [(64, 64), (65, 65)])
def test_half_of_a_square_is_an_antialiased_circle(size, picture):
    mask = after(picture, Image.new("RGB", size, "red"), "round-corners:50%").getchannel("A")
    y, x = np.mgrid[: size[1] * 16, : size[0] * 16] / 16 + 1 / 32
    inside = (x - size[0] / 2) ** 2 + (y - size[1] / 2) ** 2 <= (size[0] / 2) ** 2
    exact = inside.reshape(size[1], 16, size[0], 16).mean(axis=(1, 3))
    assert abs(np.asarray(mask) / 255 - exact).max() < 0.06
    for turned in (Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.FLIP_TOP_BOTTOM, Image.Transpose.TRANSPOSE):
        assert ImageChops.difference(mask, mask.transpose(turned)).getbbox() is None


def test_round_corners_at_16_bit_are_as_smooth_as_at_8(picture, samples):
    shallow = after(picture, Image.new("L", (40, 40), 9), "round-corners:15")
    deep = after(picture, np.full((40, 40, 1), 9 * 257, np.uint16), "round-corners:15")
    assert abs(samples(shallow) - samples(deep)).max() <= 0.51
    assert len(np.unique(deep[:, :, 1])) > 10


def test_radius_is_limited_by_the_shorter_side(picture):
    source = Image.new("RGB", (60, 20), "red")
    assert (
        after(picture, source, "round-corners:999").tobytes() == after(picture, source, "round-corners:50%").tobytes()
    )
    assert after(picture, source, "round-corners:0") is source
    assert after(picture, Image.new("RGB", (1, 1), "red"), "round-corners:50%").getpixel((0, 0)) == (255, 0, 0, 255)


def test_round_corners_of_cmyk_say_what_to_do(frame, picture):
    with pytest.raises(FilterFailed, match="--no-srgb"):
        after(picture, frame("CMYK", (7, 5)), "round-corners:2")


def test_what_was_transparent_stays_so(picture):
    source = Image.new("RGBA", (40, 40), (10, 20, 30, 100))
    made = after(picture, source, "round-corners:20")
    assert made.getchannel("A").getextrema() == (0, 100)
