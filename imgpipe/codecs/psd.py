"""PSD, Photoshop's documents: the picture of all layers together that is stored beside them."""

from __future__ import annotations

import struct
from typing import Any

from imgpipe.codecs.codec import Codec, Header
from imgpipe.codecs.exif import prefixed, without_orientation
from imgpipe.codecs.metadata import picture_of
from imgpipe.codecs.modes import frame_of
from imgpipe.codecs.pillow import opened
from imgpipe.picture import Picture, Size

FORMATS = ("PSD",)
_RESOLUTION, _IPTC, _EXIF, _XMP = 1005, 1028, 1058, 1060
"""Numbers of Photoshop's image resources."""


def decode(data: bytes, header: Header, at_least: Size | None) -> Picture:  # noqa: ARG001 - there are no scales
    """Decode the picture of all layers.

    Raises:
        DamagedPicture: truncated or corrupt.
    """
    with opened(data, FORMATS) as image:
        image.load()
        found: list[tuple[int, bytes, bytes]] = getattr(image, "resources", [])
        resources = {number: content for number, _, content in found}
        # Photoshop shows its pictures as they are stored, whatever the camera has said.
        exif = without_orientation(prefixed(resources.get(_EXIF)))
        info = {**image.info, "exif": exif, "xmp": resources.get(_XMP)}
        info |= {"photoshop": {_IPTC: resources.get(_IPTC)}, "dpi": _dpi(resources.get(_RESOLUTION, b""))}
        return picture_of(info, (frame_of(image),), header)


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
    plugin="PIL.PsdImagePlugin",
)
