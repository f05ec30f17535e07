"""Fewer levels and turned ones: invert, solarize, posterize, threshold."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

from imgpipe.errors import RecipeError
from imgpipe.filters.frames import map_frames
from imgpipe.filters.mixing import without_colour
from imgpipe.filters.option import Range
from imgpipe.filters.registry import filter
from imgpipe.filters.statistics import look_up_together, luma_histogram, otsu
from imgpipe.filters.table import rounded
from imgpipe.filters.traits import every_pixel
from imgpipe.picture import Frame, Picture, is_deep

if TYPE_CHECKING:
    import numpy.typing as npt

    from imgpipe.filters.table import Tables


@filter(pointwise=True)
def invert(levels: "npt.NDArray[Any]") -> "npt.NDArray[Any]":
    """Turn the picture into its negative: each sample v becomes white - v.

    Pillow's `ImageOps.invert`. Alpha is not touched. No options.

        >>> from imgpipe.filters import parse
        >>> parse("invert")
        Operation('invert')

    Errors: CMYK pictures fail; leave out `--no-srgb`.
    """
    return 1 - levels


@filter(pointwise=True, least_size=every_pixel)
def solarize(
    levels: "npt.NDArray[Any]", threshold: Annotated[float, Range(0, 256, "levels of 255")] = 128.0
) -> "npt.NDArray[Any]":
    """Invert what is light, as an overexposed print does.

    Samples of the threshold and above become white - v: Pillow's `ImageOps.solarize`. Alpha is not touched.

        >>> from imgpipe.filters import parse
        >>> parse("solarize:160")
        Operation('solarize:threshold=160')

    Args:
        levels: bands x levels, 0 to 1.
        threshold: 0 to 256, whatever the depth. 0 inverts everything, 256 changes nothing.

    It looks at every pixel, so it keeps the picture from being decoded at a reduced scale; after a resize it is quick.

    Errors: CMYK pictures fail; leave out `--no-srgb`.
    """
    import numpy as np

    return np.where(levels * 255 < threshold, levels, 1 - levels)


def _check_posterize(levels: int | None = None, bits: int | None = None) -> None:
    if levels is not None and bits is not None:
        raise RecipeError("filter posterize: give levels or bits, not both")


@filter(pointwise=True, least_size=every_pixel, check=_check_posterize)
def posterize(
    samples: "npt.NDArray[Any]",
    levels: Annotated[int | None, Range(2, 256)] = None,
    bits: Annotated[int | None, Range(1, 8)] = None,
) -> "npt.NDArray[Any]":
    """Leave few levels of each band, as a poster printed in few inks.

    With `levels` n, each sample v of 0 to 1 falls into one of n equal parts, and the parts become levels evenly spread
    from black to white: floor(v * n) / (n - 1). With `bits`, the lower bits of each sample become 0, Pillow's
    `ImageOps.posterize`. With neither, 4 levels. Alpha is not touched.

        >>> from imgpipe.filters import parse
        >>> parse("posterize:levels=6")
        Operation('posterize:levels=6')

    Args:
        samples: bands x levels, 0 to 1.
        levels: 2 to 256 of each band.
        bits: 1 to 8 of each band. White is darkened: 1 leaves black and 128.

    It looks at every pixel, so it keeps the picture from being decoded at a reduced scale; after a resize it is quick.

    Errors: CMYK pictures fail; leave out `--no-srgb`.
    """
    import numpy as np

    most = samples.shape[1] - 1
    whole = np.rint(samples * most)
    parts = 2**bits if bits else levels or 4
    part: npt.NDArray[Any] = np.floor(whole * parts / (most + 1))
    return part * (most + 1) / parts / most if bits else part / (parts - 1)


@filter
def threshold(picture: Picture, level: Annotated[float | None, Range(0, 256, "levels of 255")] = None) -> Picture:
    """Leave black and white alone; the picture then has one colour band.

    What has this luma (ITU-R BT.601) or more becomes white, the rest black. Without a level each picture gets the
    one that parts its pixels best in two groups (Otsu, A Threshold Selection Method from Gray-Level Histograms,
    IEEE Trans. SMC 9, 1979); an animation gets one for all its frames, of what is not wholly transparent. Alpha is
    not touched.

        >>> from imgpipe.filters import parse
        >>> parse("threshold:128")
        Operation('threshold:level=128')

    Args:
        picture: the picture.
        level: 0 to 256, whatever the depth. 0 is all white, 256 all black; none finds it.

    It looks at every pixel, so it keeps the picture from being decoded at a reduced scale; after a resize it is quick.

    Errors: CMYK pictures fail; leave out `--no-srgb`.
    """
    import numpy as np

    def tables_of(frames: Sequence[Frame]) -> "Tables":
        count = 65536 if is_deep(frames[0]) else 256
        first = otsu(luma_histogram(frames)) if level is None else level * (count - 1) / 255
        return rounded((np.arange(count) >= first)[np.newaxis])

    return look_up_together(map_frames(picture, without_colour), tables_of)
