"""JPEG 2000: stills of 8 bits a sample, grey ones of 16."""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import Any

from imgpipe.codecs.codec import Codec, Encoded, Encoding, Header
from imgpipe.codecs.isobmff import content_of
from imgpipe.codecs.pillow import saved
from imgpipe.codecs.still import still_decoder
from imgpipe.errors import DamagedPicture
from imgpipe.picture import Picture, Size, frame_size

FORMATS = ("JPEG2000",)
_BOX = b"\0\0\0\x0cjP  \r\n\x87\n"
_CODESTREAM = b"\xff\x4f\xff\x51"
_END = b"\xff\xd9"
_BY_PROFILE = (2, 3)
"""The methods of such a box that give a profile: a restricted one, or any."""
_COMPONENTS = 40
"""Offset of the number of components behind the start of a codestream (ISO 15444-1, A.5.1)."""


def decode(data: bytes, header: Header, at_least: Size | None) -> Picture:
    """Decode the picture.

    Raises:
        DamagedPicture: truncated or corrupt.
    """
    # The library takes what there is of a cut file; coded data never holds the marker of the end.
    if data.find(_END, data.find(_CODESTREAM)) < 0:
        raise DamagedPicture("damaged JPEG2000: its end is missing")
    picture = _decode(data, header, at_least)
    return replace(picture, profile=picture.profile or _profile(data))


def encode(picture: Picture, encoding: Encoding) -> Encoded:
    """Encode the first frame: quality 80 by default, which is a noise of 44 dB; lossless where that is asked for.

    Raises:
        EncodingFailed: Pillow cannot write it.
    """
    frame: Any = picture.frames[0]
    width, height = frame_size(frame)
    # Each resolution halves the one before; of a small picture there are fewer.
    options: dict[str, Any] = {"num_resolutions": max(1, min(6, min(width, height).bit_length()))}
    if not encoding.lossless:
        decibels = 20 + 0.3 * (encoding.quality or 80)
        options |= {"irreversible": True, "quality_mode": "dB", "quality_layers": [decibels]}
    return Encoded(saved(frame, "JPEG2000", **options), (width, height), picture.warnings)


def _profile(data: bytes) -> bytes | None:
    """The ICC profile in the box that says how colours are meant (ISO 15444-1, I.5.3.3), which Pillow passes over."""
    colours = content_of(data, b"jp2h", b"colr")
    return colours[3:] if colours and colours[0] in _BY_PROFILE else None


def _lost(data: bytes) -> tuple[str, ...]:
    """Colours of more than 8 bits are decoded to 8; grey keeps them."""
    start = data.find(_CODESTREAM)
    try:
        components, depth = struct.unpack_from(">HB", data, start + _COMPONENTS)
    except struct.error:
        return ()
    return ("16 bits a sample converted to 8",) if components > 2 and depth & 0x7F >= 8 else ()


_decode = still_decoder(FORMATS, _lost)

CODEC = Codec(
    name="jpeg2000",
    decode=decode,
    encode=encode,
    pillow_formats=FORMATS,
    signature=lambda head: head.startswith((_BOX, _CODESTREAM)),
    plugin="PIL.Jpeg2KImagePlugin",
    options=("quality",),
    alpha=True,
)
