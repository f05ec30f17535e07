"""The policy, done to a picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from imgpipe.metadata import exif, iptc, xmp
from imgpipe.metadata.malformed import Malformed
from imgpipe.metadata.policy import NAMES, Metadata
from imgpipe.picture import Picture


def cut_down(picture: Picture, policy: Metadata, *, orientation: bool, space: bool) -> Picture:
    """The picture with the metadata that the policy lets stay, and a warning about what cannot be read.

    Args:
        picture: as decoded.
        policy: what stays.
        orientation: whether the tag of the orientation may stay, since the pixels are not turned.
        space: whether XMP may say which colour space it was, since colours stay in it.
    """
    if policy.strip:
        return replace(picture, exif=None, xmp=None, iptc=None, dpi=None)
    location, kept = not policy.strip_gps, policy.kept
    if "exif" in kept:
        whole = picture.exif is None or exif.is_whole(picture.exif)
        picture = _cut(picture, "exif", lambda block: exif.reduced(block, location=location, orientation=orientation))
        if not whole:
            picture = picture.warn("EXIF is malformed in parts: these were dropped")
    else:
        picture = _cut(picture, "exif", exif.credit)
    if "xmp" in kept:
        if picture.xmp and xmp.is_extended(picture.xmp):
            picture = picture.warn("extended XMP, beyond 64 kB, is not read and was dropped")
        stays = {"location": location, "orientation": orientation, "space": space}
        picture = _cut(picture, "xmp", lambda block: xmp.reduced(block, **stays))
    else:
        picture = _cut(picture, "xmp", xmp.credit)
    if "iptc" in kept:
        return _cut(picture, "iptc", lambda block: iptc.reduced(block, location=location))
    return _cut(picture, "iptc", iptc.credit)


def _cut(picture: Picture, kind: str, function: Callable[[bytes], bytes | None]) -> Picture:
    block: bytes | None = getattr(picture, kind)
    if block is None:
        return picture
    try:
        left = function(block)
    except Malformed:
        return replace(picture, **{kind: None}).warn(f"{NAMES[kind]} is malformed and was dropped")  # type: ignore[arg-type]
    return replace(picture, **{kind: left})  # type: ignore[arg-type]
