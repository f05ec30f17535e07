"""Half transparent colours in a few, and the pattern that hides where one ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Pixels: TypeAlias = npt.NDArray[Any]

_SAMPLE = 1 << 16  # px that the colours are chosen from
_CHUNK = 1 << 16  # px that are compared with all colours at a time


def soften(stacks: list[Pixels], colours: int, dither: str) -> None:
    """Half transparent pixels of all frames (RGBA, H x W x 4) in at most so many colours, in place.

    Colours are compared as they are seen, multiplied by alpha. They are dithered in a pattern, unless `dither`
    is "none".
    """
    masks = [(stack[:, :, 3] > 0) & (stack[:, :, 3] < 255) for stack in stacks]
    seen = [_premultiplied(stack[mask]) for stack, mask in zip(stacks, masks, strict=True)]
    whole = np.concatenate(seen)
    entries = _median_cut(whole[:: -(-len(whole) // _SAMPLE)], colours)
    opacity = np.clip(np.rint(entries[:, 3:]), 1, 254)
    colour = np.clip(np.rint(entries[:, :3] * 255 / np.maximum(entries[:, 3:], 1)), 0, 255)
    palette = np.concatenate([colour, opacity], axis=1).astype(np.uint8)
    reach = 0.0 if dither == "none" else spacing(entries)
    for stack, mask, pixels in zip(stacks, masks, seen, strict=True):
        shown = pixels + (bayer(stack)[mask] - 0.5) * reach
        stack[mask] = palette[np.concatenate([*_nearest(shown, entries), np.zeros(0, int)])]


def spacing(palette: Pixels) -> float:
    """How far apart the colours of a palette, N x bands, are in a band, in the mean."""
    if len(palette) < 2:
        return 0.0
    distances = np.abs(palette[:, np.newaxis].astype(float) - palette).max(axis=2)
    np.fill_diagonal(distances, np.inf)
    return float(distances.min(axis=1).mean())


def bayer(like: Pixels) -> Pixels:
    """Bayer's thresholds for 8x8 px, 0 to 1, both excluded, for each pixel: H x W x 1."""
    matrix = np.zeros((1, 1))
    for _ in range(3):
        matrix = np.block([[4 * matrix, 4 * matrix + 2], [4 * matrix + 3, 4 * matrix + 1]])
    down, across = like.shape[:2]
    tiled = np.tile((matrix + 0.5) / 64, (-(-down // 8), -(-across // 8)))
    return tiled[:down, :across, np.newaxis]


def _premultiplied(pixels: Pixels) -> Pixels:
    samples = pixels.astype(np.float32)
    samples[:, :3] *= samples[:, 3:] / 255
    return samples


def _median_cut(points: Pixels, count: int) -> Pixels:
    """The means of at most so many boxes of points, the largest halved again and again (Heckbert 1982)."""
    boxes = [points]
    while len(boxes) < count:
        extents = [np.ptp(box, axis=0) for box in boxes]
        largest = int(np.argmax([extent.max() * len(box) ** 0.5 for extent, box in zip(extents, boxes, strict=True)]))
        box, axis = boxes[largest], int(extents[largest].argmax())
        if not extents[largest][axis]:
            break
        values = box[:, axis]
        lower = values <= np.median(values)
        if lower.all():
            lower = values < values.max()
        boxes[largest : largest + 1] = [box[lower], box[~lower]]
    return np.array([box.mean(axis=0, dtype=float) for box in boxes])


def _nearest(pixels: Pixels, palette: Pixels) -> Iterator[Pixels]:
    """For each pixel the index of its nearest colour, chunk by chunk."""
    for at in range(0, len(pixels), _CHUNK):
        part = pixels[at : at + _CHUNK]
        yield ((palette**2).sum(axis=1) - 2 * (part @ palette.T)).argmin(axis=1)
