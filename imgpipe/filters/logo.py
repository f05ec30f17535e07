"""The picture of a watermark: read once in each process, in the sizes that are asked for."""

from __future__ import annotations

import contextlib
import functools
import os
from typing import TypeAlias

import numpy as np
from PIL import Image, ImageOps

from imgpipe.errors import FilterFailed
from imgpipe.filters.compositing import faded
from imgpipe.filters.frames import image_of
from imgpipe.filters.resampling import resample
from imgpipe.icc import FAULTS, conversion, profile_of, space_of
from imgpipe.picture import Size

Stamp: TypeAlias = tuple[int, int]

_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP")
_MOST_PIXELS = 50_000_000
_SMALL = 1_000_000  # px
_GREY = ("1", "L", "LA")


def logo(path: str, within: Size, scale: float | None, opacity: float) -> Image.Image:
    """The picture in a file, RGBA in sRGB, as large as it shall be on a picture.

    Args:
        path: of the file.
        within: the size in px of the picture, which the logo never exceeds.
        scale: the logo's width as a share of the picture's; None for its own size.
        opacity: 0 to 1.

    Raises:
        FilterFailed: the file cannot be read.
    """
    stamp = _stamp(path)
    whole = _read(path, stamp).size
    wanted = within[0] * scale / whole[0] if scale else 1.0
    shrunk = min(wanted, within[0] / whole[0], within[1] / whole[1])
    size = max(1, round(whole[0] * shrunk)), max(1, round(whole[1] * shrunk))
    made = _small if size[0] * size[1] <= _SMALL else _large
    return made(path, stamp, size, opacity)


def tiled(cell: Image.Image, size: Size, at: tuple[int, int], gap: tuple[int, int]) -> Image.Image:
    """A picture of a size, px, filled with a cell again and again, one of them at a place, with gaps between them."""
    step = max(1, cell.width + gap[0]), max(1, cell.height + gap[1])
    block = Image.new("RGBA", step)
    block.paste(cell)
    samples = np.roll(np.asarray(block), (at[1] % step[1], at[0] % step[0]), axis=(0, 1))
    times = -(-size[1] // step[1]), -(-size[0] // step[0]), 1
    return Image.fromarray(np.ascontiguousarray(np.tile(samples, times)[: size[1], : size[0]]))


def _stamp(path: str) -> Stamp:
    try:
        status = os.stat(path)
    except OSError as error:
        raise FilterFailed(f"watermark: cannot read {path!r}: {error.strerror or error}") from None
    return status.st_mtime_ns, status.st_size


@functools.lru_cache(maxsize=4)
def _read(path: str, _stamp: Stamp) -> Image.Image:
    try:
        with Image.open(path, formats=_FORMATS) as image:
            if image.width * image.height > _MOST_PIXELS:
                raise FilterFailed(f"watermark: {path!r} has more than {_MOST_PIXELS // 1_000_000} megapixels")
            return _in_srgb(ImageOps.exif_transpose(image))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise FilterFailed(f"watermark: cannot read {path!r}: {error}") from error


def _in_srgb(image: Image.Image) -> Image.Image:
    profile = image.info.get("icc_profile")
    if image.mode.startswith("I"):
        image = Image.fromarray((np.asarray(image).astype(np.uint32) // 257).clip(0, 255).astype(np.uint8))
    grey = image.mode in _GREY
    # Before its colours are converted: a palette and a colour that stands for transparency do not outlive that.
    image = image if image.mode == "CMYK" else image.convert("RGBA")
    if isinstance(profile, bytes):
        # A profile that is unusable is left out, as it is of pictures.
        with contextlib.suppress(*FAULTS):
            image = _converted(image, profile, grey)
    return image.convert("RGBA")


def _converted(image: Image.Image, profile: bytes, grey: bool) -> Image.Image:
    """An image, RGBA or CMYK, from the space of a profile to sRGB; `grey` tells whether its file is."""
    mode = "L" if grey and space_of(profile) == b"GRAY" else image.mode
    modes = mode, "RGBA" if mode == "RGBA" else "RGB"
    made = conversion(profile_of(profile), profile_of(None), modes).apply(image.convert(mode))
    if mode == "L":
        made.putalpha(image.getchannel("A"))
    return made


def _sized(path: str, stamp: Stamp, size: Size, opacity: float) -> Image.Image:
    whole = _read(path, stamp)
    return faded(image_of(resample(whole, (0, 0, *whole.size), size, "lanczos3")) or whole, opacity)


_small = functools.lru_cache(maxsize=8)(_sized)
_large = functools.lru_cache(maxsize=1)(_sized)
"""Of those as large as a picture no more than one is kept: nobody has counted them among what memory is there for."""
