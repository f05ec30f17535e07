"""GIF: stills and animations, at most 256 colours a frame."""

from __future__ import annotations

import struct
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from imgpipe.codecs.animation import save_frames
from imgpipe.codecs.codec import Codec, Encoded, Encoding, Header
from imgpipe.codecs.gif_animation import TICK, parts_of
from imgpipe.codecs.gif_blocks import check_whole, corners_of, room_for
from imgpipe.codecs.gif_colours import COLOURS, in_few, with_transparent_index
from imgpipe.codecs.laying import laid
from imgpipe.codecs.metadata import picture_of
from imgpipe.codecs.modes import frame_of, has_alpha
from imgpipe.codecs.pillow import open_image, opened
from imgpipe.picture import Picture, Size, frame_size, to_eight_bits

if TYPE_CHECKING:
    from PIL import Image

FORMATS = ("GIF",)


def decode(data: bytes, header: Header, at_least: Size | None) -> Picture:  # noqa: ARG001 - GIF has no scales
    """Decode all frames, each with those before it underneath as its disposal says.

    Raises:
        DamagedPicture: truncated or corrupt.
    """
    check_whole(data)
    with opened(data, FORMATS) as image:
        # A GIF that says nothing of repetition plays once; one that repeats n times plays n + 1 times.
        repeats = image.info.get("loop")
        plays = 1 if repeats is None else repeats + 1 if repeats else 0
        frames, durations = laid(islice(parts_of(data), header.frames), _layer, header.size)
        return picture_of({}, frames, header, durations=durations if len(frames) > 1 else (), loop=plays)


def _layer(data: bytes) -> Image.Image:
    with open_image(data, FORMATS) as image:
        image.load()
        return to_eight_bits(frame_of(image))


def encode(picture: Picture, encoding: Encoding) -> Encoded:  # noqa: ARG001 - GIF has no options
    """Encode all frames, each with a palette of its own; pixels that are half opaque or more become opaque.

    Durations become hundredths of a second, so that the whole lasts as long as before.

    Raises:
        EncodingFailed: a side is longer than 65535 px.
    """
    frames: tuple[Any, ...] = picture.frames
    if any(frame.mode not in ("L", "LA") and frame.getcolors(COLOURS) is None for frame in frames):
        picture = picture.warn(f"colours reduced to {COLOURS}")
        # An animation would flicker.
        dithers = len(frames) == 1
        frames = tuple(in_few(frame, dithers=dithers) if frame.mode == "RGB" else frame for frame in frames)
    if any(has_alpha(frame) and any(frame.getchannel("A").histogram()[1:255]) for frame in frames):
        picture = picture.warn("partial transparency became none or full")
    options: dict[str, Any] = {"loop": max(0, picture.loop - 1)} if picture.animated and picture.loop != 1 else {}
    if any(map(has_alpha, frames)):
        # Without it, what a frame leaves transparent would show the frame before.
        options["disposal"] = 2
        frames = tuple(map(with_transparent_index, frames))
    picture = _in_ticks(picture)
    paletted = replace(picture, frames=frames)
    return Encoded(save_frames(paletted, "GIF", options), frame_size(picture.frames[0]), picture.warnings)


def _in_ticks(picture: Picture) -> Picture:
    """The same with durations that a GIF can hold; what rounding takes from one frame, the next ones get.

    A frame that lasts at all lasts a tick at least: 0 would mean as long as a viewer likes.
    """
    durations: list[int] = []
    owed = 0
    for duration in picture.durations:
        owed += duration
        durations.append(max(TICK, (owed + TICK // 2) // TICK * TICK) if duration else 0)
        owed -= durations[-1]
    if tuple(durations) == picture.durations:
        return picture
    before, after = sum(picture.durations), sum(durations)
    as_long = abs(after - before) <= TICK // 2
    whole = "the whole lasts as long" if as_long else f"the whole lasts {after} ms, not {before}"
    timed = replace(picture, durations=tuple(durations))
    return timed.warn(f"durations of frames became hundredths of a second; {whole}")


def stored_size(data: bytes) -> Size | None:
    """The px that Pillow makes room for; None of a file that is cut short."""
    try:
        return room_for(data, corners_of(data))
    except (IndexError, struct.error):
        return None


CODEC = Codec(
    name="gif",
    decode=decode,
    encode=encode,
    pillow_formats=FORMATS,
    plugin="PIL.GifImagePlugin",
    signature=lambda head: head.startswith((b"GIF87a", b"GIF89a")),
    stored_size=stored_size,
    options=("palette",),
    lossless=False,
    alpha=True,
    animation=True,
)
