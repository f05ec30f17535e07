"""The blocks of a GIF file, walked: Pillow takes a file that ends between two frames for a whole one."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from imgpipe.errors import DamagedPicture
from imgpipe.picture import Size

EXTENSION, IMAGE, TRAILER = 0x21, 0x2C, 0x3B
GRAPHIC_CONTROL, TRANSPARENT = 0xF9, 1
TABLE = 13
"""Where the colours stand that all images share."""
_CANVAS = 6


def check_whole(data: bytes | memoryview) -> None:
    """Walk to the trailer.

    Raises:
        DamagedPicture: the file ends before it.
    """
    try:
        for _ in blocks(data):
            pass
    except IndexError as error:
        raise DamagedPicture("damaged GIF: truncated, it ends before its trailer") from error


def corners_of(data: bytes | memoryview) -> list[Size]:
    """The lower right corner of each image; IndexError or struct.error where the file ends before its trailer."""
    places = [struct.unpack_from("<HHHH", data, offset + 1) for kind, offset in blocks(data) if kind == IMAGE]
    return [(left + width, top + height) for left, top, width, height in places]


def room_for(data: bytes | memoryview, corners: list[Size]) -> Size:
    """The canvas and what images reach beyond it, px: as large a picture is made, whatever of it is shown."""
    canvas = struct.unpack_from("<HH", data, _CANVAS)
    return max([canvas[0], *(right for right, _ in corners)]), max([canvas[1], *(bottom for _, bottom in corners)])


def is_grey(data: bytes | memoryview) -> bool:
    """Whether all colours are opaque greys; IndexError where the file ends before its trailer."""
    table = data[TABLE : TABLE + colour_table(data[10])]
    return table[::3] == table[1::3] == table[2::3] and not any(
        data[offset + 9] & 0x80
        if kind == IMAGE
        else kind == EXTENSION and data[offset + 1] == GRAPHIC_CONTROL and data[offset + 3] & TRANSPARENT
        for kind, offset in blocks(data)
    )


def blocks(data: bytes | memoryview) -> Iterator[tuple[int, int]]:
    """The kind of each block up to the trailer, and where it begins; IndexError where the file ends before it."""
    offset = TABLE + colour_table(data[10])
    while (kind := data[offset]) != TRAILER:
        yield kind, offset
        if kind == EXTENSION:
            offset = after_blocks(data, offset + 2)
        elif kind == IMAGE:
            offset = after_blocks(data, offset + 11 + colour_table(data[offset + 9]))
        else:
            offset += 1  # viewers skip padding between blocks


def colour_table(flags: int) -> int:
    """Bytes of the colour table that a descriptor's flags announce."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def after_blocks(data: bytes | memoryview, offset: int) -> int:
    """Where the blocks of data end that begin at an offset; IndexError where the file ends before."""
    while length := data[offset]:
        offset += length + 1
    return offset + 1
