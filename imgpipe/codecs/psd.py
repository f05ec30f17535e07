"""PSD, Photoshop's documents: the picture of all layers together that is stored beside them."""

from __future__ import annotations

import struct
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from imgpipe.codecs.codec import Codec, Header
from imgpipe.codecs.exif import prefixed, without_orientation
from imgpipe.codecs.metadata import picture_of
from imgpipe.codecs.modes import frame_of
from imgpipe.codecs.pillow import opened
from imgpipe.codecs.psd_deep import NARROWED, Channel, as_shallow, deep_frame, has_16_bits, narrowed
from imgpipe.errors import DamagedPicture
from imgpipe.picture import Picture, Size, is_deep

if TYPE_CHECKING:
    from PIL import Image, ImageFile

FORMATS = ("PSD",)
_RESOLUTION, _IPTC, _EXIF, _XMP = 1005, 1028, 1058, 1060
"""Numbers of Photoshop's image resources."""
_VERSION, _COUNT, _BITS, _HEADER = 4, 12, 22, 26
_LARGE, _DEEPEST = 2, 16
_DEEP = ("L", "RGB", "RGBA")
"""The modes of which 16 bits a channel are kept."""
_LAYERS_OF_16 = b"8BIMLr16"
_RAW, _PACKBITS = 0, 1
_INK_SHOWN = "transparency of CMYK is not read: shown on white"


def decode(data: bytes, header: Header, at_least: Size | None) -> Picture:  # noqa: ARG001 - there are no scales
    """Decode the picture of all layers.

    Raises:
        DamagedPicture: truncated or corrupt.
    """
    with opened(as_shallow(data), FORMATS) as image:
        channels = _channels(data, image.size)
        colours = len(image.getbands()) - (image.mode == "RGBA")
        transparent = _is_transparent(data)
        alpha = channels[colours] if transparent and len(channels) > colours else None
        words: tuple[str, ...] = ()
        frame: Any
        if has_16_bits(data) and image.mode in _DEEP:
            frame = deep_frame(data, channels[:colours], alpha, image.size)
        elif has_16_bits(data):
            frame, words = frame_of(narrowed(data, channels[:colours], image.mode, image.size)), (NARROWED,)
        else:
            frame = _shallow_frame(image, channels[:colours])
        if transparent and image.mode == "CMYK":
            words += (_INK_SHOWN,)
        elif alpha is not None and not is_deep(frame):
            frame = _off_white(frame, _plane(data, alpha, image.size))
        return picture_of(_told(image), (frame,), header, warnings=words)


def _shallow_frame(image: ImageFile.ImageFile, channels: list[Channel]) -> Image.Image:
    # Pillow takes a fourth channel for alpha, whatever it is, and looks in the wrong place where there are others.
    tiles = zip(image.tile[: len(channels)], channels, strict=True)
    image.tile = [tile._replace(offset=channel.offset) for tile, channel in tiles]
    image.load()
    frame: Any = frame_of(image)
    colours: Image.Image = frame.convert("RGB") if frame.mode == "RGBA" else frame
    return colours


def unread(data: bytes) -> str:
    """Why a PSD is not read that may be in order; empty where nothing is known of it but that it cannot be read."""
    if len(data) < _HEADER:
        return ""
    (version,), (bits,) = struct.unpack_from(">H", data, _VERSION), struct.unpack_from(">H", data, _BITS)
    if version == _LARGE:
        return "it is a PSB, Photoshop's large document, which imgpipe does not read: save it as PSD or TIFF"
    if bits > _DEEPEST:
        return f"it has {bits} bits a channel, which imgpipe does not read in a PSD: save it with 16"
    return ""


def _told(image: ImageFile.ImageFile) -> dict[Any, Any]:
    """What the file says of the picture, as `picture_of` takes it."""
    found: list[tuple[int, bytes, bytes]] = getattr(image, "resources", [])
    resources = {number: content for number, _, content in found}
    # Photoshop shows its pictures as they are stored, whatever the camera has said.
    exif = without_orientation(prefixed(resources.get(_EXIF)))
    info: dict[Any, Any] = {**image.info, "exif": exif, "xmp": resources.get(_XMP)}
    return info | {"photoshop": {_IPTC: resources.get(_IPTC)}, "dpi": _dpi(resources.get(_RESOLUTION, b""))}


def _is_transparent(data: bytes) -> bool:
    """Whether the first channel behind the colours says what all layers leave transparent; else somebody has saved a
    selection there.

    The number of layers is negative then (Adobe Photoshop File Formats Specification, "Layer info").
    """
    layers = _behind(data, _behind(data, _HEADER))
    length, of_layers = struct.unpack_from(">II", data, layers)
    number = layers + 8
    if length and not of_layers:
        # Of 16 bits a channel the layers stand in a block behind.
        found = data.find(_LAYERS_OF_16, layers, layers + 4 + length - 6)
        of_layers, number = found + 1, found + 12
    return bool(length and of_layers and struct.unpack_from(">h", data, number)[0] < 0)


def _channels(data: bytes, size: Size) -> list[Channel]:
    """All channels, which follow each other at the end of the file."""
    (count,), (bits,) = struct.unpack_from(">H", data, _COUNT), struct.unpack_from(">H", data, _BITS)
    start = _behind(data, _behind(data, _behind(data, _HEADER)))
    (compression,) = struct.unpack_from(">H", data, start)
    start += 2
    if compression == _PACKBITS:
        rows = struct.unpack_from(f">{count * size[1]}H", data, start)
        start += 2 * len(rows)
        lengths = [sum(rows[at : at + size[1]]) for at in range(0, len(rows), size[1])]
    elif compression == _RAW:
        lengths = [(size[0] * bits + 7) // 8 * size[1]] * count
    else:
        raise DamagedPicture("its picture is packed in a way (ZIP) that imgpipe does not read: save it again")
    *offsets, end = accumulate(lengths, initial=start)
    if end > len(data):
        raise DamagedPicture("damaged PSD: truncated, it ends before its last channel")
    return [Channel(*place, compression == _PACKBITS) for place in zip(offsets, lengths, strict=True)]


def _behind(data: bytes, section: int) -> int:
    """Where a section ends, whose length stands before it."""
    return section + 4 + int(struct.unpack_from(">I", data, section)[0])


def _plane(data: bytes, channel: Channel, size: Size) -> Image.Image:
    from PIL import Image

    samples = data[channel.offset : channel.offset + channel.length]
    return Image.frombytes("L", size, samples, "packbits" if channel.packed else "raw", "L")


def _off_white(frame: Image.Image, alpha: Image.Image) -> Image.Image:
    """The colours as they were before Photoshop laid them on white, with their alpha."""
    from cykooz_resizer import AlphaMulDiv
    from PIL import Image, ImageChops

    # The same as dividing by alpha what has black behind it, the other way round.
    darkness = ImageChops.invert(frame.convert("RGB"))
    divided = AlphaMulDiv().divide_alpha_pil(Image.merge("RGBa", (*darkness.split(), alpha)))
    *colours, _ = divided.split()
    colours = [ImageChops.invert(band) for band in (colours[:1] if frame.mode == "L" else colours)]
    return Image.merge("LA" if frame.mode == "L" else "RGBA", (*colours, alpha))


def _dpi(resolution: bytes) -> Any:
    """Across and down, which are in dots an inch whatever unit a person is shown."""
    if len(resolution) < struct.calcsize(">IHHI"):
        return None
    across, _, _, down = struct.unpack_from(">IHHI", resolution)
    return across / 65536, down / 65536


CODEC = Codec(
    name="psd",
    decode=decode,
    encode=None,
    pillow_formats=FORMATS,
    signature=lambda head: head.startswith(b"8BPS"),
    readable=as_shallow,
    unread=unread,
    plugin="PIL.PsdImagePlugin",
)
