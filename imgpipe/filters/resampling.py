"""Resampling frames with cykooz-resizer: Pillow's kernels in SIMD, transparent pixels premultiplied."""

from __future__ import annotations

import math
import mmap
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, TypeAlias

from imgpipe.filters.frames import bands, has_alpha, image_of
from imgpipe.filters.memory import view_of
from imgpipe.picture import Box, Frame, Size, Window, cut, frame_size

if TYPE_CHECKING:
    from cykooz_resizer import ResizeOptions
    from PIL import Image

Kernel: TypeAlias = Literal["lanczos3", "mitchell", "catmull-rom", "bilinear", "gaussian", "box", "nearest"]

_SURELY_THERE = 16 << 20


def resample(frame: Frame, box: Box, size: Size, kernel: str, window: Window | None = None) -> Frame:
    """The part of the frame within the box (px of the frame) in this size (px).

    With a window the box is in px of the window, and no px outside of it is looked at. Where the box has this size
    already its pixels are copied, from the nearest whole px: nothing is blurred by a shift.

    Raises:
        MemoryError: there is no room for the result.
    """
    if box[2] == size[0] and box[3] == size[1]:
        left, top = window[:2] if window else (0, 0)
        return cut(frame, (left + math.floor(box[0]), top + math.floor(box[1])), size)
    if window:
        return _resample_within(frame, box, size, kernel, window)
    _find_room(frame, size)
    image = image_of(frame)
    if image is None:
        return _resample_deep(frame, box, size, kernel)
    if image.mode == "LA":
        # The resizer knows no 8-bit grey with alpha; Pillow's way back from equal bands is exact.
        return _resample_image(image.convert("RGBA"), box, size, kernel).convert("LA")
    return _resample_image(image, box, size, kernel)


def _resample_within(frame: Frame, box: Box, size: Size, kernel: str, window: Window) -> Frame:
    """As if the window had been cut out, which is not done where the resizer can be shown its rows as they lie."""
    from cykooz_resizer import Resizer
    from PIL import Image

    image = image_of(frame)
    source = view_of(image, window) if image else None
    target = None
    if image and source:
        _find_room(source, size)
        result = Image.new(image.mode, size, None)  # every pixel will be written
        target = view_of(result, (0, 0, *size))
    if source is None or target is None:
        return resample(cut(frame, window[:2], window[2:]), box, size, kernel)
    Resizer().resize_pil(source, target, _options(box, kernel, alpha=source.mode == "RGBA"))
    return result


def scale_box(box: Box, size: Size, frame: Frame, mirrored: tuple[bool, bool] = (False, False)) -> Box:
    """The box, in px of a picture of this size, in px of its frame, which may be decoded smaller, and mirrored since.

    >>> from PIL import Image
    >>> scale_box((0, 0, 2725, 2225), (2725, 2225), Image.new("L", (1363, 1113)))
    (0.0, 0.0, 1362.5, 1112.5)
    >>> scale_box((0, 0, 2725, 2225), (2725, 2225), Image.new("L", (1363, 1113)), (True, False))
    (0.5, 0.0, 1362.5, 1112.5)
    """
    left, across = _scale_span(box[0], box[2], size[0], frame_size(frame)[0], mirrored[0])
    top, down = _scale_span(box[1], box[3], size[1], frame_size(frame)[1], mirrored[1])
    return left, top, across, down


def _scale_span(start: float, length: float, whole: int, decoded: int, mirrored: bool) -> tuple[float, float]:
    scale = _scale(whole, decoded)
    # Rounding must not lead outside the frame.
    first = max(0.0, start * scale + (max(0.0, decoded - whole * scale) if mirrored else 0))
    return first, min(length * scale, decoded - first)


def _scale(whole: int, decoded: int) -> float:
    """Px of the frame for one px of the picture.

    A decoder that reduces by 2, 4 or 8 rounds the size up, so the frame's last column may stand for less than
    a whole one; taking it for a whole one would shift the picture by up to half a px.
    """
    reduction = max(1, round(whole / decoded))
    return 1 / reduction if -(-whole // reduction) == decoded else decoded / whole


def _find_room(frame: Frame, size: Size) -> None:
    """MemoryError where memory would not suffice: in the resizer that would abort the whole process."""
    width, height = frame_size(frame)
    deep = image_of(frame) is None
    # The result, what lies between the horizontal and the vertical pass, and the copies of both ends.
    pixels = size[0] * size[1] * (2 if deep else 1) + size[0] * height + width * height * (2 if deep else 1)
    needed = pixels * (2 * bands(frame) if deep else 4)
    if needed < _SURELY_THERE:
        return
    try:
        mmap.mmap(-1, needed).close()
    except (OSError, OverflowError, ValueError):
        raise MemoryError(f"resizing to {size[0]}x{size[1]} px needs {needed / 1e9:.1f} GB") from None


def _resample_image(image: Image.Image, box: Box, size: Size, kernel: str) -> Image.Image:
    from cykooz_resizer import Resizer
    from PIL import Image

    result = Image.new(image.mode, size, None)  # every pixel will be written
    Resizer().resize_pil(image, result, _options(box, kernel, alpha=image.mode == "RGBA"))
    return result


def _resample_deep(frame: Frame, box: Box, size: Size, kernel: str) -> Frame:
    import numpy as np
    from cykooz_resizer import ImageData, PixelType, Resizer

    kinds = {1: PixelType.U16, 2: PixelType.U16x2, 3: PixelType.U16x3, 4: PixelType.U16x4}
    kind = kinds[bands(frame)]
    source = ImageData(*frame_size(frame), kind, frame.tobytes())
    result = ImageData(*size, kind)
    Resizer().resize(source, result, _options(box, kernel, alpha=has_alpha(frame)))
    return np.frombuffer(result.get_buffer(), np.uint16).reshape(size[1], size[0], bands(frame))


@lru_cache(maxsize=64)
def _options(box: Box, kernel: str, *, alpha: bool) -> ResizeOptions:
    from cykooz_resizer import CropBox, FilterType, ResizeAlg, ResizeOptions

    picks = kernel == "nearest"
    method = ResizeAlg.nearest() if picks else ResizeAlg.convolution(FilterType[kernel.replace("-", "_")])
    return ResizeOptions(method, use_alpha=alpha, crop_box=CropBox(*box))
