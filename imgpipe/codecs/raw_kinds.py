"""What a camera's RAW file looks like: by its first bytes, or, where it begins like any TIFF, by its directories."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imgpipe.codecs.tiff_tree import Directory

_SIGNATURES = (
    b"FUJIFILMCCD-RAW",  # RAF
    b"IIU\0",  # RW2, RWL
    b"IIRO",  # ORF
    b"IIRS",
    b"MMOR",
    b"\0MRM",  # MRW
    b"FOVb",  # X3F
    b"II*\0\x10\0\0\0CR\x02",  # CR2
)
_WIDTH, _LENGTH, _COMPRESSION, _PHOTOMETRIC, _SUBFILE, _SUB_DIRECTORIES = 256, 257, 259, 262, 254, 330
_DNG_VERSION = 50706
_MOSAIC, _LINEAR = 32803, 34892
_MAKERS_OWN = {34713, 32767, 65535, 32770, 65000}
"""Compressions of Nikon, Sony, Pentax, Samsung and Kodak, which are nowhere but in RAW."""
_DATA = ((273, 279), (324, 325))
"""Where the pixels are, and how many bytes: of strips, of tiles."""


def bears_signature(head: bytes) -> bool:
    """Whether the first 64 bytes are of a RAW; those that begin like a TIFF are told apart by `is_raw_tiff`."""
    return head.startswith(_SIGNATURES) or head[4:12] == b"ftypcrx " or head[6:14] == b"HEAPCCDR"


def is_raw_tiff(data: bytes | memoryview) -> bool:
    """Whether a file with the signature of a TIFF is a RAW: DNG, NEF, ARW, PEF, SRW and their kin.

    >>> is_raw_tiff(b"")
    False
    """
    from imgpipe.codecs.tiff_tree import directories

    found = list(directories(data))
    if any(_DNG_VERSION in directory.entries or _holds_sensor_data(directory) for directory in found):
        return True
    # The first one is a thumbnail, as in RAW only, and what it is a thumbnail of is cut off.
    first = found[0] if found else None
    if first is None or first.numbers(_SUBFILE)[:1] != (1,):
        return False
    below = first.numbers(_SUB_DIRECTORIES)
    whole = {directory.start for directory in found if not directory.cut_off}
    return not whole.issuperset({first.start, *below}) or (_SUB_DIRECTORIES in first.entries and not below)


def is_cut_off(data: bytes | memoryview) -> bool:
    """Whether pixels of a TIFF-like file, or what a DNG says of its colours, lie behind its end.

    LibRaw would take the pixels for black, and the colours for those of no camera.
    """
    from imgpipe.codecs.tiff_tree import directories

    for directory in directories(data):
        if not all(directory.is_whole(tag) for tag in directory.entries if tag >= _DNG_VERSION):
            return True
        if _holds_sensor_data(directory):
            for offsets, lengths in _DATA:
                places = zip(directory.numbers(offsets), directory.numbers(lengths), strict=False)
                if any(start + length > len(data) for start, length in places):
                    return True
    return False


def sensor_size(data: bytes | memoryview) -> tuple[int, int] | None:
    """Width and height in px of the largest picture in a TIFF-like file, None where none is said."""
    from imgpipe.codecs.tiff_tree import directories

    sizes = [(*directory.numbers(_WIDTH)[:1], *directory.numbers(_LENGTH)[:1]) for directory in directories(data)]
    return max((size for size in sizes if len(size) == 2), key=lambda size: size[0] * size[1], default=None)


def _holds_sensor_data(directory: Directory) -> bool:
    photometric, compression = directory.numbers(_PHOTOMETRIC)[:1], directory.numbers(_COMPRESSION)[:1]
    return photometric in ((_MOSAIC,), (_LINEAR,)) or (bool(compression) and compression[0] in _MAKERS_OWN)
