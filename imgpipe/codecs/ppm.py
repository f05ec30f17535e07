"""PPM, PGM, PBM: Netpbm's formats, in ASCII or binary; grey of 16 bits a sample stays 16."""

from __future__ import annotations

import re

from imgpipe.codecs.codec import Codec
from imgpipe.codecs.still import still_decoder

FORMATS = ("PPM",)

_HEADER = re.compile(rb"P[36](?:\s|#[^\n]*\n)+\d+(?:\s|#[^\n]*\n)+\d+(?:\s|#[^\n]*\n)+(\d{1,9})\s")
_LONGEST_HEADER = 4096


def _lost(data: bytes) -> tuple[str, ...]:
    """Pillow gives colours 8 bits."""
    header = _HEADER.match(data[:_LONGEST_HEADER])
    return ("16 bits a sample converted to 8",) if header and int(header[1]) > 255 else ()


CODEC = Codec(
    name="ppm",
    decode=still_decoder(FORMATS, _lost),
    encode=None,
    pillow_formats=FORMATS,
    signature=lambda head: bool(re.match(rb"P[1-6]\s", head)),
    plugin="PIL.PpmImagePlugin",
)
