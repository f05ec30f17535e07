"""BMP."""

from __future__ import annotations

from typing import Any

from imgpipe.codecs.codec import Codec, Encoded, Encoding, Header
from imgpipe.codecs.metadata import picture_of
from imgpipe.codecs.modes import frame_of
from imgpipe.codecs.pillow import opened, saved
from imgpipe.picture import Picture, Size, frame_size

FORMATS = ("BMP",)


def decode(data: bytes, header: Header, at_least: Size | None) -> Picture:  # noqa: ARG001 - BMP has no scales
    """Decode the picture.

    Raises:
        DamagedPicture: truncated or corrupt.
    """
    with opened(data, FORMATS) as image:
        image.load()
        return picture_of(image.info, (frame_of(image),), header)


def encode(picture: Picture, encoding: Encoding) -> Encoded:  # noqa: ARG001 - BMP has no options
    """Encode the first frame, uncompressed.

    Raises:
        EncodingFailed: Pillow cannot write it.
    """
    frame: Any = picture.frames[0]
    return Encoded(saved(frame, "BMP", dpi=picture.dpi or (96, 96)), frame_size(frame), picture.warnings)


CODEC = Codec(
    name="bmp",
    extensions=(".bmp", ".dib"),
    decode=decode,
    encode=encode,
    pillow_formats=FORMATS,
    signature=lambda head: head.startswith(b"BM"),
)
