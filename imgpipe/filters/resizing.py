"""Resizing: the one filter that most recipes are about."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from math import floor
from typing import Annotated, Any, Literal, TypeAlias, get_args

from imgpipe.errors import FilterFailed, RecipeError
from imgpipe.filters.colour import check_colours
from imgpipe.filters.frames import is_cmyk
from imgpipe.filters.layout import Gravity, Interest, Layout, lay_out, needed_size, offset
from imgpipe.filters.option import Range
from imgpipe.filters.registry import filter
from imgpipe.filters.resampling import Kernel, resample, scale_box
from imgpipe.filters.sizing import LARGEST, Fit, read_geometry
from imgpipe.orientation import stored_box, turned_size, upright_frame
from imgpipe.picture import Box, Frame, Picture, Size, frame_size

Focus: TypeAlias = Literal[Gravity, Interest]
_INTERESTS = get_args(Interest)
_UNEVEN = ("nearest", "box")
"""Kernels that give a px halfway between two to one of them, always the same."""

Edge = Annotated[int | None, Range(1, LARGEST, "px")]


def _check(**options: Any) -> None:
    geometry = read_geometry(options)
    if options.get("gravity") in _INTERESTS and geometry.fit != "cover":
        raise RecipeError(
            f"resize: gravity={options['gravity']} says what fit=cover keeps; fit={geometry.fit} cuts nothing"
        )
    check_colours(**options)


def _least_size(size: Size, /, **options: Any) -> Size | None:
    if options.get("kernel") == "nearest":
        return None  # it picks pixels, and reduced decoding would have mixed them
    if options.get("linear"):
        return None  # reduced decoding mixes pixels as they are encoded
    return needed_size(lay_out(read_geometry(options), size), size)


def _as_stored(size: Size, /, **options: Any) -> bool:
    """A turn waits where the picture becomes smaller, and the same one comes out."""
    scaled = lay_out(read_geometry(options), size).scaled
    smaller = scaled[0] * scaled[1] <= size[0] * size[1]
    return smaller and options.get("kernel") not in _UNEVEN and options.get("gravity") not in _INTERESTS


@filter(alpha="straight", least_size=_least_size, as_stored=_as_stored, windowed=True, check=_check)
def resize(  # noqa: PLR0913, PLR0917 - these are the options
    picture: Picture,
    size: str | None = None,
    width: Edge = None,
    height: Edge = None,
    long_edge: Edge = None,
    short_edge: Edge = None,
    fit: Fit = "inside",
    gravity: Focus = "center",
    kernel: Kernel = "lanczos3",
    upscale: bool = True,
    background: str | None = None,
    linear: bool = False,
) -> Picture:
    """Make the picture smaller or larger.

    The size is given in one of three ways: as a geometry in `size`, or by `width` and `height`, or by
    `long_edge` and `short_edge`, which follow the picture's orientation. Where only one length is given
    the other one follows from the picture's aspect. All frames of an animation are resized; pages of
    different sizes each by their own size. 16 bits a sample, grey and CMYK stay what they are.

        >>> from imgpipe.filters import parse
        >>> parse("resize:800x600")
        Operation('resize:size=800x600')
        >>> parse("resize:width=1024,height=1024,fit=cover,gravity=north")
        Operation('resize:width=1024,height=1024,fit=cover,gravity=north')

    Args:
        picture: the picture.
        size: a geometry. `800x600` fits the picture inside this box, in px; `800x` and `x600` give one
            length; `50%` scales both; `2MP` is the area in megapixels, never exceeded. Suffixes: `>` only
            shrink, `<` only enlarge, `!` ignore the aspect (fit=fill), `^` fill the box (fit=outside).
        width: px, 1 to 1000000.
        height: px, 1 to 1000000.
        long_edge: px of the longer side, 1 to 1000000.
        short_edge: px of the shorter side, 1 to 1000000.
        fit: how the picture goes into a box of two lengths. `inside`: as large as fits, aspect kept.
            `outside`: as small as covers the box. `cover`: exactly the box, what protrudes is cut off.
            `contain`: exactly the box, bars where the picture does not fill it. `fill`: exactly the box,
            aspect ignored; a length that is not given stays the picture's.
        gravity: which part `cover` keeps, and where `contain` puts the picture. attention and entropy keep the
            most interesting part of `cover`, as smart-crop does.
        kernel: lanczos3 is the sharpest; mitchell and catmull-rom ring less; bilinear and gaussian are soft; box
            averages; nearest picks single pixels, for pixel art and masks.
        upscale: false never enlarges in either direction; `cover` may then be smaller than the box.
        background: of the bars of `contain`: `#rrggbb`, `#rrggbbaa` or a name such as white; transparent
            where the picture has alpha, else white, by default.
        linear: mix colours by their light, in 16 bits, with the sRGB curve: fine bright details, such as stars
            or grids, keep their brightness. Slower, as pictures are then decoded in full.

    Lengths round to the nearest px, halves up, and are never below 1 px. At the picture's own size nothing is
    resampled: its pixels stay as they are. Kernels are those of Pillow (antialiased convolution), by
    cykooz-resizer; colours are weighted by alpha, so that edges of transparent parts get no dark fringe.

    Errors: no size, lengths given in two ways, contradicting suffixes, or an unknown colour are found before
    any picture is read; a transparent background or `linear` fails on CMYK pictures, and a size that memory
    cannot hold fails the picture.
    """
    lengths = {"size": size, "width": width, "height": height, "long_edge": long_edge, "short_edge": short_edge}
    geometry = read_geometry({**lengths, "fit": fit, "upscale": upscale})

    if linear and any(map(is_cmyk, picture.frames)):
        raise FilterFailed("resize: CMYK is ink and has no linear light: leave out --no-srgb, so that it becomes sRGB")
    sampled = partial(_resampler(linear=linear), kernel=kernel)
    orientation = 1 if geometry.fit == "contain" else picture.orientation

    def resized(frame: Frame) -> Frame:
        whole = _size_of(frame, picture)
        layout = lay_out(geometry, whole, "center" if gravity in _INTERESTS else gravity)
        if gravity in _INTERESTS:
            shown = picture.frames[0] if picture.animated else frame
            layout = layout._replace(box=_interesting_box(shown, layout.box, whole, gravity))
        scaled = _scaled(frame, picture, layout, sampled)
        if geometry.fit != "contain":
            return scaled
        scaled = upright_frame(scaled, picture.orientation)
        if layout.canvas == layout.scaled:
            return scaled
        return _with_bars(scaled, layout, gravity, background)

    frames = tuple(resized(frame) for frame in picture.frames)
    made = turned_size(frame_size(frames[0]), orientation)
    return replace(picture, frames=frames, size=made, orientation=orientation, window=None)


def _with_bars(scaled: Frame, layout: Layout, gravity: str, background: str | None) -> Frame:
    from imgpipe.filters.canvas import place

    return place(scaled, layout.canvas, offset(gravity, layout.canvas, layout.scaled), background)


def _resampler(*, linear: bool) -> Callable[..., Frame]:
    if not linear:
        return resample
    from imgpipe.filters.linear import resample_linear

    return resample_linear


def _scaled(frame: Frame, picture: Picture, layout: Layout, sampled: Callable[..., Frame]) -> Frame:
    """The part of the frame within the layout's box in the layout's size, as stored: it is turned when that must be."""
    whole, orientation = _size_of(frame, picture), picture.orientation
    box = layout.box
    if box[2] == layout.scaled[0] and box[3] == layout.scaled[1]:
        # Nothing is resampled but copied, from the px that is nearest up and left in the picture as it is seen.
        box = floor(box[0]), floor(box[1]), box[2], box[3]
    stored = stored_box(box, whole, orientation)
    size = turned_size(layout.scaled, orientation)
    if picture.window:  # of a frame that was decoded in full, as a crop needs it
        return sampled(frame, stored, size, window=picture.window)
    return sampled(frame, scale_box(stored, turned_size(whole, orientation), frame, picture.mirrored), size)


def _interesting_box(frame: Frame, box: Box, whole: Size, by: str) -> Box:
    """The box moved to what is most interesting in the frame."""
    from imgpipe.filters.interest import most_interesting

    _, _, width, height = box
    left, top = most_interesting(frame, (width / whole[0], height / whole[1]), by)
    return left * whole[0], top * whole[1], width, height


def _size_of(frame: Frame, picture: Picture) -> Size:
    """The upright size that counts: by header, except for pages of another size than the first."""
    same = frame_size(frame) == frame_size(picture.frames[0])
    return picture.size if same else turned_size(frame_size(frame), picture.orientation)
