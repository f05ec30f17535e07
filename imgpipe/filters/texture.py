"""What effects do to samples: means of blocks, noise, a darkening by place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from imgpipe.filters.strips import strips

if TYPE_CHECKING:
    import numpy.typing as npt

    Pixels: TypeAlias = npt.NDArray[Any]


def block_means(pixels: Pixels, block: int) -> Pixels:
    """The pixels, each replaced by the mean of its block, rounded; blocks are counted from the upper left."""
    import numpy as np

    height, width, _ = pixels.shape
    columns = np.arange(0, width, block)
    widths = np.diff([*columns, width])
    result = np.empty_like(pixels)
    for top in range(0, height, block):
        rows = pixels[top : top + block]
        sums = np.add.reduceat(rows.sum(axis=0, dtype=np.uint64), columns, axis=0)
        counts = (len(rows) * widths)[:, np.newaxis].astype(np.uint64)
        result[top : top + block] = ((sums + counts // 2) // counts).astype(pixels.dtype).repeat(widths, axis=0)
    return result


def add_noise(colour: Pixels, kind: str, amount: float, seed: list[int], monochrome: bool) -> Pixels:
    """The colour samples with noise of a kind; the same for the same seed and size."""
    import numpy as np

    random = np.random.default_rng(seed)
    most = np.iinfo(colour.dtype).max
    result = np.empty_like(colour)
    for rows in strips(colour):
        part = colour[rows]
        shape = (*part.shape[:2], 1 if monochrome else part.shape[2])
        if kind == "salt-pepper":
            drawn = random.random(shape, np.float32)
            result[rows] = np.where(drawn < amount / 2, 0, np.where(drawn < amount, most, part))
            continue
        gaussian = kind == "gaussian"
        drawn = random.standard_normal(shape, np.float32) if gaussian else random.random(shape, np.float32) * 2 - 1
        result[rows] = np.clip(np.rint(part + drawn * np.float32(amount * most)), 0, most)
    return result


def darken_outside(pixels: Pixels, strength: float, radius: float, softness: float) -> Pixels:
    """The pixels, darker by `strength` beyond `radius` + `softness` of the way from the middle to a corner."""
    import numpy as np

    height, width, _ = pixels.shape
    # Centres of px; the corners of the picture are at -1 and 1.
    x = ((np.arange(width, dtype=np.float32) + 0.5) * 2 / width - 1) ** 2
    y = ((np.arange(height, dtype=np.float32) + 0.5) * 2 / height - 1) ** 2
    result = np.empty_like(pixels)
    for rows in strips(pixels):
        distance = np.sqrt((y[rows, np.newaxis] + x) / 2)
        way = np.clip((distance - radius) / max(softness, 1e-6), 0, 1)
        factor = 1 - np.float32(strength) * way * way * (3 - 2 * way)
        result[rows] = np.rint(pixels[rows] * factor[:, :, np.newaxis])
    return result
