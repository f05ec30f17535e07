"""How large a picture is, read from the first bytes that say so: no library is loaded, and nothing is decoded.

For the process that hands pictures out and must know what each will take. It trusts no more than it must: what a codec
makes of the file later is held to the limits again.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import NamedTuple

from imgpipe.codecs.gif_blocks import corners_of, is_grey, room_for
from imgpipe.codecs.raw_kinds import bears_signature, is_raw_tiff, sensor_size
from imgpipe.picture import Size

# Somebody may have made a file to be looked at for ever, and there is no deadline here.
_MOST_PAGES = 10_000
_MOST_PARTS = 100_000
_MOST_TAGS = 16
_MOST_TRACKS = 8
_HEAD = 64
_PIECE = 1 << 14
_LONGEST_GIF = 16 << 20
_SHORT = 3
_BITS = 258
_SHALLOW = 8

_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = {0xC2, 0xC6, 0xCA, 0xCE}
_WITHOUT_LENGTH = {0x01, 0xFF, *range(0xD0, 0xD9)}


class Extent(NamedTuple):
    """What a file says of its size.

    Attributes:
        kind: of the file, by its content: "jpeg", "png", "gif", "webp", "bmp", "tiff", "raw" or "avif".
        size: px, as stored; of the largest page.
        pixels: of all frames or pages together.
        grey: whether there is one band of 8 bits or less.
        progressive: whether a JPEG's coefficients are all kept while it is decoded.
        deep: whether there are several bands of more than 8 bits.
    """

    kind: str
    size: Size
    pixels: int
    grey: bool = False
    progressive: bool = False
    deep: bool = False


def extent_of(data: bytes | memoryview) -> Extent | None:
    """The extent of a file; None where this cannot tell, be it another format or a broken one."""
    if bears_signature(bytes(data[:_HEAD])):
        return _raw(data)
    for signature, offset, read in _READERS:
        if data[offset : offset + len(signature)] == signature:
            try:
                return read(data)
            except (struct.error, IndexError, OverflowError):
                return None
    return None


def _jpeg(data: bytes | memoryview) -> Extent | None:
    offset = 2
    for _ in range(_MOST_PARTS):
        offset = _find(data, b"\xff", offset)
        if offset < 0:
            return None
        marker = data[offset + 1]
        if marker in _START_OF_FRAME:
            height, width, bands = struct.unpack_from(">HHB", data, offset + 5)
            return Extent("jpeg", (width, height), width * height, bands == 1, marker in _PROGRESSIVE)
        if marker == 0xDA:
            return None
        alone = marker in _WITHOUT_LENGTH
        offset += 1 if marker == 0xFF else 2 if alone else 2 + struct.unpack_from(">H", data, offset + 2)[0]
    return None


def _png(data: bytes | memoryview) -> Extent:
    width, height, depth, colours = struct.unpack_from(">IIBB", data, 16)
    frames = 1
    offset = 33
    for _ in range(_MOST_PARTS):
        kind = data[offset + 4 : offset + 8]
        if kind in (b"IDAT", b"IEND", b""):
            break
        if kind == b"acTL":
            frames += struct.unpack_from(">I", data, offset + 8)[0]
        offset += 12 + struct.unpack_from(">I", data, offset)[0]
    several, deep = colours != 0, depth > _SHALLOW
    return Extent("png", (width, height), width * height * frames, not (several or deep), deep=several and deep)


def _gif(data: bytes | memoryview) -> Extent | None:
    if len(data) > _LONGEST_GIF:
        return None
    corners = corners_of(data)
    width, height = room_for(data, corners)
    return Extent("gif", (width, height), width * height * max(1, len(corners)), is_grey(data))


def _webp(data: bytes | memoryview) -> Extent | None:
    kind = data[12:16]
    if kind == b"VP8 ":
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, 26))
    elif kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif kind == b"VP8X":
        width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
    else:
        return None
    frames = _count_webp_frames(data) if kind == b"VP8X" and data[20] & 2 else 1
    return Extent("webp", (width, height), width * height * max(1, frames))


def _count_webp_frames(data: bytes | memoryview) -> int:
    frames, offset = 0, 12
    for _ in range(_MOST_PARTS):
        if offset + 8 > len(data):
            break
        kind, length = struct.unpack_from("<4sI", data, offset)
        frames += kind == b"ANMF"
        offset += 8 + length + (length & 1)
    return frames


def _bmp(data: bytes | memoryview) -> Extent:
    old = struct.unpack_from("<I", data, 14)[0] == 12
    width, height = (abs(side) for side in struct.unpack_from("<HH" if old else "<ii", data, 18))
    return Extent("bmp", (width, height), width * height)


def _raw(data: bytes | memoryview) -> Extent:
    """A RAW that does not say its size as a TIFF does has about a byte a px: they are compressed, of 12 to 16 bits."""
    width, height = sensor_size(data) or (len(data) // 1000 + 1, 1000)
    return Extent("raw", (width, height), width * height)


def _tiff(data: bytes | memoryview) -> Extent | None:
    if is_raw_tiff(data):
        return _raw(data)
    order = "<" if data[:2] == b"II" else ">"
    big = struct.unpack_from(order + "H", data, 2)[0] == 43
    number, count, entry = ("Q", "Q", "HHQQ") if big else ("I", "H", "HHII")
    (offset,) = struct.unpack_from(order + number, data, 8 if big else 4)
    pages: list[_Page] = []
    while offset and len(pages) < _MOST_PAGES:
        (entries,) = struct.unpack_from(order + count, data, offset)
        offset += struct.calcsize(order + count)
        pages.append(_page(data, offset, min(entries, _MOST_TAGS), order + entry))
        offset += entries * struct.calcsize(order + entry)
        (offset,) = struct.unpack_from(order + number, data, offset)
    if not pages:
        return None
    largest = max(pages, key=lambda page: page.width * page.height)
    pixels = sum(page.width * page.height for page in pages)
    grey = all(page.bands == 1 and page.bits <= _SHALLOW for page in pages)
    deep = any(page.bands > 1 and page.bits > _SHALLOW for page in pages)
    return Extent("tiff", (largest.width, largest.height), pixels, grey, deep=deep)


class _Page(NamedTuple):
    width: int
    height: int
    bits: int
    bands: int


def _page(data: bytes | memoryview, offset: int, entries: int, entry: str) -> _Page:
    """What a directory says; that stands near its beginning, as tags are in order."""
    values = {256: 0, 257: 0, _BITS: 1, 277: 1}
    inside = struct.calcsize(entry[0] + entry[-1]) // 2
    for number in range(entries):
        tag, kind, count, value = struct.unpack_from(entry, data, offset + number * struct.calcsize(entry))
        if tag == _BITS and count > inside:
            # Those of all bands, elsewhere: the first stands for them.
            (values[tag],) = struct.unpack_from(entry[0] + "H", data, value)
        elif tag in values:
            values[tag] = _first_short(value, entry) if kind == _SHORT else value
    return _Page(*values.values())


def _first_short(value: int, entry: str) -> int:
    """The short that stands in the first bytes of a value, which in big-endian files are the high ones."""
    bits = 8 * struct.calcsize(entry[0] + entry[-1])
    return value & 0xFFFF if entry[0] == "<" else value >> bits - 16


def _boxes(data: bytes | memoryview) -> Extent | None:
    """AVIF and its kin: the largest of the sizes in the boxes `ispe`; a grid says its own besides its tiles'.

    Every frame of a sequence has it. Among coded pixels any four bytes come by chance.
    """
    from imgpipe.codecs.isobmff import content_of

    told = b"".join(content_of(data, kind) or b"" for kind in (b"meta", b"moov"))
    sizes: list[Size] = []
    at = told.find(b"ispe")
    while at >= 0 and len(sizes) < _MOST_PAGES:
        sizes.append(struct.unpack_from(">II", told, at + 8))
        at = told.find(b"ispe", at + 4)
    largest = max(sizes, key=lambda size: size[0] * size[1], default=None)
    return Extent("avif", largest, largest[0] * largest[1] * _count_samples(told)) if largest else None


def _count_samples(data: bytes) -> int:
    """The frames of the longest track, by the table of their sizes (ISO 14496-12, 8.7.3.2); 1 of a still."""
    most, at = 1, data.find(b"stsz")
    for _ in range(_MOST_TRACKS):
        if at < 0:
            break
        most = max(most, *struct.unpack_from(">I", data, at + 12))
        at = data.find(b"stsz", at + 4)
    return most


def _find(data: bytes | memoryview, pattern: bytes, start: int) -> int:
    """As `bytes.find`, which views of memory do not have."""
    if isinstance(data, bytes):
        return data.find(pattern, start)
    if data[start : start + len(pattern)] == pattern:
        return start
    for at in range(start, len(data), _PIECE):
        found = bytes(data[at : at + _PIECE + len(pattern) - 1]).find(pattern)
        if found >= 0:
            return at + found
    return -1


_READERS: tuple[tuple[bytes, int, Callable[[bytes | memoryview], Extent | None]], ...] = (
    (b"\xff\xd8\xff", 0, _jpeg),
    (b"\x89PNG\r\n\x1a\n", 0, _png),
    (b"GIF8", 0, _gif),
    (b"WEBP", 8, _webp),
    (b"BM", 0, _bmp),
    (b"II*\0", 0, _tiff),
    (b"MM\0*", 0, _tiff),
    (b"II+\0", 0, _tiff),
    (b"MM\0+", 0, _tiff),
    (b"ftyp", 4, _boxes),
)
