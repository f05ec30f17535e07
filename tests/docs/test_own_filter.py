"""The filter that docs/custom-filters.md begins with keeps every kind of picture that the page speaks of."""

import numpy as np

from tests.docs.blocks import ROOT, read_blocks

PAGE = ROOT / "docs" / "custom-filters.md"


def first_filter():
    block = next(block for block in read_blocks(PAGE.read_text(encoding="utf-8")) if block.file == "my_filters.py")
    names = {}
    exec(block.text, names)
    return names["sepia"]


def test_the_first_example_makes_of_sixteen_bits_what_it_makes_of_eight():
    sepia = first_filter()
    pixels = np.arange(0, 240, dtype=np.uint8).reshape(8, 10, 3)
    deep = sepia(pixels.astype(np.uint16) * 257)
    assert deep.dtype == np.uint16
    assert np.abs(deep / 257 - sepia(pixels)).max() <= 1
