"""TGA, which has no signature: a header in which every field has one of its few values is taken for one."""

from __future__ import annotations

import struct

from imgpipe.codecs.codec import Codec
from imgpipe.codecs.still import still_decoder

FORMATS = ("TGA",)

_WITH_MAP, _TRUE_COLOUR, _GREY = (1, 9), (2, 10), (3, 11)
_DEPTHS = {
    **dict.fromkeys(_WITH_MAP, (8, 16)),
    **dict.fromkeys(_TRUE_COLOUR, (16, 24, 32)),
    **dict.fromkeys(_GREY, (8, 16)),
}


def _is_tga(head: bytes) -> bool:
    """By the fields of Truevision's specification of 1991, chapter "TGA file header"."""
    if len(head) < 18:
        return False
    _, has_map, kind, first, length, entry, _, _, width, height, depth, descriptor = struct.unpack_from(
        "<3B2HB4H2B", head
    )
    if depth not in _DEPTHS.get(kind, ()) or not width or not height or descriptor & 0xC0:
        return False
    if kind in _WITH_MAP:
        return bool(has_map == 1 and length and entry in (15, 16, 24, 32))
    return bool(has_map == 0 and (first, length, entry) == (0, 0, 0))


CODEC = Codec(
    name="tga",
    decode=still_decoder(FORMATS),
    encode=None,
    pillow_formats=FORMATS,
    signature=_is_tga,
    plugin="PIL.TgaImagePlugin",
)
