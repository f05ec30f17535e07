"""A PNG's profile and its samples are both of grey or both of colours: else readers pass over the profile."""

from __future__ import annotations

from dataclasses import replace

from imgpipe.codecs.modes import is_grey
from imgpipe.icc import space_of
from imgpipe.picture import Frame, Picture, is_deep

_COLOURED = {"L": "RGB", "LA": "RGBA"}


def matching_profile(picture: Picture) -> Picture:
    """The picture with grey as colours under a profile of colours, and with no profile of grey over colours."""
    space = space_of(picture.profile)
    grey = [is_grey(frame) for frame in picture.frames]
    if space == b"RGB " and any(grey):
        return replace(picture, frames=tuple(map(_coloured, picture.frames)))
    if space == b"GRAY" and not all(grey):
        return replace(picture, profile=None).warn("ICC profile is unusable and was ignored")
    return picture


def _coloured(frame: Frame) -> Frame:
    """Grey three times; colours as they are."""
    if not is_grey(frame):
        return frame
    if is_deep(frame):
        return frame[:, :, [0, 0, 0] if frame.shape[2] == 1 else [0, 0, 0, 1]]
    return frame.convert(_COLOURED[frame.mode])
