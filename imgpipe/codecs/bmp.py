"""BMP."""

from __future__ import annotations

from typing import Any

from imgpipe.codecs.codec import Codec, Encoded, Encoding
from imgpipe.codecs.pillow import saved
from imgpipe.codecs.still import still_decoder
from imgpipe.picture import Picture, frame_size

FORMATS = ("BMP",)


def encode(picture: Picture, encoding: Encoding) -> Encoded:  # noqa: ARG001 - BMP has no options
    """Encode the first frame, uncompressed.

    Raises:
        EncodingFailed: Pillow cannot write it.
    """
    frame: Any = picture.frames[0]
    return Encoded(saved(frame, "BMP", dpi=picture.dpi or (96, 96)), frame_size(frame), picture.warnings)


CODEC = Codec(
    name="bmp",
    decode=still_decoder(FORMATS),
    encode=encode,
    pillow_formats=FORMATS,
    plugin="PIL.BmpImagePlugin",
    signature=lambda head: head.startswith(b"BM"),
    metadata=("dpi",),
)
