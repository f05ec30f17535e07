"""DDS, textures of DirectX."""

from __future__ import annotations

from imgpipe.codecs.codec import Codec
from imgpipe.codecs.still import still_decoder

FORMATS = ("DDS",)

CODEC = Codec(
    name="dds",
    decode=still_decoder(FORMATS),
    encode=None,
    pillow_formats=FORMATS,
    signature=lambda head: head.startswith(b"DDS "),
    plugin="PIL.DdsImagePlugin",
)
