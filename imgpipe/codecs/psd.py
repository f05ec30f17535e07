"""PSD, Photoshop's documents: the picture of all layers together that is stored beside them."""

from __future__ import annotations

from imgpipe.codecs.codec import Codec
from imgpipe.codecs.still import still_decoder

FORMATS = ("PSD",)

CODEC = Codec(
    name="psd",
    decode=still_decoder(FORMATS),
    encode=None,
    pillow_formats=FORMATS,
    signature=lambda head: head.startswith(b"8BPS"),
    plugin="PIL.PsdImagePlugin",
)
