"""The rows of a PNG of 8 bits a band, filtered as the specification says, and deflated."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from PIL import Image

NONE, SUB, UP = 0, 1, 2
"""Filter types: a row as it is, less the px at the left, less the px above. Pillow's operators know no other."""

_SHIFTS = {NONE: (0, 0), SUB: (1, 0), UP: (0, 1)}
_BAND = 256 << 10
"""Bytes that are filtered at once: little beside the picture, and soon enough there again in the processor's cache."""
_WINDOW, _MEMORY = 15, 9


class Compression(NamedTuple):
    """How rows are compressed.

    Attributes:
        filter: NONE, SUB or UP, for all rows.
        level: zlib's, 1 to 9.
        strategy: zlib's; Z_RLE looks for runs of one value alone.
    """

    filter: int
    level: int
    strategy: int = zlib.Z_DEFAULT_STRATEGY


def deflated(image: Image.Image, compression: Compression) -> Iterator[bytes]:
    """The content of the IDAT chunks.

    Args:
        image: L, LA, RGB or RGBA.
        compression: as `png_compression.compression_of` says, or any other.
    """
    height = image.height
    rows = max(1, _BAND // (image.width * len(image.getbands())))
    tops = range(0, height, rows)
    bands = (rows_of(image, compression.filter, top, min(height, top + rows)) for top in tops)
    return deflate(bands, compression)


def deflate(pieces: Iterable[bytes], compression: Compression) -> Iterator[bytes]:
    """The pieces as one zlib stream."""
    deflater = zlib.compressobj(compression.level, zlib.DEFLATED, _WINDOW, _MEMORY, compression.strategy)
    for piece in pieces:
        if part := deflater.compress(piece):
            yield part
    yield deflater.flush()


def rows_of(image: Image.Image, filter: int, top: int, bottom: int) -> bytes:
    """Rows `top` to `bottom` of the picture, filtered, each behind the byte that names its filter.

    >>> from PIL import Image
    >>> image = Image.frombytes("L", (3, 2), bytes([1, 3, 6, 10, 15, 21]))
    >>> list(rows_of(image, SUB, 0, 2))
    [1, 1, 2, 3, 1, 10, 5, 6]
    >>> list(rows_of(image, UP, 1, 2))
    [2, 9, 12, 15]
    """
    from PIL import ImageChops

    band = image.crop((0, top, image.width, bottom))
    if filter != NONE:
        right, down = _SHIFTS[filter]
        # What a crop finds outside of the picture is 0, as the specification wants it to be.
        beside = image.crop((-right, top - down, image.width - right, bottom - down))
        band = ImageChops.subtract_modulo(band, beside)
    samples = memoryview(band.tobytes())
    length = len(samples) // (bottom - top)
    name = bytes([filter])
    starts = range(0, len(samples), length)
    return b"".join(part for start in starts for part in (name, samples[start : start + length]))
