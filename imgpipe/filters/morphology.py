"""Growing what is light, and growing what is dark."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from imgpipe.filters.opencv import opencv
from imgpipe.filters.option import Range
from imgpipe.filters.registry import filter

if TYPE_CHECKING:
    import numpy.typing as npt

Radius = Annotated[int, Range(0, 50, "px")]
Shape = Literal["square", "disk", "cross"]


@filter(alpha="premultiplied")
def dilate(pixels: "npt.NDArray[Any]", radius: Radius = 1, shape: Shape = "square") -> "npt.NDArray[Any]":
    """Grow what is light: each sample becomes the largest one around it.

    Each band by itself. Colours are weighted by alpha, and alpha grows along: what is visible becomes larger.

        >>> from imgpipe.filters import parse
        >>> parse("dilate:2,shape=disk")
        Operation('dilate:radius=2,shape=disk')

    Args:
        pixels: height x width x bands, uint8 or uint16.
        radius: px from the middle of the neighbourhood to its edge, 0 to 50; 0 changes nothing. A large disk takes
            much longer than a large square.
        shape: square of 2 radius + 1 px; disk, the px whose centres are within radius + 1/2; cross, one row and one
            column.

    Grey-scale morphology by OpenCV; what lies outside the picture has no influence.

    Errors: CMYK pictures fail; leave out `--no-srgb`.
    """
    return _morphed("dilate", pixels, radius, shape)


@filter(alpha="premultiplied")
def erode(pixels: "npt.NDArray[Any]", radius: Radius = 1, shape: Shape = "square") -> "npt.NDArray[Any]":
    """Grow what is dark: each sample becomes the smallest one around it.

    Each band by itself. Colours are weighted by alpha, and alpha shrinks along: what is visible becomes smaller.

        >>> from imgpipe.filters import parse
        >>> parse("erode:2,shape=disk")
        Operation('erode:radius=2,shape=disk')

    Args:
        pixels: height x width x bands, uint8 or uint16.
        radius: px from the middle of the neighbourhood to its edge, 0 to 50; 0 changes nothing. A large disk takes
            much longer than a large square.
        shape: square of 2 radius + 1 px; disk, the px whose centres are within radius + 1/2; cross, one row and one
            column.

    Grey-scale morphology by OpenCV; what lies outside the picture has no influence.

    Errors: CMYK pictures fail; leave out `--no-srgb`.
    """
    return _morphed("erode", pixels, radius, shape)


def _morphed(way: str, pixels: "npt.NDArray[Any]", radius: int, shape: str) -> "npt.NDArray[Any]":
    if not radius:
        return pixels
    changed: npt.NDArray[Any] = getattr(opencv(), way)(pixels, _neighbourhood(radius, shape))
    return changed.reshape(pixels.shape)


def _neighbourhood(radius: int, shape: str) -> "npt.NDArray[Any]":
    import numpy as np

    y, x = np.ogrid[-radius : radius + 1, -radius : radius + 1]
    if shape == "square":
        return np.ones((2 * radius + 1,) * 2, np.uint8)
    within = x**2 + y**2 <= (radius + 0.5) ** 2 if shape == "disk" else (x == 0) | (y == 0)
    return np.asarray(within, np.uint8)
