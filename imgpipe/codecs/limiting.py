"""Pictures that are larger than the limits allow, found before anything is decoded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgpipe.codecs.codec import Codec, Limits
from imgpipe.errors import LimitExceeded
from imgpipe.picture import Size

if TYPE_CHECKING:
    from PIL import ImageFile

_FRAMES_PIXELS = 10
"""How many times the pixels that one frame may have, all frames together may."""


def check_pixels(size: Size, limits: Limits) -> None:
    """See that one frame of this size, px, may be decoded.

    Raises:
        LimitExceeded: it may not.
    """
    pixels = size[0] * size[1]
    if pixels > limits.max_pixels:
        raise LimitExceeded(
            f"{size[0]} x {size[1]} = {pixels} pixels are more than {limits.max_pixels}: raise --max-pixels"
        )


def _check_frames(size: Size, frames: int, limits: Limits) -> None:
    """A frame is small, and ten thousand of them are not."""
    if frames > limits.max_frames:
        raise LimitExceeded(f"{frames} frames are more than {limits.max_frames}: raise --max-frames")
    pixels, most = frames * size[0] * size[1], _FRAMES_PIXELS * limits.max_pixels
    if pixels > most:
        raise LimitExceeded(
            f"{frames} frames of {size[0]} x {size[1]} = {pixels} pixels are more than {most}, which is "
            f"{_FRAMES_PIXELS} times what one frame may have: raise --max-pixels"
        )


def count_frames(image: ImageFile.ImageFile, codec: Codec, limits: Limits) -> int:
    """How many frames or pages of an opened file are to be decoded.

    Raises:
        LimitExceeded: more than may be, or more pixels.
    """
    if codec.pages:
        return _count_pages(image, limits)
    frames: int = getattr(image, "n_frames", 1) if codec.animation else 1
    _check_frames(image.size, frames, limits)
    return frames


def _count_pages(image: ImageFile.ImageFile, limits: Limits) -> int:
    """Pages have sizes of their own, and to count them is to look at each."""
    pixels = image.width * image.height
    for page in range(1, limits.max_frames + 1):
        try:
            image.seek(page)
        except EOFError:
            image.seek(0)
            return page
        check_pixels(image.size, limits)
        pixels += image.width * image.height
        if pixels > _FRAMES_PIXELS * limits.max_pixels:
            raise LimitExceeded(
                f"{page + 1} pages have {pixels} pixels, more than {_FRAMES_PIXELS} times what one may have: "
                "raise --max-pixels"
            )
    raise LimitExceeded(f"more than {limits.max_frames} pages: raise --max-frames")
