"""Frames in at most 256 colours: a palette for each, dithered to where nothing moves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from imgpipe.codecs.modes import has_alpha
from imgpipe.few_colours import chosen_palette, indices_of, sampling_step

if TYPE_CHECKING:
    import numpy.typing as npt
    from PIL import Image

    Pixels: TypeAlias = npt.NDArray[Any]

COLOURS = 256
_SAMPLE = 1 << 14  # px that a palette is chosen from: of all, errors are hardly smaller


def in_few(image: Image.Image, colours: int = COLOURS, *, dithers: bool = False) -> Image.Image:
    """An image of mode RGB in so many colours, exactly where it has no more; else dithered, or by the nearest."""
    import numpy as np
    from PIL import Image

    if image.getcolors(colours) is not None:
        return image.quantize(colours)
    pixels = np.asarray(image)
    palette = chosen_palette(_sample(pixels), colours)
    made = Image.fromarray(indices_of(pixels, palette, dithers=dithers))
    made.putpalette(palette.tobytes())
    return made


def with_transparent_index(image: Image.Image) -> Image.Image:
    """One of the 256 colours kept for the transparent pixels; Pillow would give them whichever is near."""
    if not has_alpha(image):
        image = image.convert("RGBA")
    paletted = in_few(image.convert("RGB"), COLOURS - 1)
    hidden = image.getchannel("A").point(lambda alpha: 255 if alpha < 128 else 0)
    paletted.paste(COLOURS - 1, mask=hidden)
    paletted.info = {"transparency": COLOURS - 1}
    return paletted


def _sample(pixels: Pixels) -> Pixels:
    """Some px, N x 3, of all over an image, H x W x 3."""
    height, width = pixels.shape[:2]
    return pixels.reshape(-1, 3)[:: sampling_step(height * width, width, _SAMPLE)]
