"""TIFF: pages, 8 or 16 bits a sample, CMYK.

Pillow turns the pages upright itself, so the header has no orientation; where they are to stay as stored, they are
turned back.
"""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from imgpipe.codecs.codec import Codec, Encoded, Encoding, Header
from imgpipe.codecs.colour import to_srgb
from imgpipe.codecs.depth import shallow
from imgpipe.codecs.exif import orientation_of, saying_srgb
from imgpipe.codecs.metadata import picture_of
from imgpipe.codecs.modes import frame_of
from imgpipe.codecs.pillow import opened, saved
from imgpipe.codecs.raw_kinds import is_raw_tiff
from imgpipe.codecs.tiff_deep import NARROWED, check_size, decode_deep, depth_of, encode_pages, heed_tags_alone
from imgpipe.codecs.tiff_errors import errors_met
from imgpipe.codecs.tiff_exif import described
from imgpipe.codecs.tiff_texts import ORIENTATION, texts_of, with_word_of_loss
from imgpipe.codecs.tiff_tree import directories
from imgpipe.codecs.tiff_unread import unread
from imgpipe.orientation import inverse, turned_resolution, turned_size, upright_frame
from imgpipe.picture import Frame, Picture, Size, frame_size, is_deep

if TYPE_CHECKING:
    from PIL import Image
    from PIL.TiffImagePlugin import TiffImageFile

FORMATS = ("TIFF",)
_DAMAGED = "damaged in parts: its decoder met errors and went on, look at the picture"
_LEVEL = 4
_DEFLATES = 5
_BYTE, _ASCII, _LONG, _UNDEFINED = 1, 2, 4, 7
_XMP, _IPTC, _PREDICTOR, _RESOLUTION = 700, 33723, 317, 282
_PROFILE = 34675
_SEVERAL_PROFILES = "its pages have different ICC profiles: colours of all converted to sRGB"
_DATA_SET = b"\x1c"
"""What each data set of IPTC begins with."""


def decode(data: bytes | memoryview, header: Header, at_least: Size | None) -> Picture:  # noqa: ARG001 - TIFF has no scales
    """Decode all pages; 16 bits a sample stay 16.

    Raises:
        DamagedPicture: truncated or corrupt.
    """
    data = with_xmp_as_bytes(data)
    with errors_met() as met, opened(data, FORMATS) as opened_image:
        image: TiffImageFile = opened_image  # type: ignore[assignment]
        orientation = _orientation(image) if header.as_stored else 1
        exif, words = described(image.getexif(), orientation)
        dpi = image.info.get("dpi") if _RESOLUTION in image.tag_v2 else None
        turned = 1 if header.as_stored else _orientation(image)
        info = {**image.info, "exif": exif, "dpi": turned_resolution(dpi, turned)}
        iptc = image.tag_v2.get(_IPTC)
        if iptc and not isinstance(iptc, bytes):
            iptc = _data_sets(data) or iptc
        frames: list[Frame] = []
        profiles: list[bytes | None] = []
        for page in range(header.frames):
            image.seek(page)
            profile = image.tag_v2.get(_PROFILE)
            profiles.append(profile if isinstance(profile, bytes) else None)
            heed_tags_alone(image)
            deep = depth_of(image)
            words += (NARROWED,) if deep == NARROWED and NARROWED not in words else ()
            image.load()
            frame = decode_deep(image, data, page) if deep == "deep" else frame_of(_own(image, header.frames))
            # Pages that are stored in other ways are turned so too: what is kept of EXIF is that of the first.
            frames.append(upright_frame(frame, inverse(orientation)))
    words += (_DAMAGED,) if met.error else ()
    picture = picture_of(info, tuple(frames), header, warnings=words)
    if {*profiles} - {None, profiles[0]}:
        picture = _in_one_space(picture, profiles)
    picture = replace(picture, size=turned_size(picture.size, orientation))
    if iptc and not isinstance(iptc, bytes):
        return picture.warn("IPTC is stored as numbers, which imgpipe does not read, and was dropped")
    return replace(picture, iptc=iptc or None)


def encode(picture: Picture, encoding: Encoding) -> Encoded:
    """Encode all pages without loss: by LZW where samples have 8 bits, by deflate from effort 5 on, bare at effort 0.

    Deflate makes a photograph a tenth smaller and takes seven times as long. Samples of 16 bits, which LZW does not
    make smaller, are deflated at any other effort, which is zlib's level, 4 by default.

    Raises:
        EncodingFailed: larger than 4 GB.
    """
    size = frame_size(picture.frames[0])
    picture = with_word_of_loss(picture)
    if encoding.effort == 0:
        check_size(sum(_bytes_of(frame) for frame in picture.frames))
    if any(is_deep(frame) for frame in picture.frames):
        level = _LEVEL if encoding.effort is None else encoding.effort
        return Encoded(encode_pages(picture, level), size, picture.warnings)
    frames: tuple[Any, ...] = picture.frames
    first, *others = frames
    compression = _compression(encoding.effort)
    options: dict[str, Any] = {"compression": compression, "tiffinfo": _tags(picture, compression)}
    options |= {"icc_profile": picture.profile} if picture.profile else {}
    options |= {"dpi": picture.dpi} if picture.dpi else {}
    if others:
        options |= {"save_all": True, "append_images": others}
    return Encoded(saved(first, "TIFF", **options), size, picture.warnings)


def _in_one_space(picture: Picture, profiles: list[bytes | None]) -> Picture:
    """The picture with pages that have profiles of their own in sRGB: it has room for one profile.

    A page without one is taken for one of a picture whose first page says it for all, as for its thumbnail.
    """
    frames: list[Frame] = []
    words = picture.warnings
    for frame, profile in zip(picture.frames, profiles, strict=True):
        page = to_srgb(replace(picture, frames=(frame,), profile=profile or picture.profile, warnings=()))
        page = page if page.profile is None else to_srgb(shallow(page))
        frames += page.frames
        words += tuple(word for word in page.warnings if word not in words)
    exif = saying_srgb(picture.exif)
    return replace(picture, frames=tuple(frames), profile=None, exif=exif, warnings=words).warn(_SEVERAL_PROFILES)


def _data_sets(data: bytes | memoryview) -> bytes | None:
    """IPTC of type LONG, as libtiff and ExifTool store it, in the byte order in which it begins like IPTC.

    Pillow gives the first of these numbers alone.
    """
    first = next(directories(data))
    numbers = first.numbers(_IPTC) if first.entries[_IPTC][0] == _LONG else ()
    packed = [struct.pack(f"{order}{len(numbers)}L", *numbers) for order in "<>"]
    return next((block for block in packed if block.startswith(_DATA_SET)), None)


def _orientation(image: TiffImageFile) -> int:
    value = image.tag_v2.get(ORIENTATION)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _compression(effort: int | None) -> str:
    """Pillow's name of how samples of 8 bits are compressed."""
    if effort == 0:
        return "raw"
    return "tiff_adobe_deflate" if (effort or 0) >= _DEFLATES else "tiff_lzw"


def _bytes_of(frame: Frame) -> int:
    return frame.nbytes if is_deep(frame) else frame.width * frame.height * len(frame.getbands())


def _own(image: Image.Image, pages: int) -> Image.Image:
    """The image of one page; to Pillow all pages of a file are one object."""
    return image.copy() if pages > 1 else image


def with_xmp_as_bytes(data: bytes | memoryview) -> bytes | memoryview:
    """The file with its XMP of type BYTE where it is of numbers, over which Pillow would fail: it is malformed then."""
    changed = None
    for directory in directories(data):
        kind, _, field = directory.entries.get(_XMP, (_BYTE, 0, 0))
        if kind not in (_BYTE, _ASCII, _UNDEFINED):
            changed = changed or bytearray(data)
            struct.pack_into(directory.order + "H", changed, field - directory.inline - 2, _BYTE)
    return bytes(changed) if changed else data


def _tags(picture: Picture, compression: str) -> Image.Exif:
    from PIL import Image

    tags = Image.Exif()
    for tag, text in texts_of(picture.exif).items():
        tags[tag] = text
    if (orientation := orientation_of(picture.exif)) != 1:
        tags[ORIENTATION] = orientation
    if picture.xmp:
        tags[_XMP] = picture.xmp
    if picture.iptc:
        tags[_IPTC] = picture.iptc
    if compression != "raw":
        tags[_PREDICTOR] = 2
    return tags


CODEC = Codec(
    name="tiff",
    decode=decode,
    encode=encode,
    pillow_formats=FORMATS,
    plugin="PIL.TiffImagePlugin",
    in_place=True,
    signature=lambda head: head.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")),
    told_apart=lambda data: "raw" if is_raw_tiff(data) else "tiff",
    unread=unread,
    options=("effort",),
    deep=True,
    alpha=True,
    pages=True,
    cmyk=True,
    profile=True,
    metadata=("exif", "xmp", "iptc", "dpi"),
)
