"""What a format cannot hold is converted before it is encoded, and said: frames, depth, colour space, alpha."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from imgpipe.codecs.codec import Codec, Encoding
from imgpipe.codecs.colour import to_srgb
from imgpipe.codecs.depth import shallow
from imgpipe.codecs.modes import has_alpha, is_transparent, mode_of
from imgpipe.icc import colour_in, space_of
from imgpipe.picture import Frame, Picture, to_eight_bits

if TYPE_CHECKING:
    from PIL import Image

_METADATA = ("exif", "xmp", "iptc", "dpi")


def fitted(picture: Picture, codec: Codec, encoding: Encoding) -> Picture:
    """The picture as the codec can hold it, with a warning for each thing that it cannot but metadata."""
    lost = {kind: None for kind in _METADATA if kind not in codec.metadata and getattr(picture, kind) is not None}
    if lost:
        picture = replace(picture, **lost)  # type: ignore[arg-type]
    picture = _fit_frames(picture, codec)
    if not codec.deep:
        picture = shallow(picture)
    strange = not codec.cmyk and "CMYK" in map(mode_of, picture.frames)
    if strange or (picture.profile and not codec.profile):
        picture = _converted(picture, f"{codec.name} does not hold {'CMYK' if strange else 'an ICC profile'}")
    if not codec.grey and space_of(picture.profile) == b"GRAY":
        picture = _converted(picture, f"{codec.name} does not hold grey")
    if not codec.alpha and any(map(has_alpha, picture.frames)):
        picture = _flatten(picture, encoding.background)
    return picture


def _converted(picture: Picture, reason: str) -> Picture:
    """The picture in sRGB, with a word about colours that were to stay as they are and did not."""
    converted = to_srgb(picture)
    changed = any(made is not frame for made, frame in zip(converted.frames, picture.frames, strict=True))
    return converted.warn(f"colours converted to sRGB: {reason}") if changed and picture.profile else converted


def _each(picture: Picture, function: Callable[[Frame], Frame]) -> Picture:
    return replace(picture, frames=tuple(function(frame) for frame in picture.frames))


def _fit_frames(picture: Picture, codec: Codec) -> Picture:
    count = len(picture.frames)
    if count == 1 or (codec.animation if picture.animated else codec.pages):
        return picture
    kind = f"animation of {count} frames: only the first" if picture.animated else f"{count} pages: only the first"
    return replace(picture, frames=picture.frames[:1], durations=()).warn(f"{kind} is kept")


def _flatten(picture: Picture, background: tuple[int, int, int]) -> Picture:
    visible = any(map(is_transparent, picture.frames))
    if space_of(picture.profile) == b"GRAY" and len(set(background)) > 1:
        picture = _converted(picture, "its background is a colour")
    shown = colour_in(background, picture.profile)
    flat = _each(picture, lambda frame: _on_background(to_eight_bits(frame), shown))
    colour = "#" + bytes(background).hex()
    return flat.warn(f"transparency flattened on {colour}") if visible else flat


def _on_background(image: Image.Image, background: tuple[int, int, int]) -> Image.Image:
    from PIL import Image

    if not has_alpha(image):
        return image
    flat = Image.new("RGB", image.size, background)
    if image.mode == "LA" and len(set(background)) == 1:
        flat = flat.getchannel("R")
    flat.paste(image.convert(flat.mode), mask=image.getchannel("A"))
    return flat
