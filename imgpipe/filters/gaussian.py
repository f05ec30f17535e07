"""The Gaussian that blurs and sharpens: direct where it is narrow, in a smaller copy where it is wide."""

import math
from typing import TYPE_CHECKING, Any

from imgpipe.filters.opencv import opencv

if TYPE_CHECKING:
    import numpy.typing as npt

_NARROW = 4.0
"""Standard deviation, in px of the smaller copy, that is left to convolve with, at least; at most twice as much."""
_MARGIN = 4
"""Px of the smallest copy around it, as many as halving and doubling at its sides look at and more."""


def reach(sigma: float) -> int:
    """Px from the middle of a Gaussian's kernel to its edge."""
    return round(4 * sigma)


def gaussian(pixels: "npt.NDArray[Any]", sigma: float) -> "npt.NDArray[Any]":
    """The samples, H x W x bands of uint8, uint16 or float32, blurred; those at the edges are repeated outwards.

    Args:
        pixels: the samples.
        sigma: standard deviation in px, above 0. What is done for a pixel does not grow with it.
    """
    halvings = max(0, math.floor(math.log2(sigma / _NARROW)))
    if not halvings:
        return _convolved(pixels, sigma)
    import numpy as np

    blurred = np.empty_like(pixels)
    for band in range(pixels.shape[2]):  # one after the other, since the copy of 8 bits has 16
        blurred[:, :, band] = _in_smaller_copy(pixels[:, :, band], sigma, halvings)
    return blurred


def _convolved(pixels: "npt.NDArray[Any]", sigma: float) -> "npt.NDArray[Any]":
    import numpy as np

    cv2 = opencv()
    size = 2 * reach(sigma) + 1
    if pixels.dtype == np.uint8:
        # OpenCV's own 8-bit Gaussian counts in 256ths, and is off by up to five levels.
        kernel = cv2.getGaussianKernel(size, sigma, cv2.CV_32F)
        result = cv2.sepFilter2D(pixels, -1, kernel, kernel, borderType=cv2.BORDER_REPLICATE)
    else:
        result = cv2.GaussianBlur(pixels, (size, size), sigma, borderType=cv2.BORDER_REPLICATE)
    blurred: npt.NDArray[Any] = result.reshape(pixels.shape)
    return blurred


def _in_smaller_copy(band: "npt.NDArray[Any]", sigma: float, halvings: int) -> "npt.NDArray[Any]":
    """One band, H x W, halved so many times, blurred by what is left to blur, and doubled again.

    Burt and Adelson, "The Laplacian pyramid as a compact image code", 1983: each step blurs with the cubic B-spline,
    whose variance is 1 px.
    """
    import numpy as np

    cv2 = opencv()
    height, width = band.shape
    step = 1 << halvings
    margin = _MARGIN * step
    around = ((margin, margin + -height % step), (margin, margin + -width % step))
    copy = np.pad(band, around, mode="edge")
    if band.dtype == np.uint8:
        copy = np.multiply(copy, 257, dtype=np.uint16)
    for _ in range(halvings):
        copy = cv2.pyrDown(copy)
    done = 2 * (step**2 - 1) / 3
    copy = _convolved(copy[:, :, np.newaxis], math.sqrt(sigma**2 - done) / step)
    for _ in range(halvings):
        copy = cv2.pyrUp(copy)
    blurred: npt.NDArray[Any] = copy[margin : margin + height, margin : margin + width]
    return cv2.convertScaleAbs(blurred, alpha=1 / 257) if band.dtype == np.uint8 else blurred
