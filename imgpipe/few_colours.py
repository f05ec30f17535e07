"""Palettes: chosen for pixels, and their nearest colours found by Pillow, without where it errs."""

from __future__ import annotations

from math import gcd
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import numpy.typing as npt
    from PIL import Image

    Pixels: TypeAlias = npt.NDArray[Any]

_ENTRIES = 256
_DROPPED = 2
"""Of each level Pillow drops the lower two bits before it compares: so it takes a colour for one darker by so much."""
_EACH_BAND = 1 << 20 | 1 << 10 | 1
_STRIP = 1 << 18


def sampling_step(count: int, width: int, most: int) -> int:
    """Of how many px one is looked at, so that of so many in rows of this width no more than `most` are."""
    step = -(-count // most)
    while gcd(step, width) > 1:  # else a few columns only would be seen
        step += 1
    return step


def chosen_palette(pixels: Pixels, colours: int) -> Pixels:
    """The palette, at most so many colours x 3, of two that errs less for RGB pixels, N x 3.

    Median cut refined by k-means is the better one for photographs. An octree is for some drawings, of whose small
    details the former takes the colours for those of their surroundings.
    """
    import numpy as np
    from PIL import Image

    row = Image.fromarray(np.ascontiguousarray(pixels)[np.newaxis])
    ways = row.quantize(colours, Image.Quantize.MEDIANCUT, kmeans=1), row.quantize(colours, Image.Quantize.FASTOCTREE)
    palette: Pixels = np.array(min(ways, key=lambda way: _error(row, way)).getpalette(), np.uint8)
    return palette.reshape(-1, 3)[:colours]


def indices_of(pixels: Pixels, palette: Pixels, *, dithers: bool) -> Pixels:
    """For each RGB pixel, H x W x 3, the index of a colour of the palette, N x 3: dithered, or the nearest."""
    import numpy as np
    from PIL import Image

    # What is left of 256 entries repeats the first, else Pillow fills it with greys.
    entries = np.concatenate([palette, np.repeat(palette[:1], _ENTRIES - len(palette), axis=0)])
    asked = entries if dithers else np.maximum(entries, _DROPPED) - np.uint8(_DROPPED)
    image = Image.new("P", (1, 1))
    image.putpalette(asked.ravel().tolist())
    dither = Image.Dither.FLOYDSTEINBERG if dithers else Image.Dither.NONE
    found = np.array(Image.fromarray(pixels).quantize(palette=image, dither=dither))
    found[found >= len(palette)] = 0
    rows = max(1, _STRIP // pixels.shape[1])
    for start in range(0, len(pixels), rows):
        strip = np.s_[start : start + rows]
        _put_right(found[strip], pixels[strip], palette)
    return found


def _put_right(found: Pixels, pixels: Pixels, palette: Pixels) -> None:
    """Let pixels of a colour that is in the palette have it, where they have got one that is hardly another."""
    import numpy as np

    codes = _codes(palette)
    order = np.argsort(codes, kind="stable")
    wanted, got = _codes(pixels), codes[found]
    # Each band of the difference, and 259 with it, is 256 to 263 where the bands are hardly apart.
    apart = (wanted + np.uint32(259 * _EACH_BAND) - got) & np.uint32(0x3F8 * _EACH_BAND)
    at = np.flatnonzero((apart == 256 * _EACH_BAND) & (wanted != got))
    wanted = wanted.ravel()[at]
    place = order[np.minimum(np.searchsorted(codes[order], wanted), len(codes) - 1)]
    there = codes[place] == wanted
    found.reshape(-1)[at[there]] = place[there]


def _codes(colours: Pixels) -> Pixels:
    """Each colour as one number, with room between its bands."""
    import numpy as np

    wide = colours.astype(np.uint32)
    codes: Pixels = wide[..., 0] << 20 | wide[..., 1] << 10 | wide[..., 2]
    return codes


def _error(image: Image.Image, made: Image.Image) -> float:
    from PIL import ImageChops, ImageStat

    return sum(ImageStat.Stat(ImageChops.difference(image, made.convert("RGB"))).sum2)
