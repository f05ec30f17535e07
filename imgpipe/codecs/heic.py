"""HEIC, through pillow-heif: the first picture of a file, 8 bits a sample."""

from __future__ import annotations

from typing import Any

from imgpipe.codecs.cicp import in_code_points
from imgpipe.codecs.codec import Codec, Encoded, Encoding, Header
from imgpipe.codecs.colour import to_srgb
from imgpipe.codecs.isobmff import GAIN_MAP_DROPPED, TONE_MAPPED, brands_of, code_points
from imgpipe.codecs.metadata import options_of, picture_of
from imgpipe.codecs.modes import frame_of, mode_of
from imgpipe.codecs.pillow import opened, saved
from imgpipe.icc import space_of
from imgpipe.picture import Picture, Size, frame_size

FORMATS = ("HEIF",)
_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_GAIN_MAP = "hdrgainmap"


def decode(data: bytes, header: Header, at_least: Size | None) -> Picture:  # noqa: ARG001 - HEIC has no scales
    """Decode the primary picture; the library turns it upright as the file says.

    Raises:
        DamagedPicture: truncated or corrupt.
    """
    with opened(data, FORMATS) as image:
        info = dict(image.info)
        pictures = getattr(image, "n_frames", 1)
        image.load()
        picture = picture_of(info, (frame_of(image),), header)
    if pictures > 1:
        picture = picture.warn(f"{pictures} pictures in the file: only the first is kept")
    if info.get("bit_depth", 8) > 8:
        picture = picture.warn("10 or 12 bits a sample converted to 8")
    if info.get("depth_images"):
        picture = picture.warn("depth map dropped")
    if TONE_MAPPED in brands_of(data) or any(_GAIN_MAP in str(kind) for kind in info.get("aux") or ()):
        picture = picture.warn(GAIN_MAP_DROPPED)
    return picture if picture.profile else in_code_points(picture, code_points(data))


def encode(picture: Picture, encoding: Encoding) -> Encoded:
    """Encode the first frame: quality 60 and 4:2:0 by default; lossless by 4:4:4 and the encoder's own lossless mode.

    Raises:
        EncodingFailed: the library cannot write it.
    """
    if mode_of(picture.frames[0]) == "LA" and space_of(picture.profile) == b"GRAY":
        # The library makes colours of it, for which its profile is none.
        picture = to_srgb(picture).warn("colours converted to sRGB: heic does not hold grey with alpha")
    frame: Any = picture.frames[0]
    options: dict[str, Any] = {"quality": -1 if encoding.lossless else encoding.quality or 60, **options_of(picture)}
    if encoding.lossless:
        options |= {"chroma": 444, "matrix_coefficients": 0}
    elif encoding.subsampling:
        options["chroma"] = int(encoding.subsampling.replace(":", ""))
    return Encoded(saved(frame, "HEIF", **options), frame_size(frame), picture.warnings)


CODEC = Codec(
    name="heic",
    decode=decode,
    encode=encode,
    pillow_formats=FORMATS,
    signature=lambda head: not brands_of(head).isdisjoint(_BRANDS) and brands_of(head).isdisjoint({b"avif", b"avis"}),
    plugin="pillow_heif.HeifImagePlugin",
    extra="heif",
    options=("quality", "subsampling"),
    alpha=True,
    profile=True,
    metadata=("exif", "xmp"),
)
