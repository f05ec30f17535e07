"""The blocks of a GIF file, walked: Pillow takes a file that ends between two frames for a whole one."""

from __future__ import annotations

from collections.abc import Iterator

from imgpipe.errors import DamagedPicture

_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_GRAPHIC_CONTROL, _TRANSPARENT = 0xF9, 1
_TABLE = 13


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


def count_images(data: bytes | memoryview) -> int:
    """How many images there are; IndexError where the file ends before its trailer."""
    return sum(kind == _IMAGE for kind, _ in _blocks(data))


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
