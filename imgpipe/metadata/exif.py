"""An EXIF block cut down to what may be kept.

What is kept stays at its offset, since maker notes refer to places in the block; every byte that no kept entry
owns becomes zero, so that what is dropped is in the file no more.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import NamedTuple

from imgpipe.codecs.exif import PREFIX
from imgpipe.metadata.malformed import Malformed

ORIENTATION, ARTIST, COPYRIGHT = 0x0112, 0x013B, 0x8298
_EXIF, _GPS, _INTEROPERABILITY = 0x8769, 0x8825, 0xA005
_MAKER_NOTE, _DNG_PRIVATE = 0x927C, 0xC634
_PREVIEW, _END_OF_PREVIEW = re.compile(rb"\xff\xd8\xff[\xc0-\xcf\xdb\xdd\xe0-\xef\xfe]"), b"\xff\xd9"
"""How a JPEG begins, and ends."""
_POINTERS = {"picture": {_EXIF: "exif", _GPS: "gps"}, "exif": {_INTEROPERABILITY: "interoperability"}}
"""The directories that each directory may lead to."""

_STRUCTURE = frozenset({273, 279, 288, 289, 324, 325, 330, 513, 514, 519, 520, 521})
"""Tags of TIFF files about where samples are: in a block of EXIF they lead to thumbnails."""
_FOREIGN = frozenset({700, 33723, 34377, 34675})
"""XMP, IPTC, Photoshop's resources and the ICC profile, which are no EXIF."""

_TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 129: 1}
_TEXT_TYPES = (1, 2, 7, 129)
_ENTRY = 12
_MOST_ENTRIES = 4096
_MOST_DIRECTORIES = 32
_FIRST_ORDINARY_TAG = 0x20
"""Below are the tags of GPS and of interoperability directories."""


class _Entry(NamedTuple):
    """One entry: its 12 bytes, and where its value is in the block."""

    tag: int
    kind: int
    start: int
    end: int
    raw: bytes


class _Directory(NamedTuple):
    """A directory: its entries whose values are inside the block, and the range of its table."""

    name: str
    start: int
    end: int
    entries: tuple[_Entry, ...]
    following: int
    whole: bool


def credit(block: bytes) -> bytes | None:
    """A new block with nothing but the copyright and the artist of a block; None where it has neither.

    Raises:
        Malformed: it cannot be read.
    """
    body, order = _open(block)
    entries = _read(body, order, "picture", _number(body, order + "L", 4)).entries
    texts = {entry.tag: entry for entry in entries if entry.kind in _TEXT_TYPES and entry.tag in (ARTIST, COPYRIGHT)}
    if not texts:
        return None
    made = bytearray(body[:4] + struct.pack(order + "LH", 8, len(texts)))
    values = bytearray()
    for tag, entry in sorted(texts.items()):
        value = body[entry.start : entry.end]
        made += struct.pack(order + "HHL", tag, entry.kind, len(value))
        if len(value) <= 4:
            made += value.ljust(4, b"\0")
        else:
            made += struct.pack(order + "L", 14 + _ENTRY * len(texts) + len(values))
            values += value + bytes(len(value) % 2)
    return PREFIX + bytes(made) + bytes(4) + bytes(values)


def is_whole(block: bytes) -> bool:
    """Whether every entry of a block can be read, where the block can be read at all."""
    try:
        return all(directory.whole for directory in _directories(*_open(block)))
    except Malformed:
        return True


def reduced(block: bytes, *, location: bool, orientation: bool) -> bytes | None:
    """The block with no thumbnail, and with no location and orientation but where these are to stay.

    What cannot be read is dropped too; None where nothing is left.

    Raises:
        Malformed: it cannot be read at all.
    """
    body, order = _open(block)
    found = list(_directories(body, order))
    kept = [directory for directory in found if directory.name != "thumbnail" and (location or directory.name != "gps")]
    starts = {directory.name: directory.start for directory in kept}
    tables = [(directory, _chosen(directory, starts, location, orientation)) for directory in kept]
    if not any(entry.tag not in (_EXIF, _INTEROPERABILITY) for _, entries in tables for entry in entries):
        return None
    made = bytearray(len(body))
    made[:8] = body[:8]
    for start, end in _merged([(entry.start, entry.end) for _, entries in tables for entry in entries]):
        made[start:end] = body[start:end]
    for entry in (entry for _, entries in tables for entry in entries if entry.tag in (_MAKER_NOTE, _DNG_PRIVATE)):
        _empty_previews(made, entry.start, entry.end)
    for directory, entries in tables:
        table = struct.pack(order + "H", len(entries)) + b"".join(entry.raw for entry in entries)
        made[directory.start : directory.end] = table.ljust(directory.end - directory.start, b"\0")
    # A value that is kept may reach into one that is not.
    for start, end in _merged([each for directory in found if directory not in kept for each in _ranges(directory)]):
        made[start:end] = bytes(end - start)
    end = max(end for directory, entries in tables for end in (directory.end, *(entry.end for entry in entries)))
    return PREFIX + bytes(made[:end])


def _open(block: bytes) -> tuple[bytes, str]:
    """What follows the prefix, and its byte order for `struct`."""
    body = block.removeprefix(PREFIX)
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(body[:4])
    if order is None:
        raise Malformed
    return body, order


def _directories(body: bytes, order: str) -> Iterator[_Directory]:
    """All directories that are reached from the first, each once."""
    picture = _read(body, order, "picture", _number(body, order + "L", 4))
    seen = {picture.start}
    waiting = [picture]
    while waiting:
        directory = waiting.pop()
        yield directory
        ways = [
            (name, entry)
            for tag, name in _POINTERS.get(directory.name, {}).items()
            for entry in directory.entries
            if entry.tag == tag
        ]
        starts = [(name, _number(entry.raw, order + "L", 8)) for name, entry in ways]
        if directory.name in ("picture", "thumbnail") and directory.following:
            starts.append(("thumbnail", directory.following))
        for name, start in reversed(starts):
            if start not in seen:
                seen.add(start)
                if len(seen) > _MOST_DIRECTORIES:
                    raise Malformed
                waiting.append(_readable(body, order, name, start))


def _readable(body: bytes, order: str, name: str, start: int) -> _Directory:
    """As `_read`, and an empty directory where there is none that can be read."""
    try:
        return _read(body, order, name, start)
    except Malformed:
        return _Directory(name, start, start, (), 0, whole=False)


def _read(body: bytes, order: str, name: str, start: int) -> _Directory:
    count = _number(body, order + "H", start)
    end = start + 2 + count * _ENTRY
    if count > _MOST_ENTRIES or end > len(body) or start < 8:
        raise Malformed
    entries = [_entry(body, order, offset) for offset in range(start + 2, end, _ENTRY)]
    inside = tuple(entry for entry in entries if entry is not None)
    following = _number(body, order + "L", end) if end + 4 <= len(body) else 0
    return _Directory(name, start, min(end + 4, len(body)), inside, following, whole=len(inside) == count)


def _entry(body: bytes, order: str, offset: int) -> _Entry | None:
    """The entry at an offset; None where its value is not inside the block."""
    tag, kind, count = struct.unpack_from(order + "HHL", body, offset)
    size = _TYPE_BYTES.get(kind, 0) * count
    start = offset + 8 if size <= 4 else _number(body, order + "L", offset + 8)
    if start + size > len(body) or kind not in _TYPE_BYTES:
        return None
    return _Entry(tag, kind, start, start + size, body[offset : offset + _ENTRY])


def _chosen(directory: _Directory, starts: dict[str, int], location: bool, orientation: bool) -> list[_Entry]:
    """The entries of a directory that are kept; those that lead to others only where these are kept."""
    leads = _POINTERS.get(directory.name, {})
    unwanted = _STRUCTURE | _FOREIGN if directory.name == "picture" else _FOREIGN
    if not orientation:
        unwanted |= {ORIENTATION}
    if not location:
        unwanted |= {_MAKER_NOTE, _DNG_PRIVATE}
        if directory.name in ("picture", "exif"):
            unwanted |= set(range(_FIRST_ORDINARY_TAG))
    unwanted |= {tag for tag in (_EXIF, _GPS, _INTEROPERABILITY) if leads.get(tag) not in starts}
    return [entry for entry in directory.entries if entry.tag not in unwanted]


def _empty_previews(made: bytearray, start: int, end: int) -> None:
    """Empty what a maker put between the first beginning and the last end of a JPEG; previews may have previews."""
    found = _PREVIEW.search(made, start, end)
    if found:
        last = made.rfind(_END_OF_PREVIEW, found.end(), end)
        stop = end if last < 0 else last + len(_END_OF_PREVIEW)
        made[found.start() : stop] = bytes(stop - found.start())


def _ranges(directory: _Directory) -> list[tuple[int, int]]:
    return [(directory.start, directory.end), *((entry.start, entry.end) for entry in directory.entries)]


def _merged(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ranges that do not overlap: a thousand entries may all claim the whole block."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _number(body: bytes, kind: str, offset: int) -> int:
    try:
        return int(struct.unpack_from(kind, body, offset)[0])
    except struct.error:
        raise Malformed from None
