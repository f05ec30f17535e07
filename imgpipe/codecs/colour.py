"""Colours as they were meant, in sRGB: ICC profiles applied and taken off."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from imgpipe.codecs.exif import saying_srgb
from imgpipe.codecs.modes import mode_of
from imgpipe.picture import Picture, is_deep

if TYPE_CHECKING:
    from PIL import Image, ImageCms

_Conversion: TypeAlias = "ImageCms.ImageCmsTransform | Literal['none needed', 'unusable']"

_BANDS = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK"}
_SAME = 2
"""Levels of 255 by which a profile may differ from sRGB and still be it; vendors' sRGB profiles do by 1."""


def space_of(profile: bytes | None) -> bytes:
    """The colour space of a profile, as in its header: `RGB `, `GRAY`, `CMYK`...; empty where there is none."""
    return profile[16:20] if profile else b""


def to_srgb(picture: Picture) -> Picture:
    """The picture with its colours in sRGB and no profile.

    Relative colorimetric with black point compensation; alpha is kept; CMYK becomes RGB, by Pillow's formula
    where there is no profile. Frames of 16 bits a sample keep their numbers and their profile, unless that
    is sRGB: the colour engine has 8 bits.
    """
    if picture.profile is None:
        return _convert_cmyk(picture)
    if any(map(is_deep, picture.frames)):
        needless = _conversion(picture.profile, "RGB") == "none needed"
        return _as_srgb(picture) if needless else picture
    frames = tuple(_convert(frame, picture.profile) for frame in picture.frames)
    usable = tuple(frame for frame in frames if frame is not None)
    if len(usable) < len(frames):
        return _convert_cmyk(replace(picture, profile=None).warn("ICC profile is unusable and was ignored"))
    return _as_srgb(replace(picture, frames=usable))


def _as_srgb(picture: Picture) -> Picture:
    """The picture saying of itself that its colours are in sRGB; EXIF may have said otherwise."""
    return replace(picture, profile=None, exif=saying_srgb(picture.exif))


def _convert_cmyk(picture: Picture) -> Picture:
    """CMYK without a profile says too little: Pillow's formula, and a word about it."""
    if "CMYK" not in map(mode_of, picture.frames):
        return picture
    frames = tuple(frame.convert("RGB") if mode_of(frame) == "CMYK" else frame for frame in picture.frames)  # type: ignore[union-attr]
    return replace(picture, frames=frames).warn("CMYK converted without an ICC profile: colours are approximate")


def _convert(frame: Any, profile: bytes) -> Image.Image | None:
    """The frame in sRGB; None where the profile is unusable for it."""
    image: Image.Image = frame
    conversion = _conversion(profile, image.mode)
    if conversion == "none needed":
        return image
    if conversion == "unusable":
        return None
    return _apply(conversion, image)


def _apply(conversion: ImageCms.ImageCmsTransform, image: Image.Image) -> Image.Image:
    colour = image if image.mode == "RGBA" else _without_alpha(image)
    if colour.mode != conversion.input_mode:
        colour = colour.convert(conversion.input_mode)
    converted = conversion.apply(colour)
    converted.info = {}
    if image.mode in ("L", "LA"):
        converted = converted.convert("L")
    if image.mode == "LA":
        converted.putalpha(image.getchannel("A"))
    return converted


def _without_alpha(image: Image.Image) -> Image.Image:
    return image.getchannel("L") if image.mode == "LA" else image


@lru_cache(maxsize=32)
def _conversion(profile: bytes, mode: str) -> _Conversion:
    """How frames of a mode are converted from a profile to sRGB."""
    from PIL import ImageCms

    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        bands = _BANDS.get(source.profile.xcolor_space)
        grey = mode in ("L", "LA")
        # Grey files with an RGB profile are common; grey is then red, green and blue alike.
        if bands is None or (bands != mode.rstrip("A") and not (grey and bands == "RGB")):
            return "unusable"
        if bands == "RGB" and _is_srgb(source):
            return "none needed"
        return _build(source, mode if mode == "RGBA" else bands, "RGBA" if mode == "RGBA" else "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return "unusable"


def _build(source: ImageCms.ImageCmsProfile, from_mode: str, to_mode: str) -> ImageCms.ImageCmsTransform:
    from PIL import ImageCms

    return ImageCms.ImageCmsTransform(
        source,
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")),
        from_mode,
        to_mode,
        intent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )


def _is_srgb(source: ImageCms.ImageCmsProfile) -> bool:
    """Whether converting would change nothing that can be seen: measured, for names lie."""
    from PIL import Image, ImageChops

    levels = range(0, 256, 15)
    colours = Image.new("RGB", (len(levels) ** 2, len(levels)))
    colours.putdata([(red, green, blue) for red in levels for green in levels for blue in levels])
    difference = ImageChops.difference(colours, _build(source, "RGB", "RGB").apply(colours))
    return max(high for _, high in difference.getextrema()) <= _SAME  # type: ignore[misc]
