"""From 16 bits a sample to 8."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from imgpipe.picture import Frame, Picture, is_deep

if TYPE_CHECKING:
    import numpy.typing as npt
    from PIL import Image


def to_eight_bits(frame: Frame) -> Image.Image:
    """The frame with 8 bits a sample, each rounded to the nearest; a frame of 8 bits is returned as it is."""
    return _image_of(frame) if is_deep(frame) else frame


def shallow(picture: Picture) -> Picture:
    """The picture with 8 bits a sample, and a warning where it had 16."""
    if not any(is_deep(frame) for frame in picture.frames):
        return picture
    frames = tuple(to_eight_bits(frame) for frame in picture.frames)
    return replace(picture, frames=frames).warn("16 bits a sample converted to 8")


def _image_of(pixels: npt.NDArray[Any]) -> Image.Image:
    import numpy as np
    from PIL import Image

    samples = ((pixels.astype(np.uint32) * 255 + 32895) >> 16).astype(np.uint8)
    return Image.fromarray(samples[:, :, 0] if samples.shape[2] == 1 else samples)
