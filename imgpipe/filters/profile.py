"""An ICC profile describes either colour or grey; a step that turns one into the other outdates it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from imgpipe.filters.frames import bands
from imgpipe.icc import space_of

if TYPE_CHECKING:
    from imgpipe.picture import Picture


def match_profile(picture: Picture, before: Picture) -> Picture:
    """The picture without its profile where a step made that the wrong kind, with a warning if that loses something."""
    if picture.profile is None or _grey(picture) == _grey(before):
        return picture
    if space_of(picture.profile) == (b"GRAY" if _grey(picture) else b"RGB "):
        return picture
    # The sRGB curve is what readers assume of a picture without a profile.
    known = any(name in picture.profile for name in (b"sRGB", "sRGB".encode("utf-16-be")))
    result = replace(picture, profile=None)
    if known:
        return result
    return result.warn("the ICC profile was left out: it is not for " + ("grey" if _grey(picture) else "colour"))


def _grey(picture: Picture) -> bool:
    return all(bands(frame) < 3 for frame in picture.frames)
