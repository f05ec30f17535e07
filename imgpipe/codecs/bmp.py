"""BMP."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from imgpipe.codecs.codec import Codec, Encoded, Encoding, Header
from imgpipe.codecs.metadata import picture_of
from imgpipe.codecs.modes import frame_of
from imgpipe.codecs.pillow import opened, saved
from imgpipe.picture import Picture, Size, frame_size

if TYPE_CHECKING:
    from PIL import Image

FORMATS = ("BMP",)
_WITH_ALPHA_MASK = 56
"""Bytes of the shortest header that has one."""
_MASKED = 3


def decode(data: bytes, header: Header, at_least: Size | None) -> Picture:  # noqa: ARG001 - there are no scales
    """Decode the picture.

    Raises:
        DamagedPicture: truncated or corrupt.
    """
    with opened(data, FORMATS) as image:
        image.load()
        frame: Any = frame_of(image)
        alpha = _alpha_of_16(data, image.size)
        if alpha is not None:
            frame.putalpha(alpha)
        return picture_of(image.info, (frame,), header)


def _alpha_of_16(data: bytes, size: Size) -> Image.Image | None:
    """The transparency of 16 bits a px, as of 1 and three times 5, which Pillow does not read; None for none."""
    start, length = struct.unpack_from("<II", data, 10)
    if length < _WITH_ALPHA_MASK:
        return None
    (down, bits, packing), (mask,) = struct.unpack_from("<ixxHI", data, 22), struct.unpack_from("<I", data, 66)
    if (bits, packing) != (16, _MASKED) or not mask:
        return None
    import numpy as np
    from PIL import Image

    width, height = size
    across = (width + 1) // 2 * 2  # rows end at whole words of 32 bits
    rows = np.frombuffer(data, "<u2", across * height, start).reshape(height, across)[:, :width]
    # By a table: reckoned px by px, this would take many times the memory of the picture.
    alpha = ((np.arange(1 << 16) & mask) * 255.0 / mask).round().astype(np.uint8)[rows]
    return Image.fromarray(alpha[::-1] if down > 0 else alpha)


def encode(picture: Picture, encoding: Encoding) -> Encoded:  # noqa: ARG001 - BMP has no options
    """Encode the first frame, uncompressed.

    Raises:
        EncodingFailed: Pillow cannot write it.
    """
    frame: Any = picture.frames[0]
    return Encoded(saved(frame, "BMP", dpi=picture.dpi or (96, 96)), frame_size(frame), picture.warnings)


CODEC = Codec(
    name="bmp",
    decode=decode,
    encode=encode,
    pillow_formats=FORMATS,
    plugin="PIL.BmpImagePlugin",
    signature=lambda head: head.startswith(b"BM"),
    metadata=("dpi",),
)
