"""How many bytes of memory a picture is expected to take in the process that works on it.

The figures are peaks measured over what its own bytes take, per pixel, each with room: see docs/reliability.md. They
may be wrong for a filter or a picture that was not thought of; the pool holds a worker to what was expected, and
gives it more where that was too little.
"""

from __future__ import annotations

from imgpipe.codecs.codec import Encoding
from imgpipe.codecs.extent import Extent
from imgpipe.picture import Size

_DECODING = {"jpeg": 8, "png": 10, "bmp": 11, "tiff": 11, "gif": 14, "raw": 18, "webp": 22}
_DECODING_OTHERS = 24
_DECODING_DEEP = 38
_FILTERING = 23
_MADE = 12
_ENCODING = {"webp": 30, "gif": 24, "avif": 38, "heic": 46, "jpeg2000": 54, "jxl": 54}
_ENCODING_THOROUGHLY = {"jxl": 300, "avif": 60}
_THOROUGH = 8
_ALL_CHROMA = 36
_LOOKAHEAD = 48
"""Frames of an animation that an AVIF encoder works on at once, at most."""
_SCALES = {"jpeg": (8, 4, 2), "raw": (2,)}
_COEFFICIENTS = 6
_SENSOR = 2
_FRAME = 9
_UNKNOWN = 100
_ALWAYS = 16 << 20


def needed(size: int) -> str:
    """A number of bytes that are needed, rounded up, so that it differs from any `left` that is less.

    >>> needed(100_000_001), left(100_000_000), needed(2_010_000_000)
    ('101 MB', '100 MB', '2.1 GB')
    """
    return _told(-size, -1)


def left(size: int) -> str:
    """A number of bytes that there are, rounded down."""
    return _told(size, 1)


def _told(size: int, sign: int) -> str:
    megabytes = size // 1_000_000 * sign
    return f"{megabytes} MB" if megabytes < 1000 else f"{size // 100_000_000 * sign / 10:.1f} GB"


def encoding_of(format: str, encoding: Encoding, frames: int = 1) -> int:
    """Bytes for each px of a frame that an encoder takes, the frame included; 0 where decoding takes more."""
    thorough = (encoding.effort or 0) >= _THOROUGH
    taken = (_ENCODING_THOROUGHLY if thorough else _ENCODING).get(format) or _ENCODING.get(format, 0)
    if format != "avif":
        return taken
    return (taken + _ALL_CHROMA * (encoding.subsampling == "4:4:4")) * min(frames, _LOOKAHEAD)


def footprint(extent: Extent, need: Size | None, *, filtered: bool, encoding: int = 0) -> int:
    """Bytes at the peak of decoding, filtering and encoding.

    Args:
        extent: of the file.
        need: px, as stored, that are enough; a JPEG or a RAW is decoded no larger. None for every pixel.
        filtered: whether filters work on every pixel.
        encoding: bytes for each px of the encoder that takes the most, as `encoding_of` says.
    """
    width, height = extent.size
    pixels = width * height
    reduction = _reduction(extent, need)
    worked_on = pixels // reduction**2
    decoding = _DECODING_DEEP if extent.deep else _DECODING.get(extent.kind, _DECODING_OTHERS)
    filtering = _FILTERING
    if extent.grey:
        # A filter may make colour of it.
        decoding, filtering = decoding // 3, filtering * 2 // 3
    made = need[0] * need[1] if need and reduction == 1 else 0
    working = worked_on * filtering if filtered else made * _MADE
    kept = pixels * (_COEFFICIENTS if extent.progressive else _SENSOR if extent.kind == "raw" else 0)
    before = worked_on * decoding + working * (1 + extent.deep) + kept
    written = min(worked_on, need[0] * need[1]) if need else worked_on
    return _ALWAYS + max(before, written * encoding) + (extent.pixels - pixels) * _FRAME


def unknown_footprint(size: int) -> int:
    """Bytes for a file of so many bytes of which nothing else is known."""
    return _ALWAYS + size * _UNKNOWN


def _reduction(extent: Extent, need: Size | None) -> int:
    scales = _SCALES.get(extent.kind, ())
    if need is None:
        return 1
    most = min(side // max(1, enough) for side, enough in zip(extent.size, need, strict=True))
    return next((scale for scale in scales if scale <= most), 1)
