"""Half transparent colours in a few, and the pattern that hides where one ends."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Pixels: TypeAlias = npt.NDArray[Any]

_SAMPLE = 1 << 16  # px that the colours are chosen from
_CHUNK = 1 << 12  # px that are compared with all colours at a time, which takes 16 bytes for each of them


def soften(stacks: list[Pixels], colours: int, dither: str) -> None:
    """Half transparent pixels of all frames (RGBA, H x W x 4) in at most so many colours, in place.

    Colours are compared as they are seen, multiplied by alpha. They are dithered in a pattern, unless `dither`
    is "none".
    """
    places = [np.flatnonzero((stack[:, :, 3] > 0) & (stack[:, :, 3] < 255)) for stack in stacks]
    entries = _median_cut(_premultiplied(_sampled(stacks, places)), colours)
    opacity = np.clip(np.rint(entries[:, 3:]), 1, 254)
    colour = np.clip(np.rint(entries[:, :3] * 255 / np.maximum(entries[:, 3:], 1)), 0, 255)
    palette = np.concatenate([colour, opacity], axis=1).astype(np.uint8)
    reach = 0.0 if dither == "none" else spacing(entries)
    for stack, where in zip(stacks, places, strict=True):
        pixels, thresholds = stack.reshape(-1, 4), bayer(stack[:8]).reshape(-1)
        for at in range(0, len(where), _CHUNK):
            part = where[at : at + _CHUNK]
            shown = _premultiplied(pixels[part]) + (thresholds[part % len(thresholds), np.newaxis] - 0.5) * reach
            pixels[part] = palette[_nearest(shown, entries)]


def _sampled(stacks: list[Pixels], places: list[Pixels]) -> Pixels:
    """Every so-many-th of the pixels at these places of the frames, N x 4."""
    step = -(-sum(map(len, places)) // _SAMPLE)
    found, before = [], 0
    for stack, where in zip(stacks, places, strict=True):
        found.append(stack.reshape(-1, 4)[where[-before % step :: step]])
        before += len(where)
    return np.concatenate(found)


def spacing(palette: Pixels) -> float:
    """How far apart the colours of a palette, N x bands, are in a band, in the mean."""
    if len(palette) < 2:
        return 0.0
    distances = np.abs(palette[:, np.newaxis].astype(float) - palette).max(axis=2)
    np.fill_diagonal(distances, np.inf)
    return float(distances.min(axis=1).mean())


def bayer(like: Pixels, top: int = 0) -> Pixels:
    """Bayer's thresholds for 8x8 px, 0 to 1, both excluded, for each pixel of rows from `top` on: H x W x 1."""
    matrix = np.zeros((1, 1))
    for _ in range(3):
        matrix = np.block([[4 * matrix, 4 * matrix + 2], [4 * matrix + 3, 4 * matrix + 1]])
    down, across = like.shape[:2]
    tiled = np.tile((matrix + 0.5) / 64, (-(-down // 8), -(-across // 8)))
    return np.roll(tiled, -top, axis=0)[:down, :across, np.newaxis]


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


def _nearest(pixels: Pixels, palette: Pixels) -> Pixels:
    """For each pixel the index of its nearest colour."""
    found: Pixels = ((palette**2).sum(axis=1) - 2 * (pixels @ palette.T)).argmin(axis=1)
    return found
