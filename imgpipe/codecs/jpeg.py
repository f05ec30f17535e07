"""JPEG: decoded at a reduced scale where a smaller picture will do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgpipe.codecs.codec import Codec, Encoded, Encoding, Header
from imgpipe.codecs.metadata import options_of, picture_of
from imgpipe.codecs.modes import frame_of, mode_of
from imgpipe.codecs.pillow import opened, saved
from imgpipe.codecs.segments import iptc_segment, with_short_metadata
from imgpipe.orientation import turned_size
from imgpipe.picture import Picture, Size, frame_size

if TYPE_CHECKING:
    from PIL import ImageFile

FORMATS = ("JPEG",)
_LONGEST_SIDE = 65_500
_UNITS = (1, 2)
"""Of a resolution in the header: an inch, a centimetre; else it is but the shape of a px."""
_MAPS = {
    "HDR gain map dropped: only the standard range is kept": (
        b"hdrgm:Version",
        b"HDRGainMap",
        b"urn:iso:std:iso:ts:21496",
    ),
    "depth map dropped": (
        b"ns.google.com/photos/1.0/depthmap",
        b"ns.google.com/photos/dd/1.0",
        b"ns.apple.com/depthData",
    ),
    "video of a motion photo dropped": (
        b'MotionPhoto="1"',
        b"MotionPhoto>1<",
        b'MicroVideo="1"',
        b"MicroVideo>1<",
    ),
}
"""What is said of what is no picture, and how XMP and APP2 name it."""
_THUMBNAILS = ("Large Thumbnail (VGA Equivalent)", "Large Thumbnail (Full HD Equivalent)")


def decode(data: bytes | memoryview, header: Header, at_least: Size | None) -> Picture:
    """Decode at 1/1, 1/2, 1/4 or 1/8, whichever is the smallest that `at_least` (px, upright) allows.

    Raises:
        DamagedPicture: truncated or corrupt.
    """
    with opened(data, FORMATS, header.image) as image:
        if at_least is not None:
            width, height = turned_size(at_least, header.orientation)
            image.draft(None, (max(width, 1), max(height, 1)))
        image.load()
        warnings = _lost(image, data)
        # Where its own header says none, Pillow takes what EXIF says of across for both, and 72 where that cannot be.
        own = {} if image.info.get("jfif_unit") in _UNITS else {"dpi": None}
        return picture_of({**image.info, **own}, (frame_of(image),), header, warnings=warnings)


def encode(picture: Picture, encoding: Encoding) -> Encoded:
    """Encode the first frame: quality 82, baseline, 4:2:0 below quality 90 and 4:4:4 from there, by default.

    CMYK is always 4:4:4: its inks have no chroma, and all but the first would be halved.

    Raises:
        EncodingFailed: a side is longer than 65500 px.
    """
    picture = with_short_metadata(picture)
    quality = 100 if encoding.lossless else encoding.quality or 82
    subsampling = encoding.subsampling or ("4:4:4" if quality >= 90 else "4:2:0")
    if mode_of(picture.frames[0]) == "CMYK":
        subsampling = "4:4:4"
    options: dict[str, Any] = {"quality": quality, "subsampling": subsampling, **options_of(picture)}
    if encoding.progressive or (encoding.effort or 0) >= 5:
        options |= {"progressive": encoding.progressive, "optimize": True}
    if picture.iptc:
        options["extra"] = iptc_segment(picture.iptc)
    frame: Any = picture.frames[0]
    data = saved(frame, "JPEG", **options)
    lost = ("JPEG is never lossless: quality 100 was used",) if encoding.lossless else ()
    return Encoded(data, frame_size(frame), (*picture.warnings, *lost))


def _lost(image: ImageFile.ImageFile, data: bytes | memoryview) -> tuple[str, ...]:
    """What else was in the file that is not decoded."""
    segments: list[tuple[str, bytes]] = getattr(image, "applist", [])
    entries: list[dict[str, Any]] = (getattr(image, "mpinfo", None) or {}).get(0xB002, [])
    others = [entry for entry in entries[1:] if entry["Attribute"]["MPType"] not in _THUMBNAILS]
    # Some phones say what a further picture is in that picture alone.
    where = [bytes(data)] if others else [content for name, content in segments if name in ("APP1", "APP2")]
    maps = tuple(word for word, marks in _MAPS.items() if any(mark in text for text in where for mark in marks))
    return maps or ((f"{len(entries)} pictures in the file: only the first is kept",) if others else ())


CODEC = Codec(
    name="jpeg",
    decode=decode,
    encode=encode,
    pillow_formats=FORMATS,
    plugin="PIL.JpegImagePlugin",
    continues=True,
    in_place=True,
    signature=lambda head: head.startswith(b"\xff\xd8\xff"),
    options=("quality", "progressive", "subsampling", "effort"),
    lossless=False,
    cmyk=True,
    profile=True,
    metadata=("exif", "xmp", "iptc", "dpi"),
)
