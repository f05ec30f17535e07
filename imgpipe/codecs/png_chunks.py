"""The chunks of a PNG file, walked and written."""

from __future__ import annotations

import struct
import zlib

from imgpipe.codecs.exif import prefixed
from imgpipe.errors import DamagedPicture

SIGNATURE = b"\x89PNG\r\n\x1a\n"

Chunk = tuple[bytes, int, int]
"""Type, offset of the content, and its length in bytes."""


def chunks_of(data: bytes) -> list[Chunk]:
    """All chunks up to IEND.

    Raises:
        DamagedPicture: the file ends before its IEND chunk does.
    """
    chunks: list[Chunk] = []
    offset = len(SIGNATURE)
    while offset + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, offset)
        chunks.append((kind, offset + 8, length))
        offset += length + 12
        if kind == b"IEND":
            return chunks
    raise DamagedPicture("damaged PNG: truncated, it ends before its last chunk")


def late_exif(data: bytes, chunks: list[Chunk] | None = None) -> bytes | None:
    """The EXIF block of the file, which may stand after the pixels, where Pillow sees it only after decoding."""
    for kind, offset, length in chunks or chunks_of(data):
        if kind == b"eXIf":
            return prefixed(data[offset : offset + length])
    return None


def chunk_bytes(kind: bytes, content: bytes) -> bytes:
    """A chunk as it is written to a file."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
