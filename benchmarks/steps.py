"""What peers may be asked to do with a picture. Each step knows its size, and does it in full precision itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

Size: TypeAlias = tuple[int, int]
Floats: TypeAlias = npt.NDArray[np.float32]

KERNELS: dict[str, Any] = {
    "lanczos": Image.Resampling.LANCZOS,
    "bicubic": Image.Resampling.BICUBIC,
    "bilinear": Image.Resampling.BILINEAR,
}
SHARPEN = ((-1, -1, -1), (-1, 16, -1), (-1, -1, -1))
"""Divided by 8: the kernel of libvips' benchmark."""


@dataclass(frozen=True)
class Fit:
    """Shrink to fit inside a box (px)."""

    width: int
    height: int

    def size(self, source: Size) -> Size:
        scale = min(self.width / source[0], self.height / source[1])
        return max(1, round(source[0] * scale)), max(1, round(source[1] * scale))

    def apply(self, band: Floats) -> Floats:
        return resized(band, self.size((band.shape[1], band.shape[0])), "lanczos")


@dataclass(frozen=True)
class Scale:
    """Shrink both sides by a factor, with a kernel."""

    factor: float
    kernel: str

    def size(self, source: Size) -> Size:
        return max(1, round(source[0] * self.factor)), max(1, round(source[1] * self.factor))

    def apply(self, band: Floats) -> Floats:
        return resized(band, self.size((band.shape[1], band.shape[0])), self.kernel)


@dataclass(frozen=True)
class Crop:
    """Keep the middle (px)."""

    width: int
    height: int

    def size(self, source: Size) -> Size:
        return min(self.width, source[0]), min(self.height, source[1])

    def apply(self, band: Floats) -> Floats:
        wide, high = self.size((band.shape[1], band.shape[0]))
        left, top = (band.shape[1] - wide) // 2, (band.shape[0] - high) // 2
        return band[top : top + high, left : left + wide]


@dataclass(frozen=True)
class Turn:
    """A quarter turn counterclockwise, which is 270 degrees clockwise."""

    def size(self, source: Size) -> Size:
        return source[1], source[0]

    def apply(self, band: Floats) -> Floats:
        return np.rot90(band)


@dataclass(frozen=True)
class Blur:
    """A Gaussian blur, sigma in px."""

    sigma: float

    def size(self, source: Size) -> Size:
        return source

    def apply(self, band: Floats) -> Floats:
        blurred = cv2.GaussianBlur(np.ascontiguousarray(band), (0, 0), self.sigma, borderType=cv2.BORDER_REPLICATE)
        return np.asarray(blurred, np.float32)


@dataclass(frozen=True)
class Sharpen:
    """Three by three px, by `SHARPEN`."""

    def size(self, source: Size) -> Size:
        return source

    def apply(self, band: Floats) -> Floats:
        kernel = np.array(SHARPEN, np.float32) / 8
        done = cv2.filter2D(np.ascontiguousarray(band), -1, kernel, borderType=cv2.BORDER_REPLICATE)
        return np.asarray(done, np.float32)


Step: TypeAlias = Fit | Scale | Crop | Turn | Blur | Sharpen


def resized(band: Floats, size: Size, kernel: str) -> Floats:
    """A band of that size (px), in floating point."""
    image = Image.fromarray(np.ascontiguousarray(band)).resize(size, KERNELS[kernel])
    return np.asarray(image, np.float32)
