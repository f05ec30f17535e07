"""Keeping a part of the picture: by place, by aspect, by what is in it, or without its borders."""

from dataclasses import replace
from typing import Annotated, Any, TypeAlias

from imgpipe.errors import FilterFailed, RecipeError
from imgpipe.filters.aspect import largest_within, parse_aspect
from imgpipe.filters.colour import check_colours
from imgpipe.filters.interest import most_interesting
from imgpipe.filters.layout import Gravity, Interest, offset
from imgpipe.filters.margins import content_box
from imgpipe.filters.option import Range
from imgpipe.filters.registry import filter
from imgpipe.filters.sizing import LARGEST
from imgpipe.picture import Frame, Picture, Size, cut, frame_size, is_deep

Place = Annotated[int, Range(-LARGEST, LARGEST, "px")]
Rectangle: TypeAlias = tuple[tuple[int, int], Size]
"""Where the upper left corner lies, and width and height, in px."""
Length = Annotated[int | None, Range(1, LARGEST, "px")]


def _check_crop(**options: Any) -> None:
    placed = options.get("left") or options.get("top")
    if "gravity" in options and placed:
        raise RecipeError("crop takes either gravity or left and top, not both")
    _check_aspect("crop", options)
    if "aspect" in options and placed:
        raise RecipeError("crop takes either aspect or left and top, not both; gravity places it")


def _check_aspect(name: str, options: dict[str, Any]) -> None:
    if options.get("aspect") is None:
        return
    parse_aspect(options["aspect"])
    if options.get("width") or options.get("height"):
        raise RecipeError(f"{name} takes either aspect or width and height, not both")


@filter(alpha="straight", check=_check_crop)
def crop(  # noqa: PLR0913, PLR0917 - these are the options
    picture: Picture,
    left: Place = 0,
    top: Place = 0,
    width: Length = None,
    height: Length = None,
    gravity: Gravity | None = None,
    aspect: str | None = None,
) -> Picture:
    """Keep a rectangle of the picture.

    The rectangle is given by its upper left corner and its size, by its size and `gravity`, or by its
    `aspect` and `gravity`: then it is the largest one of this aspect. What lies outside the picture is left out,
    so the result may be smaller than asked for. Without options nothing is cut. Every frame of an animation is
    cut alike. Pixels keep their values, at any depth, CMYK too.

        >>> from imgpipe.filters import parse
        >>> parse("crop:left=10,top=20,width=300,height=200")
        Operation('crop:left=10,top=20,width=300,height=200')
        >>> parse("crop:aspect=16:9,gravity=north")
        Operation('crop:gravity=north,aspect=16:9')

    Args:
        picture: the picture.
        left: px from the picture's left edge to the rectangle's; 0 by default; may be negative.
        top: px from the picture's upper edge to the rectangle's; 0 by default; may be negative.
        width: px, 1 or more; to the right edge by default.
        height: px, 1 or more; to the lower edge by default.
        gravity: where the rectangle lies, instead of `left` and `top`; center, north, northeast...; center by
            default where there is an `aspect`.
        aspect: width over height, as `16:9` or `1.5`, instead of lengths; sides round to the nearest px.

    Errors: contradicting options and an aspect that cannot be read are found before any picture is read; a
    rectangle that lies wholly outside a picture fails that picture.
    """

    def rectangle(frame: Frame) -> Rectangle:
        across, down = frame_size(frame)
        size = largest_within((across, down), parse_aspect(aspect)) if aspect else (width or LARGEST, height or LARGEST)
        placed = gravity or ("center" if aspect else None)
        x, y = offset(placed, (across, down), (min(size[0], across), min(size[1], down))) if placed else (left, top)
        right, bottom = min(across, x + size[0]), min(down, y + size[1])
        x, y = max(0, x), max(0, y)
        if right <= x or bottom <= y:
            raise FilterFailed(f"crop: the rectangle lies outside the picture, which has {across}x{down} px")
        return (x, y), (right - x, bottom - y)

    places = [rectangle(frame) for frame in picture.frames]
    if len(places) == 1 and _keeps_most(picture.frames[0], places[0][1]):
        return replace(picture, size=places[0][1], window=(*places[0][0], *places[0][1]))
    return _cut_frames(picture, tuple(cut(frame, *place) for frame, place in zip(picture.frames, places, strict=True)))


def _check_smart_crop(**options: Any) -> None:
    _check_aspect("smart-crop", options)
    if not (options.get("aspect") or options.get("width") or options.get("height")):
        raise RecipeError("smart-crop needs a size: width, height, or aspect")


@filter(alpha="straight", check=_check_smart_crop)
def smart_crop(
    picture: Picture,
    width: Length = None,
    height: Length = None,
    by: Interest = "attention",
    aspect: str | None = None,
) -> Picture:
    """Keep the most interesting rectangle of a size or an aspect.

    The rectangle is cut out, not made smaller: for thumbnails resize after it, or at once with
    `resize:...,fit=cover,gravity=attention`. All frames of an animation are cut where the first one is; pages
    each for themselves. Pixels keep their values, at any depth, CMYK too; the same picture is always cut alike.

        >>> from imgpipe.filters import parse
        >>> parse("smart-crop:width=800,height=600")
        Operation('smart-crop:width=800,height=600')
        >>> parse("smart-crop:aspect=1:1,by=entropy")
        Operation('smart-crop:by=entropy,aspect=1:1')

    Args:
        picture: the picture.
        width: px, 1 to 1000000, at most the picture's own; the picture's own by default.
        height: px, 1 to 1000000, at most the picture's own; the picture's own by default.
        by: attention looks for edges, saturated colours and skin tones; entropy cuts slices off the side that
            holds less information until the rest fits.
        aspect: width over height, as `16:9` or `1.5`, instead of `width` and `height`: the largest rectangle.

    Both are judged on a copy of 128 px, transparent parts counting nothing. After libvips' smartcrop.

    Errors: no size, an aspect together with lengths, or an aspect that cannot be read are found before any
    picture is read.
    """

    def place(frame: Frame) -> tuple[tuple[int, int], Size]:
        whole = frame_size(frame)
        if aspect:
            size = largest_within(whole, parse_aspect(aspect))
        else:
            size = min(width or whole[0], whole[0]), min(height or whole[1], whole[1])
        left, top = most_interesting(frame, (size[0] / whole[0], size[1] / whole[1]), by)
        x, y = round(left * whole[0]), round(top * whole[1])
        return (min(x, whole[0] - size[0]), min(y, whole[1] - size[1])), size

    if picture.animated:
        first = place(picture.frames[0])
        return _cut_frames(picture, tuple(cut(frame, *first) for frame in picture.frames))
    return _cut_frames(picture, tuple(cut(frame, *place(frame)) for frame in picture.frames))


@filter(alpha="straight", check=check_colours)
def trim(
    picture: Picture,
    threshold: Annotated[float, Range(0, 255, "levels of 255")] = 10.0,
    background: str | None = None,
) -> Picture:
    """Cut away borders of one colour, or transparent ones.

    A row or column belongs to the border while each of its pixels is near the background. A picture that is
    nothing but background stays as it is, with a warning. Frames of an animation are cut to what any of them
    shows; pages each for themselves. Pixels keep their values, at any depth, CMYK too.

        >>> from imgpipe.filters import parse
        >>> parse("trim:threshold=20,background=white")
        Operation('trim:threshold=20,background=white')

    Args:
        picture: the picture.
        threshold: how far a sample may be from the background's, in levels of 0 to 255 whatever the depth. 10
            suits JPEG; 0 takes borders of exactly this colour only.
        background: `#rrggbb`, `#rrggbbaa` or a name such as white; the colour of the upper left pixel by
            default. Transparent pixels are all alike, whatever colour they hide.

    Errors: an unknown colour is found before any picture is read.
    """
    boxes = [content_box(frame, threshold, background) for frame in picture.frames]
    found = [box for box in boxes if box]
    if picture.animated and found:
        lefts, tops, rights, bottoms = zip(*found, strict=True)
        boxes = [(min(lefts), min(tops), max(rights), max(bottoms))] * len(boxes)
    pairs = zip(picture.frames, boxes, strict=True)
    frames = tuple(cut(f, box[:2], (box[2] - box[0], box[3] - box[1])) if box else f for f, box in pairs)
    trimmed = _cut_frames(picture, frames)
    return trimmed if all(boxes) else trimmed.warn("trim: nothing but background, nothing was cut")


def _keeps_most(frame: Frame, size: Size) -> bool:
    """Whether the frame may stay as it is until it is resized: a little of it would keep all of it in memory."""
    width, height = frame_size(frame)
    return not is_deep(frame) and 2 * size[0] * size[1] >= width * height


def _cut_frames(picture: Picture, frames: tuple[Frame, ...]) -> Picture:
    return replace(picture, frames=frames, size=frame_size(frames[0]))
