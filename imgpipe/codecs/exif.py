"""Orientation, resolution and colour space in a raw EXIF block, read and changed without touching anything else.

Pillow can write a block anew, but then the offsets inside maker notes point to nowhere; here every byte
stays where it is.
"""

from __future__ import annotations

import math
import struct

PREFIX = b"Exif\0\0"
"""What a block begins with in `Picture.exif`, as in a JPEG; PNG and WebP store it without."""

_ORIENTATION = 0x0112
_DETAILS, _INTEROPERABILITY = 0x8769, 0xA005
_COLOUR_SPACE, _INDEX = 0xA001, 0x0001
_DIRECTLY = (0x0100, 0x0101)
_IN_DETAILS = (0xA002, 0xA003)
"""Width and height of the picture in px: of the first directory, which TIFF has, and of EXIF's own."""
_RESOLUTION, _UNIT = (0x011A, 0x011B), 0x0128
"""Across and down, and what it is measured by."""
_INCHES = {2: 1.0, 3: 2.54}
"""How many of a unit are an inch; inches where the block does not say."""
_SRGB, _ADOBE_RGB, _UNCALIBRATED = 1, 2, 0xFFFF
_SHORT, _ASCII, _LONG, _RATIONAL = 3, 2, 4, 5
_LARGEST_SHORT = 0xFFFF
_ENTRY, _VALUE = 12, 8
"""Bytes of an entry, and where its value or the offset of it stands."""


def orientation_of(exif: bytes | None) -> int:
    """EXIF orientation, 1 to 8; 1 where the block has none or one that means nothing."""
    entry = _find_orientation(exif) if exif else None
    if exif is None or entry is None:
        return 1
    order, offset = entry
    value = int(struct.unpack_from(order + "H", exif, offset + 8)[0])
    return value if 1 <= value <= 8 else 1


def without_orientation(exif: bytes | None) -> bytes | None:
    """The same block with no orientation in it; None where nothing else was in it."""
    entry = _find_orientation(exif) if exif else None
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


def says_adobe_rgb(exif: bytes | None) -> bool:
    """Whether the colours are in Adobe RGB by EXIF: as DCF 2.0 wants it, or by the number that some cameras write."""
    space, index = _colour_entries(exif or b"")
    if exif is None or space is None:
        return False
    (number,) = struct.unpack_from(_order(exif) + "H", exif, space + _VALUE)
    option = b"" if index is None else exif[index + _VALUE : index + _ENTRY]
    return bool(number == _ADOBE_RGB or (number == _UNCALIBRATED and option == b"R03\0"))


def saying_srgb(exif: bytes | None) -> bytes | None:
    """The same block, where it says anything of the colours saying that they are in sRGB."""
    space, index = _colour_entries(exif or b"")
    if exif is None or space is None:
        return exif
    changed = bytearray(exif)
    struct.pack_into(_order(exif) + "H", changed, space + _VALUE, _SRGB)
    if index is not None:
        changed[index + _VALUE : index + _ENTRY] = b"R98\0"
    return bytes(changed)


def saying_size(exif: bytes | None, size: tuple[int, int]) -> bytes | None:
    """The same block, where it says how many px the picture has saying this."""
    order = _order(exif or b"")
    if exif is None or not order:
        return exif
    changed = bytearray(exif)
    for entry, kind, length in _size_entries(exif, order, size):
        # There is room for a long, where a short is too small.
        if kind == _SHORT and length <= _LARGEST_SHORT:
            struct.pack_into(order + "HLHxx", changed, entry + 2, _SHORT, 1, length)
        else:
            struct.pack_into(order + "HLL", changed, entry + 2, _LONG, 1, length)
    return bytes(changed)


def resolution_of(exif: bytes | None) -> tuple[float, float] | None:
    """Dots an inch, across and down, as the block has them; None where it does not say both."""
    order = _order(exif or b"")
    if exif is None or not order:
        return None
    try:
        unit = _find(exif, order, _first_directory(exif, order), (_UNIT, _SHORT))
        number = 2 if unit is None else struct.unpack_from(order + "H", exif, unit + _VALUE)[0]
        fractions = [struct.unpack_from(order + "LL", exif, place) for place in _resolution_places(exif, order)]
    except struct.error:
        return None
    if number not in _INCHES or len(fractions) < 2 or not all(below for _, below in fractions):
        return None
    across, down = (above / below * _INCHES[number] for above, below in fractions)
    return across, down


def saying_resolution(exif: bytes | None, dpi: tuple[float, float] | None) -> bytes | None:
    """The same block, where it has the resolution of a picture that was turned since saying it as it is now."""
    told = resolution_of(exif)
    if exif is None or told is None or dpi is None or told[0] == told[1]:
        return exif
    if not all(math.isclose(old, new, rel_tol=0.01) for old, new in zip(told, reversed(dpi), strict=True)):
        return exif
    across, down = _resolution_places(exif, _order(exif))
    changed = bytearray(exif)
    changed[across : across + 8], changed[down : down + 8] = exif[down : down + 8], exif[across : across + 8]
    return bytes(changed)


def _resolution_places(exif: bytes, order: str) -> list[int]:
    """Where the fractions for across and down stand, of those that are there; struct.error where it is cut off."""
    first = _first_directory(exif, order)
    entries = [_find(exif, order, first, (tag, _RATIONAL)) for tag in _RESOLUTION]
    return [_led_to(exif, order, entry) for entry in entries if entry is not None]


def _size_entries(exif: bytes, order: str, size: tuple[int, int]) -> list[tuple[int, int, int]]:
    """The offsets of the entries about the picture's size, their types, and what each is to say."""
    try:
        first = _first_directory(exif, order)
        details = _find(exif, order, first, (_DETAILS, _LONG))
        places = [(first, _DIRECTLY)]
        places += [] if details is None else [(_led_to(exif, order, details), _IN_DETAILS)]
        return [
            (entry, kind, length)
            for start, tags in places
            for tag, length in zip(tags, size, strict=True)
            for kind in (_SHORT, _LONG)
            if (entry := _find(exif, order, start, (tag, kind))) is not None
        ]
    except struct.error:
        return []


def prefixed(exif: bytes | None) -> bytes | None:
    """The block as `Picture.exif` holds it, from a file that may store it without the prefix."""
    if not exif or exif.startswith(PREFIX):
        return exif or None
    return PREFIX + exif


def _first_directory(exif: bytes, order: str) -> int:
    return len(PREFIX) + int(struct.unpack_from(order + "L", exif, len(PREFIX) + 4)[0])


def _find_orientation(exif: bytes) -> tuple[str, int] | None:
    """Byte order for `struct` and offset of the entry in the block."""
    order = _order(exif)
    try:
        offset = _find(exif, order, _first_directory(exif, order), (_ORIENTATION, _SHORT)) if order else None
    except struct.error:
        return None
    return None if offset is None else (order, offset)


def _colour_entries(exif: bytes) -> tuple[int | None, int | None]:
    """Offsets of the entries of the colour space and of the interoperability index."""
    order = _order(exif)
    try:
        details = _find(exif, order, _first_directory(exif, order), (_DETAILS, _LONG)) if order else None
        if details is None:
            return None, None
        start = _led_to(exif, order, details)
        space = _find(exif, order, start, (_COLOUR_SPACE, _SHORT))
    except struct.error:
        return None, None
    try:
        lead = _find(exif, order, start, (_INTEROPERABILITY, _LONG))
        index = None if lead is None else _find(exif, order, _led_to(exif, order, lead), (_INDEX, _ASCII))
    except struct.error:
        index = None
    return space, index


def _led_to(exif: bytes, order: str, entry: int) -> int:
    return len(PREFIX) + int(struct.unpack_from(order + "L", exif, entry + _VALUE)[0])


def _order(exif: bytes) -> str:
    """Byte order for `struct`; empty where this is no block."""
    return {b"II*\0": "<", b"MM\0*": ">"}.get(exif[len(PREFIX) : len(PREFIX) + 4], "")


def _find(exif: bytes, order: str, start: int, wanted: tuple[int, int]) -> int | None:
    """Offset of the entry of this tag and type in the directory at an offset; struct.error where that is cut off."""
    (count,) = struct.unpack_from(order + "H", exif, start)
    for offset in range(start + 2, start + 2 + count * _ENTRY, _ENTRY):
        if struct.unpack_from(order + "HH", exif, offset) == wanted and offset + _ENTRY <= len(exif):
            return offset
    return None
