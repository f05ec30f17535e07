"""IPTC-IIM: a row of data sets, cut down to those that may be kept."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from imgpipe.metadata.malformed import Malformed

_MARK = 0x1C
_CHARACTERS = (1, 90)
_CREDIT = frozenset({_CHARACTERS, (2, 80), (2, 85), (2, 110), (2, 116)})
"""The coding of the texts; by-line and its title, credit, copyright notice."""
_LOCATION = frozenset({(2, number) for number in (26, 27, 90, 92, 95, 100, 101)})
"""Content location, city, sublocation, state, country."""
_PREVIEW = frozenset({(2, 200), (2, 201), (2, 202)})


def credit(block: bytes) -> bytes | None:
    """Nothing but who made the picture and whose it is; None where it does not say.

    Raises:
        Malformed: it cannot be read.
    """
    kept = [(name, raw) for name, raw in _data_sets(block) if name in _CREDIT]
    return b"".join(raw for _, raw in kept) if any(name != _CHARACTERS for name, _ in kept) else None


def reduced(block: bytes, *, location: bool) -> bytes | None:
    """The block with no preview, and with no location but where that is to stay; None where nothing is left.

    Raises:
        Malformed: it cannot be read.
    """
    unwanted = _PREVIEW if location else _PREVIEW | _LOCATION
    return b"".join(raw for name, raw in _data_sets(block) if name not in unwanted) or None


def _data_sets(block: bytes) -> Iterator[tuple[tuple[int, int], bytes]]:
    """Record and number of each data set, and its bytes."""
    start = 0
    # What Photoshop pads a block with is no data set.
    while block[start : start + 5].strip(b"\0"):
        if len(block) < start + 5 or block[start] != _MARK:
            raise Malformed
        record, number, length = struct.unpack_from(">BBH", block, start + 1)
        content = start + 5
        if length & 0x8000:
            digits = length & 0x7FFF
            if digits > 4:
                raise Malformed
            length = int.from_bytes(block[content : content + digits])
            content += digits
        end = content + length
        if end > len(block):
            raise Malformed
        yield (record, number), block[start:end]
        start = end
