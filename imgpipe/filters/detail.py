"""Blurring and sharpening, which mix neighbouring pixels."""

from typing import TYPE_CHECKING, Annotated, Any

from imgpipe.filters.gaussian import gaussian, reach
from imgpipe.filters.opencv import opencv
from imgpipe.filters.option import Range
from imgpipe.filters.registry import filter
from imgpipe.filters.strips import by_strips

if TYPE_CHECKING:
    import numpy.typing as npt


@filter(alpha="premultiplied")
def blur(pixels: "npt.NDArray[Any]", sigma: Annotated[float, Range(0, 500, "px")] = 1.0) -> "npt.NDArray[Any]":
    """Blur with a Gaussian.

    The edge pixels are repeated outwards. Colours are weighted by alpha, and alpha is blurred along.

        >>> from imgpipe.filters import parse
        >>> parse("blur:2.5")
        Operation('blur:sigma=2.5')

    Args:
        pixels: height x width x bands, uint8 or uint16.
        sigma: standard deviation of the Gaussian in px, 0 to 500, of the picture as it is at this step: the same
            sigma blurs a smaller picture more. 0 changes nothing.

    By OpenCV, within one level of 8 bits of the exact one; the kernel reaches 4 sigma. From a sigma of 8 on a smaller
    copy is blurred, so that time does not grow.

    Errors: CMYK pictures fail; leave out `--no-srgb`.
    """
    return gaussian(pixels, sigma) if sigma else pixels


@filter(alpha="premultiplied", name="box-blur")
def box_blur(pixels: "npt.NDArray[Any]", radius: Annotated[int, Range(0, 500, "px")] = 1) -> "npt.NDArray[Any]":
    """Blur by averaging: each sample becomes the mean of the square around it.

    Coarser than `blur`: lights become squares. The edge pixels are repeated
    outwards. Colours are weighted by alpha, and alpha is blurred along.

        >>> from imgpipe.filters import parse
        >>> parse("box-blur:4")
        Operation('box-blur:radius=4')

    Args:
        pixels: height x width x bands, uint8 or uint16.
        radius: px from the middle of the square to its side, 0 to 500: the square is 2 radius + 1 px wide, of the
            picture as it is at this step. 0 changes nothing.

    By OpenCV's box filter; means are rounded to the nearest level.

    Errors: CMYK pictures fail; leave out `--no-srgb`.
    """
    if not radius:
        return pixels
    cv2 = opencv()
    blurred: npt.NDArray[Any] = cv2.blur(pixels, (2 * radius + 1,) * 2, borderType=cv2.BORDER_REPLICATE)
    return blurred.reshape(pixels.shape)


@filter(alpha="premultiplied")
def sharpen(
    pixels: "npt.NDArray[Any]",
    amount: Annotated[float, Range(0, 10)] = 0.5,
    sigma: Annotated[float, Range(0, 100, "px")] = 1.0,
    threshold: Annotated[float, Range(0, 255, "levels of 255")] = 0.0,
) -> "npt.NDArray[Any]":
    """Sharpen with an unsharp mask: the difference from a blurred copy is added.

    Alpha stays as it is, and what transparent pixels hide does not shine through.

        >>> from imgpipe.filters import parse
        >>> parse("sharpen:amount=0.8,sigma=1.5,threshold=2")
        Operation('sharpen:amount=0.8,sigma=1.5,threshold=2')

    Args:
        pixels: height x width x bands, uint8 or uint16.
        amount: how much of the difference is added, 0 to 10. 0 changes nothing, 0.5 suits a picture that was
            made smaller, above 2 edges get visible seams.
        sigma: standard deviation of the Gaussian in px, 0 to 100: the size of the details. 0 changes nothing.
        threshold: differences below it are left alone, in levels of 0 to 255 whatever the depth; 0 sharpens
            everything, 2 to 4 spares noise, 255 nothing but full contrast.

    The method of ImageMagick's and Pillow's unsharp mask; blurred by OpenCV.

    Errors: CMYK pictures fail; leave out `--no-srgb`.
    """
    if not amount or not sigma:
        return pixels
    opaque = pixels.shape[2] in (1, 3)
    if opaque and not threshold and amount <= 1:
        mixed: npt.NDArray[Any] = opencv().addWeighted(pixels, 1 + amount, gaussian(pixels, sigma), -amount, 0)
        return mixed.reshape(pixels.shape)
    return by_strips(pixels, reach(sigma), lambda rows: _sharpened(rows, amount, sigma, threshold))


def _sharpened(pixels: "npt.NDArray[Any]", amount: float, sigma: float, threshold: float) -> "npt.NDArray[Any]":
    """In floating point: a large amount would magnify the rounding of the blurred copy."""
    import numpy as np

    most = np.iinfo(pixels.dtype).max
    samples = pixels.astype(np.float32)
    blurred = gaussian(samples, sigma)
    if pixels.shape[2] in (2, 4):
        # What the neighbours look like where they are visible at all, at this pixel's own alpha.
        blurred *= samples[:, :, -1:] / np.maximum(blurred[:, :, -1:], 1e-6)
    sharp = np.subtract(samples, blurred, out=blurred)
    if threshold:
        sharp[np.abs(sharp) < threshold * most / 255] = 0
    sharp *= amount
    sharp += samples
    levels: npt.NDArray[Any] = np.rint(sharp, out=sharp).clip(0, most, out=sharp).astype(pixels.dtype)
    return levels
