"""Formats: recognised by content, decoded within limits, encoded. Pillow is loaded with the first picture."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cache
from importlib import import_module

from imgpipe.codecs.codec import Codec, Encoded, Encoding, Header, Limits
from imgpipe.errors import DamagedPicture, EncodingFailed, NotAPicture, UsageError
from imgpipe.orientation import settled, turned_size
from imgpipe.picture import Picture, Size, frame_size

__all__ = [
    "Codec",
    "Encoded",
    "Encoding",
    "Header",
    "Limits",
    "all_codecs",
    "by_extension",
    "by_name",
    "decode",
    "encode",
    "extensions",
    "identify",
    "probe",
    "sniff",
    "writer",
    "written_as",
]

_EXTENSIONS: dict[str, tuple[str, ...]] = {
    "jpeg": (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),
    "png": (".png", ".apng"),
    "webp": (".webp",),
    "gif": (".gif",),
    "raw": (
        *(".dng", ".nef", ".cr2", ".cr3", ".arw", ".pef", ".nrw", ".rw2", ".orf", ".raf", ".srw", ".rwl", ".gpr"),
        *(".3fr", ".fff", ".erf", ".dcr", ".kdc", ".mrw", ".x3f", ".crw", ".sr2", ".srf", ".iiq", ".mos", ".mef"),
    ),
    "tiff": (".tif", ".tiff"),
    "bmp": (".bmp", ".dib"),
    "avif": (".avif", ".avifs"),
    "heic": (".heic", ".heif", ".hif"),
    "jpeg2000": (".jp2", ".j2k", ".jpf", ".jpx", ".j2c", ".jpc"),
    "jxl": (".jxl",),
    "ppm": (".ppm", ".pgm", ".pbm", ".pnm"),
    "psd": (".psd",),
    "qoi": (".qoi",),
    "dds": (".dds",),
    "ico": (".ico",),
    "tga": (".tga", ".icb", ".vda", ".vst"),
}
"""Every format, in the order in which signatures are tried, and its extensions, the usual one first.

The ``CODEC`` of a format is in the module of its name. A new one is a line here. Only the modules that a run needs are
imported: every run waits for them.
"""

_ALIASES = {"jpg": "jpeg", "tif": "tiff", "apng": "png", "heif": "heic", "jp2": "jpeg2000", "j2k": "jpeg2000"}
_HEAD = 64


@cache
def all_codecs() -> tuple[Codec, ...]:
    """All codecs, in the order of the table."""
    return tuple(_load(name) for name in _EXTENSIONS)


def by_name(name: str) -> Codec:
    """The codec of that name, or of a usual other one such as ``jpg``.

    Raises:
        UsageError: there is none, or it needs something that is not installed.
    """
    wanted = _usual(name)
    if wanted not in _EXTENSIONS:
        raise UsageError(_unknown(name, list(_EXTENSIONS)))
    codec = _load(wanted)
    if codec.missing:
        raise UsageError(f"format {name} is not installed: {codec.missing}")
    return codec


def writer(name: str) -> Codec:
    """As `by_name`, of a codec that writes.

    Raises:
        UsageError: there is none, or the format is only read.
    """
    if _usual(name) not in _EXTENSIONS:
        raise UsageError(_unknown(name, [codec.name for codec in all_codecs() if codec.encode and not codec.missing]))
    codec = by_name(name)
    if codec.encode is None:
        raise UsageError(f"format {codec.name} is only read, not written; choose another one, such as png")
    return codec


def by_extension(filename: str | bytes) -> str | None:
    """The name of the codec that a file name's extension claims, None where it claims none."""
    name = filename if isinstance(filename, str) else os.fsdecode(filename)
    stem, _, ending = name.rpartition(".")
    found = _formats().get(f".{ending}".lower())
    # A name that begins with its only dot is hidden, and has no extension.
    return found if found and stem[stem.rfind("/") + 1 :].strip(".") else None


def extensions(name: str) -> tuple[str, ...]:
    """The extensions of files in the format of that name, the usual one first."""
    return _EXTENSIONS[name]


def written_as(name: str) -> str:
    """The format in which pictures of a format are written where none is asked for: that one, else PNG."""
    return name if not name or _load(name).encode else "png"


def sniff(head: bytes) -> str | None:
    """The name of the codec whose signature the first 64 bytes of a file bear, None where there is none."""
    return next((name for name in _EXTENSIONS if _load(name).signature(head[:_HEAD])), None)


def identify(data: bytes | memoryview) -> str | None:
    """As `sniff`, of a whole file: a RAW may begin like a TIFF."""
    name = sniff(bytes(data[:_HEAD]))
    told_apart = _load(name).told_apart if name else None
    return told_apart(data) if told_apart else name


def in_hand(data: bytes | memoryview) -> bytes | memoryview:
    """The file as its codec can read it: a copy of what is in memory of others, but for codecs that need none."""
    if isinstance(data, bytes):
        return data
    name = identify(data)
    return data if name and _load(name).in_place else bytes(data)


def probe(data: bytes | memoryview, limits: Limits) -> Header:
    """What the file says of itself, by its content; nothing of it is decoded yet.

    Raises:
        NotAPicture: it is in no format that imgpipe reads, or in one that needs something that is not installed.
        DamagedPicture: its header cannot be read.
        LimitExceeded: it is larger than the limits allow.
    """
    from imgpipe.codecs.content import describe
    from imgpipe.codecs.limiting import check_pixels
    from imgpipe.codecs.pillow import raise_pillow_limit

    name = identify(data)
    if name is None:
        raise NotAPicture(f"not a picture: {describe(bytes(data[:_HEAD]))}")
    codec = _load(name)
    if codec.missing:
        raise NotAPicture(f"it is a {name} picture, which this installation does not read: {codec.missing}")
    import_module(codec.plugin)
    raise_pillow_limit(limits.max_pixels)
    if codec.stored_size is not None and (stored := codec.stored_size(data)):
        check_pixels(stored, limits)
    if codec.read_header is not None:
        header = codec.read_header(data)
        check_pixels(header.size, limits)
        return header
    try:
        return _header_by_pillow(data, codec, limits)
    except DamagedPicture as error:
        _explain(error, data, codec)
        raise


def _header_by_pillow(data: bytes | memoryview, codec: Codec, limits: Limits) -> Header:
    from imgpipe.codecs.exif import orientation_of, prefixed
    from imgpipe.codecs.limiting import check_pixels, count_frames
    from imgpipe.codecs.pillow import open_image, reading

    with reading(codec.pillow_formats):
        image = open_image(codec.readable(data) if codec.readable else data, codec.pillow_formats)
        size = image.size
        check_pixels(size, limits)
        frames = count_frames(image, codec, limits)
        exif = prefixed(image.info.get("exif")) or (codec.find_exif(data) if codec.find_exif else None)
        orientation = orientation_of(exif)
        size = turned_size(size, orientation)
        return Header(codec.name, size, frames, orientation, image if codec.continues else None)


def decode(data: bytes | memoryview, header: Header, at_least: Size | None = None) -> Picture:
    """Decode a probed file; the frames are as stored, not upright yet.

    Args:
        data: the whole file.
        header: what `probe` answered for it.
        at_least: upright size in px that is enough; None for every pixel.

    Raises:
        DamagedPicture: truncated or corrupt.
    """
    codec = _load(header.format)
    try:
        return codec.decode(data, header, at_least)
    except DamagedPicture as error:
        _explain(error, data, codec)
        raise


def encode(picture: Picture, format: str, encoding: Encoding) -> Encoded:
    """Encode in a format; what it cannot hold is converted, with a warning.

    Raises:
        UsageError: there is no such format.
        EncodingFailed: the format cannot be written, or cannot hold a picture of this size.
    """
    from imgpipe.codecs.exif import saying_resolution, saying_size
    from imgpipe.codecs.fitting import fitted

    codec = by_name(format)
    if codec.encode is None:
        raise EncodingFailed(f"{codec.name} is only read, not written: choose another format")
    import_module(codec.plugin)
    fitting = fitted(settled(picture), codec, encoding)
    if fitting.exif:
        exif = saying_resolution(fitting.exif, picture.dpi)
        fitting = replace(fitting, exif=saying_size(exif, frame_size(fitting.frames[0])))
    return codec.encode(fitting, encoding)


def _explain(error: DamagedPicture, data: bytes | memoryview, codec: Codec) -> None:
    """Raise another error where the file is not damaged, but of a kind that imgpipe does not read."""
    reason = codec.unread(data) if codec.unread else ""
    if reason:
        raise DamagedPicture(reason) from error


@cache
def _load(name: str) -> Codec:
    codec: Codec = import_module(f"imgpipe.codecs.{name}").CODEC
    return codec


@cache
def _formats() -> dict[str, str]:
    return {extension: name for name, extensions in _EXTENSIONS.items() for extension in extensions}


def _usual(name: str) -> str:
    plain = name.lower().lstrip(".")
    return _ALIASES.get(plain, plain)


def _unknown(name: str, valid: list[str]) -> str:
    import difflib

    close = difflib.get_close_matches(_usual(name), [*valid, *_ALIASES], n=1)
    advice = f"did you mean {close[0]}?" if close else f"valid are {', '.join(sorted(valid))}"
    return f"there is no format {name or repr(name)}; {advice}"
