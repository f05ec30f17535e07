"""Camera RAW, developed by LibRaw through rawpy: 16 bits a sample, sRGB, the camera's white balance.

What is developed must not depend on the picture beside it or on the size that is asked for. So LibRaw's automatic
brightening is off, which scales each picture until 1 % of its pixels are white: a grey card would become a white one, a
series would flicker, and a reduced picture would be brighter or darker than a whole one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING, Any

from imgpipe.codecs.codec import Codec, Header
from imgpipe.codecs.metadata import picture_of
from imgpipe.codecs.raw_exif import described_raw
from imgpipe.codecs.raw_kinds import bears_signature, is_cut_off, sensor_size
from imgpipe.errors import DamagedPicture, LimitExceeded
from imgpipe.orientation import turned_size
from imgpipe.picture import Picture, Size

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_SRGB_CURVE = (2.4, 12.92)
_ALMOST_WHITE = 0.95
"""From this share of the white that LibRaw's table names the brightest sample is white: the table may be off by a
little, and clipped skies would be pink. LibRaw's own 0.75 would brighten pictures that clip nothing by 0.4 stops."""
_ORIENTATIONS = (1, 2, 4, 3, 5, 8, 6, 7)
"""EXIF's for each of LibRaw's: bit 0 mirrors, bit 1 turns upside down, bit 2 swaps the axes."""


def read_header(data: bytes) -> Header:
    """Size and orientation as LibRaw finds them; the sensor's data are not looked at.

    Raises:
        DamagedPicture: LibRaw does not know the camera, or the file is truncated or corrupt.
    """
    with _opened(data) as raw:
        orientation = _orientation(raw)
        size = raw.sizes.width, raw.sizes.height
    return Header("raw", turned_size(size, orientation), 1, orientation)


def decode(data: bytes, header: Header, at_least: Size | None) -> Picture:
    """Develop the first shot, each 2 x 2 px of the sensor to one px where `at_least` (px, upright) allows.

    Raises:
        DamagedPicture: truncated or corrupt.
        LimitExceeded: larger than LibRaw reads.
    """
    if is_cut_off(data):
        raise DamagedPicture("damaged RAW: its pixels are cut off")
    stored = turned_size(header.size, header.orientation)
    with _opened(data) as raw:
        half = _is_half_enough(raw, stored, at_least and turned_size(at_least, header.orientation))
        frame = _develop(raw, half=half)
        orientation = _orientation(raw)
    block, words = described_raw(data, orientation)
    picture = picture_of(block, (frame,), header, warnings=words)
    found = frame.shape[1], frame.shape[0]
    scale = 2 if half else 1
    if found == (-(-stored[0] // scale), -(-stored[1] // scale)):
        return picture
    # LibRaw makes pixels square, and turns sensors that stand on a corner.
    return replace(picture, size=turned_size((found[0] * scale, found[1] * scale), header.orientation))


def _orientation(raw: Any) -> int:
    return _ORIENTATIONS[raw.sizes.flip & 7]


def _develop(raw: Any, *, half: bool) -> npt.NDArray[np.uint16]:
    import numpy as np

    developed = raw.postprocess(
        half_size=half,
        use_camera_wb=True,
        no_auto_bright=True,
        adjust_maximum_thr=_ALMOST_WHITE,
        gamma=_SRGB_CURVE,
        output_bps=16,
        user_flip=0,
    )
    pixels: npt.NDArray[np.uint16] = np.ascontiguousarray(developed)
    return pixels[:, :, None] if pixels.ndim == 2 else pixels


def _is_half_enough(raw: Any, stored: Size, need: Size | None) -> bool:
    """Whether a picture of half the size will do; only where each 2 x 2 px of the sensor have all colours."""
    if need is None or min(stored) < 2 or any(side // 2 < enough for side, enough in zip(stored, need, strict=True)):
        return False
    pattern = raw.raw_pattern
    return pattern is not None and pattern.shape == (2, 2)


@contextmanager
def _opened(data: bytes) -> Iterator[Any]:
    """The file, opened by LibRaw; its faults inside the block are ours."""
    import rawpy

    try:
        with rawpy.imread(BytesIO(data)) as raw:
            yield raw
    except rawpy.LibRawUnsufficientMemoryError as error:
        raise MemoryError(str(error)) from error
    except rawpy.LibRawTooBigError as error:
        raise LimitExceeded("its pixels need more than the 2 GB that LibRaw takes") from error
    except (rawpy.LibRawError, rawpy.NotSupportedError, OSError, ValueError, RuntimeError, LookupError) as error:
        raise DamagedPicture(f"damaged RAW, or of a camera that LibRaw does not know: {_reason(error)}") from error


def _reason(error: BaseException) -> str:
    said = error.args[0] if error.args else ""
    return said.decode(errors="replace") if isinstance(said, bytes) else str(said) or type(error).__name__


CODEC = Codec(
    name="raw",
    decode=decode,
    encode=None,
    pillow_formats=(),
    plugin="rawpy",
    extra="raw",
    signature=bears_signature,
    read_header=read_header,
    stored_size=sensor_size,
    deep=True,
    metadata=("exif", "xmp"),
)
