"""Arrays over Pillow's own memory: what they show, how long it stays, and where there is none."""

import gc
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import imgpipe
from imgpipe.filters import apply
from imgpipe.filters.frames import from_array, to_array
from imgpipe.filters.memory import memory_of
from imgpipe.picture import Picture

SIZES = [(1, 1), (7, 5), (300, 200)]


@pytest.fixture
def block_size():
    """Sets how large the pieces of images are: workers make whole ones, and what was set is set for the process."""
    before = Image.core.get_block_size()
    yield Image.core.set_block_size
    Image.core.set_block_size(before)


@pytest.fixture
def whole_images(block_size):
    """Images of one piece, whatever their size, as workers make them."""
    block_size(1 << 30)


@pytest.fixture
def usual_images(block_size):
    """Images in pieces of 16 MB, as Pillow makes them."""
    block_size(1 << 24)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "CMYK", "RGBa"])
def test_shows_the_samples(mode, size, frame):
    image = frame("RGBA", size).convert("RGBa") if mode == "RGBa" else frame(mode, size)
    image = image.copy()
    shown = memory_of(image)
    assert shown.shape == (size[1], size[0], 1 if mode == "L" else 4)
    bands = 3 if mode == "RGB" else shown.shape[2]
    assert np.array_equal(shown[:, :, :bands], np.asarray(image).reshape(size[1], size[0], bands))


def test_what_is_written_is_in_the_image():
    image = Image.new("RGB", (7, 5), "red")
    memory_of(image, writable=True)[2, 3] = 1, 2, 3, 255
    assert image.getpixel((3, 2)) == (1, 2, 3)
    assert image.getpixel((2, 3)) == (255, 0, 0)


def test_what_is_only_shown_cannot_be_made_writable():
    shown = memory_of(Image.new("RGBA", (7, 5)))
    with pytest.raises(ValueError, match="read-only"):
        shown[0, 0] = 1
    with pytest.raises(ValueError, match="cannot set WRITEABLE"):
        shown.flags.writeable = True


def test_stays_when_the_image_is_gone():
    shown = memory_of(Image.new("L", (2000, 1500), 77))
    gc.collect()
    others = [Image.new("L", (2000, 1500), 200) for _ in range(3)]
    assert len(others) == 3
    assert (shown == 77).all()


def test_is_of_large_images_where_these_are_whole(whole_images):
    assert memory_of(Image.new("RGB", (3000, 2000), "red"))[-1, -1, :3].tolist() == [255, 0, 0]


def in_pieces():
    image = Image.new("RGB", (3000, 2000), "red")
    assert Image.core.get_block_size() < 3000 * 2000 * 4
    return image


def over_an_array():
    return Image.frombuffer("RGBA", (7, 5), np.zeros((5, 7, 4), np.uint8), "raw", "RGBA", 0, 1)


@pytest.mark.parametrize(
    "image", [in_pieces, over_an_array, lambda: Image.new("LA", (7, 5)), lambda: Image.new("L", (0, 5))]
)
def test_there_is_none(image, usual_images):
    assert memory_of(image()) is None


def test_arrays_of_images_in_pieces_are_copies_with_the_same_samples(frame, usual_images):
    source = in_pieces()
    source.paste(frame("RGB", (300, 200)), (2700, 1800))
    assert np.array_equal(to_array(source), np.asarray(source))
    assert from_array(to_array(source), like=source).tobytes() == source.tobytes()


@pytest.mark.parametrize("mode", ["L", "RGBA", "CMYK"])
def test_filters_on_arrays_see_the_memory_of_the_frame(mode, frame):
    source = frame(mode, (64, 48)).copy()
    seen = []

    @imgpipe.filter(alpha="straight")
    def look(pixels: np.ndarray) -> np.ndarray:
        seen.append(pixels)
        return pixels

    made = apply(look(), Picture((source,), source.size, "png"))
    assert np.shares_memory(seen[0], memory_of(source))
    assert not seen[0].flags.writeable
    assert made.frames[0] is source


def test_part_of_what_was_shown_is_a_picture_of_its_own(frame):
    source = frame("RGBA", (64, 48)).copy()
    expected = np.asarray(source)[10:20].tobytes()

    @imgpipe.filter(alpha="straight")
    def upper(pixels: np.ndarray) -> np.ndarray:
        return pixels[10:20]

    (made,) = apply(upper(), Picture((source,), source.size, "png")).frames
    del source
    gc.collect()
    assert made.tobytes() == expected


SCRIPT = """
import sys, numpy as np
from PIL import Image
from imgpipe.filters.frames import from_array, to_array
image = Image.effect_noise((64, 48), 90).convert("RGB")
pixels = to_array(image)
assert "cv2" not in sys.modules
assert np.array_equal(pixels, np.asarray(image))
assert from_array(255 - pixels, like=image).tobytes() == (255 - pixels).tobytes()
assert "cv2" not in sys.modules
"""


def test_opencv_is_not_loaded_for_it():
    subprocess.run([sys.executable, "-c", SCRIPT], check=True)
