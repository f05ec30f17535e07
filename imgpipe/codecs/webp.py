"""WebP: stills and animations, lossy or lossless."""

from __future__ import annotations

from typing import Any

from imgpipe.codecs.animation import decode_frames, save_frames
from imgpipe.codecs.codec import Codec, Encoded, Encoding, Header
from imgpipe.codecs.metadata import options_of, picture_of
from imgpipe.codecs.modes import is_transparent
from imgpipe.codecs.pillow import opened
from imgpipe.picture import Picture, Size, frame_size

FORMATS = ("WEBP",)
_FLAGS, _TRANSPARENT = 20, 0x10
"""Where a VP8X chunk, the first where there is one, says what is in the file, and its bit of transparency."""


def decode(data: bytes, header: Header, at_least: Size | None) -> Picture:  # noqa: ARG001 - WebP has no scales
    """Decode all frames.

    Raises:
        DamagedPicture: truncated or corrupt.
    """
    with opened(data, FORMATS) as image:
        info = dict(image.info)
        frames, durations = decode_frames(image, header.frames)
        return picture_of(info, frames, header, durations=durations, loop=info.get("loop", 0))


def encode(picture: Picture, encoding: Encoding) -> Encoded:
    """Encode all frames: quality 80 by default; effort 0 to 9 becomes libwebp's method 0 to 6, 4 by default.

    Raises:
        EncodingFailed: a side is longer than 16383 px.
    """
    method = 4 if encoding.effort is None else round(encoding.effort * 6 / 9)
    options: dict[str, Any] = {"method": method, "lossless": encoding.lossless, **options_of(picture)}
    options["quality"] = encoding.quality or 80
    # Else libwebp makes colours up where nothing is seen of them.
    options["exact"] = encoding.lossless
    if picture.animated:
        options["loop"] = picture.loop
    data = save_frames(picture, "WEBP", options)
    if picture.animated and any(map(is_transparent, picture.frames)):
        data = _saying_transparent(data)
    return Encoded(data, frame_size(picture.frames[0]), picture.warnings)


def _saying_transparent(data: bytes) -> bytes:
    """The same file, whose header says that not all is opaque.

    Libwebp cuts a frame to the part that is not transparent. Where these are opaque rectangles it says that the whole
    is, and viewers show black around them.
    """
    if data[12:16] != b"VP8X":
        return data
    return data[:_FLAGS] + bytes([data[_FLAGS] | _TRANSPARENT]) + data[_FLAGS + 1 :]


def _is_webp(head: bytes) -> bool:
    return head.startswith(b"RIFF") and head[8:12] == b"WEBP"


CODEC = Codec(
    name="webp",
    decode=decode,
    encode=encode,
    pillow_formats=FORMATS,
    plugin="PIL.WebPImagePlugin",
    signature=_is_webp,
    options=("quality", "effort"),
    alpha=True,
    animation=True,
    grey=False,
    profile=True,
    metadata=("exif", "xmp"),
)
