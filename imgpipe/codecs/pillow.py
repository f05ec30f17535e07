"""The door to Pillow: its errors become ours, its warnings stay inside, its formats are allowed one by one."""

from __future__ import annotations

import re
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

from imgpipe.codecs.view import Nothing, ViewFile
from imgpipe.errors import DamagedPicture, EncodingFailed, LimitExceeded

if TYPE_CHECKING:
    from PIL import Image, ImageFile

FAULTS = (
    OSError,
    SyntaxError,
    ValueError,
    RuntimeError,
    EOFError,
    ArithmeticError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    struct.error,
    zlib.error,
)
"""What Pillow raises over a broken file. MemoryError is not among them: that is no fault of the file."""

_PIECE = 1 << 20
"""Bytes that a decoder gets at a time; it takes longer with Pillow's own 64 kB."""


@contextmanager
def opened(
    data: bytes | memoryview, formats: tuple[str, ...], image: ImageFile.ImageFile | None = None
) -> Iterator[ImageFile.ImageFile]:
    """Open a picture with the given Pillow formats only; faults of the file inside the block are ours.

    Args:
        data: the whole file.
        formats: that it may have.
        image: the picture, where it is open already.

    Raises:
        DamagedPicture: Pillow cannot read it, here or in the block.
        LimitExceeded: Pillow itself refuses its size.
    """
    with reading(formats), image or open_image(data, formats) as opened_image:
        yield opened_image


def open_image(data: bytes | memoryview, formats: tuple[str, ...]) -> ImageFile.ImageFile:
    """Open a picture with the given Pillow formats only."""
    from PIL import Image, ImageFile

    file: Any = BytesIO(data) if isinstance(data, bytes) else ViewFile(data)
    image = Image.open(file, formats=formats)
    # From its beginning a file is read at once without a copy; samples behind a header would be copied as a whole.
    from_beginning = bool(image.tile) and image.tile[0].offset == 0
    # Of whole rows nothing is left over, which Pillow would put together with the next piece.
    row = image.width * len(image.getbands())
    image.decodermaxblock = len(data) if from_beginning else max(1, _PIECE // row) * row
    # Where it is to make do with what is there, Pillow writes an end behind it.
    if from_beginning and not isinstance(data, bytes) and not ImageFile.LOAD_TRUNCATED_IMAGES:
        image.tile_prefix = Nothing()  # type: ignore[attr-defined]
    return image


@contextmanager
def reading(formats: tuple[str, ...]) -> Iterator[None]:
    """Let what Pillow raises in the block over a file of these formats come out as errors of ours."""
    from PIL import Image, UnidentifiedImageError

    try:
        with silence:
            yield
    except Image.DecompressionBombError as error:
        raise LimitExceeded(_pillow_limit(str(error))) from error
    except UnidentifiedImageError as error:
        told = f"damaged {formats[0]}, or of a kind that imgpipe does not read: its header cannot be read"
        raise DamagedPicture(told) from error
    except FAULTS as error:
        _raise_shortage(error)
        raise DamagedPicture(f"damaged {formats[0]}: {_reason(error)}") from error


def saved(image: Image.Image, pillow_format: str, **options: Any) -> bytes:
    """Encode with Pillow.

    Raises:
        EncodingFailed: the format cannot hold the image.
    """
    file = BytesIO()
    try:
        with silence:
            image.save(file, pillow_format, **options)
    except FAULTS as error:
        _raise_shortage(error)
        size = f"{image.width} x {image.height}"
        raise EncodingFailed(f"cannot be written as {pillow_format} ({size}): {_reason(error)}") from error
    return file.getvalue()


def raise_pillow_limit(max_pixels: int) -> None:
    """Let Pillow open what our own limit allows; Pillow's limit is never lowered and never lifted further."""
    from PIL import Image

    if Image.MAX_IMAGE_PIXELS is not None and max_pixels > 2 * Image.MAX_IMAGE_PIXELS:
        Image.MAX_IMAGE_PIXELS = max_pixels


def _raise_shortage(error: BaseException) -> None:
    """MemoryError where a codec said in its own words that it got no memory: that is no fault of the picture."""
    if "out of memory" in str(error).lower().replace("_", " "):
        raise MemoryError(str(error)) from error


def _reason(error: BaseException) -> str:
    reason = str(error).strip().partition("\n")[0]
    return reason or type(error).__name__


def _pillow_limit(message: str) -> str:
    pixels = re.search(r"\d+", message)
    return f"{pixels.group() if pixels else 'too many'} pixels are more than allowed: raise --max-pixels"


class _Silence:
    """No warning of Pillow reaches the person: what matters of them, the codecs find out and say themselves.

    It is the module part of a warning filter, which matches Pillow's modules in threads that are in such a block:
    `warnings.catch_warnings` is not safe in threads, and may leave another thread's filters behind for good.
    """

    def __init__(self) -> None:
        self._thread = threading.local()
        self._filter: Any = ("ignore", None, Warning, self, 0)

    def __enter__(self) -> None:
        _silence_log()
        if self._filter not in warnings.filters:
            warnings.filters.insert(0, self._filter)  # type: ignore[attr-defined]
        self._thread.depth = getattr(self._thread, "depth", 0) + 1

    def __exit__(self, *_: object) -> None:
        self._thread.depth -= 1

    def match(self, module: str) -> bool:
        """Whether to be silent about it; called by the warnings machinery in place of a regular expression."""
        return getattr(self._thread, "depth", 0) > 0 and module.startswith("PIL.")


@cache
def _silence_log() -> None:
    """What Pillow logs of a broken file would else reach a terminal where no logging is set up.

    Pillow has loaded the module by then; a process that only asks which formats there are need not.
    """
    import logging

    logging.getLogger("PIL").addHandler(logging.NullHandler())


silence = _Silence()
