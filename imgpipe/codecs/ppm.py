"""PPM, PGM, PBM: Netpbm's formats, in ASCII or binary; grey of 16 bits a sample stays 16."""

from __future__ import annotations

import re

from imgpipe.codecs.codec import Codec
from imgpipe.codecs.still import still_decoder

FORMATS = ("PPM",)
_SHALLOW = 255

_GAP = rb"(?:\s|#[^\n]*\n)+"
_NUMBER = _GAP + rb"(\d{1,9})"
_HEADER = re.compile(rb"P(?:(4)|([356]))%b%b(?(2)%b)\s" % (_NUMBER, _NUMBER, _NUMBER))
"""Bits have no level of white; of what is in ASCII only colours matter here."""
_LONGEST_HEADER = 4096
_NEXT = re.compile(rb"\s*P[1-6]\s")


def _lost(data: bytes) -> tuple[str, ...]:
    """Pillow gives colours 8 bits, and reads the first picture of those that follow each other in a file."""
    header = _HEADER.match(data[:_LONGEST_HEADER])
    if not header:
        return ()
    kind = header[1] or header[2]
    width, height, most = (int(number or 1) for number in header.groups()[2:])
    row = (width + 7) // 8 if kind == b"4" else width * (3 if kind == b"6" else 1) * (2 if most > _SHALLOW else 1)
    words = ("16 bits a sample converted to 8",) if kind in b"36" and most > _SHALLOW else ()
    several = kind != b"3" and _NEXT.match(data, header.end() + row * height)
    return (*words, "several pictures in the file: only the first is read") if several else words


CODEC = Codec(
    name="ppm",
    decode=still_decoder(FORMATS, _lost),
    encode=None,
    pillow_formats=FORMATS,
    signature=lambda head: bool(re.match(rb"P[1-6]\s", head)),
    plugin="PIL.PpmImagePlugin",
)
