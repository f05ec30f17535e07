"""Pictures of every kind that a filter may meet, with content that is the same in each run."""

import numpy as np
import pytest
from PIL import Image

from imgpipe.picture import Picture, frame_size

BANDS = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4}


def _frame(kind, size, seed=0):
    width, height = size
    random = np.random.default_rng([seed, width, height])
    deep = isinstance(kind, int)
    shape = (height, width, kind if deep else BANDS[kind])
    if deep:
        return random.integers(0, 65536, shape, dtype=np.uint16)
    samples = random.integers(0, 256, shape, dtype=np.uint8)
    return Image.frombytes(kind, size, samples.tobytes())


@pytest.fixture
def frame():
    """frame(kind, size): random samples; the kind is a Pillow mode, or a number of bands for 16 bits."""
    return _frame


@pytest.fixture
def picture():
    """picture(*frames, **fields): a picture of these frames, its size that of the first one."""

    def make(*frames, **fields):
        return Picture(frames, **{"size": frame_size(frames[0]), "format": "png", **fields})

    return make


@pytest.fixture
def samples():
    """samples(frame): its samples as a float array, H x W x bands, in levels of 0 to 255 whatever the depth."""

    def read(frame):
        array = np.asarray(frame)
        scale = 257.0 if array.dtype == np.uint16 else 1.0
        return np.atleast_3d(array).astype(float) / scale

    return read
