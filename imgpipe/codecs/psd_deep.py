"""PSD of 16 bits a channel, whose pixels Pillow does not read."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL import Image

    from imgpipe.picture import Size

NARROWED = "16 bits a sample converted to 8"
_BITS = 22
_MOST = 65535


class Channel(NamedTuple):
    """Where the samples of a channel are in the file, and how they are packed."""

    offset: int
    length: int
    packed: bool


def has_16_bits(data: bytes) -> bool:
    """Whether a PSD has 16 bits a channel."""
    return data[_BITS : _BITS + 2] == b"\0\x10"


def as_shallow(data: bytes) -> bytes:
    """The file as if it had 8 bits a channel where it has 16: so Pillow reads all but its pixels."""
    return data[:_BITS] + struct.pack(">H", 8) + data[_BITS + 2 :] if has_16_bits(data) else data


def deep_frame(data: bytes, colours: list[Channel], alpha: Channel | None, size: Size) -> npt.NDArray[np.uint16]:
    """Grey or red, green and blue, H x W x bands, with alpha where a channel is that: then they are laid on white."""
    import numpy as np

    planes = [_samples(data, channel, size) for channel in colours]
    if alpha is not None:
        opacity = _samples(data, alpha, size)
        planes = [*(_off_white(plane, opacity) for plane in planes), opacity]
    return np.stack(planes, axis=2)


def narrowed(data: bytes, colours: list[Channel], mode: str, size: Size) -> Image.Image:
    """The picture in one of Pillow's modes, with 8 bits a sample; inks are stored as what they leave of the white."""
    import numpy as np
    from PIL import Image

    planes = [_samples(data, channel, size) for channel in colours]
    bands = [((plane * np.uint32(255) + 32895) >> 16).astype(np.uint8) for plane in planes]
    return Image.merge(mode, [Image.fromarray(~band if mode == "CMYK" else band) for band in bands])


def _samples(data: bytes, channel: Channel, size: Size) -> npt.NDArray[np.uint16]:
    import numpy as np
    from PIL import Image

    width, height = size
    samples = data[channel.offset : channel.offset + channel.length]
    if channel.packed:
        samples = Image.frombytes("L", (2 * width, height), samples, "packbits", "L").tobytes()
    return np.frombuffer(samples, ">u2", width * height).reshape(height, width).astype(np.uint16)


def _off_white(plane: npt.NDArray[np.uint16], opacity: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint16]:
    """Colours as they were before Photoshop laid them on white."""
    import numpy as np

    darkness: Any = np.subtract(_MOST, plane, dtype=np.float32)
    darkness *= _MOST
    darkness /= np.maximum(opacity, 1)
    np.rint(darkness, out=darkness).clip(0, _MOST, out=darkness)
    colours: npt.NDArray[np.uint16] = (_MOST - darkness).astype(np.uint16)
    return colours
