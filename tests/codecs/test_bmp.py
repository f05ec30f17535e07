import struct

import numpy as np
import pytest
from PIL import Image

from imgpipe import codecs
from imgpipe.codecs import Encoding

from .pictures import gradient, picture_of, pixels, read, saved


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_picture_comes_back_exactly(mode):
    back = read(codecs.encode(picture_of(gradient(mode=mode)), "bmp", Encoding()).data)
    assert (pixels(back.frames[0], mode) == pixels(gradient(mode=mode))).all()


def test_a_palette_becomes_colours():
    image = gradient().quantize(16)
    assert (pixels(read(saved(image, "BMP")).frames[0]) == pixels(image, "RGB")).all()


def test_transparency_is_flattened():
    encoded = codecs.encode(picture_of(Image.new("RGBA", (4, 4), (0, 0, 0, 0))), "bmp", Encoding())
    assert encoded.warnings == ("transparency flattened on #ffffff",)
    assert pixels(read(encoded.data).frames[0]).min() == 255


def bmp_of_16_bits(samples, masks, *, from_above=False):
    """Rows of whole words of 32 bits, behind a header that has masks of red, green, blue and alpha."""
    height, width = samples.shape
    rows = np.pad(samples if from_above else samples[::-1], ((0, 0), (0, width % 2))).astype("<u2").tobytes()
    size = -height if from_above else height
    head = struct.pack("<IiiHHIIiiII4I", 56, width, size, 1, 16, 3, len(rows), 0, 0, 0, 0, *masks)
    return b"BM" + struct.pack("<IHHI", 70 + len(rows), 0, 0, 70) + head + rows


@pytest.mark.parametrize("from_above", [True, False])
@pytest.mark.parametrize("alpha", [0x8000, 0])
def test_transparency_of_16_bits_is_read_where_there_is_a_mask_for_it(alpha, from_above):
    levels = np.arange(35).reshape(5, 7) % 32
    clear = np.arange(35).reshape(5, 7) % 3 == 0
    samples = levels << 10 | levels << 5 | 9 | np.where(clear, 0, 0x8000)
    frame = read(bmp_of_16_bits(samples, (0x7C00, 0x3E0, 0x1F, alpha), from_above=from_above)).frames[0]
    assert frame.mode == ("RGBA" if alpha else "RGB")
    assert (pixels(frame)[:, :, 0] // 8 == levels).all()
    if alpha:
        assert (pixels(frame)[:, :, 3] == np.where(clear, 0, 255)).all()


def test_a_bmp_with_the_shortest_header_is_read():
    head = struct.pack("<IHHHH", 12, 1, 1, 1, 24)
    assert read(b"BM" + struct.pack("<IHHI", 30, 0, 0, 26) + head + b"\1\2\3\0").frames[0].getpixel((0, 0)) == (3, 2, 1)
