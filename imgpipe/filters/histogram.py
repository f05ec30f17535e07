"""Contrast from what is in the picture: normalize, autocontrast, equalize, clahe.

They count every pixel, so they keep a picture from being decoded at a reduced scale: what a step gives must not depend
on the size that a later one asks for. After a resize they are quick.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

from imgpipe.errors import RecipeError
from imgpipe.filters.frames import bands, map_frames
from imgpipe.filters.lightness import adapt, equalize_lightness, equalized
from imgpipe.filters.option import Range
from imgpipe.filters.registry import filter
from imgpipe.filters.statistics import ends, groups, histograms, look_up_together, luma_histogram
from imgpipe.filters.stretching import stretched
from imgpipe.filters.table import rounded
from imgpipe.picture import Frame, Picture

if TYPE_CHECKING:
    import numpy.typing as npt

    from imgpipe.filters.table import Tables

Percentile = Annotated[float, Range(0, 100, "%")]


def _check_normalize(low: float = 1.0, high: float = 99.0) -> None:
    if low >= high:
        raise RecipeError(f"filter normalize: low={low:.10g} must be below high={high:.10g}")


@filter(check=_check_normalize)
def normalize(picture: Picture, low: Percentile = 1.0, high: Percentile = 99.0) -> Picture:
    """Stretch the contrast to the full range, and keep the colours' hues.

    Two levels are found in the picture's luma (ITU-R BT.601), those below which `low` and `high` % of the pixels lie;
    all bands alike are stretched so that they become black and white, as by Pillow's
    `ImageOps.autocontrast(preserve_tone=True)`. Where a band would be clipped before luma is, the pixel is drawn
    towards its own grey instead, as far as it must. All frames of an animation are stretched alike. Wholly transparent
    pixels do not count; alpha is not touched.

        >>> from imgpipe.filters import parse
        >>> parse("normalize:low=0.5,high=99.5")
        Operation('normalize:low=0.5,high=99.5')

    Args:
        picture: the picture.
        low: 0 to 100 %, below high: so much of the picture may become black. 0 keeps every shadow.
        high: 0 to 100 %: what is above may become white. 100 keeps every light.

    It counts every pixel, so it keeps the picture from being decoded at a reduced scale; after a resize it is quick.
    A picture of one level stays as it is.

    Errors: CMYK pictures fail; leave out `--no-srgb`.
    """
    frames: list[Frame] = []
    for group in groups(picture):
        first, last = ends(luma_histogram(group), low, 100 - high)
        frames.extend(stretched(frame, first, last) if first < last else frame for frame in group)
    return replace(picture, frames=tuple(frames))


@filter
def autocontrast(picture: Picture, cutoff: Annotated[float, Range(0, 49, "%")] = 0.0) -> Picture:
    """Stretch each band by itself to the full range; colour casts go with it, colours shift.

    Pillow's `ImageOps.autocontrast`, within one level. `normalize` keeps the hues. All frames of an animation are
    stretched alike. Wholly transparent pixels do not count; alpha is not touched.

        >>> from imgpipe.filters import parse
        >>> parse("autocontrast:0.5")
        Operation('autocontrast:cutoff=0.5')

    Args:
        picture: the picture.
        cutoff: 0 to 49 % of the samples at either end may become black, or white.

    It counts every pixel, so it keeps the picture from being decoded at a reduced scale; after a resize it is quick.
    A band of one level stays as it is.

    Errors: CMYK pictures fail; leave out `--no-srgb`.
    """
    import numpy as np

    def tables_of(frames: Sequence[Frame]) -> "Tables":
        return rounded(np.stack([_stretched(counts, cutoff, cutoff) for counts in histograms(frames)]))

    return look_up_together(picture, tables_of)


@filter
def equalize(picture: Picture, per_band: bool = False) -> Picture:
    """Spread the tones so that each is about as frequent as any other; the contrast is where most pixels are.

    The lightness L of CIE Lab (D65) is replaced by the share of the pixels that are darker; hue and chroma stay.
    All frames of an animation are changed alike. Wholly transparent pixels do not count; alpha is not touched.

        >>> from imgpipe.filters import parse
        >>> parse("equalize")
        Operation('equalize')

    Args:
        picture: the picture.
        per_band: equalize the samples of each band by themselves, as OpenCV's `equalizeHist` and Pillow's
            `ImageOps.equalize` do: colour casts go, colours shift. Grey pictures are always treated so.

    It counts every pixel, so it keeps the picture from being decoded at a reduced scale; after a resize it is quick.
    A picture of one level stays as it is.

    Errors: CMYK pictures fail; leave out `--no-srgb`.
    """
    import numpy as np

    def tables_of(frames: Sequence[Frame]) -> "Tables":
        return rounded(np.stack([equalized(counts) for counts in histograms(frames)]))

    if per_band or all(bands(frame) < 3 for frame in picture.frames):
        return look_up_together(picture, tables_of)
    return replace(picture, frames=tuple(frame for group in groups(picture) for frame in equalize_lightness(group)))


@filter
def clahe(
    picture: Picture, limit: Annotated[float, Range(1, 100)] = 2.0, grid: Annotated[int, Range(1, 64, "tiles")] = 8
) -> Picture:
    """Bring out local contrast: the tones are equalized tile by tile, and no more than the limit allows.

    Contrast limited adaptive histogram equalization (K. Zuiderveld, Graphics Gems IV, 1994) by OpenCV, in 256 steps of
    the lightness L of CIE Lab (D65); hue and chroma stay. Of grey pictures the samples are equalized themselves. Each
    frame of an animation is changed by itself. Wholly transparent pixels count as if they had the mean lightness of
    the others; alpha is not touched.

        >>> from imgpipe.filters import parse
        >>> parse("clahe:limit=3")
        Operation('clahe:limit=3')

    Args:
        picture: the picture.
        limit: 1 to 100: how many times its share of the pixels a tone may count, and so how steep contrast gets. 1 to
            3 looks natural, above 4 noise stands out.
        grid: 1 to 64 tiles across, and as many down. More tiles are more local; 1 is the whole picture. There are
            fewer where they would have less than 16 px a side; pictures of less than 256 px stay as they are.

    It counts every pixel, so it keeps the picture from being decoded at a reduced scale; after a resize it is quick.

    Errors: CMYK pictures fail; leave out `--no-srgb`.
    """
    return map_frames(picture, lambda frame: adapt(frame, limit, grid))


def _stretched(counts: "npt.NDArray[Any]", below: float, above: float) -> "npt.NDArray[Any]":
    """The curve, 0 to 1, that stretches what is left of a histogram to the full range."""
    import numpy as np

    levels = np.arange(len(counts))
    first, last = ends(counts, below, above)
    return (levels - first) / (last - first) if first < last else levels / (len(counts) - 1)
