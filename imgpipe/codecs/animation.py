"""Frames in time, to and from Pillow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from imgpipe.codecs.modes import frame_of
from imgpipe.codecs.pillow import saved
from imgpipe.picture import Frame, Picture, to_eight_bits

if TYPE_CHECKING:
    from PIL import Image, ImageFile


def decode_frames(image: ImageFile.ImageFile, count: int) -> tuple[tuple[Frame, ...], tuple[int, ...]]:
    """All frames, each whole, in one mode of 8 bits, and their durations in ms; no durations for a still.

    Args:
        image: just opened.
        count: how many frames to decode.
    """
    if count == 1:
        image.load()
        return (frame_of(image),), ()
    images: list[Image.Image] = []
    durations: list[int] = []
    for index in range(count):
        image.seek(index)
        image.load()
        durations.append(round(image.info.get("duration", 0)))
        images.append(_plain(image))
    return uniform(images), tuple(durations)


def save_frames(picture: Picture, pillow_format: str, options: dict[str, Any]) -> bytes:
    """Encode all frames of an animation, or the only frame of a still.

    Raises:
        EncodingFailed: the format cannot hold the frames.
    """
    first, *rest = picture.frames
    if picture.animated:
        options = {**options, "save_all": True, "append_images": rest, "duration": list(picture.durations)}
    return saved(first, pillow_format, **options)  # type: ignore[arg-type]


def _plain(image: ImageFile.ImageFile) -> Image.Image:
    # Every frame is the same object to Pillow, so its pixels are copied before the next is loaded.
    return to_eight_bits(frame_of(image.copy()))


def uniform(images: Sequence[Image.Image]) -> tuple[Image.Image, ...]:
    """All in one mode."""
    mode = _common_mode({image.mode for image in images})
    return tuple(image if image.mode == mode else image.convert(mode) for image in images)


def _common_mode(modes: set[str]) -> str:
    if len(modes) == 1:
        return modes.pop()
    return "RGBA" if modes & {"LA", "RGBA"} else "RGB"
