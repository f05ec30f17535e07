"""Edges, relief, and any other convolution with a small kernel."""

import math
from typing import TYPE_CHECKING, Annotated, Any, Literal

from imgpipe.errors import RecipeError
from imgpipe.filters.frames import map_frames, split_alpha, to_array
from imgpipe.filters.kernel import kernel_sum, parse_kernel
from imgpipe.filters.opencv import opencv
from imgpipe.filters.option import Range
from imgpipe.filters.registry import filter
from imgpipe.filters.strips import by_strips
from imgpipe.filters.visible import filter_visible, filter_visible_of
from imgpipe.picture import Frame, Picture

if TYPE_CHECKING:
    import numpy.typing as npt


def _check_edges(method: str = "sobel", **options: Any) -> None:
    given = sorted({"low", "high"} & options.keys())
    if method != "canny" and given:
        raise RecipeError(f"edges: {given[0]} is for method=canny")
    if method == "canny" and "strength" in options:
        raise RecipeError("edges: strength is for method=sobel; canny takes low and high")
    if options.get("low", _LOW) > options.get("high", _HIGH):
        raise RecipeError("edges: low must not be above high")


_LOW, _HIGH = 20.0, 50.0
_LARGEST_SUM = 1 << 30
"""OpenCV rounds sums to 32 bits before it clips them: light that exceeds these would come out black."""


@filter(check=_check_edges)
def edges(
    picture: Picture,
    method: Literal["sobel", "canny"] = "sobel",
    strength: Annotated[float, Range(0, 100)] = 1.0,
    low: Annotated[float, Range(0, 255, "levels of 255")] = _LOW,
    high: Annotated[float, Range(0, 255, "levels of 255")] = _HIGH,
) -> Picture:
    """Show the edges, light on black; the picture then has one colour band.

    Found in the luma (ITU-R BT.601). Alpha stays as it is, and its own edge is none. Noise makes edges: blur a noisy
    picture first.

        >>> from imgpipe.filters import parse
        >>> parse("edges:strength=2")
        Operation('edges:strength=2')
        >>> parse("edges:canny,low=20,high=60")
        Operation('edges:method=canny,high=60')

    Args:
        picture: the picture.
        method: sobel: how steep each pixel is, the length of the Sobel gradient; a step from black to white gives
            white. canny: lines of one px, white.
        strength: of sobel: the gradient is multiplied, 0 to 100, and clipped at white. 0 is black.
        low: of canny: lines go on where the gradient is at least this, in levels of 0 to 255 whatever the depth.
        high: of canny: lines begin where the gradient is at least this, `low` to 255.

    J. Canny, "A computational approach to edge detection", 1986; both by OpenCV, with Sobel's 3x3 kernels and the
    edge pixels repeated outwards.

    Errors: options of the other method, or `low` above `high`, are found before any picture is read; CMYK pictures
    fail; leave out `--no-srgb`.
    """
    if method == "canny":
        return map_frames(picture, lambda frame: _lined(frame, low, high))
    return filter_visible(picture, 1, lambda colour: _steepness(colour, strength))


@filter
def emboss(
    picture: Picture,
    strength: Annotated[float, Range(-100, 100)] = 2.0,
    azimuth: Annotated[float, Range(-360, 360, "degrees")] = 315.0,
) -> Picture:
    """Make a relief: mid-grey where the picture is even, lighter where it rises towards the light.

    Each band by itself, so edges of colour stay coloured; `grayscale` first gives a grey relief. Alpha stays as it
    is, and what transparent pixels hide has no influence.

        >>> from imgpipe.filters import parse
        >>> parse("emboss:3")
        Operation('emboss:strength=3')

    Args:
        picture: the picture.
        strength: -100 to 100: at 1 a step from black to white gives black or white, 2 suits photographs; negative
            ones turn hills into hollows. 0 is uniform mid-grey.
        azimuth: where the light comes from, degrees clockwise from the top; 315, the upper left, by default.

    The derivative along the light by Sobel's 3x3 kernels, from mid-grey (127.5 of 255, rounded to even); the edge
    pixels are repeated outwards.

    Errors: CMYK pictures fail; leave out `--no-srgb`.
    """
    return filter_visible(picture, 1, lambda colour: _relief(colour, strength, azimuth))


def _check_convolve(kernel: str, **_options: Any) -> None:
    parse_kernel(kernel)


@filter(check=_check_convolve)
def convolve(
    picture: Picture,
    kernel: str,
    divisor: Annotated[float | None, Range(1e-6, 1e9)] = None,
    offset: Annotated[float, Range(-255, 255, "levels of 255")] = 0.0,
) -> Picture:
    """Give each pixel the weighted sum of its neighbours.

    The kernel's middle lies on the pixel; it is applied as written, not mirrored. The edge pixels are repeated
    outwards. Each colour band by itself; alpha stays as it is, and what transparent pixels hide has no influence.

        >>> from imgpipe.filters import parse
        >>> parse("convolve:0 -1 0;-1 5 -1;0 -1 0")
        Operation('convolve:kernel=0 -1 0;-1 5 -1;0 -1 0')
        >>> parse('convolve:"1,2,1;2,4,2;1,2,1"').arguments
        {'kernel': '1,2,1;2,4,2;1,2,1'}

    Args:
        picture: the picture.
        kernel: numbers from -1000000 to 1000000, divided by spaces or commas (in `-F` a kernel with commas stands in
            double quotes), rows divided by semicolons: an odd number of rows and of columns, at most 63 each.
        divisor: the sum is divided by it, 0.000001 or more; by the sum of the kernel by default, by 1 where that is 0.
        offset: added after the division, -255 to 255, in levels of 0 to 255 whatever the depth; 128 shows also
            what is negative.

    By OpenCV's filter2D; results are rounded and clipped.

    Errors: a kernel that cannot be read is found before any picture is read; CMYK pictures fail; leave out
    `--no-srgb`.
    """
    rows = parse_kernel(kernel)
    reach = max(len(rows), len(rows[0])) // 2
    weights = [[number / (divisor or kernel_sum(rows)) for number in row] for row in rows]
    return filter_visible(picture, max(1, reach), lambda colour: _convolved(colour, weights, offset))


def _gradient(samples: "npt.NDArray[Any]") -> tuple["npt.NDArray[Any]", "npt.NDArray[Any]"]:
    """Across and down, from 0 to 1 and back: what Sobel's kernels give for a step from black to white is 1."""
    import numpy as np

    cv2 = opencv()
    scale = 0.25 / np.iinfo(samples.dtype).max
    across, down = (
        cv2.Sobel(samples, cv2.CV_32F, x, y, ksize=3, scale=scale, borderType=cv2.BORDER_REPLICATE)
        for x, y in ((1, 0), (0, 1))
    )
    return across.reshape(samples.shape), down.reshape(samples.shape)


def _luma(colour: "npt.NDArray[Any]") -> "npt.NDArray[Any]":
    cv2 = opencv()
    grey: npt.NDArray[Any] = cv2.cvtColor(colour, cv2.COLOR_RGB2GRAY) if colour.shape[2] == 3 else colour
    return grey.reshape(*colour.shape[:2], 1)


def _steepness(colour: "npt.NDArray[Any]", strength: float) -> "npt.NDArray[Any]":
    import numpy as np

    def steep(rows: "npt.NDArray[Any]") -> "npt.NDArray[Any]":
        return _levels(strength * np.hypot(*_gradient(_luma(rows))), colour.dtype)

    return by_strips(colour, 1, steep)


def _lined(frame: Frame, low: float, high: float) -> Frame:
    alpha = split_alpha(frame)[1]
    hidden = None if alpha is None else to_array(alpha)[:, :, 0] == 0
    return filter_visible_of(frame, 2, lambda colour: _canny(colour, hidden, low, high))


def _canny(
    colour: "npt.NDArray[Any]", hidden: "npt.NDArray[Any] | None", low: float, high: float
) -> "npt.NDArray[Any]":
    import numpy as np

    most = np.iinfo(colour.dtype).max

    def gradient(rows: "npt.NDArray[Any]") -> "npt.NDArray[Any]":
        grey = np.rint(_luma(rows) * (255 / most)).astype(np.uint8)
        return np.concatenate([np.rint(part * 4 * 255).astype(np.int16) for part in _gradient(grey)], axis=2)

    across, down = (np.ascontiguousarray(part) for part in np.moveaxis(by_strips(colour, 1, gradient), 2, 0))
    if hidden is not None:
        # A line must not go on where nobody sees it, and come back.
        across[hidden] = down[hidden] = 0
    lines = opencv().Canny(across, down, _just_below(4 * low), _just_below(4 * high), L2gradient=True)
    white: npt.NDArray[Any] = lines[:, :, np.newaxis].astype(colour.dtype) * colour.dtype.type(most // 255)
    return white


def _just_below(gradient: float) -> float:
    """The threshold that a gradient of so much exceeds, as OpenCV wants it: it compares whole squares."""
    square = math.ceil(gradient**2)
    return math.sqrt(square - 0.5) if square else -1.0


def _relief(colour: "npt.NDArray[Any]", strength: float, azimuth: float) -> "npt.NDArray[Any]":
    # Away from the light, y pointing down.
    x, y = -math.sin(math.radians(azimuth)), math.cos(math.radians(azimuth))

    def relief(rows: "npt.NDArray[Any]") -> "npt.NDArray[Any]":
        across, down = _gradient(rows)
        return _levels(0.5 + strength / 2 * (x * across + y * down), colour.dtype)

    return by_strips(colour, 1, relief)


def _convolved(colour: "npt.NDArray[Any]", weights: list[list[float]], offset: float) -> "npt.NDArray[Any]":
    import numpy as np

    cv2 = opencv()
    most = np.iinfo(colour.dtype).max
    kernel = np.array(weights, np.float32)

    def summed(rows: "npt.NDArray[Any]", depth: int) -> "npt.NDArray[Any]":
        sums: npt.NDArray[Any] = cv2.filter2D(
            rows, depth, kernel, delta=offset * most / 255, borderType=cv2.BORDER_REPLICATE
        )
        return sums.reshape(rows.shape)

    if np.abs(kernel).sum() * most < _LARGEST_SUM:
        return summed(colour, -1)
    return by_strips(colour, len(weights) // 2, lambda rows: _levels(summed(rows, cv2.CV_64F) / most, colour.dtype))


def _levels(values: "npt.NDArray[Any]", dtype: Any) -> "npt.NDArray[Any]":
    """Values of 0 to 1 as levels, rounded and clipped."""
    import numpy as np

    most = np.iinfo(dtype).max
    levels: npt.NDArray[Any] = np.clip(np.rint(values * most), 0, most).astype(dtype)
    return levels
