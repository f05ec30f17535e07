"""Adobe RGB (1998) where only EXIF says so: no profile is in the file, so one is made."""

from __future__ import annotations

import struct
from functools import cache

_PRIMARIES = {b"r": (0.60974, 0.31111, 0.01947), b"g": (0.20528, 0.62567, 0.06087), b"b": (0.14919, 0.06322, 0.74457)}
"""XYZ for D50, as adapted from D65 by Bradford's matrix (Adobe RGB (1998), version 2005-05, 4.3.5.3)."""
_GAMMA = 563 / 256
_D50 = (0.9642, 1.0, 0.8249)
_NAME = b"Adobe RGB (1998) compatible\0"


@cache
def adobe_rgb_profile() -> bytes:
    """A matrix profile, ICC version 2."""
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(_GAMMA * 256))
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", len(_NAME)) + _NAME + bytes(78),
        b"cprt": b"text\0\0\0\0No copyright\0",
        b"wtpt": _xyz(_D50),
    }
    tags |= {colour + b"XYZ": _xyz(values) for colour, values in _PRIMARIES.items()}
    tags |= {colour + b"TRC": curve for colour in _PRIMARIES}
    table, values = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, value in tags.items():
        table += name + struct.pack(">II", start + len(values), len(value))
        values += value + bytes(-len(value) % 4)
    head = struct.pack(">I4xI", start + len(values), 0x02100000) + b"mntrRGB XYZ " + bytes(12) + b"acsp"
    return head.ljust(68, b"\0") + _xyz(_D50)[8:] + bytes(48) + table + values


def _xyz(values: tuple[float, ...]) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(value * 65536)) for value in values)
