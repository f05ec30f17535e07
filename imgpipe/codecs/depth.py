"""From 16 bits a sample to 8."""

from __future__ import annotations

from dataclasses import replace

from imgpipe.picture import Picture, is_deep, to_eight_bits


def shallow(picture: Picture) -> Picture:
    """The picture with 8 bits a sample, and a warning where it had 16."""
    if not any(map(is_deep, picture.frames)):
        return picture
    frames = tuple(to_eight_bits(frame) for frame in picture.frames)
    return replace(picture, frames=frames).warn("16 bits a sample converted to 8")
