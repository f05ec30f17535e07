"""JPEG XL, through pillow-jxl-plugin: stills of 8 bits a sample."""

from __future__ import annotations

from typing import Any

from imgpipe.codecs.codec import Codec, Encoded, Encoding
from imgpipe.codecs.metadata import options_of
from imgpipe.codecs.pillow import saved
from imgpipe.codecs.still import still_decoder
from imgpipe.picture import Picture, Size, frame_size

FORMATS = ("JXL",)
_CODESTREAM = b"\xff\x0a"
_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))


def encode(picture: Picture, encoding: Encoding) -> Encoded:
    """Encode the first frame: quality 80 by default; effort 0 to 9 becomes libjxl's 1 to 9, 5 by default.

    Raises:
        EncodingFailed: the plugin cannot write it.
    """
    frame: Any = picture.frames[0]
    options: dict[str, Any] = {
        "lossless": encoding.lossless,
        "quality": encoding.quality or 80,
        "effort": 5 if encoding.effort is None else max(1, encoding.effort),
        # One picture a core is faster than several cores a picture.
        "num_threads": 0,
        **options_of(picture),
    }
    return Encoded(saved(frame, "JXL", **options), frame_size(frame), picture.warnings)


def stored_size(data: bytes) -> Size | None:
    """The size in the first bits of the codestream (ISO 18181-1, SizeHeader), px; None where there is none."""
    start = 0 if data.startswith(_CODESTREAM) else data.find(_CODESTREAM, data.find(b"jxlc") + 4)
    if start < 0:
        start = data.find(_CODESTREAM, data.find(b"jxlp") + 4)
    bits = int.from_bytes(data[start + 2 : start + 14], "little") if start >= 0 else 0
    if not bits:
        return None
    small, bits = bits & 1, bits >> 1
    height, bits = _read_length(bits, small)
    ratio, bits = bits & 7, bits >> 3
    if ratio:
        across, down = _RATIOS[ratio - 1]
        return height * across // down, height
    return _read_length(bits, small)[0], height


def _read_length(bits: int, small: int) -> tuple[int, int]:
    """A length, and the bits behind it."""
    if small:
        return ((bits & 31) + 1) * 8, bits >> 5
    width = (9, 13, 18, 30)[bits & 3]
    return (bits >> 2 & (1 << width) - 1) + 1, bits >> 2 + width


CODEC = Codec(
    name="jxl",
    decode=still_decoder(FORMATS),
    encode=encode,
    pillow_formats=FORMATS,
    signature=lambda head: head.startswith((_CODESTREAM, b"\0\0\0\x0cJXL \r\n\x87\n")),
    plugin="pillow_jxl.JpegXLImagePlugin",
    extra="jxl",
    stored_size=stored_size,
    options=("quality", "effort"),
    alpha=True,
    metadata=("exif",),
)
