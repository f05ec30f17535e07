import numpy as np
import pytest

from imgpipe.picture import to_eight_bits


@pytest.mark.parametrize("bands", [1, 2, 3, 4])
def test_every_level_is_rounded_to_the_nearest(bands):
    levels = np.arange(65536, dtype=np.uint16).reshape(256, 256, 1).repeat(bands, axis=2)
    image = to_eight_bits(levels)
    assert image.mode == ["L", "LA", "RGB", "RGBA"][bands - 1]
    rounded = np.floor(levels / 257 + 0.5).astype(np.uint8)
    assert np.array_equal(np.asarray(image).reshape(rounded.shape), rounded)
