"""What JPEG holds of metadata: segments of 65,533 bytes at most, IPTC in one of Photoshop's."""

from __future__ import annotations

import struct
from dataclasses import replace

from imgpipe.picture import Picture

_LARGEST = 65_533
_PHOTOSHOP = b"Photoshop 3.0\0"
_RESOURCE = b"8BIM\x04\x04\0\0"
"""The resource of IPTC, with no name."""
_HEADS = {"exif": 0, "xmp": len(b"http://ns.adobe.com/xap/1.0/\0"), "iptc": len(_PHOTOSHOP + _RESOURCE) + 5}


def with_short_metadata(picture: Picture) -> Picture:
    """The picture without what is too long for a segment, and a word about it."""
    for kind, head in _HEADS.items():
        block: bytes | None = getattr(picture, kind)
        if block is not None and head + len(block) > _LARGEST:
            picture = replace(picture, **{kind: None}).warn(  # type: ignore[arg-type]
                f"{kind.upper()} is not kept: it has {len(block)} bytes, and JPEG holds {_LARGEST - head}"
            )
    return picture


def iptc_segment(iptc: bytes) -> bytes:
    """APP13 with the data sets of IPTC."""
    content = _PHOTOSHOP + _RESOURCE + struct.pack(">L", len(iptc)) + iptc + bytes(len(iptc) % 2)
    return b"\xff\xed" + struct.pack(">H", 2 + len(content)) + content
