"""The frames of an animated PNG, each as a file of its own (PNG, third edition, 11.3.4)."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from imgpipe.codecs.laying import Fate, Part
from imgpipe.codecs.png_chunks import SIGNATURE, Chunk, chunk_bytes
from imgpipe.errors import DamagedPicture
from imgpipe.picture import Size, Window

_CONTROL = ">IIIIIHHBB"
"""Number in the sequence, width, height, left, top, numerator and denominator of the seconds, fate, over."""
_SEQUENCE = 4
_FATES: tuple[Fate, ...] = ("left", "cleared", "undone")
_COLOURS = (b"PLTE", b"tRNS")
_ANIMATION = (b"acTL", b"fcTL", b"fdAT")
_HUNDREDTHS = 100


def parts_of(data: bytes, chunks: list[Chunk], size: Size) -> Iterator[Part]:
    """All frames in order; struct.error over a chunk that is too short.

    Raises:
        DamagedPicture: a frame reaches out of the canvas, has no samples, or is not where the sequence has it.
    """
    colours = b"".join(chunk_bytes(kind, data[at : at + length]) for kind, at, length in chunks if kind in _COLOURS)
    control, number = b"", 0
    samples: list[bytes] = []
    for kind, at, length in chunks:
        if kind in (b"fcTL", b"fdAT"):
            if int.from_bytes(data[at : at + _SEQUENCE], "big") != number:
                raise DamagedPicture("damaged PNG: its frames are not in their order")
            number += 1
        if kind in (b"fcTL", b"IEND"):
            if control:
                yield _part(control, data[16:29], colours, b"".join(samples), size)
            control, samples = data[at : at + length], []
        elif kind == b"fdAT":
            samples.append(data[at + _SEQUENCE : at + length])
        elif kind == b"IDAT" and control:
            samples.append(data[at : at + length])


def _part(control: bytes, header: bytes, colours: bytes, samples: bytes, size: Size) -> Part:
    _, width, height, left, top, numerator, denominator, fate, over = struct.unpack_from(_CONTROL, control)
    if left + width > size[0] or top + height > size[1] or fate >= len(_FATES):
        raise DamagedPicture("damaged PNG: a frame of its animation is not within the picture")
    if not samples:
        raise DamagedPicture("damaged PNG: a frame of its animation has no samples")
    box: Window = left, top, width, height
    head = SIGNATURE + chunk_bytes(b"IHDR", struct.pack(">II", width, height) + header[8:]) + colours
    file = head + chunk_bytes(b"IDAT", samples) + chunk_bytes(b"IEND", b"")
    duration = round(numerator * 1000 / (denominator or _HUNDREDTHS))
    return Part(file, box, _FATES[fate], duration, bool(over))


def without_animation(data: bytes, chunks: list[Chunk]) -> bytes:
    """The file with the picture for viewers that show no animations, and all that is said of it."""
    kept = (chunk for chunk in chunks if chunk[0] not in _ANIMATION)
    return SIGNATURE + b"".join(data[at - 8 : at + length + 4] for _, at, length in kept)


def frames_and_plays(data: bytes, chunks: list[Chunk]) -> tuple[int, int]:
    """How many frames there are to be, and how often they play, 0 for ever."""
    at = next(at for kind, at, _ in chunks if kind == b"acTL")
    frames, plays = struct.unpack_from(">II", data, at)
    return frames, plays
