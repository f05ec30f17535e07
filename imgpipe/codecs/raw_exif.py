"""EXIF of a RAW file, wherever its maker put it."""

from __future__ import annotations

import struct
from typing import Any

from imgpipe.codecs.exif import saying_srgb
from imgpipe.codecs.pillow import FAULTS, silence
from imgpipe.codecs.tiff_exif import UNREADABLE, described
from imgpipe.errors import PictureError

_XMP, _DETAILS, _GPS = 700, 34665, 34853
_JPEG_OF_RAF = 84
_BLOCKS = {b"CMT1": 0, b"CMT2": _DETAILS, b"CMT4": _GPS}
"""The boxes of a CR3, each a TIFF of its own, and the directory that each stands for."""


def described_raw(data: bytes, orientation: int) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What describes the picture, as the `info` of an image, and a word about what cannot be read.

    The colours are said to be sRGB, which they are when developed, whatever the camera was set to.
    """
    try:
        with silence:
            return _info(_tags(data), orientation)
    except (*FAULTS, PictureError):
        return {}, (UNREADABLE,)


def _info(tags: Any, orientation: int) -> tuple[dict[str, Any], tuple[str, ...]]:

    block, words = described(tags, orientation, maker_note=False)
    exif = saying_srgb(block)
    xmp = tags.get(_XMP)
    return {"exif": exif, "xmp": xmp if isinstance(xmp, bytes) else None}, words


def _tags(data: bytes) -> Any:
    from PIL import Image

    tags = Image.Exif()
    if data[:2] in (b"II", b"MM"):
        # Some makers write a number of their own where a TIFF has 42.
        tags.load(data[:2] + (b"*\0" if data[:1] == b"I" else b"\0*") + data[4:])
    elif data.startswith(b"FUJIFILM"):
        start, length = struct.unpack_from(">II", data, _JPEG_OF_RAF)
        tags = _of_jpeg(data[start : start + length])
    elif data[4:8] == b"ftyp":
        _load_boxes(tags, data)
    return tags


def _of_jpeg(data: bytes) -> Any:
    from imgpipe.codecs.pillow import opened

    with opened(data, ("JPEG",)) as image:
        return image.getexif()


def _load_boxes(tags: Any, data: bytes) -> None:
    from PIL import Image

    for name, directory in _BLOCKS.items():
        at = data.find(name)
        if at < 4:
            continue
        (length,) = struct.unpack_from(">I", data, at - 4)
        block = Image.Exif()
        block.load(data[at + 4 : at - 4 + length])
        if directory:
            tags[directory] = dict(block)
        else:
            tags.update(block)
