"""QOI."""

from __future__ import annotations

from imgpipe.codecs.codec import Codec
from imgpipe.codecs.still import still_decoder

FORMATS = ("QOI",)

CODEC = Codec(
    name="qoi",
    decode=still_decoder(FORMATS),
    encode=None,
    pillow_formats=FORMATS,
    signature=lambda head: head.startswith(b"qoif"),
    plugin="PIL.QoiImagePlugin",
)
