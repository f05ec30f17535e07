"""TIFF of 16 bits a sample, of which Pillow itself reads and writes only grey."""

from __future__ import annotations

import struct
import sys
import zlib
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from imgpipe.codecs.exif import orientation_of
from imgpipe.codecs.modes import deep_grey, mode_of
from imgpipe.codecs.pillow import opened
from imgpipe.codecs.tiff_texts import ORIENTATION, texts_of
from imgpipe.errors import DamagedPicture, EncodingFailed
from imgpipe.picture import Frame, Picture

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL.TiffImagePlugin import TiffImageFile

NARROWED: Literal["16 bits a sample converted to 8"] = "16 bits a sample converted to 8"
Depth: TypeAlias = Literal["shallow", "deep", "16 bits a sample converted to 8"]

_BITS, _PHOTOMETRIC, _PLANAR, _PREDICTOR, _SAMPLE_FORMAT = 258, 262, 284, 317, 339
_SIGNED, _SEPARATE = 2, 2
_FIRST_PLANE_ONLY = ("LA", "PA", "LAB")
"""The modes of which Pillow reads no other plane where each band has one of its own."""

_SHORT, _LONG, _RATIONAL, _BYTE, _ASCII, _UNDEFINED = 3, 4, 5, 1, 2, 7
_TYPE_SIZES = {_SHORT: 2, _LONG: 4, _RATIONAL: 8, _BYTE: 1, _ASCII: 1, _UNDEFINED: 1}
_STRIP_BYTES = 1 << 18
_LARGEST = (1 << 32) - (1 << 20)
"""Bytes of all samples: offsets have 32 bits, and directories and metadata need room too."""

_STORED, _DEFLATED = 1, 8

_Entry: TypeAlias = tuple[int, int, bytes]


def depth_of(image: TiffImageFile) -> Depth:
    """How the current page is decoded: of the less usual layouts Pillow gives 8 bits only.

    Raises:
        DamagedPicture: Pillow would decode the page wrongly.
    """
    bits = image.tag_v2.get(_BITS, (1,))
    if image.mode == "L" and _SIGNED in image.tag_v2.get(_SAMPLE_FORMAT, ()):
        raise DamagedPicture("its samples are signed numbers of 8 bits, which imgpipe does not read")
    planes = image.tag_v2.get(_PLANAR) == _SEPARATE
    if planes and image.mode in _FIRST_PLANE_ONLY:
        raise DamagedPicture(f"its bands ({image.mode}) are in separate planes, which imgpipe does not read")
    if 16 in bits and len(bits) > 1 and planes:
        if not image.use_load_libtiff:
            raise DamagedPicture("its 16-bit colours are in separate planes, which imgpipe does not read uncompressed")
        return NARROWED  # of planes no other bytes can be had
    if set(bits) <= {16} and image.mode in ("RGB", "RGBA") and _rawmode(image) in _OTHER_BYTE:
        return "deep"
    if image.mode.startswith("I;16"):
        return "deep"
    return NARROWED if 16 in bits and image.mode in ("RGB", "RGBA", "CMYK") else "shallow"


def heed_tags_alone(image: TiffImageFile) -> None:
    """Let Pillow not turn the current page by what XMP says, of which the header says nothing: no other format does."""
    if ORIENTATION not in image.tag_v2:
        image.getexif().pop(ORIENTATION, None)


def decode_deep(image: TiffImageFile, data: bytes | memoryview, page: int) -> npt.NDArray[np.uint16]:
    """The pixels of a loaded page of 16 bits a sample: H x W x bands."""
    import numpy as np

    if image.mode.startswith("I"):
        pixels = deep_grey(image)
        if image.tag_v2.get(_BITS) == (12,):
            pixels = (pixels.astype(np.uint32) * 65535 // 4095).astype(np.uint16)
        if image.tag_v2.get(_PHOTOMETRIC) == 0:  # white is zero
            pixels = np.invert(pixels)
        return pixels
    high = np.asarray(image).astype(np.uint16)
    return high << np.uint16(8) | _low_bytes(data, page)


_OTHER_BYTE = {
    mode + there: mode + back
    for mode in ("RGB;16", "RGBA;16", "RGBX;16")
    for there, back in {"L": "B", "B": "L", "N": "B" if sys.byteorder == "little" else "L"}.items()
}


def _rawmode(image: TiffImageFile) -> str:
    args = image.tile[0].args if image.tile else ""
    return str(args[0]) if isinstance(args, tuple) else str(args)


def _low_bytes(data: bytes | memoryview, page: int) -> npt.NDArray[np.uint8]:
    """Read as if the byte order were the other one, the high bytes that Pillow keeps are the low ones."""
    import numpy as np

    with opened(data, ("TIFF",)) as image:
        image.seek(page)
        heed_tags_alone(image)  # type: ignore[arg-type]
        rawmode = _OTHER_BYTE[_rawmode(image)]  # type: ignore[arg-type]
        image.tile = [tile._replace(args=(rawmode, *tile.args[1:])) for tile in image.tile]  # type: ignore[index]
        image.load()
        return np.asarray(image)


def check_size(samples: int) -> None:
    """See that a file with so many bytes of samples can be addressed.

    Raises:
        EncodingFailed: it cannot.
    """
    if samples > _LARGEST:
        raise EncodingFailed("a TIFF cannot be larger than 4 GB: choose PNG")


def encode_pages(picture: Picture, level: int) -> bytes:
    """All pages, each with its own depth, deflated; `level` is zlib's, 1 to 9, or 0 for no compression at all.

    Raises:
        EncodingFailed: larger than 4 GB.
    """
    file = bytearray(b"II*\0" + bytes(4))
    link = 4
    for frame in picture.frames:
        pixels = _pixels_of(frame)
        offsets, lengths = _write_strips(file, pixels, level)
        check_size(len(file))
        file += bytes(len(file) % 2)
        struct.pack_into("<I", file, link, len(file))
        entries = _entries(pixels, offsets, lengths, level) + _meaning(pixels.shape[2], mode_of(frame) == "CMYK")
        link = _write_directory(file, entries + _metadata(picture))
    return bytes(file)


def _pixels_of(frame: Frame) -> npt.NDArray[Any]:
    import numpy as np

    pixels = np.asarray(frame)
    pixels = pixels[:, :, None] if pixels.ndim == 2 else pixels
    # Grey with alpha is legal, but few programs read it.
    return pixels[:, :, [0, 0, 0, 1]] if pixels.shape[2] == 2 else pixels


def _rows_per_strip(pixels: npt.NDArray[Any]) -> int:
    return max(1, _STRIP_BYTES // max(1, pixels[:1].nbytes))


def _write_strips(file: bytearray, pixels: npt.NDArray[Any], level: int) -> tuple[list[int], list[int]]:
    """Strips, deflated with the horizontal predictor or as they are; their offsets and lengths."""
    offsets, lengths = [], []
    rows = _rows_per_strip(pixels)
    for start in range(0, len(pixels), rows):
        strip = pixels[start : start + rows]
        packed = zlib.compress(_little_endian(_predicted(strip)), level) if level else _little_endian(strip)
        offsets.append(len(file))
        lengths.append(len(packed))
        file += packed
    return offsets, lengths


def _predicted(strip: npt.NDArray[Any]) -> npt.NDArray[Any]:
    import numpy as np

    return np.concatenate([strip[:, :1], strip[:, 1:] - strip[:, :-1]], axis=1)


def _little_endian(samples: npt.NDArray[Any]) -> bytes:
    return samples.astype(samples.dtype.newbyteorder("<"), copy=False).tobytes()


def _entries(pixels: npt.NDArray[Any], offsets: list[int], lengths: list[int], level: int) -> list[_Entry]:
    height, width, bands = pixels.shape
    entries = [
        (256, _LONG, _pack("I", width)),
        (257, _LONG, _pack("I", height)),
        (_BITS, _SHORT, _pack("H", *[pixels.dtype.itemsize * 8] * bands)),
        (259, _SHORT, _pack("H", _DEFLATED if level else _STORED)),
        (273, _LONG, _pack("I", *offsets)),
        (277, _SHORT, _pack("H", bands)),
        (278, _LONG, _pack("I", _rows_per_strip(pixels))),
        (279, _LONG, _pack("I", *lengths)),
    ]
    return entries + ([(_PREDICTOR, _SHORT, _pack("H", 2))] if level else [])


def _meaning(bands: int, cmyk: bool) -> list[_Entry]:
    """What the bands are: grey, colours, inks, and alpha that is not multiplied in."""
    if cmyk:
        return [(_PHOTOMETRIC, _SHORT, _pack("H", 5))]
    photometric = (_PHOTOMETRIC, _SHORT, _pack("H", 1 if bands == 1 else 2))
    return [photometric, (338, _SHORT, _pack("H", 2))] if bands == 4 else [photometric]


def _metadata(picture: Picture) -> list[_Entry]:
    entries: list[_Entry] = []
    if picture.dpi:
        horizontal, vertical = (round(dots * 1000) for dots in picture.dpi)
        entries += [(282, _RATIONAL, _pack("I", horizontal, 1000)), (283, _RATIONAL, _pack("I", vertical, 1000))]
        entries += [(296, _SHORT, _pack("H", 2))]
    entries += [(tag, _ASCII, text.encode() + b"\0") for tag, text in texts_of(picture.exif).items()]
    if (orientation := orientation_of(picture.exif)) != 1:
        entries.append((ORIENTATION, _SHORT, _pack("H", orientation)))
    entries += [(33723, _UNDEFINED, picture.iptc)] if picture.iptc else []
    entries += [(700, _BYTE, picture.xmp)] if picture.xmp else []
    return entries + ([(34675, _UNDEFINED, picture.profile)] if picture.profile else [])


def _pack(kind: str, *values: int) -> bytes:
    return struct.pack(f"<{len(values)}{kind}", *values)


def _write_directory(file: bytearray, entries: list[_Entry]) -> int:
    """Append a directory, its entries by tag; the offset of its link to the next."""
    table = bytearray(_pack("H", len(entries)))
    values = len(file) + 2 + 12 * len(entries) + 4
    long_values = bytearray()
    for tag, kind, value in sorted(entries):
        table += struct.pack("<HHI", tag, kind, len(value) // _TYPE_SIZES[kind])
        if len(value) <= 4:
            table += value.ljust(4, b"\0")
        else:
            table += _pack("I", values + len(long_values))
            long_values += value + bytes(len(value) % 2)
    file += table + bytes(4) + long_values
    return values - 4
