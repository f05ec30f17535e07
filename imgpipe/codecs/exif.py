"""The orientation in a raw EXIF block, read and taken out without touching anything else.

Pillow can write a block anew, but then the offsets inside maker notes point to nowhere; here every byte
stays where it is.
"""

from __future__ import annotations

import struct

PREFIX = b"Exif\0\0"
"""What a block begins with in `Picture.exif`, as in a JPEG; PNG and WebP store it without."""

_ORIENTATION = 0x0112
_ENTRY = 12


def orientation_of(exif: bytes | None) -> int:
    """EXIF orientation, 1 to 8; 1 where the block has none or one that means nothing."""
    entry = _find_orientation(exif or b"")
    if entry is None:
        return 1
    order, offset = entry
    value = int(struct.unpack_from(order + "H", exif or b"", offset + 8)[0])
    return value if 1 <= value <= 8 else 1


def without_orientation(exif: bytes | None) -> bytes | None:
    """The same block with no orientation in it; None where nothing else was in it."""
    entry = _find_orientation(exif or b"")
    if exif is None or entry is None:
        return exif
    order, offset = entry
    start = _first_directory(exif, order)
    count = struct.unpack_from(order + "H", exif, start)[0]
    end = start + 2 + count * _ENTRY + 4
    if count == 1 and exif[end - 4 : end].strip(b"\0") == b"":
        return None
    kept = exif[start + 2 : offset] + exif[offset + _ENTRY : end]
    return exif[:start] + struct.pack(order + "H", count - 1) + kept + bytes(_ENTRY) + exif[end:]


def prefixed(exif: bytes | None) -> bytes | None:
    """The block as `Picture.exif` holds it, from a file that may store it without the prefix."""
    if not exif or exif.startswith(PREFIX):
        return exif or None
    return PREFIX + exif


def _first_directory(exif: bytes, order: str) -> int:
    return len(PREFIX) + int(struct.unpack_from(order + "L", exif, len(PREFIX) + 4)[0])


def _find_orientation(exif: bytes) -> tuple[str, int] | None:
    """Byte order for `struct` and offset of the entry in the block."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[len(PREFIX) : len(PREFIX) + 4])
    if order is None:
        return None
    try:
        start = _first_directory(exif, order)
        (count,) = struct.unpack_from(order + "H", exif, start)
        for offset in range(start + 2, start + 2 + count * _ENTRY, _ENTRY):
            if struct.unpack_from(order + "HH", exif, offset) == (_ORIENTATION, 3) and offset + _ENTRY <= len(exif):
                return order, offset
    except struct.error:
        return None
    return None
