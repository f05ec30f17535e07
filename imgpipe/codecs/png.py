"""PNG: 1 to 16 bits a sample, palettes, transparency, animations (APNG)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from imgpipe.codecs.animation import save_frames
from imgpipe.codecs.codec import Codec, Encoded, Encoding, Header
from imgpipe.codecs.laying import laid
from imgpipe.codecs.metadata import options_of, picture_of
from imgpipe.codecs.modes import frame_of
from imgpipe.codecs.palette import paletted
from imgpipe.codecs.pillow import open_image, opened
from imgpipe.codecs.png_animation import frames_and_plays, parts_of, without_animation
from imgpipe.codecs.png_chunks import SIGNATURE, Chunk, chunks_of, late_exif
from imgpipe.codecs.png_compression import LEVEL, SMALL, compression_of
from imgpipe.codecs.png_deep import decode_deep, encode_deep
from imgpipe.codecs.png_file import COLOUR_TYPES, png_file
from imgpipe.codecs.png_profile import matching_profile
from imgpipe.codecs.png_rows import deflated
from imgpipe.codecs.png_texts import without_texts, without_texts_and_words
from imgpipe.errors import DamagedPicture
from imgpipe.picture import Frame, Picture, Size, frame_size, is_deep, to_eight_bits

if TYPE_CHECKING:
    from PIL import Image, ImageFile
    from PIL.PngImagePlugin import PngInfo

FORMATS = ("PNG",)
_SAMPLED = ("L", "LA", "RGB", "RGBA")
_COLOURS = 256


def decode(data: bytes, header: Header, at_least: Size | None) -> Picture:  # noqa: ARG001 - PNG has no scales
    """Decode the picture or all frames of an animation; 16 bits a sample stay 16 in a still.

    Raises:
        DamagedPicture: truncated or corrupt.
    """
    data, words = without_texts_and_words(data)
    chunks = chunks_of(data)
    _check_palette(data, chunks)
    if header.frames > 1:
        return _decode_animation(data, chunks, header, words)
    with opened(data, FORMATS, header.image) as image:
        _scale_transparent_grey(image, data)
        image.load()
        info = dict(image.info)
        frame = _frame(image, data)
    return _coloured(picture_of(info, (frame,), header, warnings=words), data, chunks, info)


def _decode_animation(data: bytes, chunks: list[Chunk], header: Header, words: tuple[str, ...]) -> Picture:
    """All frames; the picture for viewers that show no animations may be none of them."""
    with opened(without_animation(data, chunks), FORMATS) as image:
        # Some of what is said of the picture may stand behind it.
        image.load()
        count, plays = frames_and_plays(data, chunks)
        parts = islice(parts_of(data, chunks, image.size), count)
        frames, durations = laid(parts, lambda part: _layer(part, data), image.size)
        if len(frames) < count:
            raise DamagedPicture("damaged PNG: frames of its animation are missing")
        timing = {"durations": durations if count > 1 else (), "loop": plays}
        picture = picture_of(image.info, frames, header, **timing, warnings=words)
    picture = _coloured(picture, data, chunks, image.info)
    deep = data[24] == 16
    return picture.warn("16 bits a sample converted to 8 in an animation") if deep else picture


def _frame(image: ImageFile.ImageFile, data: bytes) -> Frame:
    return decode_deep(image, data) if data[24] == 16 else frame_of(image)


def _layer(part: bytes, data: bytes) -> Image.Image:
    with open_image(part, FORMATS) as image:
        _scale_transparent_grey(image, data)
        image.load()
        return to_eight_bits(_frame(image, part))


def encode(picture: Picture, encoding: Encoding) -> Encoded:
    """Encode a still of 8 or 16 bits, or an animation of 8; effort is zlib's level.

    Without one it is 4, or for a still of 8 bits what `png_compression` finds enough for its content.

    Raises:
        EncodingFailed: Pillow cannot write it.
    """
    picture = matching_profile(picture)
    level = LEVEL if encoding.effort is None else encoding.effort
    size = frame_size(picture.frames[0])
    if is_deep(picture.frames[0]):
        return Encoded(encode_deep(picture, level), size, picture.warnings)
    if encoding.palette:
        picture = _with_palette(picture)
    if encoding.effort is None and _is_sampled(picture):
        return Encoded(_encode_sampled(picture), size, picture.warnings)
    options: dict[str, Any] = {**options_of(picture), "compress_level": level, "pnginfo": _xmp_chunk(picture)}
    if picture.animated:
        options |= {"loop": picture.loop, "default_image": False}
    return Encoded(save_frames(picture, "PNG", options), size, picture.warnings)


def _is_sampled(picture: Picture) -> bool:
    frame: Any = picture.frames[0]
    return not picture.animated and frame.mode in _SAMPLED and frame.width * frame.height >= SMALL


def _encode_sampled(picture: Picture) -> bytes:
    frame: Any = picture.frames[0]
    colour_type = COLOUR_TYPES[len(frame.getbands())]
    return png_file(picture, 8, colour_type, deflated(frame, compression_of(frame)))


def _with_palette(picture: Picture) -> Picture:
    """The still with its colours in a palette, exactly; as it is where they are too many."""
    frame: Any = picture.frames[0]
    if picture.animated or frame.mode in ("L", "LA"):
        return picture
    if frame.getcolors(_COLOURS) is None:
        return picture.warn(f"more than {_COLOURS} colours: stored without a palette")
    return replace(picture, frames=(paletted(frame),))


def _coloured(picture: Picture, data: bytes, chunks: list[Chunk], info: Mapping[Any, Any]) -> Picture:
    """The picture with the profile of its colours, in the order of PNG (third edition, 4.3): cICP, iCCP, sRGB, gAMA."""
    code = next((data[start : start + length] for kind, start, length in chunks if kind == b"cICP"), b"")
    if len(code) == 4:
        from imgpipe.codecs.cicp import CodePoints, in_code_points

        return in_code_points(picture, CodePoints(code[0], code[1]))
    if picture.profile is None and "srgb" not in info and ("gamma" in info or "chromaticity" in info):
        from imgpipe.codecs.cicp import in_gamma

        return in_gamma(picture, info.get("gamma"), info.get("chromaticity"))
    return picture


def _check_palette(data: bytes, chunks: list[Chunk]) -> None:
    """Pillow would make up a palette where there is none."""
    if data[25] == 3 and all(kind != b"PLTE" for kind, _, _ in chunks):
        raise DamagedPicture("damaged PNG: its palette is missing")


def _scale_transparent_grey(image: ImageFile.ImageFile, data: bytes) -> None:
    """Pillow makes 8 bits of grey of 2 and 4, but not of the grey that is declared transparent; its low bits count."""
    depth, grey = data[24], image.info.get("transparency")
    if depth in (2, 4) and data[25] == COLOUR_TYPES[1] and isinstance(grey, int):
        most = (1 << depth) - 1
        image.info["transparency"] = (grey & most) * 255 // most


def _xmp_chunk(picture: Picture) -> PngInfo | None:
    if not picture.xmp:
        return None
    from PIL.PngImagePlugin import PngInfo

    chunk = PngInfo()
    chunk.add_itxt("XML:com.adobe.xmp", picture.xmp.decode("utf-8", "replace"))
    return chunk


CODEC = Codec(
    name="png",
    decode=decode,
    encode=encode,
    pillow_formats=FORMATS,
    plugin="PIL.PngImagePlugin",
    continues=True,
    signature=lambda head: head.startswith(SIGNATURE),
    readable=without_texts,
    options=("effort", "palette"),
    find_exif=late_exif,
    deep=True,
    alpha=True,
    animation=True,
    profile=True,
    metadata=("exif", "xmp", "dpi"),
)
