"""AVIF: stills and animations, 8 bits a sample."""

from __future__ import annotations

from typing import Any

from imgpipe.codecs.animation import decode_frames, save_frames
from imgpipe.codecs.cicp import in_code_points
from imgpipe.codecs.codec import Codec, Encoded, Encoding, Header
from imgpipe.codecs.isobmff import GAIN_MAP_DROPPED, TONE_MAPPED, brands_of, code_points, without_times
from imgpipe.codecs.metadata import options_of, picture_of
from imgpipe.codecs.orientation import turned_for_good
from imgpipe.codecs.pillow import opened
from imgpipe.picture import Picture, Size, frame_size

FORMATS = ("AVIF",)
_HIGH_BIT_DEPTH = 0x40
_NOT_TURNED = "an AVIF animation does not say how it is to be turned"


def decode(data: bytes, header: Header, at_least: Size | None) -> Picture:  # noqa: ARG001 - AVIF has no scales
    """Decode all frames, with 8 bits a sample.

    Raises:
        DamagedPicture: truncated or corrupt.
    """
    _use_one_thread()
    with opened(data, FORMATS) as image:
        info = dict(image.info)
        frames, durations = decode_frames(image, header.frames)
    picture = picture_of(info, frames, header, durations=durations)
    if picture.profile is None:
        picture = in_code_points(picture, code_points(data))
    if TONE_MAPPED in brands_of(data):
        picture = picture.warn(GAIN_MAP_DROPPED)
    return picture.warn("10 or 12 bits a sample converted to 8") if _is_deep(data) else picture


def encode(picture: Picture, encoding: Encoding) -> Encoded:
    """Encode all frames: quality 60 and 4:2:0 by default; effort 0 to 9 becomes libavif's speed 10 to 1, 6 by default.

    Raises:
        EncodingFailed: a side is longer than 65536 px.
    """
    if encoding.lossless:
        picture = picture.warn("AVIF is not lossless here: quality 100 was used")
    if picture.animated and picture.loop:
        picture = picture.warn("an AVIF animation does not say how often it plays")
    # Over a sequence that is to be turned libavif crashes.
    picture = turned_for_good(picture, _NOT_TURNED) if picture.animated else picture
    options: dict[str, Any] = {
        "quality": 100 if encoding.lossless else encoding.quality or 60,
        "subsampling": encoding.subsampling or ("4:4:4" if encoding.lossless else "4:2:0"),
        "speed": 6 if encoding.effort is None else 10 - encoding.effort,
        # One picture a core is faster than several cores a picture.
        "max_threads": 1,
        **options_of(picture),
    }
    return Encoded(
        without_times(save_frames(picture, "AVIF", options)), frame_size(picture.frames[0]), picture.warnings
    )


def _use_one_thread() -> None:
    from PIL import AvifImagePlugin

    AvifImagePlugin.DEFAULT_MAX_THREADS = 1


def _is_deep(data: bytes) -> bool:
    """Whether the box that configures the decoder (AV1 in ISOBMFF, 2.3) asks for more than 8 bits."""
    configuration = data.find(b"av1C")
    return (
        configuration >= 0 and bool(data[configuration + 6] & _HIGH_BIT_DEPTH)
        if len(data) > configuration + 6
        else False
    )


CODEC = Codec(
    name="avif",
    decode=decode,
    encode=encode,
    pillow_formats=FORMATS,
    signature=lambda head: not brands_of(head).isdisjoint({b"avif", b"avis"}),
    plugin="PIL.AvifImagePlugin",
    options=("quality", "subsampling", "effort"),
    lossless=False,
    alpha=True,
    animation=True,
    grey=False,
    profile=True,
    metadata=("exif", "xmp"),
)
