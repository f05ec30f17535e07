"""Pictures in few colours, of 8 bits a sample: palettes, and dithering to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from imgpipe.few_colours import chosen_palette, indices_of, sampling_step
from imgpipe.filters.frames import join_alpha, split_alpha
from imgpipe.filters.softening import bayer, soften, spacing
from imgpipe.filters.strips import strips

Pixels: TypeAlias = npt.NDArray[Any]

_SAMPLE = 1 << 17  # px that a palette is chosen from: of eight times as many, errors are as large within 5 %
_FEW = 8  # colours: with fewer there are none to spare for what is half transparent


def quantized(frames: Sequence[Image.Image], colours: int, dither: str) -> list[Image.Image]:
    """The frames in at most so many colours, all in one palette; in their own modes.

    Args:
        frames: L, LA, RGB or RGBA.
        colours: 2 to 256.
        dither: "floyd-steinberg", "ordered" or "none".
    """
    if _has_few(frames, colours):
        return list(frames)
    stacks = [np.array(frame.convert("RGBA")) for frame in frames]
    for stack in stacks:
        # Transparent pixels become one colour, whatever they hide.
        if colours < _FEW:
            stack[:, :, 3] = np.where(stack[:, :, 3] < 128, 0, 255)
        stack[stack[:, :, 3] == 0] = 0
    opacity = np.sum([np.bincount(stack[:, :, 3].ravel(), minlength=256) for stack in stacks], axis=0)
    share = _soft_share(opacity, colours)
    # What is opaque first: what is made of the rest stays as it is then.
    if opacity[255]:
        _quantize_opaque(stacks, max(1, colours - share - bool(opacity[0])), dither)
    if share:
        soften(stacks, share, dither)
    made = zip(stacks, frames, strict=True)
    return [Image.fromarray(stack).convert(frame.mode) for stack, frame in made]


def levelled(image: Image.Image, levels: int, method: str) -> Image.Image:
    """The image with each colour band dithered to evenly spaced levels; alpha stays."""
    colour, alpha = split_alpha(image)
    shown = np.array(colour)
    if alpha is not None:
        # What is hidden must not spread into what is seen.
        shown[np.asarray(alpha) == 0] = 0
    bands = [shown] if shown.ndim == 2 else [shown[:, :, band] for band in range(3)]
    spread = _diffused if method == "floyd-steinberg" else _ordered
    made = np.stack([spread(band, levels) for band in bands], axis=2)
    result = join_alpha(Image.fromarray(made[:, :, 0] if len(bands) == 1 else made), alpha)
    assert isinstance(result, Image.Image)
    return result


def _has_few(frames: Sequence[Image.Image], colours: int) -> bool:
    seen: set[Any] = set()
    for frame in frames:
        found = frame.getcolors(colours)
        seen.update(colour for _, colour in found or ())
        if found is None or len(seen) > colours:
            return False
    return True


def _soft_share(opacity: Pixels, colours: int) -> int:
    """How many colours go to what is half transparent: a quarter at least, since edges are few px and much seen.

    Args:
        opacity: how many pixels have each alpha, 0 to 255.
        colours: in all.
    """
    soft, opaque = int(opacity[1:255].sum()), int(opacity[255])
    if not soft:
        return 0
    left = colours - bool(opacity[0])
    if not opaque:
        return left
    return min(max(left // 4, round(left * soft / (soft + opaque))), left - left // 4)


def _quantize_opaque(stacks: list[Pixels], colours: int, dither: str) -> None:
    """Opaque pixels of all frames in one palette, in place."""
    palette = chosen_palette(np.concatenate([_sampled(stack, len(stacks)) for stack in stacks]), colours)
    for stack in stacks:
        opaque = stack[:, :, 3:] == 255
        # Others stand for a colour of the palette, so that nothing spreads from them.
        shown = np.where(opaque, stack[:, :, :3], palette[0])
        if dither == "ordered":
            apart = spacing(palette)
            for rows in strips(shown):
                part = shown[rows]
                shown[rows] = np.clip(part + (bayer(part, rows.start) - 0.5) * apart, 0, 255)
        np.copyto(stack[:, :, :3], _mapped(shown, palette, dithers=dither == "floyd-steinberg"), where=opaque)


def _sampled(stack: Pixels, count: int) -> Pixels:
    """Opaque RGB pixels of one of so many frames, N x 3: every one, or as many as a palette needs."""
    pixels = stack.reshape(-1, 4)
    step = sampling_step(len(pixels) * count, stack.shape[1], _SAMPLE)
    pixels = pixels[::step]
    opaque = pixels[pixels[:, 3] == 255, :3]
    return opaque if len(opaque) or step == 1 else stack[stack[:, :, 3] == 255][:_SAMPLE, :3]


def _mapped(pixels: Pixels, palette: Pixels, *, dithers: bool) -> Pixels:
    """RGB pixels in the colours of a palette."""
    found: Pixels = palette[indices_of(pixels, palette, dithers=dithers)]
    return found


def _evenly_spaced(levels: int) -> Pixels:
    return np.rint(np.arange(levels) * 255 / (levels - 1)).astype(np.uint8)


def _diffused(band: Pixels, levels: int) -> Pixels:
    palette = _evenly_spaced(levels)[:, np.newaxis].repeat(3, axis=1)
    return _mapped(band[:, :, np.newaxis].repeat(3, axis=2), palette, dithers=True)[:, :, 0]


def _ordered(band: Pixels, levels: int) -> Pixels:
    values, made = _evenly_spaced(levels), np.empty_like(band)
    # Between whole levels as they are, not as they would be unrounded: what is one already stays.
    places = np.interp(np.arange(256), values, np.arange(levels))
    for rows in strips(band):
        made[rows] = values[np.floor(places[band[rows]] + bayer(band[rows], rows.start)[:, :, 0]).astype(np.intp)]
    return made
