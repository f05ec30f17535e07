"""Boxes of files of the ISO base media format (ISO 14496-12): what the first says, and the times in others."""

from __future__ import annotations

from collections.abc import Iterator

_AROUND_HEADERS = (b"moov", b"trak", b"mdia")
_HEADERS = (b"mvhd", b"tkhd", b"mdhd")


def brands_of(head: bytes) -> frozenset[bytes]:
    """The major and the compatible brands, of those within the first bytes of a file; none of another format."""
    if head[4:8] != b"ftyp":
        return frozenset()
    end = min(len(head), int.from_bytes(head[:4], "big"))
    return frozenset([head[8:12], *(head[at : at + 4] for at in range(16, end - 3, 4))])


def without_times(data: bytes) -> bytes:
    """The same file with the times of creation and modification at zero; by the clock its bytes never come again."""
    made = bytearray(data)
    for times in _times(data, 0, len(data)):
        made[times] = bytes(times.stop - times.start)
    return bytes(made)


def _times(data: bytes, start: int, end: int) -> Iterator[slice]:
    """Where the two times stand in each header of the movie, its tracks and their media."""
    while start + 8 <= end:
        size, kind = int.from_bytes(data[start : start + 4], "big"), data[start + 4 : start + 8]
        if not 8 <= size <= end - start:
            return  # cut short; or 0 and 1, of boxes that end with the file or have 4 GB: encoders put these last
        if kind in _AROUND_HEADERS:
            yield from _times(data, start + 8, min(end, start + size))
        elif kind in _HEADERS:
            yield slice(start + 12, start + (28 if data[start + 8] == 1 else 20))
        start += size
