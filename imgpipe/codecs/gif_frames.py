"""The frames of a GIF, each laid over what those before it leave, as browsers do it.

Pillow lays them too, but clears what is to be cleared to a colour where no colour is transparent, shows one where the
first frame does not reach, and goes on clearing when a frame says nothing of it.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

from imgpipe.codecs.gif_blocks import Part, parts_of
from imgpipe.codecs.modes import frame_of, has_alpha, is_grey
from imgpipe.codecs.pillow import open_image
from imgpipe.picture import Size, to_eight_bits

if TYPE_CHECKING:
    from PIL import Image

_CLEARED, _AS_BEFORE = 2, 3
"""What is to become of a frame when its time is over; all else leaves it where it is."""

_Shown: TypeAlias = "tuple[Image.Image, ...]"


def frames_of(data: bytes, size: Size, count: int) -> tuple[_Shown, tuple[int, ...]]:
    """So many frames, each whole and of this size, and their durations in ms.

    Raises what Pillow does over a frame that is damaged.
    """
    frames: list[Image.Image] = []
    durations: list[int] = []
    # What is there before anything is shown has no colour.
    left: Image.Image | None = None
    for part in islice(parts_of(data), count):
        shown = _laid(left, _layer(part), part, size)
        frames.append(shown)
        durations.append(part.duration)
        if part.disposal == _CLEARED:
            left = _cleared(shown, part)
        elif part.disposal != _AS_BEFORE:
            left = shown
    return tuple(frames), tuple(durations)


def _layer(part: Part) -> Image.Image:
    with open_image(part.file, ("GIF",)) as image:
        image.load()
        return to_eight_bits(frame_of(image))


def _laid(below: Image.Image | None, layer: Image.Image, part: Part, size: Size) -> Image.Image:
    from PIL import Image

    if part.box == (0, 0, *size) and (below is None or not has_alpha(layer)):
        return layer
    mode = "LA" if is_grey(layer) and (below is None or is_grey(below)) else "RGBA"
    ground = Image.new(mode, size) if below is None else _in(mode, below)
    ground = ground.copy() if ground is below else ground
    layer = _in(mode, layer)
    ground.paste(layer, part.box[:2], layer.getchannel("A"))
    return _without_needless_alpha(ground)


def _cleared(shown: Image.Image, part: Part) -> Image.Image:
    """What a frame leaves that is to be taken away, down to nothing."""
    ground = _in("LA" if is_grey(shown) else "RGBA", shown)
    ground = ground.copy() if ground is shown else ground
    left, top, width, height = part.box
    ground.paste((0,) * len(ground.getbands()), (left, top, left + width, top + height))
    return ground


def _in(mode: str, image: Image.Image) -> Image.Image:
    return image if image.mode == mode else image.convert(mode)


def _without_needless_alpha(image: Image.Image) -> Image.Image:
    if image.getchannel("A").getextrema()[0] != 255:
        return image
    return image.convert("L" if image.mode == "LA" else "RGB")
