"""Colours as they were meant, in sRGB: ICC profiles applied and taken off."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from imgpipe.codecs.exif import saying_srgb
from imgpipe.codecs.modes import mode_of
from imgpipe.icc import FAULTS, conversion, is_srgb, profile_of, space_of
from imgpipe.picture import Picture, is_deep

if TYPE_CHECKING:
    from PIL import Image, ImageCms

_Conversion: TypeAlias = "ImageCms.ImageCmsTransform | Literal['none needed', 'unusable']"

_BANDS = {b"RGB ": "RGB", b"GRAY": "L", b"CMYK": "CMYK"}


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
    found = _conversion(profile, image.mode)
    if found == "none needed":
        return image
    if found == "unusable":
        return None
    return _apply(found, image)


def _apply(found: ImageCms.ImageCmsTransform, image: Image.Image) -> Image.Image:
    colour = image if image.mode == "RGBA" else _without_alpha(image)
    if colour.mode != found.input_mode:
        colour = colour.convert(found.input_mode)
    converted = found.apply(colour)
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
    try:
        source, bands = profile_of(profile), _BANDS.get(space_of(profile))
        grey = mode in ("L", "LA")
        # Grey files with an RGB profile are common; grey is then red, green and blue alike.
        if bands is None or (bands != mode.rstrip("A") and not (grey and bands == "RGB")):
            return "unusable"
        if bands == "RGB" and is_srgb(source):
            return "none needed"
        modes = ("RGBA", "RGBA") if mode == "RGBA" else (bands, "RGB")
        return conversion(source, profile_of(None), modes)
    except FAULTS:
        return "unusable"
