"""The frames of a GIF, each as a file of its own (GIF89a, 20 and 23)."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from imgpipe.codecs.gif_blocks import (
    EXTENSION,
    GRAPHIC_CONTROL,
    IMAGE,
    TABLE,
    TRAILER,
    TRANSPARENT,
    after_blocks,
    blocks,
    colour_table,
)
from imgpipe.codecs.laying import Fate, Part
from imgpipe.picture import Window

TICK = 10
"""The ms in which a GIF counts."""

_INTERLACED = 0x40
_FATES: dict[int, Fate] = {2: "cleared", 3: "undone"}


def parts_of(data: bytes) -> Iterator[Part]:
    """All images in order; IndexError or struct.error where the file ends before its trailer."""
    control = bytes(4)
    for kind, offset in blocks(data):
        if kind == EXTENSION and data[offset + 1] == GRAPHIC_CONTROL and data[offset + 2] >= len(control):
            control = data[offset + 3 : offset + 3 + len(control)]
        elif kind == IMAGE:
            flags, ticks, _ = struct.unpack("<BHB", control)
            box: Window = struct.unpack_from("<HHHH", data, offset + 1)
            fate = _FATES.get(flags >> 2 & 7, "left")
            yield Part(_alone(data, offset, control), box, fate, ticks * TICK)
            control = bytes(4)


def _alone(data: bytes, offset: int, control: bytes) -> bytes:
    """The image at an offset with its colours and its transparent one, on a canvas of its size."""
    size, flags = data[offset + 5 : offset + 9], data[offset + 9]
    start = offset + 10 + colour_table(flags)
    own = bool(colour_table(flags))
    colours = data[offset + 10 : start] if own else data[TABLE : TABLE + colour_table(data[10])]
    head = b"GIF89a" + size + bytes([(flags if own else data[10]) & 0x87, 0, 0]) + colours
    said = bytes([EXTENSION, GRAPHIC_CONTROL, len(control), control[0] & TRANSPARENT, 0, 0, control[3], 0])
    image = bytes([IMAGE, 0, 0, 0, 0, *size, flags & _INTERLACED])
    return b"".join([head, said, image, data[start : after_blocks(data, start + 1)], bytes([TRAILER])])
