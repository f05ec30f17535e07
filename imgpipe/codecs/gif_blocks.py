"""The blocks of a GIF file, walked: Pillow takes a file that ends between two frames for a whole one."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from imgpipe.codecs.laying import Fate, Part
from imgpipe.errors import DamagedPicture
from imgpipe.picture import Size, Window

_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_GRAPHIC_CONTROL, _TRANSPARENT = 0xF9, 1
_CANVAS, _TABLE = 6, 13
_INTERLACED = 0x40
_TICK = 10
"""The ms in which a GIF counts."""
_FATES: dict[int, Fate] = {2: "cleared", 3: "undone"}


def check_whole(data: bytes | memoryview) -> None:
    """Walk to the trailer.

    Raises:
        DamagedPicture: the file ends before it.
    """
    try:
        for _ in _blocks(data):
            pass
    except IndexError as error:
        raise DamagedPicture("damaged GIF: truncated, it ends before its trailer") from error


def corners_of(data: bytes | memoryview) -> list[Size]:
    """The lower right corner of each image; IndexError or struct.error where the file ends before its trailer."""
    places = [struct.unpack_from("<HHHH", data, offset + 1) for kind, offset in _blocks(data) if kind == _IMAGE]
    return [(left + width, top + height) for left, top, width, height in places]


def parts_of(data: bytes) -> Iterator[Part]:
    """All images in order; IndexError or struct.error where the file ends before its trailer."""
    control = bytes(4)
    for kind, offset in _blocks(data):
        if kind == _EXTENSION and data[offset + 1] == _GRAPHIC_CONTROL and data[offset + 2] >= len(control):
            control = data[offset + 3 : offset + 3 + len(control)]
        elif kind == _IMAGE:
            flags, ticks, _ = struct.unpack("<BHB", control)
            box: Window = struct.unpack_from("<HHHH", data, offset + 1)
            fate = _FATES.get(flags >> 2 & 7, "left")
            yield Part(_alone(data, offset, control), box, fate, ticks * _TICK)
            control = bytes(4)


def _alone(data: bytes, offset: int, control: bytes) -> bytes:
    """The image at an offset with its colours and its transparent one, on a canvas of its size."""
    size, flags = data[offset + 5 : offset + 9], data[offset + 9]
    start = offset + 10 + _colour_table(flags)
    own = bool(_colour_table(flags))
    colours = data[offset + 10 : start] if own else data[_TABLE : _TABLE + _colour_table(data[10])]
    head = b"GIF89a" + size + bytes([(flags if own else data[10]) & 0x87, 0, 0]) + colours
    said = bytes([_EXTENSION, _GRAPHIC_CONTROL, len(control), control[0] & _TRANSPARENT, 0, 0, control[3], 0])
    image = bytes([_IMAGE, 0, 0, 0, 0, *size, flags & _INTERLACED])
    return b"".join([head, said, image, data[start : _after_blocks(data, start + 1)], bytes([_TRAILER])])


def room_for(data: bytes | memoryview, corners: list[Size]) -> Size:
    """The canvas and what images reach beyond it, px: as large a picture is made, whatever of it is shown."""
    canvas = struct.unpack_from("<HH", data, _CANVAS)
    return max([canvas[0], *(right for right, _ in corners)]), max([canvas[1], *(bottom for _, bottom in corners)])


def is_grey(data: bytes | memoryview) -> bool:
    """Whether all colours are opaque greys; IndexError where the file ends before its trailer."""
    table = data[_TABLE : _TABLE + _colour_table(data[10])]
    return table[::3] == table[1::3] == table[2::3] and not any(
        data[offset + 9] & 0x80
        if kind == _IMAGE
        else kind == _EXTENSION and data[offset + 1] == _GRAPHIC_CONTROL and data[offset + 3] & _TRANSPARENT
        for kind, offset in _blocks(data)
    )


def _blocks(data: bytes | memoryview) -> Iterator[tuple[int, int]]:
    """The kind of each block up to the trailer, and where it begins; IndexError where the file ends before it."""
    offset = _TABLE + _colour_table(data[10])
    while (kind := data[offset]) != _TRAILER:
        yield kind, offset
        if kind == _EXTENSION:
            offset = _after_blocks(data, offset + 2)
        elif kind == _IMAGE:
            offset = _after_blocks(data, offset + 11 + _colour_table(data[offset + 9]))
        else:
            offset += 1  # viewers skip padding between blocks


def _colour_table(flags: int) -> int:
    """Bytes of the colour table that a descriptor's flags announce."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _after_blocks(data: bytes | memoryview, offset: int) -> int:
    while length := data[offset]:
        offset += length + 1
    return offset + 1
