"""TGA, which has no signature: a header in which every field has one of its few values is taken for one."""

from __future__ import annotations

import struct

from imgpipe.codecs.codec import Codec, Header
from imgpipe.codecs.still import still_decoder
from imgpipe.errors import DamagedPicture
from imgpipe.picture import Picture, Size

FORMATS = ("TGA",)

_HEADER = "<3B2HB4H2B"
_WITH_MAP, _TRUE_COLOUR, _GREY = (1, 9), (2, 10), (3, 11)
_PACKED, _PACKED_MORE = (9, 10, 11), 8
"""Kinds whose samples are packed in run lengths, and how much more these numbers are than those of the others."""
_DEPTHS = {
    **dict.fromkeys(_WITH_MAP, (8, 16)),
    **dict.fromkeys(_TRUE_COLOUR, (16, 24, 32)),
    **dict.fromkeys(_GREY, (8, 16)),
}


def _is_tga(head: bytes) -> bool:
    """By the fields of Truevision's specification of 1991, chapter "TGA file header"."""
    if len(head) < 18:
        return False
    _, has_map, kind, first, length, entry, _, _, width, height, depth, descriptor = struct.unpack_from(_HEADER, head)
    if depth not in _DEPTHS.get(kind, ()) or not width or not height or descriptor & 0xC0:
        return False
    if kind in _WITH_MAP:
        return bool(has_map == 1 and length and entry in (15, 16, 24, 32))
    return bool(has_map == 0 and (first, length, entry) == (0, 0, 0))


_decode = still_decoder(FORMATS)


def decode(data: bytes, header: Header, at_least: Size | None) -> Picture:
    """Decode the picture.

    Raises:
        DamagedPicture: truncated or corrupt.
    """
    try:
        return _decode(data, header, at_least)
    except DamagedPicture:
        # Packets that go on in the next row, which the specification of 1989 allowed, Pillow does not read.
        unpacked = _unpacked(data)
        if unpacked is None:
            raise
        return _decode(unpacked, header, at_least)


def _unpacked(data: bytes) -> bytes | None:
    """The same picture with its run lengths unpacked; None where it has none, or too few of them."""
    id_length, has_map, kind, _, length, entry, _, _, width, height, depth, _ = struct.unpack_from(_HEADER, data)
    if kind not in _PACKED:
        return None
    start = struct.calcsize(_HEADER) + id_length + has_map * length * ((entry + 7) // 8)
    size = (depth + 7) // 8
    whole = width * height * size
    samples, at = bytearray(), start
    while len(samples) < whole and at < len(data):
        count = (data[at] & 0x7F) + 1
        repeated = data[at] & 0x80
        end = at + 1 + (size if repeated else count * size)
        samples += data[at + 1 : end] * (count if repeated else 1)
        at = end
    if len(samples) < whole:
        return None
    return data[:2] + bytes([kind - _PACKED_MORE]) + data[3:start] + bytes(samples[:whole])


CODEC = Codec(
    name="tga",
    decode=decode,
    encode=None,
    pillow_formats=FORMATS,
    signature=_is_tga,
    plugin="PIL.TgaImagePlugin",
)
