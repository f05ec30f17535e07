"""Grey, brightness, contrast, saturation: each pixel by itself, in the picture's own encoding (gamma)."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

from imgpipe.filters.frames import bands, has_alpha, image_of, join_alpha, map_frames, split_alpha, to_array
from imgpipe.filters.option import Range
from imgpipe.filters.registry import any_size, filter
from imgpipe.picture import Frame, Picture

if TYPE_CHECKING:
    import numpy.typing as npt

Factor = Annotated[float, Range(0, 10)]

_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as Pillow and JPEG have it


@filter(least_size=any_size)
def grayscale(picture: Picture) -> Picture:
    """Turn colours to grey; the picture then has one colour band.

    Luma of ITU-R BT.601, 0.299 red + 0.587 green + 0.114 blue, rounded to the nearest level, as Pillow's
    conversion to "L" does it. Grey pictures stay as they are, alpha too, 16 bits a sample too. No options.

        >>> from imgpipe.filters import parse
        >>> parse("grayscale")
        Operation('grayscale')

    Errors: CMYK pictures fail; leave out `--no-srgb`.
    """
    return map_frames(picture, _grey)


@filter(least_size=any_size)
def brightness(picture: Picture, factor: Factor = 1.0) -> Picture:
    """Make the picture lighter or darker: each sample is multiplied.

    Pillow's `ImageEnhance.Brightness` within one level. Alpha is not touched.

        >>> from imgpipe.filters import parse
        >>> parse("brightness:1.2")
        Operation('brightness:factor=1.2')

    Args:
        picture: the picture.
        factor: 0 to 10. 0 is black, 1 changes nothing, 2 is twice as light; what exceeds white is clipped.

    Errors: CMYK pictures fail; leave out `--no-srgb`.
    """
    return _mapped(picture, lambda levels: levels * factor)


@filter(least_size=any_size)
def contrast(picture: Picture, factor: Factor = 1.0) -> Picture:
    """Strengthen or weaken the contrast: each sample's distance from mid-grey is multiplied.

    Mid-grey is the middle of the range (127.5 of 255), so the result does not depend on what else is in the
    picture; Pillow's `ImageEnhance.Contrast` turns about the picture's mean grey instead. Alpha is not touched.

        >>> from imgpipe.filters import parse
        >>> parse("contrast:1.5")
        Operation('contrast:factor=1.5')

    Args:
        picture: the picture.
        factor: 0 to 10. 0 is uniform mid-grey, 1 changes nothing, 10 leaves little but black and white.

    Errors: CMYK pictures fail; leave out `--no-srgb`.
    """
    return _mapped(picture, lambda levels: 0.5 + (levels - 0.5) * factor)


@filter(least_size=any_size)
def saturation(picture: Picture, factor: Factor = 1.0) -> Picture:
    """Make colours stronger or paler: each colour's distance from its own grey is multiplied.

    Grey is the luma of ITU-R BT.601; Pillow's `ImageEnhance.Color` within one level. Grey pictures stay as
    they are. Alpha is not touched.

        >>> from imgpipe.filters import parse
        >>> parse("saturation:0.5")
        Operation('saturation:factor=0.5')

    Args:
        picture: the picture.
        factor: 0 to 10. 0 is grey (in three bands), 1 changes nothing, 2 doubles the distance.

    Errors: CMYK pictures fail; leave out `--no-srgb`.
    """
    return picture if factor == 1 else map_frames(picture, lambda frame: _saturated(frame, factor))


def _grey(frame: Frame) -> Frame:
    import numpy as np

    image = image_of(frame)
    if bands(frame) < 3:
        return frame
    if image:
        return image.convert("LA" if has_alpha(frame) else "L")
    samples = to_array(frame).astype(np.uint32)
    # The same weights in 16-bit fixed point as Pillow's.
    luma = (samples[:, :, :3] @ np.array([19595, 38470, 7471], np.uint32) + 0x8000) >> 16
    return join_alpha(luma.astype(np.uint16)[:, :, np.newaxis], split_alpha(frame)[1])


def _mapped(picture: Picture, curve: Callable[["npt.NDArray[Any]"], "npt.NDArray[Any]"]) -> Picture:
    """The picture with a curve, from 0..1 to 0..1, applied to each colour sample."""
    return map_frames(picture, lambda frame: _looked_up(frame, curve))


def _looked_up(frame: Frame, curve: Callable[["npt.NDArray[Any]"], "npt.NDArray[Any]"]) -> Frame:
    import numpy as np

    image = image_of(frame)
    most = 255 if image else 65535
    levels = np.arange(most + 1) / most
    table = np.floor(np.clip(curve(levels), 0, 1) * most + 0.5)
    if image:
        colours = bands(frame) - has_alpha(frame)
        return image.point([*table.astype(int).tolist() * colours, *range(256 * has_alpha(frame))])
    colour, alpha = split_alpha(frame)
    return join_alpha(table.astype(np.uint16)[colour], alpha)


def _saturated(frame: Frame, factor: float) -> Frame:
    import numpy as np

    if bands(frame) < 3:
        return frame
    colour, alpha = split_alpha(frame)
    matrix = [[luma * (1 - factor) + factor * (row == column) for column, luma in enumerate(_LUMA)] for row in range(3)]
    image = image_of(colour)
    if image:
        flat = tuple(value for row in matrix for value in (*row, 0.0))
        return join_alpha(image.convert("RGB", flat), alpha)
    mixed = to_array(colour).astype(np.float32) @ np.array(matrix, np.float32).T
    return join_alpha(np.clip(np.rint(mixed), 0, 65535).astype(np.uint16), alpha)
