"""Laying one picture over another, with Porter and Duff's "over"."""

from __future__ import annotations

import numpy as np
from PIL import Image

from imgpipe.filters.frames import bands, has_alpha, image_of, split_alpha, to_array, widen
from imgpipe.filters.strips import strips
from imgpipe.picture import Frame


def over(frame: Frame, layer: Image.Image, at: tuple[int, int]) -> Frame:
    """The frame with a layer on it; what protrudes is cut off.

    Args:
        frame: of any depth; grey becomes RGB if the layer has colour; no CMYK.
        layer: RGBA, not premultiplied.
        at: where the layer's upper left corner comes to lie, px.
    """
    if bands(frame) < 3 and not is_grey(layer):
        frame = widen(frame)
    image = image_of(frame)
    (left, top), (width, height) = at, (image.size if image else frame.shape[1::-1])  # type: ignore[union-attr]
    seen = max(0, left), max(0, top), min(width, left + layer.width), min(height, top + layer.height)
    if seen[0] >= seen[2] or seen[1] >= seen[3]:
        return frame
    part = layer.crop((seen[0] - left, seen[1] - top, seen[2] - left, seen[3] - top))
    return _over_image(image, part, seen[:2]) if image else _over_deep(to_array(frame), part, seen)


def is_grey(layer: Image.Image) -> bool:
    """Whether nothing that can be seen of an RGBA image has a colour."""
    samples = np.asarray(layer)
    seen = samples[samples[:, :, 3] > 0]
    return bool((seen[:, 0] == seen[:, 1]).all() and (seen[:, 1] == seen[:, 2]).all())


def faded(layer: Image.Image, opacity: float) -> Image.Image:
    """An RGBA image with its alpha multiplied by an opacity, 0 to 1."""
    if opacity == 1:
        return layer
    faint = layer.copy()
    faint.putalpha(layer.getchannel("A").point([round(level * opacity) for level in range(256)]))
    return faint


def flattened(frame: Frame, colour: tuple[int, ...]) -> Frame:
    """A frame with alpha, on a colour in its own bands and depth, without the alpha."""
    bare, alpha = split_alpha(frame)
    image, mask = image_of(bare), image_of(alpha) if alpha is not None else None
    if image and mask:
        result = Image.new(image.mode, image.size, colour if len(colour) > 1 else colour[0])
        result.paste(image, mask=mask)
        return result
    weight = to_array(frame)[:, :, -1:].astype(np.uint32)
    mixed = to_array(bare) * weight + np.array(colour, np.uint32) * (65535 - weight)
    return ((mixed + 32767) // 65535).astype(np.uint16)


def _over_image(image: Image.Image, layer: Image.Image, at: tuple[int, int]) -> Image.Image:
    if image.mode in ("LA", "RGBA"):
        result = image.convert("RGBA") if image.mode == "LA" else image.copy()
        result.alpha_composite(layer, at)
        return result.convert(image.mode)
    result = image.copy()
    result.paste(layer.convert(image.mode), at, layer.getchannel("A"))
    return result


def _over_deep(samples: np.ndarray, layer: Image.Image, box: tuple[int, int, int, int]) -> Frame:
    left, top, right, bottom = box
    result = np.array(samples)
    below, laid = result[top:bottom, left:right], np.asarray(layer)
    for rows in strips(below):
        below[rows] = _mixed(below[rows].astype(np.float64), laid[rows].astype(np.float64) * 257)
    return result


def _mixed(below: np.ndarray, laid: np.ndarray) -> np.ndarray:
    """What is seen of samples, 0 to 65535, under RGBA of the same range."""
    colours = 1 if below.shape[2] < 3 else 3
    opacity = laid[:, :, 3:] / 65535
    rest = 1 - opacity
    if has_alpha(below):
        rest = rest * below[:, :, -1:] / 65535
        below[:, :, -1:] = np.rint((opacity + rest) * 65535)
    mixed = laid[:, :, :colours] * opacity + below[:, :, :colours] * rest
    below[:, :, :colours] = np.rint(mixed / np.maximum(opacity + rest, 1e-9))
    return below.clip(0, 65535, out=below)
