"""A frame of few colours as indices into a palette."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image


def paletted(image: Image.Image) -> Image.Image:
    """An RGB or RGBA image of at most 256 colours in mode P, each pixel exactly.

    Transparent colours come first in the palette: a PNG says the alpha of those up to the last that is not opaque.
    """
    import numpy as np
    from PIL import Image

    samples = np.asarray(image.convert("RGBA")).astype(np.uint32)
    codes = samples[:, :, 3] << 24 | samples[:, :, 0] << 16 | samples[:, :, 1] << 8 | samples[:, :, 2]
    colours, indices = np.unique(codes, return_inverse=True)
    bands = np.stack([colours >> 16, colours >> 8, colours, colours >> 24], axis=1).astype(np.uint8)
    result = Image.fromarray(indices.reshape(codes.shape).astype(np.uint8), "L")
    kept = bands if image.mode == "RGBA" else bands[:, :3]
    result.putpalette(kept.tobytes(), image.mode)
    return result
