import numpy as np
import pytest
from PIL import Image

from imgpipe.filters.visible import filter_visible
from imgpipe.picture import Picture


def seen(frame, reach):
    shown = []
    filter_visible(Picture((frame,), (4, 4), "png"), reach, lambda colour: shown.append(colour) or colour)
    return shown[0]


@pytest.mark.parametrize(("dtype", "most"), [(np.uint8, 255), (np.uint16, 65535)])
def test_transparent_pixels_look_like_the_visible_ones_in_reach(dtype, most):
    pixels = np.zeros((1, 9, 4), dtype)
    pixels[0, 0] = (10, 20, 30, most)
    pixels[0, 1] = (30, 40, 50, most)
    pixels[0, 2:, :3] = 200  # what they hide
    frame = Image.fromarray(pixels) if dtype == np.uint8 else pixels
    shown = seen(frame, 2)
    assert shown.shape == (1, 9, 3)
    # Twice the pixel at the edge, which is repeated outwards in both directions, alike for all.
    assert shown[0, 2].tolist() == [20, 30, 40]
    assert shown[0, 3].tolist() == [30, 40, 50]
    assert shown[0, 4:].ravel().tolist() == [200] * 15
    assert shown[0, :2].tolist() == [[10, 20, 30], [30, 40, 50]]


def test_more_visible_pixels_weigh_more():
    pixels = np.zeros((1, 3, 2), np.uint8)
    pixels[0] = [(100, 255), (0, 0), (200, 85)]
    assert seen(Image.frombytes("LA", (3, 1), pixels.tobytes()), 1)[0, 1].tolist() == [125]


@pytest.mark.parametrize("kind", ["L", "RGB"])
def test_opaque_frames_are_shown_as_they_are(kind, frame):
    source = frame(kind, (5, 4))
    assert np.array_equal(seen(source, 3), np.atleast_3d(np.asarray(source)))
