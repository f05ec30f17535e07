"""PNG of 16 bits a sample, of which Pillow itself reads and writes only grey."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from imgpipe.codecs.modes import deep_grey
from imgpipe.codecs.pillow import opened
from imgpipe.codecs.png_file import COLOUR_TYPES, png_file
from imgpipe.picture import Frame, Picture

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL import ImageFile

_ROWS_AT_ONCE = 128


def decode_deep(image: ImageFile.ImageFile, data: bytes) -> npt.NDArray[np.uint16]:
    """The pixels of a PNG of 16 bits a sample: H x W x bands.

    Args:
        image: the file, loaded with Pillow: 16 bits where it is grey, else the high bytes.
        data: the whole file.
    """
    import numpy as np

    if image.mode.startswith("I"):
        pixels = deep_grey(image)
    elif data[25] == COLOUR_TYPES[2]:
        # Grey and alpha of 2 bytes each are to Pillow's unpacker just four bands of a byte.
        pixels = np.asarray(_reload(data, "RGBA")).view(">u2").astype(np.uint16)
    else:
        # Read as if the byte order were the other one, the high bytes that Pillow keeps are the low ones.
        low = np.asarray(_reload(data, image.mode + ";16L"))
        pixels = np.asarray(image).astype(np.uint16) << 8 | low
    key = image.info.get("transparency")
    return pixels if key is None else _with_transparent(pixels, key)


def encode_deep(picture: Picture, level: int) -> bytes:
    """A still of 16 bits a sample with its profile and metadata; `level` is zlib's, 0 to 9."""
    frame: Frame = picture.frames[0]
    pixels: npt.NDArray[np.uint16] = frame  # type: ignore[assignment]
    return png_file(picture, 16, COLOUR_TYPES[pixels.shape[2]], _compress(pixels, level))


def _reload(data: bytes, rawmode: str) -> ImageFile.ImageFile:
    with opened(data, ("PNG",)) as image:
        image.tile = [tile._replace(args=rawmode) for tile in image.tile]
        image.load()
        return image


def _with_transparent(pixels: npt.NDArray[np.uint16], key: Any) -> npt.NDArray[np.uint16]:
    """Alpha added: 0 where a pixel has the key colour, else full."""
    import numpy as np

    matches = (pixels == np.asarray(key, np.uint16)).all(axis=2, keepdims=True)
    return np.concatenate([pixels, np.where(matches, 0, 65535).astype(np.uint16)], axis=2)


def _compress(pixels: npt.NDArray[np.uint16], level: int) -> Iterator[bytes]:
    import numpy as np

    compressor = zlib.compressobj(level)
    rows = pixels.astype(">u2").reshape(pixels.shape[0], -1).view(np.uint8)
    above = np.zeros((1, rows.shape[1]), np.uint8)
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        band = rows[start : start + _ROWS_AT_ONCE]
        part = compressor.compress(_filter(band, np.concatenate([above, band[:-1]]), 2 * pixels.shape[2]))
        above = band[-1:]
        if part:
            yield part
    yield compressor.flush()


def _filter(rows: npt.NDArray[np.uint8], above: npt.NDArray[np.uint8], step: int) -> bytes:
    """Each row by Sub, Up or Paeth, whichever leaves the smallest differences (the PNG specification's own rule)."""
    import numpy as np

    left = np.zeros_like(rows)
    left[:, step:] = rows[:, :-step]
    corner = np.zeros_like(rows)
    corner[:, step:] = above[:, :-step]
    candidates = np.stack([rows - left, rows - above, rows - _paeth(left, above, corner)])
    costs = np.abs(candidates.view(np.int8).astype(np.int16)).sum(axis=2)
    best = costs.argmin(axis=0)
    chosen = np.take_along_axis(candidates, best[None, :, None], axis=0)[0]
    kinds = np.array([1, 2, 4], np.uint8)[best]
    return np.concatenate([kinds[:, None], chosen], axis=1).tobytes()


def _paeth(left: npt.NDArray[Any], above: npt.NDArray[Any], corner: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    import numpy as np

    a, b, c = (samples.astype(np.int16) for samples in (left, above, corner))
    to_left, to_above, to_corner = np.abs(b - c), np.abs(a - c), np.abs(a + b - 2 * c)
    predicted = np.where(to_above <= to_corner, above, corner)
    return np.where((to_left <= to_above) & (to_left <= to_corner), left, predicted).astype(np.uint8)
