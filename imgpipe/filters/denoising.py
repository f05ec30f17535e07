"""Taking noise away, and keeping edges."""

from typing import TYPE_CHECKING, Annotated, Any

from imgpipe.errors import FilterFailed
from imgpipe.filters.opencv import opencv
from imgpipe.filters.option import Range
from imgpipe.filters.registry import filter
from imgpipe.filters.strips import by_strips, strips
from imgpipe.filters.visible import filter_visible
from imgpipe.picture import Picture

if TYPE_CHECKING:
    import numpy.typing as npt

_DEEP_RADIUS = 2  # px: OpenCV's larger medians count 8-bit levels
_PATCH = 7  # px wide: what non-local means compares, as its authors propose


@filter(alpha="premultiplied")
def median(pixels: "npt.NDArray[Any]", radius: Annotated[int, Range(0, 100, "px")] = 1) -> "npt.NDArray[Any]":
    """Replace each sample by the median of the square around it: specks go, edges stay.

    The edge pixels are repeated outwards; each band by itself. Colours are weighted by alpha, and alpha gets its
    median too.

        >>> from imgpipe.filters import parse
        >>> parse("median:2")
        Operation('median:radius=2')

    Args:
        pixels: height x width x bands, uint8 or uint16.
        radius: px from the middle of the square to its side, 0 to 100: the square is 2 radius + 1 px wide. 0 changes
            nothing, 1 takes single specks away.

    By OpenCV's medianBlur.

    Errors: a radius above 2 fails on pictures of 16 bits a sample; CMYK pictures fail; leave out `--no-srgb`.
    """
    import numpy as np

    if not radius:
        return pixels
    if pixels.dtype == np.uint16 and radius > _DEEP_RADIUS:
        raise FilterFailed(f"median: a radius above {_DEEP_RADIUS} needs 8 bits a sample, and this picture has 16")
    # By band: OpenCV takes no two.
    bands = [opencv().medianBlur(np.ascontiguousarray(band), 2 * radius + 1) for band in np.moveaxis(pixels, 2, 0)]
    return np.stack(bands, axis=2)


@filter
def bilateral(
    picture: Picture,
    sigma: Annotated[float, Range(0, 15, "px")] = 3.0,
    tolerance: Annotated[float, Range(0, 255, "levels of 255")] = 30.0,
) -> Picture:
    """Smooth what is nearly alike and keep edges: a blur that weighs neighbours by likeness as well as by distance.

    The edge pixels are repeated outwards. Alpha stays as it is, and what transparent pixels hide has no influence.

        >>> from imgpipe.filters import parse
        >>> parse("bilateral:sigma=3,tolerance=30")
        Operation('bilateral')

    Args:
        picture: the picture.
        sigma: standard deviation of the Gaussian over the distance, px, 0 to 15; the window reaches 2 sigma. 0
            changes nothing. Time grows with its square.
        tolerance: standard deviation of the Gaussian over the difference in colour (the sum over red, green and
            blue), in levels of 0 to 255 whatever the depth. 0 changes nothing; 255 is nearly a plain blur.

    C. Tomasi and R. Manduchi, "Bilateral filtering for gray and color images", 1998; by OpenCV's bilateralFilter.

    Errors: CMYK pictures fail; leave out `--no-srgb`.
    """
    if not sigma or not tolerance:
        return picture
    reach = max(1, round(2 * sigma))
    return filter_visible(picture, reach, lambda colour: _bilateral(colour, reach, sigma, tolerance))


def _bilateral(colour: "npt.NDArray[Any]", reach: int, sigma: float, tolerance: float) -> "npt.NDArray[Any]":
    import numpy as np

    cv2 = opencv()
    deep = colour.dtype == np.uint16
    levels = by_strips(colour, 0, lambda rows: rows.astype(np.float32) / 257) if deep else colour
    # Not by strips: in floating point its weights stand in a table, which is as fine as the picture's range allows.
    smooth: npt.NDArray[Any] = cv2.bilateralFilter(
        levels, 2 * reach + 1, tolerance, sigma, borderType=cv2.BORDER_REPLICATE
    ).reshape(colour.shape)
    if not deep:
        return smooth
    return by_strips(smooth, 0, lambda rows: np.clip(np.rint(rows * 257), 0, 65535).astype(np.uint16))


@filter
def denoise(
    picture: Picture,
    strength: Annotated[float, Range(0, 100, "levels of 255")] = 5.0,
    colour: Annotated[float | None, Range(0, 100, "levels of 255")] = None,
    search: Annotated[int, Range(1, 50, "px")] = 10,
) -> Picture:
    """Take noise away by non-local means: each pixel becomes the mean of those whose surroundings look alike.

    Keeps fine detail better than `median` and `bilateral`, and is by far the slowest: a second or two a megapixel, more
    with a wider search. Alpha stays as it is, and what transparent pixels hide has no influence.

        >>> from imgpipe.filters import parse
        >>> parse("denoise:8")
        Operation('denoise:strength=8')

    Args:
        picture: the picture.
        strength: how different surroundings may look, in levels of 0 to 255 whatever the depth; about the standard
            deviation of the noise. 0 leaves lightness alone, 3 to 10 suits photographs, above 20 they look painted.
        colour: the same for colour (a and b of CIE L*a*b*); as `strength` by default. Grey pictures have none.
        search: px, 1 to 50: how far away surroundings are looked for. Time grows with its square.

    A. Buades, B. Coll and J.-M. Morel, "Non-local means denoising", 2011; by OpenCV's fastNlMeansDenoising, with
    patches of 7 px. What is to be taken away is found in 8 bits a sample, also of pictures of 16 bits, and then
    subtracted in theirs: their fine steps stay.

    Errors: CMYK pictures fail; leave out `--no-srgb`.
    """
    chroma = strength if colour is None else colour
    if not strength and not chroma:
        return picture
    reach = search + _PATCH // 2
    return filter_visible(picture, reach, lambda samples: _denoised(samples, (strength, chroma), search))


def _denoised(samples: "npt.NDArray[Any]", strengths: tuple[float, float], search: int) -> "npt.NDArray[Any]":
    import numpy as np

    cv2 = opencv()
    deep = samples.dtype == np.uint16
    levels = by_strips(samples, 0, lambda rows: np.rint(rows / 257).astype(np.uint8)) if deep else samples
    coloured = levels.shape[2] == 3
    parts = np.split(cv2.cvtColor(levels, cv2.COLOR_LRGB2Lab), [1], axis=2) if coloured else [levels]
    smooth = [_non_local_means(part, strength, search) for part, strength in zip(parts, strengths, strict=False)]

    def shown(parts: list["npt.NDArray[Any]"], rows: slice) -> "npt.NDArray[Any]":
        joined = np.concatenate([part[rows] for part in parts], axis=2)
        rgb: npt.NDArray[Any] = cv2.cvtColor(joined, cv2.COLOR_Lab2LRGB) if coloured else joined
        return rgb.astype(np.int32)

    denoised = np.empty_like(samples)
    for rows in strips(samples):
        # The difference, so that the rounding of L*a*b* to 8 bits drops out.
        change = (shown(smooth, rows) - shown(parts, rows)) * (257 if deep else 1)
        denoised[rows] = np.clip(samples[rows] + change, 0, np.iinfo(samples.dtype).max)
    return denoised


def _non_local_means(samples: "npt.NDArray[Any]", strength: float, search: int) -> "npt.NDArray[Any]":
    import numpy as np

    if not strength:
        return samples
    smooth: npt.NDArray[Any] = opencv().fastNlMeansDenoising(
        np.ascontiguousarray(samples), None, strength, _PATCH, 2 * search + 1
    )
    return smooth.reshape(samples.shape)
