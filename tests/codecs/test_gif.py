import struct

import numpy as np
import pytest
from PIL import Image, ImageCms

from imgpipe import codecs
from imgpipe.codecs import Encoding, Limits
from imgpipe.codecs.extent import extent_of
from imgpipe.errors import LimitExceeded

from .pictures import gradient, picture_of, pixels, read, saved


def squares(count=3, mode="RGB"):
    """A square that walks over a plain ground."""
    frames = []
    for index in range(count):
        frame = Image.new(mode, (40, 30), (10, 20, 30) if mode == "RGB" else (0, 0, 0, 0))
        frame.paste((200, 100, 50) if mode == "RGB" else (200, 100, 50, 255), (index * 10, 5, index * 10 + 8, 20))
        frames.append(frame)
    return frames


@pytest.mark.parametrize("loop", [0, 1, 2, 7])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_an_animation_comes_back_whole(mode, loop):
    frames = squares(mode=mode)
    encoded = codecs.encode(picture_of(*frames, durations=(50, 100, 700), loop=loop), "gif", Encoding())
    back = read(encoded.data)
    assert (back.durations, back.loop, encoded.warnings) == ((50, 100, 700), loop, ())
    assert [(pixels(a, "RGBA") == pixels(b, "RGBA")).all() or _same_where_visible(a, b)
            for a, b in zip(back.frames, frames, strict=True)] == [True] * 3  # fmt: skip


def _same_where_visible(ours, theirs):
    ours, theirs = pixels(ours, "RGBA"), pixels(theirs, "RGBA")
    visible = theirs[:, :, 3] > 0
    return (ours[:, :, 3] == theirs[:, :, 3]).all() and (ours[visible] == theirs[visible]).all()


def test_what_one_frame_leaves_the_next_shows():
    """Only a corner of the second frame is stored; the rest is the first."""
    data = saved(squares()[0], "GIF", save_all=True, append_images=squares()[1:], duration=100, disposal=1)
    back = read(data)
    assert [(pixels(a, "RGB") == pixels(b)).all() for a, b in zip(back.frames, squares(), strict=True)] == [True] * 3


def test_one_that_says_nothing_of_repetition_plays_once():
    data = saved(squares()[0], "GIF", save_all=True, append_images=squares()[1:], duration=100)
    assert b"NETSCAPE" not in data
    assert read(data).loop == 1


@pytest.mark.parametrize(
    ("durations", "kept", "whole"),
    [
        ((17, 17, 17, 17, 17), (20, 10, 20, 20, 20), "the whole lasts as long"),
        ((33, 33, 34), (30, 40, 30), "the whole lasts as long"),
        ((1, 1, 98), (10, 10, 80), "the whole lasts as long"),
        ((1, 1, 1), (10, 10, 10), "the whole lasts 30 ms, not 3"),
    ],
)
def test_durations_are_rounded_so_that_the_whole_lasts_as_long_and_it_is_said(durations, kept, whole):
    encoded = codecs.encode(picture_of(*squares(len(durations)), durations=durations), "gif", Encoding())
    assert read(encoded.data).durations == kept
    assert encoded.warnings == (f"durations of frames became hundredths of a second; {whole}",)


def test_a_frame_without_a_duration_gets_none():
    encoded = codecs.encode(picture_of(*squares(), durations=(0, 50, 0)), "gif", Encoding())
    assert (read(encoded.data).durations, encoded.warnings) == ((0, 50, 0), ())


def test_colours_that_get_lost_are_said():
    encoded = codecs.encode(picture_of(gradient(200, 200)), "gif", Encoding())
    assert encoded.warnings == ("colours reduced to 256",)
    assert np.abs(pixels(read(encoded.data).frames[0], "RGB") - pixels(gradient(200, 200))).mean() < 8


@pytest.mark.parametrize(("mode", "count"), [("RGB", 1), ("RGBA", 1), ("RGB", 2), ("RGBA", 2)])
def test_what_is_small_keeps_its_colour_and_white_stays_white(mode, count):
    """Median cut would make the one brown and the other grey."""
    leaves = np.random.default_rng(1).integers((20, 60, 0), (120, 190, 60), (120, 200, 3)).astype(np.uint8)
    leaves[:, 150:] = 255
    leaves[60:66, 60:66] = (240, 90, 20)
    frames = [Image.fromarray(np.roll(leaves, by, axis=0)).convert(mode) for by in (0, 3)[:count]]
    picture = picture_of(*frames, durations=(50, 50)[: count * (count > 1)])
    for frame in read(codecs.encode(picture, "gif", Encoding()).data).frames:
        made = pixels(frame, "RGB")
        assert made[10, 180].min() >= 254
        assert np.abs(made[64, 62] - (240, 90, 20)).max() <= 16


def test_partial_transparency_becomes_none_or_full_and_is_said():
    image = Image.new("RGBA", (2, 1), (1, 2, 3, 127))
    image.putpixel((1, 0), (1, 2, 3, 128))
    encoded = codecs.encode(picture_of(image), "gif", Encoding())
    assert encoded.warnings == ("partial transparency became none or full",)
    assert pixels(read(encoded.data).frames[0], "RGBA")[0, :, 3].tolist() == [0, 255]


def test_a_profile_that_it_cannot_hold_is_applied(wide_profile):
    encoded = codecs.encode(
        picture_of(Image.new("RGB", (4, 4), (200, 50, 50)), profile=wide_profile), "gif", Encoding()
    )
    assert pixels(read(encoded.data).frames[0], "RGB")[0, 0, 0] > 210
    assert encoded.warnings == ("colours converted to sRGB: gif does not hold an ICC profile",)


def test_a_profile_that_changes_no_colours_goes_without_a_word():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    encoded = codecs.encode(picture_of(Image.new("RGB", (4, 4), (200, 50, 50)), profile=profile), "gif", Encoding())
    assert encoded.warnings == ()


def packed(indexes):
    """The blocks of coded samples, by Pillow, and whether they are interlaced."""
    image = Image.frombytes("P", indexes.shape[::-1], indexes.tobytes())
    image.putpalette(bytes(value * 7 % 256 for value in range(768)))
    data = saved(image, "GIF", optimize=False)
    start = data.index(b"\x2c", 13 + 768) + 9
    return data[start + 1 : -1], data[start] & 0x40


def laid_by_chance(chance, size=(12, 10), count=4):
    """An animation of parts of the canvas, and what is seen of each frame by GIF89a as browsers have it, RGBA."""
    tables = [bytes(chance.integers(0, 256, 768, np.uint8)) for _ in range(count + 1)]
    file = b"GIF89a" + struct.pack("<HHBBB", *size, 0xF7, chance.integers(256), 0) + tables[-1]
    canvas, seen = np.zeros((size[1], size[0], 4), np.uint8), []
    for number in range(count):
        left, top = (int(chance.integers(0, side - 1)) * bool(chance.integers(3)) for side in size)
        width, height = size[0] - left - chance.integers(2), size[1] - top - chance.integers(2)
        own, disposal, index = chance.integers(2), int(chance.integers(4)), int(chance.integers(-200, 256))
        indexes = chance.integers(0, 256, (height, width), np.uint8)
        indexes[::2] = max(0, index)
        blocks, interlaced = packed(indexes)
        file += b"\x21\xf9\4" + struct.pack("<BHBB", disposal << 2 | (index >= 0), 5, max(0, index), 0)
        file += b"\x2c" + struct.pack("<HHHHB", left, top, width, height, 0x87 * own | interlaced)
        file += tables[number] * own + blocks
        before, place = canvas.copy(), np.s_[top : top + height, left : left + width]
        colours = np.frombuffer(tables[number if own else -1], np.uint8).reshape(256, 3)[indexes]
        opaque = np.dstack([colours, np.full_like(indexes, 255)])
        canvas[place] = np.where(indexes[:, :, None] == index, canvas[place], opaque)
        seen.append(canvas.copy())
        if disposal == 2:
            canvas[place] = 0
        canvas = before if disposal == 3 else canvas
    return file + b";", seen


def test_frames_are_laid_and_taken_away_as_browsers_do():
    for seed in range(60):
        data, seen = laid_by_chance(np.random.default_rng(seed))
        picture = read(data)
        assert picture.durations == (50,) * 4
        for frame, meant in zip(picture.frames, seen, strict=True):
            shown = pixels(frame, "RGBA")
            assert (shown[:, :, 3] == meant[:, :, 3]).all()
            assert (shown[meant[:, :, 3] > 0] == meant[meant[:, :, 3] > 0]).all()


def test_where_a_still_does_not_reach_it_is_transparent_and_grey_stays_grey():
    blocks, _ = packed(np.array([[1, 2]], np.uint8))
    for table, modes in [
        (bytes(level for level in range(256) for _ in range(3)), "LA"),
        (bytes(range(256)) * 3, "RGBA"),
    ]:
        file = b"GIF89a" + struct.pack("<HHBBB", 4, 3, 0xF7, 0, 0) + table
        frame = read(file + b"\x2c" + struct.pack("<HHHHB", 1, 2, 2, 1, 0) + blocks + b";").frames[0]
        assert frame.mode == modes
        assert pixels(frame.getchannel("A")).tolist() == [[0] * 4, [0] * 4, [0, 255, 255, 0]]


def test_what_a_later_frame_reaches_beyond_the_canvas_is_held_to_the_limits():
    data = saved(Image.new("L", (10, 10)), "GIF", save_all=True, append_images=[Image.new("L", (10, 10), 255)])
    first, second = (data.index(b"\x2c" + bytes(4) + b"\x0a\0\x0a\0", start) for start in (0, data.index(b"\x2c") + 1))
    assert first != second
    far = data[: second + 1] + struct.pack("<HHHH", 3990, 990, 10, 10) + data[second + 9 :]
    assert extent_of(far).size == (4000, 1000)
    assert codecs.probe(far, Limits(max_pixels=4_000_000)).size == (10, 10)
    with pytest.raises(LimitExceeded, match="4000 x 1000 = 4000000 pixels are more than 3999999: raise --max-pixels"):
        codecs.probe(far, Limits(max_pixels=3_999_999))
