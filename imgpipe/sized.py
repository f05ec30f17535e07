"""Encoding within a number of bytes: at the best quality that fits, else smaller."""

from __future__ import annotations

import math
from dataclasses import replace

from imgpipe import codecs, filters
from imgpipe.codecs.codec import Codec, Encoded, Encoding
from imgpipe.errors import EncodingFailed
from imgpipe.orientation import settled
from imgpipe.picture import Picture, frame_size

_LEAST_QUALITY = 40
"""Below it a smaller picture looks better than a worse one."""

_MARGIN = 0.97
_SCALES = 24


def encode_within(picture: Picture, codec: Codec, encoding: Encoding) -> Encoded:
    """Encode a picture in at most `encoding.max_size` bytes, where that is asked for.

    The quality is lowered as little as needed, but not below 40; where that does not suffice the picture is made
    smaller too, with a warning. Formats without a quality, and lossless outputs, are only made smaller.

    Raises:
        EncodingFailed: not even one pixel fits, or the format cannot hold the picture.
    """
    picture = settled(picture)  # once, not with each try
    encoded = codecs.encode(picture, codec.name, encoding)
    most = encoding.max_size
    if most is None or len(encoded.data) <= most:
        return encoded
    if codec.heeds("quality") and not encoding.lossless:
        encoded = codecs.encode(picture, codec.name, replace(encoding, quality=_least_quality(encoding)))
        if len(encoded.data) <= most:
            return _best(picture, codec, encoding, encoded)
    return _smaller(picture, codec, encoding, len(encoded.data))


def _least_quality(encoding: Encoding) -> int:
    return min(_LEAST_QUALITY, encoding.quality or 100)


def _best(picture: Picture, codec: Codec, encoding: Encoding, best: Encoded) -> Encoded:
    """The output of the highest quality that fits, below the one asked for; `best` is that of the least quality."""
    fits, too_large = _least_quality(encoding), encoding.quality or 100
    while too_large - fits > 1:
        middle = (fits + too_large) // 2
        encoded = codecs.encode(picture, codec.name, replace(encoding, quality=middle))
        if len(encoded.data) <= (encoding.max_size or 0):
            best, fits = encoded, middle
        else:
            too_large = middle
    return best


def _smaller(picture: Picture, codec: Codec, encoding: Encoding, now: int) -> Encoded:
    """The picture scaled down until it fits; bytes go about with the number of pixels."""
    most = encoding.max_size or 0
    resize = filters.find("resize")
    scale = 1.0
    lowers = codec.heeds("quality") and not encoding.lossless
    least = replace(encoding, quality=_least_quality(encoding)) if lowers else encoding
    for _ in range(_SCALES):
        scale *= max(0.1, math.sqrt(most / now) * _MARGIN)
        scaled = filters.apply(resize.operation({"size": f"{max(scale * 100, 1e-3):.3f}%"}), picture)
        encoded = codecs.encode(scaled, codec.name, least)
        now = len(encoded.data)
        width, height = encoded.size
        if now <= most:
            encoded = _best(scaled, codec, encoding, encoded) if lowers else encoded
            warning = f"scaled to {width}x{height} to stay within {most} bytes"
            return encoded._replace(warnings=(*encoded.warnings, warning))
        if (width, height) == (1, 1):
            break
    width, height = frame_size(picture.frames[0])
    raise EncodingFailed(
        f"{width} x {height} px cannot be made to fit into {most} bytes as {codec.name}; raise --max-size, or choose "
        "another format"
    )
