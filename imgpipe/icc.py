"""ICC profiles, as pictures and logos have them: their space, whether that is sRGB, and conversions between them."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import ImageCms

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
