"""The directories of a TIFF and of its kin, also those below others; no library is loaded, no pixel looked at."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

# A file may have been made to be looked at for ever.
_MOST_DIRECTORIES = 64
_MOST_ENTRIES = 512
_MOST_VALUES = 65_536
_SUB_DIRECTORIES = 330
_OUTSIDE = (struct.error, OverflowError)
"""What is raised over an offset behind the file's end, the second over one that no file could have."""
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 9: 4, 10: 8, 11: 4, 12: 8}
_FORMATS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}


@dataclass(frozen=True, slots=True)
class Directory:
    """One directory: where the values of its tags stand.

    Attributes:
        data: the whole file.
        start: where the directory is in it.
        order: byte order for `struct`.
        inline: how many bytes of a value stand in the entry itself: 4, or 8 in a BigTIFF.
        entries: by tag: type, number of values, and the offset of the entry's own field.
        cut_off: whether the file ends within the directory; the entries are then those before its end.
    """

    data: bytes | memoryview
    start: int
    order: str
    inline: int
    entries: dict[int, tuple[int, int, int]]
    cut_off: bool

    def numbers(self, tag: int) -> tuple[int, ...]:
        """The whole numbers of a tag; none where it is not there, is of another type, or is cut off."""
        kind, count, offset = self.entries.get(tag, (0, 0, 0))
        form = f"{self.order}{min(count, _MOST_VALUES)}{_FORMATS.get(kind, 'x')}"
        if kind not in _FORMATS:
            return ()
        try:
            return struct.unpack_from(form, self.data, self._place(offset, struct.calcsize(form)))
        except _OUTSIDE:
            return ()

    def is_whole(self, tag: int) -> bool:
        """Whether the values of a tag are within the file, as far as their type is known here."""
        kind, count, offset = self.entries[tag]
        length = count * _SIZES.get(kind, 0)
        try:
            return self._place(offset, length) + length <= len(self.data)
        except _OUTSIDE:
            return False

    def _place(self, offset: int, length: int) -> int:
        if length <= self.inline:
            return offset
        return int(struct.unpack_from(self.order + ("Q" if self.inline == 8 else "I"), self.data, offset)[0])


def directories(data: bytes | memoryview) -> Iterator[Directory]:
    """All directories, each before those that it leads to; what is cut off or leads in circles is passed over."""
    order = {b"II": "<", b"MM": ">"}.get(bytes(data[:2]), "")
    if not order or len(data) < 16:
        return
    big = struct.unpack_from(order + "H", data, 2)[0] == 43
    waiting = [struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)[0]]
    seen = {0}
    while waiting and len(seen) <= _MOST_DIRECTORIES:
        offset = waiting.pop(0)
        if offset in seen:
            continue
        seen.add(offset)
        try:
            directory, following = _read(data, offset, order, big=big)
        except _OUTSIDE:
            continue
        waiting += [*directory.numbers(_SUB_DIRECTORIES)[:_MOST_DIRECTORIES], following]
        yield directory


def _read(data: bytes | memoryview, offset: int, order: str, *, big: bool) -> tuple[Directory, int]:
    """The directory at an offset, and where the next one is; struct.error where that is outside the file."""
    number, counted, entry = ("Q", "Q", "HHQ") if big else ("I", "H", "HHI")
    (count,) = struct.unpack_from(order + counted, data, offset)
    start = offset + struct.calcsize(order + counted)
    inline = struct.calcsize(order + number)
    length = struct.calcsize(order + entry) + inline
    entries = {}
    end = start + count * length
    cut_off = end + inline > len(data)
    for at in range(start, min(end, start + _MOST_ENTRIES * length, len(data) - length + 1), length):
        tag, kind, values = struct.unpack_from(order + entry, data, at)
        entries[tag] = kind, values, at + length - inline
    following = 0 if cut_off else struct.unpack_from(order + number, data, end)[0]
    return Directory(data, offset, order, inline, entries, cut_off), following
