"""A PNG file put together from its rows, compressed already, and the metadata of its picture."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator

from imgpipe.codecs.exif import PREFIX
from imgpipe.codecs.png_chunks import SIGNATURE, chunk_bytes
from imgpipe.picture import Picture, frame_size

COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
"""The specification's number for so many bands: grey, grey and alpha, red-green-blue, these and alpha."""


def png_file(picture: Picture, depth: int, colour_type: int, deflated: Iterable[bytes]) -> bytes:
    """The file of a still.

    Args:
        picture: its first frame's size and its metadata are written.
        depth: bits a sample, 8 or 16.
        colour_type: one of `COLOUR_TYPES`.
        deflated: the zlib stream of the filtered rows, in pieces.
    """
    header = struct.pack(">IIBBBBB", *frame_size(picture.frames[0]), depth, colour_type, 0, 0, 0)
    chunks = [(b"IHDR", header), *_metadata(picture)]
    chunks += [(b"IDAT", part) for part in deflated]
    return SIGNATURE + b"".join(chunk_bytes(*chunk) for chunk in (*chunks, (b"IEND", b"")))


def _metadata(picture: Picture) -> Iterator[tuple[bytes, bytes]]:
    if picture.profile:
        yield b"iCCP", b"ICC Profile\0\0" + zlib.compress(picture.profile)
    if picture.dpi:
        horizontal, vertical = (round(dots / 0.0254) for dots in picture.dpi)
        yield b"pHYs", struct.pack(">IIB", horizontal, vertical, 1)
    if picture.exif:
        yield b"eXIf", picture.exif.removeprefix(PREFIX)
    if picture.xmp:
        text = picture.xmp.decode("utf-8", "replace").encode()
        yield b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + text
