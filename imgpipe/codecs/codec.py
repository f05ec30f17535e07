"""What a codec is, what it is asked for and what it answers: the words that all codec files share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from imgpipe.errors import install_advice
from imgpipe.picture import Picture, Size

if TYPE_CHECKING:
    from PIL import ImageFile


class Limits(NamedTuple):
    """What a picture may be at most, checked before anything is decoded.

    Attributes:
        max_pixels: width x height of one frame; of all frames together ten times as many (`--max-pixels`).
        max_frames: frames of an animation or pages (`--max-frames`).
        memory: bytes that one picture may be expected to take at its peak, None for no bound (`--memory`).
        max_file: bytes of a file, None for no bound (`--memory`).
    """

    max_pixels: int = 100_000_000
    max_frames: int = 1_000
    memory: int | None = None
    max_file: int | None = None


class Header(NamedTuple):
    """What a file says before its pixels are decoded.

    Attributes:
        format: the codec's name, by content.
        size: px, upright: width and height are swapped where EXIF orientation turns the picture.
        frames: how many frames or pages.
        orientation: EXIF orientation, 1 to 8.
        image: the file as Pillow has opened it, for a codec that `continues`; else None.
        as_stored: nobody is to turn the picture, not even a decoder that turns it itself.
    """

    format: str
    size: Size
    frames: int = 1
    orientation: int = 1
    image: ImageFile.ImageFile | None = None
    as_stored: bool = False


@dataclass(frozen=True, slots=True)
class Encoding:
    """How an output is to be written.

    Attributes:
        quality: 1 to 100, None for the format's default.
        lossless: every pixel exactly, where the format can.
        progressive: JPEG in progressive order.
        subsampling: chroma subsampling of JPEG, AVIF and HEIC: "4:4:4", "4:2:2" or "4:2:0"; None for the default.
        effort: 0 (fast; TIFF uncompressed) to 9 (small), None for the format's default.
        palette: store a PNG with a palette, exactly, where the picture has at most 256 colours.
        max_size: bytes that the output has at most: the quality is lowered for it, and then the size in px.
        background: red, green, blue (0-255) behind transparent pixels where the format has no alpha.
    """

    quality: int | None = None
    lossless: bool = False
    progressive: bool = False
    subsampling: str | None = None
    effort: int | None = None
    palette: bool = False
    max_size: int | None = None
    background: tuple[int, int, int] = (255, 255, 255)


File: TypeAlias = Any
"""A whole file: `bytes`, or also a view of memory for a codec that is `in_place`."""


class Encoded(NamedTuple):
    """An output in memory: its bytes, its size in px, and what the format could not hold."""

    data: bytes | memoryview
    size: Size
    warnings: tuple[str, ...] = ()


class Codec(NamedTuple):
    """One format: one file of this folder ends in ``CODEC = Codec(...)``.

    Attributes:
        name: lower case, as `--format` takes it.
        decode: bytes -> Picture; the size is a hint: frames may be decoded smaller, but not below it.
        encode: None for formats that are only read.
        pillow_formats: names under which Pillow knows the format; they make the allow-list.
        plugin: the module that makes Pillow know it, imported with the first picture.
        continues: whether `decode` goes on with the image of the header, once, and need not open the file again.
        in_place: whether a file may be a view of memory, all over its module; else it must be `bytes`.
        readable: the file without blocks over which Pillow would refuse the whole of it.
        told_apart: the name of the format of a whole file, where others begin with the same 64 bytes.
        unread: why a file that cannot be read may yet be in order: it is of a kind that imgpipe does not read; else "".
        read_header: what `probe` answers where it is not what Pillow says; the limits are checked afterwards.
        extra: the extra of imgpipe that installs the plugin, where imgpipe does not depend on it.
        signature: whether the first 64 bytes of a file are this format's.
        stored_size: the size in px, as stored, where what Pillow says when it opens the file is not all; None where
            the file does not say.
        find_exif: the EXIF block of a file that Pillow does not see before the pixels are decoded.
        options: which fields of `Encoding` its encoder heeds, besides those that follow from what it can hold.
        lossless: whether it can hold every pixel exactly.
        deep: whether it holds 16 bits a sample.
        alpha: whether it holds transparency.
        animation: whether it holds frames in time.
        pages: whether it holds pages.
        cmyk: whether it holds CMYK; pictures for the others are converted to sRGB.
        grey: whether it holds grey as such; where it does not, a profile of grey would be one of colours.
        profile: whether it holds an ICC profile; pictures for the others are converted to sRGB.
        metadata: what else it holds: of exif, xmp, iptc, dpi; the others do not reach its encoder.
    """

    name: str
    decode: Callable[[File, Header, Size | None], Picture]
    encode: Callable[[Picture, Encoding], Encoded] | None
    pillow_formats: tuple[str, ...]
    signature: Callable[[bytes], bool]
    plugin: str = ""
    continues: bool = False
    in_place: bool = False
    readable: Callable[[File], bytes] | None = None
    told_apart: Callable[[File], str] | None = None
    unread: Callable[[File], str] | None = None
    read_header: Callable[[File], Header] | None = None
    extra: str = ""
    stored_size: Callable[[File], Size | None] | None = None
    find_exif: Callable[[File], bytes | None] | None = None
    options: tuple[str, ...] = ()
    lossless: bool = True
    deep: bool = False
    alpha: bool = False
    animation: bool = False
    pages: bool = False
    cmyk: bool = False
    grey: bool = True
    profile: bool = False
    metadata: tuple[str, ...] = ()

    def heeds(self, option: str) -> bool:
        """Whether a field of `Encoding` can change what it writes."""
        match option:
            case "max_size":
                return True
            case "background":
                return not self.alpha
            case "lossless":
                return self.lossless
        return option in self.options

    @property
    def missing(self) -> str:
        """What is to be installed before the format can be used; empty where nothing is."""
        if not self.extra:
            return ""
        from importlib.util import find_spec

        return "" if find_spec(self.plugin.partition(".")[0]) else install_advice(self.extra)
