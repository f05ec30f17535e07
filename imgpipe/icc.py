"""ICC profiles, as pictures and logos have them: their space, whether that is sRGB, and conversions between them."""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL import Image, ImageCms

FAULTS = (OSError, ValueError, TypeError)
"""What comes of a profile that is unusable, or not for the mode that it is to be used for."""

_SAME = 2
"""Levels of 255 by which a profile may differ from sRGB and still be it; vendors' sRGB profiles do by 1."""


def space_of(profile: bytes | None) -> bytes:
    """The colour space of a profile, as in its header: `RGB `, `GRAY`, `CMYK`...; empty where there is none."""
    return profile[16:20] if profile else b""


def profile_of(profile: bytes | None) -> ImageCms.ImageCmsProfile:
    """The profile as the colour engine takes it, sRGB for none; or one of the faults."""
    from PIL import ImageCms

    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB") if profile is None else BytesIO(profile))


def conversion(
    source: ImageCms.ImageCmsProfile, target: ImageCms.ImageCmsProfile, modes: tuple[str, str]
) -> ImageCms.ImageCmsTransform:
    """From one space and one of Pillow's modes to another, relative colorimetric, black to black; or such a fault."""
    from PIL import ImageCms

    return ImageCms.ImageCmsTransform(
        source,
        target,
        *modes,
        intent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )


def is_srgb(source: ImageCms.ImageCmsProfile) -> bool:
    """Whether converting from a space of red, green and blue would change nothing seen: measured, for names lie."""
    from PIL import Image, ImageChops

    levels = range(0, 256, 15)
    colours = Image.new("RGB", (len(levels) ** 2, len(levels)))
    colours.putdata([(red, green, blue) for red in levels for green in levels for blue in levels])
    converted = conversion(source, profile_of(None), ("RGB", "RGB")).apply(colours)
    return max(high for _, high in ImageChops.difference(colours, converted).getextrema()) <= _SAME  # type: ignore[misc]


def layer_in(layer: Image.Image, profile: bytes | None) -> Image.Image:
    """An RGBA image of sRGB in the space of a profile; itself where that is sRGB, or not one of red, green and blue."""
    found = None if profile is None else _from_srgb(profile)
    return layer if found is None else found.apply(layer)


def colour_in(colour: tuple[int, ...], profile: bytes | None) -> tuple[int, int, int]:
    """Red, green and blue of sRGB, as `layer_in` has them."""
    from PIL import Image

    made: Any = layer_in(Image.new("RGBA", (1, 1), colour), profile).getpixel((0, 0))
    # Grey is grey in every such space; rounding must not make a grey picture one of colours.
    red, green, blue = [made[1]] * 3 if len(set(colour[:3])) == 1 else made[:3]
    return red, green, blue


@lru_cache(maxsize=16)
def _from_srgb(profile: bytes) -> ImageCms.ImageCmsTransform | None:
    if space_of(profile) != b"RGB ":
        return None
    try:
        target = profile_of(profile)
        return None if is_srgb(target) else conversion(profile_of(None), target, ("RGBA", "RGBA"))
    except FAULTS:
        return None
