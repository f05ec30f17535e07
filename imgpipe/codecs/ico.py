"""ICO, icons of Windows: the largest picture in the file."""

from __future__ import annotations

from imgpipe.codecs.codec import Codec
from imgpipe.codecs.still import still_decoder

FORMATS = ("ICO",)

CODEC = Codec(
    name="ico",
    decode=still_decoder(FORMATS),
    encode=None,
    pillow_formats=FORMATS,
    signature=lambda head: head.startswith(b"\0\0\1\0"),
    plugin="PIL.IcoImagePlugin",
)
