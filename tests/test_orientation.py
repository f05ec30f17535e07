"""EXIF orientations: composed, applied to frames of every kind, and boxes found in frames as they are stored."""

from itertools import product

import numpy as np
import pytest
from PIL import Image, ImageOps

from imgpipe.orientation import composed, settled, stored_box, turn, turned_size, upright_frame
from imgpipe.picture import Picture, frame_size

ALL = range(1, 9)
PAIRS = list(product(ALL, ALL))


def image(size=(7, 5), mode="RGB"):
    count = len(Image.new(mode, (1, 1)).getbands())
    random = np.random.default_rng(size)
    return Image.frombytes(mode, size, random.integers(0, 256, (size[1], size[0], count), np.uint8).tobytes())


def by_pillow(stored, orientation):
    tagged = stored.copy()
    tagged.getexif()[0x0112] = orientation
    return ImageOps.exif_transpose(tagged)


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "CMYK"])
@pytest.mark.parametrize("orientation", ALL)
def test_frames_of_8_bits_are_turned_as_pillow_turns_them(orientation, mode):
    stored = image(mode=mode)
    made = upright_frame(stored, orientation)
    assert made.size == turned_size(stored.size, orientation)
    assert np.array_equal(made, by_pillow(stored, orientation))


@pytest.mark.parametrize("bands", [1, 2, 3, 4])
@pytest.mark.parametrize("orientation", ALL)
def test_frames_of_16_bits_are_turned_alike(orientation, bands):
    stored = np.random.default_rng(bands).integers(0, 65536, (5, 7, bands), np.uint16)
    made = upright_frame(stored, orientation)
    for band in range(bands):
        # Pillow turns 32 bits a sample, one band at a time.
        expected = by_pillow(Image.fromarray(stored[:, :, band].astype(np.int32)), orientation)
        assert np.array_equal(made[:, :, band], expected)
    assert made.flags.c_contiguous


@pytest.mark.parametrize(("first", "then"), PAIRS)
def test_one_turn_after_another_is_one_turn(first, then):
    stored = image()
    assert np.array_equal(
        upright_frame(stored, composed(first, then)), upright_frame(upright_frame(stored, first), then)
    )


@pytest.mark.parametrize("orientation", ALL)
def test_a_box_of_the_upright_picture_is_found_in_the_stored_one(orientation):
    stored = image((11, 8))
    upright = by_pillow(stored, orientation)
    left, top, width, height = 1, 2, 4, 3
    there = stored_box((left, top, width, height), upright.size, orientation)
    cut = stored.crop((there[0], there[1], there[0] + there[2], there[1] + there[3]))
    assert np.array_equal(upright_frame(cut, orientation), upright.crop((left, top, left + width, top + height)))


@pytest.mark.parametrize(("pending", "orientation"), PAIRS)
def test_a_turned_picture_says_its_size_at_once_and_moves_its_pixels_when_it_is_settled(pending, orientation):
    stored = image()
    picture = Picture((stored, image(mode="L")), turned_size(stored.size, pending), "png", orientation=pending)
    turned = turn(picture, orientation)
    assert turned.frames[0] is stored
    done = settled(turned)
    assert done.orientation == 1
    assert done.size == turned.size == frame_size(done.frames[0]) == frame_size(done.frames[1])
    assert np.array_equal(done.frames[0], by_pillow(by_pillow(stored, pending), orientation))


def test_an_upright_picture_is_settled_already():
    picture = Picture((image(),), (7, 5), "png")
    assert settled(picture) is picture


@pytest.mark.parametrize(("first", "then"), PAIRS)
def test_which_edges_came_to_the_front_is_known_however_often_frames_were_turned(first, then):
    picture = Picture((image(),), (7, 5), "png")
    step_by_step = settled(turn(settled(turn(picture, first)), then))
    assert step_by_step.mirrored == settled(turn(turn(picture, first), then)).mirrored
    # A mark in the last column and one in the last row of the stored frame.
    marked = np.zeros((5, 7, 1), np.uint16)
    marked[1, 6], marked[4, 2] = 1, 2
    swapped = step_by_step.size != (7, 5)
    shown = upright_frame(upright_frame(marked, first), then)[:, :, 0]
    columns, rows = (2, 1) if swapped else (1, 2)
    at = int(np.argwhere(shown == columns)[0][1]) == 0, int(np.argwhere(shown == rows)[0][0]) == 0
    assert at == step_by_step.mirrored
