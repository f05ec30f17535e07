"""Boxes of files of the ISO base media format (ISO 14496-12): brands, times, and how colours are meant."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from imgpipe.codecs.cicp import CodePoints

_AROUND_HEADERS = (b"moov", b"trak", b"mdia")
_HEADERS = (b"mvhd", b"tkhd", b"mdhd")
_CODE_POINTS = b"colrnclx"
_MOST_BOXES = 100_000
"""Looked at side by side: somebody may have made a file to be looked at for ever."""

TONE_MAPPED = b"tmap"
"""The brand of files with a gain map (ISO 21496-1)."""
GAIN_MAP_DROPPED = "HDR gain map dropped: only the standard range is kept"


def brands_of(head: bytes) -> frozenset[bytes]:
    """The major and the compatible brands, of those within the first bytes of a file; none of another format."""
    if head[4:8] != b"ftyp":
        return frozenset()
    end = min(len(head), int.from_bytes(head[:4], "big"))
    return frozenset([head[8:12], *(head[at : at + 4] for at in range(16, end - 3, 4))])


def without_times(data: bytes) -> bytes:
    """The same file with the times of creation and modification at zero; by the clock its bytes never come again."""
    made = bytearray(data)
    for times in _times(data, slice(0, len(data))):
        made[times] = bytes(times.stop - times.start)
    return bytes(made)


def code_points(data: bytes) -> CodePoints | None:
    """How the primary picture says that colours are meant, in a `colr` box (ISO 23008-12, 6.5.5); else the film."""
    meta = _inside(data, b"meta", slice(0, len(data)))
    if meta is not None:
        found = _of_primary(data, slice(meta.start + 4, meta.stop))
        if found is not None:
            return found
    film = _inside(data, b"moov", slice(0, len(data)))
    at = -1 if film is None else data.find(_CODE_POINTS, film.start, film.stop)
    return None if at < 0 else _read_code_points(data, at + 4)


def content_of(data: bytes | memoryview, *kinds: bytes) -> bytes | None:
    """The content of the first box of a kind among the outermost, or of another kind in this one, and so on."""
    found: slice | None = slice(0, len(data))
    for kind in kinds:
        found = _inside(data, kind, found) if found else None
    return bytes(data[found]) if found else None


def _of_primary(data: bytes, meta: slice) -> CodePoints | None:
    primary, properties = _inside(data, b"pitm", meta), _inside(data, b"iprp", meta)
    if primary is None or properties is None:
        return None
    container, associations = _inside(data, b"ipco", properties), _inside(data, b"ipma", properties)
    if container is None or associations is None:
        return None
    wide = data[primary.start] > 0
    item = int.from_bytes(data[primary.start + 4 : primary.start + (8 if wide else 6)], "big")
    boxes = list(_boxes(data, container))
    for number in _associated(data[associations], item):
        kind, content = boxes[number - 1] if 0 < number <= len(boxes) else (b"", container)
        if kind == b"colr" and data[content.start : content.start + 4] == b"nclx":
            return _read_code_points(data, content.start)
    return None


def _associated(content: bytes, item: int) -> list[int]:
    """The numbers of the properties of an item, from 1 on (ISO 23008-12, 9.3.1)."""
    width_of_item, width = (4 if content[:1] > b"\0" else 2), (2 if content[3:4] > b"\0" and content[3] & 1 else 1)
    at = 8
    while at + width_of_item < len(content):
        found = int.from_bytes(content[at : at + width_of_item], "big")
        count = content[at + width_of_item]
        at += width_of_item + 1
        if found == item:
            numbers = (content[start : start + width] for start in range(at, at + count * width, width))
            return [int.from_bytes(number, "big") & (0x7FFF if width == 2 else 0x7F) for number in numbers]
        at += count * width
    return []


def _read_code_points(data: bytes, at: int) -> CodePoints | None:
    if len(data) < at + 8:
        return None
    return CodePoints(int.from_bytes(data[at + 4 : at + 6], "big"), int.from_bytes(data[at + 6 : at + 8], "big"))


def _inside(data: bytes | memoryview, kind: bytes, where: slice) -> slice | None:
    """The content of the first box of a kind there."""
    boxes = islice(_boxes(data, where), _MOST_BOXES)
    return next((content for found, content in boxes if found == kind), None)


def _times(data: bytes, where: slice) -> Iterator[slice]:
    """Where the two times stand in each header of the movie, its tracks and their media."""
    for kind, content in _boxes(data, where):
        if kind in _AROUND_HEADERS:
            yield from _times(data, content)
        elif kind in _HEADERS:
            yield slice(content.start + 4, content.start + (20 if data[content.start] == 1 else 12))


def _boxes(data: bytes | memoryview, where: slice) -> Iterator[tuple[bytes, slice]]:
    """The boxes there: their kinds, and where their contents stand."""
    start, end = where.start, where.stop
    while start + 8 <= end:
        size, kind = int.from_bytes(data[start : start + 4], "big"), bytes(data[start + 4 : start + 8])
        if not 8 <= size <= end - start:
            return  # cut short; or 0 and 1, of boxes that end with the file or have 4 GB: encoders put these last
        yield kind, slice(start + 8, start + size)
        start += size
