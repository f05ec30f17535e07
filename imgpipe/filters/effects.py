"""Pixelation, noise, darkened corners."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

from imgpipe.errors import FilterFailed
from imgpipe.filters import texture
from imgpipe.filters.frames import (
    divide_alpha,
    from_array,
    image_of,
    join_alpha,
    map_frames,
    premultiply,
    split_alpha,
    to_array,
)
from imgpipe.filters.option import Range
from imgpipe.filters.registry import filter
from imgpipe.filters.sizing import LARGEST
from imgpipe.filters.traits import any_size
from imgpipe.picture import Frame, Picture, cut, frame_size

if TYPE_CHECKING:
    import numpy.typing as npt

Place = Annotated[int, Range(-LARGEST, LARGEST, "px")]
Length = Annotated[int | None, Range(1, LARGEST, "px")]


@filter(alpha="premultiplied")
def pixelate(
    picture: Picture,
    block: Annotated[int, Range(1, LARGEST, "px")] = 8,
    left: Place = 0,
    top: Place = 0,
    width: Length = None,
    height: Length = None,
) -> Picture:
    """Make blocks of one colour, in the whole picture or in a rectangle of it.

    Each block has the mean of its pixels; blocks that the edge cuts off have the mean of what is left of them.
    Colours are weighted by alpha, and alpha is averaged along. Outside the rectangle no pixel changes. Small
    blocks do not hide a face or a number plate: about eight blocks across it do; repeat the step for a second one.

        >>> from imgpipe.filters import parse
        >>> parse("pixelate:12")
        Operation('pixelate:block=12')
        >>> parse("pixelate:16,left=80,top=40,width=96,height=96")
        Operation('pixelate:block=16,left=80,top=40,width=96,height=96')

    Args:
        picture: the picture.
        block: px, 1 to 1000000: width and height of a block; 1 changes nothing.
        left: px from the picture's left edge to the rectangle's; 0 by default; may be negative.
        top: px from the picture's upper edge to the rectangle's; 0 by default; may be negative.
        width: px, 1 or more; to the right edge by default.
        height: px, 1 or more; to the lower edge by default.

    Errors: a rectangle that lies wholly outside a picture fails that picture, as nothing would be hidden in it; CMYK
    pictures fail; leave out `--no-srgb`.
    """

    def coarse(frame: Frame) -> Frame:
        across, down = frame_size(frame)
        x, y = max(0, left), max(0, top)
        right, bottom = min(across, left + (width or LARGEST * 2)), min(down, top + (height or LARGEST * 2))
        if right <= x or bottom <= y:
            raise FilterFailed(f"pixelate: the rectangle lies outside the picture, which has {across}x{down} px")
        shown = premultiply(cut(frame, (x, y), (right - x, bottom - y)))
        return _pasted(frame, divide_alpha(from_array(texture.block_means(to_array(shown), block), like=shown)), (x, y))

    return picture if block == 1 else map_frames(picture, coarse)


@filter
def noise(
    picture: Picture,
    amount: Annotated[float, Range(0, 1)] = 0.05,
    kind: Literal["gaussian", "uniform", "salt-pepper"] = "gaussian",
    monochrome: bool = False,
    seed: Annotated[int, Range(0, 2**32 - 1)] = 0,
) -> Picture:
    """Add noise, the same in every run.

    Alpha stays as it is. The frames of an animation and the pages of a document get noise of their own; pictures of
    one size get the same for the same seed.

        >>> from imgpipe.filters import parse
        >>> parse("noise:0.08,monochrome=true")
        Operation('noise:amount=0.08,monochrome=true')
        >>> parse("noise:0.02,kind=salt-pepper,seed=7")
        Operation('noise:amount=0.02,kind=salt-pepper,seed=7')

    Args:
        picture: the picture.
        amount: 0 to 1, as a share of the full range: of gaussian noise the standard deviation, of uniform noise the
            largest deviation, of salt-pepper the share of samples that become black or white. 0 changes nothing.
        kind: gaussian, uniform, or salt-pepper (as many white as black).
        monochrome: the same for all colour bands of a pixel: grain instead of coloured specks.
        seed: 0 to 4294967295; another seed is another noise.

    By numpy's PCG64, seeded with `seed` and the number of the frame.

    Errors: CMYK pictures fail; leave out `--no-srgb`.
    """
    if not amount:
        return picture
    frames = []
    for index, frame in enumerate(picture.frames):
        colour, alpha = split_alpha(frame)
        noisy = texture.add_noise(to_array(colour), kind, amount, [seed, index], monochrome)
        frames.append(join_alpha(from_array(noisy, like=colour), alpha))
    return replace(picture, frames=tuple(frames))


@filter(least_size=any_size)
def vignette(
    pixels: "npt.NDArray[Any]",
    strength: Annotated[float, Range(0, 1)] = 0.5,
    radius: Annotated[float, Range(0, 2)] = 0.4,
    softness: Annotated[float, Range(0, 2)] = 0.6,
) -> "npt.NDArray[Any]":
    """Darken the picture towards its corners.

    Distances are shares of the way from the middle to a corner, along ellipses of the picture's own aspect: the
    corners are at 1, the middles of the sides at 0.71. Alpha stays as it is.

        >>> from imgpipe.filters import parse
        >>> parse("vignette:0.7")
        Operation('vignette:strength=0.7')

    Args:
        pixels: height x width x bands, uint8 or uint16.
        strength: 0 to 1: how much is taken away outside; 0 changes nothing, 1 is black.
        radius: 0 to 2: up to this distance from the middle nothing changes.
        softness: 0 to 2: over this further distance it becomes dark; 0 is a sharp edge.

    Samples are multiplied, in the picture's own encoding (gamma), by a smoothstep of the distance.

    Errors: CMYK pictures fail; leave out `--no-srgb`.
    """
    return texture.darken_outside(pixels, strength, radius, softness) if strength else pixels


def _pasted(frame: Frame, part: Frame, at: tuple[int, int]) -> Frame:
    """A copy of the frame with a part of it replaced."""
    image, patch = image_of(frame), image_of(part)
    if frame_size(part) == frame_size(frame):
        return part
    if image and patch:
        result = image.copy()
        result.paste(patch, at)
        return result
    samples = to_array(frame).copy()
    across, down = frame_size(part)
    samples[at[1] : at[1] + down, at[0] : at[0] + across] = to_array(part)
    return samples
