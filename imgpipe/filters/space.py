"""Colours and logos, which are in sRGB, in the space of a picture that kept its own.

Pictures do so with `--no-srgb`, and where they have 16 bits a sample.
"""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

from imgpipe.filters.colour import OPTIONS, parse_colour

if TYPE_CHECKING:
    from PIL import Image, ImageCms

    from imgpipe.filters.operation import Operation

_SAME = 2
"""Levels of 255 by which a space may differ from sRGB and still be it; vendors' sRGB profiles do by 1."""


def arguments_in(operation: Operation, profile: bytes | None) -> dict[str, Any]:
    """The arguments of a step that comes with imgpipe, the colours among them in the space of a profile."""
    arguments = operation.arguments
    if profile is None or operation.filter.spelling != operation.filter.name:
        return arguments
    named = {name: arguments[name] for name in OPTIONS if isinstance(arguments.get(name), str)}
    return {**arguments, **{name: _converted(text, profile) for name, text in named.items()}}


def layer_in(layer: Image.Image, profile: bytes | None) -> Image.Image:
    """An RGBA image of sRGB in the space of a profile; itself where that is sRGB, or not one of red, green and blue."""
    conversion = None if profile is None else _conversion(profile)
    if conversion is None:
        return layer
    made = conversion.apply(layer)
    made.info = {}
    return made


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
    from PIL import Image, ImageChops, ImageCms

    try:
        target = ImageCms.ImageCmsProfile(BytesIO(profile))
        if target.profile.xcolor_space.strip() != "RGB":
            return None
        conversion = ImageCms.ImageCmsTransform(
            ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")),
            target,
            "RGBA",
            "RGBA",
            intent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
    levels = range(0, 256, 51)
    colours = Image.new("RGBA", (len(levels) ** 3, 1))
    colours.putdata([(red, green, blue, 255) for red in levels for green in levels for blue in levels])
    difference: Any = ImageChops.difference(colours, conversion.apply(colours)).getextrema()
    return conversion if max(high for _, high in difference) > _SAME else None
