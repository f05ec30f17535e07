"""Kinds of TIFF that are not read here: to their owner they are not damaged."""

from __future__ import annotations

from imgpipe.codecs.tiff_errors import has_decoder
from imgpipe.codecs.tiff_tree import Directory, directories

_BIG_MOTOROLA = b"MM\0+"
_BITS, _COMPRESSION, _PHOTOMETRIC, _EXTRA_SAMPLES, _SAMPLE_FORMAT = 258, 259, 262, 338, 339
_FLOATING = 3
_INKS, _ALPHA = (5,), {1, 2}
_USUAL_BITS = (1, 2, 4, 8, 16)
_COMPRESSIONS = {
    32908: "Pixar film",
    32909: "Pixar log",
    33003: "JPEG 2000",
    33005: "JPEG 2000",
    34661: "JBIG",
    34712: "JPEG 2000",
    34887: "LERC",
    34892: "lossy JPEG of a DNG",
    50001: "WebP",
    50002: "JPEG XL",
    52546: "JPEG XL",
}


def unread(data: bytes | memoryview) -> str:
    """Why a TIFF is not read that may be in order; empty where nothing is known of it but that it cannot be read."""
    if data[:4] == _BIG_MOTOROLA:
        return "it is a BigTIFF in the byte order of Motorola, which imgpipe does not read: save it in that of Intel"
    first = next(directories(data), None)
    return "" if first is None else _packing(first) or _samples(first)


def _packing(page: Directory) -> str:
    number = (*page.numbers(_COMPRESSION), 0)[0]
    if number not in _COMPRESSIONS or has_decoder(number):
        return ""
    name = _COMPRESSIONS[number]
    return f"it is compressed as {name}, which imgpipe does not read: save it with another compression, such as LZW"


def _samples(page: Directory) -> str:
    bits = page.numbers(_BITS)
    if _FLOATING in page.numbers(_SAMPLE_FORMAT):
        return "its samples are in floating point, which imgpipe does not read: convert them to 16 bits"
    if page.numbers(_PHOTOMETRIC) == _INKS and _ALPHA.intersection(page.numbers(_EXTRA_SAMPLES)):
        return "it is CMYK with transparency, which imgpipe does not read in a TIFF: flatten it first"
    # Of grey alone some are read that are not of colours.
    if len(bits) > 1 and bits[0] not in _USUAL_BITS:
        return f"it has {bits[0]} bits a sample, which imgpipe does not read: convert them to 16"
    return ""
