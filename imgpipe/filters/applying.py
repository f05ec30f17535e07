"""Running a filter on a picture: each frame is converted to what the filter takes, and back."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any

from imgpipe.errors import FilterFailed
from imgpipe.filters import frames as forms
from imgpipe.filters.needs import takes_stored
from imgpipe.filters.profile import match_profile
from imgpipe.filters.space import arguments_in
from imgpipe.filters.table import compose, identity, look_up, table_of
from imgpipe.orientation import cut_out, settled, turned_size
from imgpipe.picture import Frame, Picture, frame_size, is_deep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from imgpipe.filters.operation import Operation
    from imgpipe.filters.registry import Filter

_IMAGE_MODES = ("L", "LA", "RGB", "RGBA", "CMYK")


def apply_all(operations: Iterable[Operation], picture: Picture) -> Picture:
    """The picture after all steps, in order; neighbours that look samples up in tables do so once.

    Its frames may still have to be cut and turned, by `imgpipe.orientation.settled`: the later, the smaller they are.

    Args:
        operations: the steps.
        picture: with frames of 8 or 16 bits a sample, see `imgpipe.picture.Frame`; they are left as they are.

    Raises:
        FilterFailed: a filter cannot work on this picture, or failed on it.
    """
    for pointwise, group in groupby(operations, lambda operation: operation.filter.traits.pointwise):
        if pointwise:
            picture = _look_up(tuple(group), picture)
            continue
        for operation in group:
            with _named(operation.filter):
                picture = match_profile(_run(operation, picture), picture)
    return picture


def apply(operation: Operation, picture: Picture) -> Picture:
    """The picture after one step, its frames upright.

    Args:
        operation: the step.
        picture: with frames of 8 or 16 bits a sample, see `imgpipe.picture.Frame`; they are left as they are.

    Raises:
        FilterFailed: the filter cannot work on this picture, or failed on it.

    >>> from PIL import Image
    >>> from imgpipe.filters import parse
    >>> sea = Picture((Image.new("RGB", (64, 48), "teal"),), (64, 48), "png")
    >>> apply(parse("resize:width=32"), sea).size
    (32, 24)
    """
    return settled(apply_all((operation,), picture))


@contextmanager
def _named(chosen: Filter) -> Iterator[None]:
    """Errors of this filter come out with its name."""
    try:
        yield
    except BaseException as error:  # sys.exit in a filter costs its picture, not the run
        from imgpipe.filters.own import blamed

        told = blamed(f"filter {chosen.name}", error)
        if told is error:
            raise
        raise told from error


def _look_up(operations: Sequence[Operation], picture: Picture) -> Picture:
    """The picture after neighbouring pointwise steps: their tables of whole levels, composed into one.

    The same samples as one look-up after the other would give, since each step's levels are rounded in its table.
    """
    for operation in operations:
        _check_ink(operation.filter, picture)

    def looked_up(frame: Frame) -> Frame:
        tables = identity(frame)
        for operation in operations:
            with _named(operation.filter):
                tables = compose(tables, table_of(operation, *tables.shape))
        return look_up(frame, tables)

    return forms.map_frames(cut_out(picture), looked_up)


def _check_ink(chosen: Filter, picture: Picture) -> None:
    if chosen.traits.alpha != "straight" and any(map(forms.is_cmyk, picture.frames)):
        raise FilterFailed(f"filter {chosen.name} does not work on CMYK: leave out --no-srgb, so that it becomes sRGB")


def _run(operation: Operation, picture: Picture) -> Picture:
    chosen = operation.filter
    _check_ink(chosen, picture)
    if not takes_stored(operation, picture.size):
        picture = settled(picture)
    elif not chosen.traits.windowed:
        picture = cut_out(picture)
    function: Callable[[Any], Any] = partial(chosen.function, **arguments_in(operation, picture.profile))
    if chosen.takes == "picture":
        return _checked_picture(chosen, function(picture))
    if len(picture.frames) > 1 and not chosen.built_in:
        from imgpipe.filters.own import keeping_nothing

        function = keeping_nothing(function)
    # In a generator a StopIteration of the filter's would become another error.
    frames = tuple([_filter_frame(chosen, function, frame) for frame in picture.frames])
    sizes = {frame_size(frame) for frame in frames}
    if picture.animated and len(sizes) > 1:
        raise FilterFailed(f"filter {chosen.name} made frames of different sizes of one animation")
    changed = frame_size(frames[0]) != frame_size(picture.frames[0])
    size = turned_size(frame_size(frames[0]), picture.orientation) if changed else picture.size
    return replace(picture, frames=frames, size=size)


def _checked_picture(chosen: Filter, result: Any) -> Picture:
    if not isinstance(result, Picture) or not result.frames:
        raise FilterFailed(f"filter {chosen.name} returned {_described(result)}; it must return a Picture with frames")
    if not chosen.built_in:
        from imgpipe.filters.own import check_frames

        check_frames(result, chosen.name)
    return result


def _filter_frame(chosen: Filter, function: Callable[[Any], Any], frame: Frame) -> Frame:
    if chosen.takes == "image" and is_deep(frame):
        raise FilterFailed(f"filter {chosen.name} works on 8 bits a sample, and this picture has 16")
    if chosen.traits.colour:
        frame = forms.widen(frame)
    if chosen.traits.alpha == "apart":
        colour, alpha = forms.split_alpha(frame)
        result = _call(chosen, function, colour)
        return frame if result is colour else _reattached(chosen, result, alpha)
    if chosen.traits.alpha == "premultiplied":
        shown = forms.premultiply(frame)
        result = _call(chosen, function, shown)
        # Not divided again where nothing changed: colour under low alpha would lose precision.
        return frame if result is shown else forms.divide_alpha(result)
    return _call(chosen, function, frame)


def _call(chosen: Filter, function: Callable[[Any], Any], shown: Frame) -> Frame:
    """The filter's result as a frame; `shown` itself where the filter returned what it was given."""
    image = forms.image_of(shown)
    if chosen.takes == "image" and image:
        # A copy, as filters may draw on it, and frames are shared between outputs.
        return _checked_image(chosen, function(image.copy()))
    pixels = forms.to_array(shown)
    result = function(pixels)
    if result is pixels:
        return shown
    checked = _checked_array(chosen, result, pixels, shown)
    del pixels  # where it is a copy, the frame to come is made in its place
    return forms.from_array(checked, like=shown)


def _checked_image(chosen: Filter, result: Any) -> Frame:
    image = forms.image_of(result)
    if image is None or image.mode not in (*_IMAGE_MODES, "La", "RGBa"):
        raise FilterFailed(
            f"filter {chosen.name} returned {_described(result)}; it must return an image of mode "
            f"{', '.join(_IMAGE_MODES)}"
        )
    if 0 in image.size:
        raise FilterFailed(f"filter {chosen.name} returned an empty image")
    return image


def _checked_array(chosen: Filter, result: Any, given: forms.Pixels, shown: Frame) -> forms.Pixels:
    import numpy as np

    if not isinstance(result, np.ndarray) or result.dtype != given.dtype or result.ndim not in (2, 3):
        raise FilterFailed(
            f"filter {chosen.name} returned {_described(result)}; it must return an array of {given.dtype}, "
            "height x width x bands"
        )
    # OpenCV leaves the last axis out of grey pictures.
    pixels: forms.Pixels = result[:, :, np.newaxis] if result.ndim == 2 else result
    allowed = {given.shape[2]} if forms.is_cmyk(shown) else {1, 2, 3, 4}
    if pixels.size == 0 or pixels.shape[2] not in allowed:
        raise FilterFailed(f"filter {chosen.name} returned {_described(pixels)}, which no picture can have")
    return pixels


def _reattached(chosen: Filter, colour: Frame, alpha: Frame | None) -> Frame:
    if forms.has_alpha(colour):
        raise FilterFailed(f"filter {chosen.name} returned an alpha band, but is shown the colour bands only")
    if alpha is not None and frame_size(colour) != frame_size(alpha):
        raise FilterFailed(
            f"filter {chosen.name} changed the size from {frame_size(alpha)} to {frame_size(colour)}, which its "
            'transparent parts cannot follow; declare it with alpha="straight" or "premultiplied"'
        )
    return forms.join_alpha(colour, alpha)


def _described(result: Any) -> str:
    """What came back from a filter, in the words of its author."""
    kind = type(result).__name__
    if hasattr(result, "dtype"):
        return f"{kind} of {result.dtype}, shape {result.shape}"
    return f"{kind} of mode {result.mode}" if hasattr(result, "mode") else kind
