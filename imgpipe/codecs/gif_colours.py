"""Frames in at most 256 colours: a palette for each, dithered to where nothing moves."""

from __future__ import annotations

from math import gcd
from typing import TYPE_CHECKING

from imgpipe.codecs.modes import has_alpha

if TYPE_CHECKING:
    from PIL import Image

COLOURS = 256
_SAMPLE = 1 << 14  # px that a palette is chosen from: of all, errors are hardly smaller


def reduced(image: Image.Image, *, dithers: bool) -> Image.Image:
    """An image of mode RGB with a palette of its own: dithered, or each pixel in the nearest of its colours."""
    return _in_few(image, COLOURS, dithers=dithers)


def with_transparent_index(image: Image.Image) -> Image.Image:
    """One of the 256 colours kept for the transparent pixels; Pillow would give them whichever is near."""
    if not has_alpha(image):
        image = image.convert("RGBA")
    # What is left of 256 entries repeats the first.
    paletted = _in_few(image.convert("RGB"), COLOURS - 1).point(lambda index: index % (COLOURS - 1))
    hidden = image.getchannel("A").point(lambda alpha: 255 if alpha < 128 else 0)
    paletted.paste(COLOURS - 1, mask=hidden)
    paletted.info = {"transparency": COLOURS - 1}
    return paletted


def _in_few(image: Image.Image, colours: int, *, dithers: bool = False) -> Image.Image:
    """An image of mode RGB in so many colours, exactly where it has no more.

    Median cut refined by k-means is the better one for photographs. Of drawings it makes white grey, and takes the
    colours of what is small for those of its surroundings; an octree does not.
    """
    from PIL import Image

    if image.getcolors(colours) is not None:
        return image.quantize(colours)
    sample = _sample(image)
    ways = (
        sample.quantize(colours, Image.Quantize.MEDIANCUT, kmeans=1),
        sample.quantize(colours, Image.Quantize.FASTOCTREE),
    )
    entries = min(ways, key=lambda way: _error(sample, way)).getpalette() or []
    palette = Image.new("P", (1, 1))
    # Else Pillow fills it with greys.
    palette.putpalette(entries + entries[:3] * (COLOURS - len(entries) // 3))
    return image.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG if dithers else Image.Dither.NONE)


def _sample(image: Image.Image) -> Image.Image:
    """Some px of all over the image, in a row."""
    import numpy as np
    from PIL import Image

    pixels = np.asarray(image).reshape(-1, 3)
    step = -(-len(pixels) // _SAMPLE)
    while gcd(step, image.width) > 1:  # else it would see a few columns only
        step += 1
    return Image.fromarray(np.ascontiguousarray(pixels[::step])[np.newaxis])


def _error(image: Image.Image, made: Image.Image) -> float:
    from PIL import ImageChops, ImageStat

    return sum(ImageStat.Stat(ImageChops.difference(image, made.convert("RGB"))).sum2)
