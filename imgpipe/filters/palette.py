"""Fewer colours: a palette of the picture's own, or evenly spaced levels."""

from dataclasses import replace
from typing import Annotated, Any, Literal, TypeAlias

from imgpipe.filters.option import Range
from imgpipe.filters.registry import filter
from imgpipe.picture import Picture, is_deep, to_eight_bits

Diffusion: TypeAlias = Literal["floyd-steinberg", "ordered", "none"]


@filter(alpha="premultiplied")
def quantize(
    picture: Picture, colours: Annotated[int, Range(2, 256)] = 64, dither: Diffusion = "floyd-steinberg"
) -> Picture:
    """Reduce the number of colours to a palette chosen for the picture.

    The picture stays grey or RGB, with its alpha, so that every format can hold it; formats with palettes become
    small by it. One palette serves all frames of an animation, which else would flicker; pages have one each. A
    picture that has no more colours stays as it is. Pictures of 16 bits a sample become 8 bits, with a
    warning.

        >>> from imgpipe.filters import parse
        >>> parse("quantize:16")
        Operation('quantize:colours=16')
        >>> parse("quantize:colours=32,dither=ordered")
        Operation('quantize:colours=32,dither=ordered')

    Args:
        picture: the picture.
        colours: at most so many, 2 to 256, transparent ones counted.
        dither: what is done about the difference between a colour and its nearest in the palette. floyd-steinberg
            passes it on to the pixels beside and below; ordered spreads it in a regular pattern, which stands
            still in animations and compresses better; none leaves it: flat colours, with bands.

    Pillow's median cut, refined by k-means, or its octree, whichever errs less. Half transparent colours have a part
    of the palette, by a median cut of their own, and are dithered in a pattern; with fewer than 8 colours, alpha
    becomes all or nothing.

    Errors: CMYK pictures fail; leave out `--no-srgb`.
    """
    from imgpipe.filters.quantizing import quantized

    frames = tuple(to_eight_bits(frame) for frame in picture.frames)
    groups = [frames] if picture.animated else [(frame,) for frame in frames]
    made = tuple(frame for group in groups for frame in quantized(group, colours, dither))
    return _in_eight_bits(picture, made, "quantize")


@filter(alpha="premultiplied")
def dither(
    picture: Picture,
    levels: Annotated[int, Range(2, 32)] = 2,
    method: Literal["floyd-steinberg", "ordered"] = "floyd-steinberg",
) -> Picture:
    """Leave each band a few evenly spaced levels, and spread the difference, so that tones seem to stay.

    With 2 levels grey pictures become black and white, as for e-ink and thermal printers, and colours the eight
    corners of RGB. Alpha stays. Each frame and page by itself. Pictures of 16 bits a sample become 8 bits,
    with a warning.

        >>> from imgpipe.filters import parse
        >>> parse("dither")
        Operation('dither')
        >>> parse("dither:levels=4,method=ordered")
        Operation('dither:levels=4,method=ordered')

    Args:
        picture: the picture; grayscale before it for black and white.
        levels: of each band, 2 to 32, from 0 to 255.
        method: floyd-steinberg passes the difference on to the pixels beside and below; ordered adds a pattern of
            8x8 px (Bayer's), which stands still in animations.

    Tones are those of the encoded picture (gamma), as in other tools, not of its light.

    Errors: CMYK pictures fail; leave out `--no-srgb`.
    """
    from imgpipe.filters.quantizing import levelled

    made = tuple(levelled(to_eight_bits(frame), levels, method) for frame in picture.frames)
    return _in_eight_bits(picture, made, "dither")


def _in_eight_bits(picture: Picture, frames: tuple[Any, ...], name: str) -> Picture:
    made = replace(picture, frames=frames)
    return made.warn(f"{name}: 16 bits a sample converted to 8") if any(map(is_deep, picture.frames)) else made
