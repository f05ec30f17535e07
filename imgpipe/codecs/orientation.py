"""EXIF orientation: what is still to be done to the pixels, and the tag that said so taken out."""

from __future__ import annotations

from dataclasses import replace

from imgpipe.codecs.exif import orientation_of, saying_size, without_orientation
from imgpipe.orientation import settled, turn, turned_resolution
from imgpipe.picture import Picture


def upright(picture: Picture, orientation: int) -> Picture:
    """The picture as it was meant to be seen, from frames as they are stored; they are turned when that must be.

    Args:
        picture: as decoded; its size is upright already.
        orientation: EXIF orientation of the frames, 1 to 8.
    """
    exif = without_orientation(picture.exif)
    if orientation == 1:
        return picture if exif is picture.exif else replace(picture, exif=exif)
    return replace(picture, orientation=orientation, exif=exif, dpi=turned_resolution(picture.dpi, orientation))


def turned_for_good(picture: Picture, reason: str) -> Picture:
    """The picture upright, where its EXIF is to turn it, and a word of why that was not left to viewers."""
    orientation = orientation_of(picture.exif)
    if orientation == 1:
        return picture
    made = settled(turn(picture, orientation))
    exif = saying_size(without_orientation(picture.exif), made.size)
    return replace(made, exif=exif).warn(f"turned as EXIF says: {reason}")
