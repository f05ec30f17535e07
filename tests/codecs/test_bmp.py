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
