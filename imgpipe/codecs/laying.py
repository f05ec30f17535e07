"""The frames of an animation, each laid over what those before it leave, as browsers do it.

Pillow lays them too, but clears to black or to a colour of the palette, and over what shows through it makes another
transparency.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from imgpipe.codecs.animation import uniform
from imgpipe.codecs.modes import has_alpha, is_grey
from imgpipe.picture import Size, Window

if TYPE_CHECKING:
    from PIL import Image

Fate: TypeAlias = Literal["left", "cleared", "undone"]
"""What becomes of a part when its time is over: "undone" shows what was there before."""


class Part(NamedTuple):
    """What a file says of one frame.

    Attributes:
        file: what is laid, alone, as a file of its size.
        box: where it is on the canvas: left, top, width and height in px.
        fate: what becomes of it.
        duration: in ms.
        over: whether what it leaves transparent shows what is below; else nothing is.
    """

    file: bytes
    box: Window
    fate: Fate
    duration: int
    over: bool = True


def laid(
    parts: Iterable[Part], layer_of: Callable[[bytes], Image.Image], size: Size
) -> tuple[tuple[Image.Image, ...], tuple[int, ...]]:
    """The frames, each whole, of this size and in one mode, and their durations in ms.

    Args:
        parts: in order.
        layer_of: decodes the file of one, to a frame of 8 bits.
        size: of the canvas, px, which is transparent at first.
    """
    frames: list[Image.Image] = []
    durations: list[int] = []
    below: Image.Image | None = None
    for part in parts:
        shown = _over(below, layer_of(part.file), part, size)
        frames.append(shown)
        durations.append(part.duration)
        if part.fate == "cleared":
            below = _cleared(shown, part)
        elif part.fate == "left":
            below = shown
    return uniform(frames), tuple(durations)


def _over(below: Image.Image | None, layer: Image.Image, part: Part, size: Size) -> Image.Image:
    from PIL import Image

    if part.box == (0, 0, *size) and (below is None or not part.over or not has_alpha(layer)):
        return layer
    grey = is_grey(layer) and (below is None or is_grey(below))
    ground = Image.new("RGBA", size) if below is None else _own(below)
    if part.over:
        ground.alpha_composite(_in_rgba(layer), part.box[:2])
    else:
        ground.paste(_in_rgba(layer), part.box[:2])
    opaque = ground.getchannel("A").getextrema()[0] == 255
    if opaque:
        return ground.convert("L" if grey else "RGB")
    return ground.convert("LA") if grey else ground


def _cleared(shown: Image.Image, part: Part) -> Image.Image:
    """What a frame leaves that is to be taken away, down to nothing."""
    ground = _own(shown)
    left, top, width, height = part.box
    ground.paste((0, 0, 0, 0), (left, top, left + width, top + height))
    return ground.convert("LA") if is_grey(shown) else ground


def _in_rgba(image: Image.Image) -> Image.Image:
    return image if image.mode == "RGBA" else image.convert("RGBA")


def _own(image: Image.Image) -> Image.Image:
    """A copy to be changed."""
    return image.copy() if image.mode == "RGBA" else image.convert("RGBA")
