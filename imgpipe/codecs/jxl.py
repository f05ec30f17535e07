"""JPEG XL, through pillow-jxl-plugin: stills of 8 bits a sample, read also grey of 16."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from imgpipe.codecs.codec import Codec, Encoded, Encoding, Header
from imgpipe.codecs.exif import orientation_of, prefixed, without_orientation
from imgpipe.codecs.isobmff import content_of
from imgpipe.codecs.metadata import options_of
from imgpipe.codecs.orientation import turned_for_good
from imgpipe.codecs.pillow import open_image, reading, saved
from imgpipe.codecs.still import still_decoder
from imgpipe.orientation import turned_size
from imgpipe.picture import Picture, Size, frame_size, is_deep

FORMATS = ("JXL",)
_CODESTREAM = b"\xff\x0a"
_FIRST = 40
"""Bytes in which all stands that is read here."""
_SHALLOW = 8
_NO_ERROR = 100
_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))


def encode(picture: Picture, encoding: Encoding) -> Encoded:
    """Encode the first frame: quality 80 by default, 100 is lossless; effort 0 to 9 is libjxl's 1 to 9, 5 by default.

    Raises:
        EncodingFailed: the plugin cannot write it.
    """
    picture = turned_for_good(picture, "viewers of JPEG XL do not heed it")
    frame: Any = picture.frames[0]
    quality = encoding.quality or 80
    options: dict[str, Any] = {
        # The library has no other way to make no error at all.
        "lossless": encoding.lossless or quality == _NO_ERROR,
        "quality": quality,
        "effort": 5 if encoding.effort is None else max(1, encoding.effort),
        # One picture a core is faster than several cores a picture.
        "num_threads": 0,
        **options_of(picture),
    }
    return Encoded(saved(frame, "JXL", **options), frame_size(frame), picture.warnings)


def stored_size(data: bytes) -> Size | None:
    """The size in the first bits of the codestream (ISO 18181-1, SizeHeader), px; None where there is none."""
    bits = _Bits(_codestream(data))
    return _read_size(bits) if bits.are_some else None


def read_header(data: bytes) -> Header:
    """As Pillow has opened it, which the library decodes for; turned by the codestream, as viewers do.

    EXIF turns nothing (ISO 18181-2), but of a JPEG that was packed without loss: the library gives that as it was.

    Raises:
        DamagedPicture: the library cannot read it.
    """
    _use_one_thread()
    with reading(FORMATS):
        image: Any = open_image(data, FORMATS)
    if not image.jpeg:
        image.info["exif"] = without_orientation(prefixed(image.info.get("exif")))
    orientation = orientation_of(prefixed(image.info.get("exif")))
    return Header("jxl", turned_size(image.size, orientation), 1, orientation, image)


def _use_one_thread() -> None:
    """One picture a core: else each worker would have as many threads as there are cores."""
    from pillow_jxl import JpegXLImagePlugin

    JpegXLImagePlugin.DECODE_THREADS = 0


def decode(data: bytes, header: Header, at_least: Size | None) -> Picture:
    """Decode the picture, with a word about what the library leaves out.

    Raises:
        DamagedPicture: truncated or corrupt.
    """
    picture = _decode(data, header, at_least)
    if not data.startswith(_CODESTREAM):
        # The library does not look for it.
        picture = replace(picture, xmp=picture.xmp or content_of(data, b"xml "))
    animated, depth = _read_kind(data)
    if animated:
        picture = picture.warn("animation: only its last picture is kept")
    if depth and not any(map(is_deep, picture.frames)):
        picture = picture.warn(f"{depth} converted to 8")
    return picture


def _codestream(data: bytes) -> bytes:
    """Its first bytes behind its signature; none where it is not found."""
    start = 0 if data.startswith(_CODESTREAM) else data.find(_CODESTREAM, data.find(b"jxlc") + 4)
    if start < 0:
        start = data.find(_CODESTREAM, data.find(b"jxlp") + 4)
    return data[start + 2 : start + 2 + _FIRST] if start >= 0 else b""


class _Bits:
    """Bits, the lowest of each byte first."""

    def __init__(self, data: bytes) -> None:
        self._bits = int.from_bytes(data, "little")
        self.are_some = self._bits != 0

    def take(self, width: int) -> int:
        """The next so many, as a number."""
        value = self._bits & (1 << width) - 1
        self._bits >>= width
        return value

    def choose(self, *choices: tuple[int, int]) -> int:
        """A number in one of four ways, of which two bits tell: what it is at least, and the width of the rest."""
        least, width = choices[self.take(2)]
        return least + self.take(width)


def _read_size(bits: _Bits) -> Size:
    small = bits.take(1)
    height = _read_length(bits, small)
    ratio = bits.take(3)
    if ratio:
        across, down = _RATIOS[ratio - 1]
        return height * across // down, height
    return _read_length(bits, small), height


def _read_length(bits: _Bits, small: int) -> int:
    return (bits.take(5) + 1) * 8 if small else bits.choose((1, 9), (1, 13), (1, 18), (1, 30))


def _read_kind(data: bytes) -> tuple[bool, str]:
    """Whether it is animated, and the depth of a sample where that is not 8 bits (ISO 18181-1, ImageMetadata)."""
    bits = _Bits(_codestream(data))
    _read_size(bits)
    if bits.take(1):
        return False, ""
    animated = False
    if bits.take(1):
        bits.take(3)
        if bits.take(1):
            _read_size(bits)
        if bits.take(1):
            return False, ""  # a preview, which nobody writes
        animated = bool(bits.take(1))
        if animated:
            bits.choose((100, 0), (1000, 0), (1, 10), (1, 30))
            bits.choose((1, 0), (1001, 0), (1, 8), (1, 10))
            bits.choose((0, 0), (0, 3), (0, 16), (0, 32))
            bits.take(1)
    if bits.take(1):
        return animated, "samples in floating point"
    depth = bits.choose((8, 0), (10, 0), (12, 0), (1, 6))
    return animated, f"{depth} bits a sample" if depth > _SHALLOW else ""


_decode = still_decoder(FORMATS)

CODEC = Codec(
    name="jxl",
    decode=decode,
    encode=encode,
    pillow_formats=FORMATS,
    signature=lambda head: head.startswith((_CODESTREAM, b"\0\0\0\x0cJXL \r\n\x87\n")),
    plugin="pillow_jxl.JpegXLImagePlugin",
    continues=True,
    read_header=read_header,
    extra="jxl",
    stored_size=stored_size,
    options=("quality", "effort"),
    alpha=True,
    metadata=("exif",),
)
