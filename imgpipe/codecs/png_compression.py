"""How a PNG is compressed where nobody asked for an effort: what a sample of its rows says is enough.

All rows have one filter, since to look for the best one of each row takes longer than to deflate it. In photographs no
more than runs of one value can be found; drawings, text and patterns are full of strings, mostly as they are.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from imgpipe.codecs.png_rows import NONE, SUB, UP, Compression, deflate, rows_of

if TYPE_CHECKING:
    from PIL import Image

LEVEL = 4
"""zlib's level where nothing is sampled: 6 makes files 6 % smaller and takes more than twice as long."""

SMALL = 1 << 14
"""Px below which a sample costs as much as it could spare."""

_QUICK, _THOROUGH, _USUAL = 4, 5, 6
_RUNS_WORTH, _NO_SEARCH_WORTH, _QUICK_WORTH, _THOROUGH_WORTH = 1.1, 1.02, 1.05, 1.05
"""So many times as large as by the slower way, in the sample, a picture may become to be made sooner."""

_SHORT = 12
"""A picture that comes out by so many times shorter is full of long strings, soon searched: worth looking closer."""

_FEW, _MANY = (4, 8 << 10), (2, 32 << 10)
"""Strips of so many bytes each; the latter as long as deflate looks back."""
_LEAST_ROWS = 3
_SHARE = 8
"""A small picture's sample is no more than this part of it."""


def compression_of(image: Image.Image) -> Compression:
    """The fastest way that makes the picture hardly larger than the slower ones.

    Args:
        image: L, LA, RGB or RGBA, any size.
    """
    sample = _Sample(image, *_FEW)
    by_runs = {kind: Compression(kind, 1, zlib.Z_RLE) for kind in (NONE, SUB, UP)}
    runs = sample.smallest(*by_runs.values())
    # Of the two that take differences, the better one for runs is the better one for strings too.
    filters = (NONE, sample.smallest(by_runs[SUB], by_runs[UP]).filter)
    strings = sample.smallest(*(Compression(kind, _THOROUGH) for kind in filters))
    if sample.size(runs) <= _RUNS_WORTH * sample.size(strings):
        return sample.pick(runs._replace(strategy=zlib.Z_HUFFMAN_ONLY), runs, _NO_SEARCH_WORTH)
    if sample.size(strings) * _SHORT > sample.raw:
        return sample.pick(strings._replace(level=_QUICK), strings, _QUICK_WORTH)
    return _by_long_strings(_Sample(image, *_MANY), filters)


def _by_long_strings(sample: _Sample, filters: tuple[int, ...]) -> Compression:
    """Hardly larger than by zlib's usual level without a filter, which is what most programs write."""
    thorough = sample.smallest(*(Compression(kind, _THOROUGH) for kind in filters))
    usual = Compression(NONE, _USUAL)
    if sample.pick(thorough, usual, _THOROUGH_WORTH) is thorough:
        return thorough
    return sample.smallest(usual, usual._replace(filter=filters[-1]))


class _Sample:
    """Rows from all over a picture, and how large they become.

    Args:
        image: the picture.
        strips: in how many places.
        length: bytes of each at least.
    """

    def __init__(self, image: Image.Image, strips: int, length: int) -> None:
        row = image.width * len(image.getbands())
        length = min(length, row * image.height // (_SHARE * strips))
        rows = min(max(_LEAST_ROWS, -(-length // row)), -(-image.height // strips))
        middles = [(2 * number + 1) * image.height // (2 * strips) for number in range(strips)]
        tops = sorted({max(0, min(middle - rows // 2, image.height - rows)) for middle in middles})
        self.raw = row * rows * len(tops)
        self._rows = {kind: [rows_of(image, kind, top, top + rows) for top in tops] for kind in (NONE, SUB, UP)}
        self._sizes: dict[Compression, int] = {}

    def size(self, way: Compression) -> int:
        if way not in self._sizes:
            self._sizes[way] = sum(map(len, deflate(self._rows[way.filter], way)))
        return self._sizes[way]

    def smallest(self, *ways: Compression) -> Compression:
        return min(ways, key=self.size)

    def pick(self, faster: Compression, slower: Compression, worth: float) -> Compression:
        return faster if self.size(faster) <= worth * self.size(slower) else slower
