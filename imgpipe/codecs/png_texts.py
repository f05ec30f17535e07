"""The texts of a PNG, of which only XMP is read: to Pillow one that is too long makes the whole file unreadable.

Nor may a text be called `icc_profile` or `dpi`: Pillow keeps texts and what it found out itself in one place.
"""

from __future__ import annotations

import zlib

from imgpipe.codecs.png_chunks import Chunk, chunks_of

TOO_LONG = "XMP is longer than 1 MiB and was dropped"
PROFILE_TOO_LONG = "ICC profile is longer than 1 MiB and was dropped: its colours are taken for sRGB"
_XMP = b"XML:com.adobe.xmp\0"
_LONGEST = 1 << 20
"""Pillow's own bound of what is compressed."""


def without_texts(data: bytes) -> bytes:
    """The file without its texts but XMP, and without what unpacks to more than Pillow takes."""
    return _cut(data, chunks_of(data))[0]


def without_texts_and_words(data: bytes) -> tuple[bytes, tuple[str, ...]]:
    """As `without_texts`, with what is to be said about it.

    Raises:
        DamagedPicture: the file ends before its IEND chunk does.
    """
    return _cut(data, chunks_of(data))


def _cut(data: bytes, chunks: list[Chunk]) -> tuple[bytes, tuple[str, ...]]:
    words: tuple[str, ...] = ()
    view, pieces, start = memoryview(data), [], 0
    for kind, offset, length in chunks:
        goes, word = _judge(kind, view[offset : offset + length])
        if goes:
            # A chunk has 8 bytes before its content and 4 behind it.
            pieces.append(view[start : offset - 8])
            start = offset + length + 4
            words += (word,) if word else ()
    return (b"".join([*pieces, view[start:]]) if pieces else data), words


def _judge(kind: bytes, content: memoryview) -> tuple[bool, str]:
    """Whether a chunk is to go, and what is to be said about that."""
    if kind in (b"tEXt", b"zTXt"):
        return True, ""
    if kind == b"iCCP":
        long = _is_bomb(bytes(content).partition(b"\0")[2][1:])
        return long, PROFILE_TOO_LONG if long else ""
    if kind != b"iTXt":
        return False, ""
    if content[: len(_XMP)] != _XMP:
        return True, ""
    rest = bytes(content[len(_XMP) :])
    packed, text = rest[:1] != b"\0", (rest[2:].split(b"\0", 2) + [b""] * 3)[2]
    long = _is_bomb(text) if packed else len(text) > _LONGEST
    return long, TOO_LONG if long else ""


def _is_bomb(packed: bytes) -> bool:
    unpacking = zlib.decompressobj()
    try:
        unpacking.decompress(packed, _LONGEST)
    except zlib.error:
        return False
    return bool(unpacking.unconsumed_tail)
