"""PSD, Photoshop's documents: the picture of all layers together that is stored beside them."""

from __future__ import annotations

import struct
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple

from imgpipe.codecs.codec import Codec, Header
from imgpipe.codecs.exif import prefixed, without_orientation
from imgpipe.codecs.metadata import picture_of
from imgpipe.codecs.modes import frame_of
from imgpipe.codecs.pillow import opened
from imgpipe.errors import DamagedPicture
from imgpipe.picture import Picture, Size

if TYPE_CHECKING:
    from PIL import Image, ImageFile

FORMATS = ("PSD",)
_RESOLUTION, _IPTC, _EXIF, _XMP = 1005, 1028, 1058, 1060
"""Numbers of Photoshop's image resources."""
_VERSION, _COUNT, _BITS, _HEADER = 4, 12, 22, 26
_LARGE, _EIGHT = 2, 8
_RAW, _PACKBITS = 0, 1
_INK_SHOWN = "transparency of CMYK is not read: shown on white"


class _Channel(NamedTuple):
    """Where the samples of a channel are in the file, and how they are packed."""

    offset: int
    length: int
    compression: int


def decode(data: bytes, header: Header, at_least: Size | None) -> Picture:  # noqa: ARG001 - there are no scales
    """Decode the picture of all layers.

    Raises:
        DamagedPicture: truncated or corrupt.
    """
    with opened(data, FORMATS) as image:
        channels = _channels(data, image.size)
        colours = len(image.getbands()) - (image.mode == "RGBA")
        # Pillow takes a fourth channel for alpha, whatever it is, and looks in the wrong place where there are others.
        tiles = zip(image.tile[:colours], channels[:colours], strict=True)
        image.tile = [tile._replace(offset=channel.offset) for tile, channel in tiles]
        image.load()
        frame: Any = frame_of(image)
        frame = frame.convert("RGB") if frame.mode == "RGBA" else frame
        transparent = _is_transparent(data)
        words: tuple[str, ...] = ()
        if transparent and frame.mode == "CMYK":
            words = (_INK_SHOWN,)
        elif transparent and len(channels) > colours:
            frame = _off_white(frame, _plane(data, channels[colours], image.size))
        return picture_of(_told(image), (frame,), header, warnings=words)


def unread(data: bytes) -> str:
    """Why a PSD is not read that may be in order; empty where nothing is known of it but that it cannot be read."""
    if len(data) < _HEADER:
        return ""
    (version,), (bits,) = struct.unpack_from(">H", data, _VERSION), struct.unpack_from(">H", data, _BITS)
    if version == _LARGE:
        return "it is a PSB, Photoshop's large document, which imgpipe does not read: save it as PSD or TIFF"
    if bits > _EIGHT:
        return f"it has {bits} bits a channel, which imgpipe does not read in a PSD: save it as TIFF, or with 8 bits"
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
    return bool(length and of_layers and struct.unpack_from(">h", data, layers + 8)[0] < 0)


def _channels(data: bytes, size: Size) -> list[_Channel]:
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
    return [_Channel(*place, compression) for place in zip(offsets, lengths, strict=True)]


def _behind(data: bytes, section: int) -> int:
    """Where a section ends, whose length stands before it."""
    return section + 4 + int(struct.unpack_from(">I", data, section)[0])


def _plane(data: bytes, channel: _Channel, size: Size) -> Image.Image:
    from PIL import Image

    samples = data[channel.offset : channel.offset + channel.length]
    return Image.frombytes("L", size, samples, "packbits" if channel.compression == _PACKBITS else "raw", "L")


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
    unread=unread,
    plugin="PIL.PsdImagePlugin",
)
