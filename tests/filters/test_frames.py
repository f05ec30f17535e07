import numpy as np
import pytest
from PIL import Image

from imgpipe.filters.frames import (
    add_alpha,
    divide_alpha,
    from_array,
    join_alpha,
    premultiply,
    split_alpha,
    to_array,
    widen,
)

KINDS = ["L", "LA", "RGB", "RGBA", "CMYK", 1, 2, 3, 4]


def same(one, other):
    return getattr(one, "mode", 0) == getattr(other, "mode", 0) and np.array_equal(np.asarray(one), np.asarray(other))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [(1, 1), (7, 5)])
def test_conversions_and_back_lose_nothing(kind, size, frame):
    source = frame(kind, size)
    assert same(from_array(to_array(source), like=source), source)
    assert same(join_alpha(*split_alpha(source)), source)


@pytest.mark.parametrize("kind", ["LA", "RGBA", 2, 4])
def test_premultiplied_frames_go_through_arrays(kind, frame):
    shown = premultiply(frame(kind, (7, 5)))
    assert same(from_array(to_array(shown), like=shown), shown)


@pytest.mark.parametrize("kind", ["L", "RGB", "CMYK", 1, 3])
def test_opaque_frames_are_premultiplied_as_they_are(kind, frame):
    source = frame(kind, (7, 5))
    assert premultiply(source) is source
    assert divide_alpha(source) is source


def test_colour_above_alpha_is_clipped():
    overshot = np.array([[[65535, 100], [60, 100], [7, 0], [0, 0]]], np.uint16)
    assert divide_alpha(overshot)[0, :, 0].tolist() == [65535, 39321, 65535, 0]


@pytest.mark.parametrize("kind", [2, 4])
def test_division_undoes_premultiplication_as_far_as_alpha_allows(kind, frame):
    source = frame(kind, (50, 40))
    error = abs(divide_alpha(premultiply(source)).astype(int) - source.astype(int))[:, :, :-1]
    assert (error <= 32768 / np.maximum(source[:, :, -1:], 1) + 1).all()


@pytest.mark.parametrize(("kind", "wide"), [("L", "RGB"), ("LA", "RGBA"), (1, 3), (2, 4)])
def test_widened_grey_is_grey_in_three_bands(kind, wide, frame):
    source = frame(kind, (7, 5))
    result = widen(source)
    assert (getattr(result, "mode", None) or result.shape[2]) == wide
    before, after = to_array(source), to_array(result)
    assert np.array_equal(after[:, :, :3], np.repeat(before[:, :, :1], 3, axis=2))
    assert np.array_equal(after[:, :, 3:], before[:, :, 1:])


@pytest.mark.parametrize("kind", ["L", "RGB", 1, 3])
def test_added_alpha_is_opaque(kind, frame):
    result = to_array(add_alpha(frame(kind, (7, 5))))
    assert (result[:, :, -1] == np.iinfo(result.dtype).max).all()
    assert np.array_equal(result[:, :, :-1], to_array(frame(kind, (7, 5))))


def every_level_at_every_alpha(mode):
    level, alpha = np.meshgrid(np.arange(256), np.arange(256))
    samples = np.stack([level, level[::-1], level.T, alpha], axis=2).astype(np.uint8)
    return Image.frombytes(mode, (256, 256), samples.tobytes())


@pytest.mark.parametrize("width", [1, 7, 33, 256])
def test_colour_is_multiplied_by_alpha_as_pillow_does(width):
    source = every_level_at_every_alpha("RGBA").crop((0, 0, width, 256))
    assert same(premultiply(source), source.convert("RGBa"))


def test_colour_is_divided_by_alpha_without_growing_darker():
    shown = every_level_at_every_alpha("RGBa")
    given = np.asarray(shown).astype(float)
    colour, alpha = given[:, :, :3], given[:, :, 3:]
    divided = np.asarray(divide_alpha(shown)).astype(float)
    exact = np.clip(colour * 255 / np.maximum(alpha, 1), 0, 255)
    exact[alpha[:, :, 0] == 0] = 0
    error = divided[:, :, :3] - exact
    assert np.abs(error).max() < 1
    assert abs(error[(colour <= alpha) & (alpha > 0)].mean()) < 0.01
    assert np.array_equal(divided[:, :, 3:], alpha)
