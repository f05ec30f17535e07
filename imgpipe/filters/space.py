"""Colours and logos, which are in sRGB, in the space of a picture that kept its own.

Pictures do so with `--no-srgb`, and where they have 16 bits a sample.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from imgpipe.filters.colour import OPTIONS, parse_colour
from imgpipe.icc import FAULTS, conversion, is_srgb, profile_of, space_of

if TYPE_CHECKING:
    from PIL import Image, ImageCms

    from imgpipe.filters.operation import Operation


def arguments_in(operation: Operation, profile: bytes | None) -> dict[str, Any]:
    """The arguments of a step that comes with imgpipe, the colours among them in the space of a profile."""
    arguments = operation.arguments
    if profile is None or operation.filter.spelling != operation.filter.name:
        return arguments
    named = {name: arguments[name] for name in OPTIONS if isinstance(arguments.get(name), str)}
    return {**arguments, **{name: _converted(text, profile) for name, text in named.items()}}


def layer_in(layer: Image.Image, profile: bytes | None) -> Image.Image:
    """An RGBA image of sRGB in the space of a profile; itself where that is sRGB, or not one of red, green and blue."""
    found = None if profile is None else _conversion(profile)
    return layer if found is None else found.apply(layer)


def _converted(text: str, profile: bytes) -> str:
    """A colour as text, such as `#1eb43c`, in the space of a profile."""
    from PIL import Image

    colour = parse_colour(text)
    made: Any = layer_in(Image.new("RGBA", (1, 1), colour), profile).getpixel((0, 0))
    # Grey is grey in every such space; rounding must not make a grey picture one of colours.
    bands = [made[1]] * 3 if len(set(colour[:3])) == 1 else made[:3]
    return "#" + bytes([*bands, colour[3]]).hex()


@lru_cache(maxsize=16)
def _conversion(profile: bytes) -> ImageCms.ImageCmsTransform | None:
    if space_of(profile) != b"RGB ":
        return None
    try:
        target = profile_of(profile)
        return None if is_srgb(target) else conversion(profile_of(None), target, ("RGBA", "RGBA"))
    except FAULTS:
        return None
