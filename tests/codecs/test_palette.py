from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from imgpipe import codecs
from imgpipe.codecs import Encoding

from .pictures import gradient, picture_of, pixels, read


def few_colours(mode):
    return gradient(256, 256, mode=mode).effect_spread(40).point(lambda level: level // 64 * 64)


def encode(image, **options):
    return codecs.encode(picture_of(image), "png", Encoding(**options))


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_few_colours_are_stored_with_a_palette_exactly_and_smaller(mode):
    image = few_colours(mode)
    made = encode(image, palette=True)
    assert Image.open(BytesIO(made.data)).mode == "P"
    assert (pixels(read(made.data).frames[0], "RGBA") == pixels(image, "RGBA")).all()
    assert len(made.data) < len(encode(image).data)
    assert not made.warnings


def test_256_colours_fit_and_one_more_does_not():
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    image = Image.fromarray(np.stack([levels, levels[::-1], levels], axis=2))
    assert Image.open(BytesIO(encode(image, palette=True).data)).mode == "P"
    larger = Image.new("RGB", (16, 17), "teal")
    larger.paste(image)
    made = encode(larger, palette=True)
    assert made.warnings == ("more than 256 colours: stored without a palette",)
    assert (pixels(read(made.data).frames[0]) == pixels(larger)).all()


def test_grey_has_no_use_for_one():
    assert encode(gradient(mode="L"), palette=True) == encode(gradient(mode="L"))
