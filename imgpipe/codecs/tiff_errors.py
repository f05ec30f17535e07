"""What libtiff says of itself and of a damaged file: on nobody's terminal, and known to those who decode it.

Of errors that it can go on after, as in a fax, Pillow knows nothing; libtiff itself writes them to a terminal, without
the name of the file.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

_HEARD = threading.local()


def _hear(module: bytes | None, message: bytes | None, values: int | None) -> None:  # noqa: ARG001 - as libtiff calls it
    _HEARD.error = True


_HANDLER = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p)(_hear)


@contextmanager
def errors_met() -> Iterator[threading.local]:
    """In the block, and behind it, `error` of what it gives says whether libtiff met errors in this thread."""
    listen()
    _HEARD.error = False
    yield _HEARD


def has_decoder(compression: int) -> bool:
    """Whether libtiff was built with a decoder for a number of the tag Compression; no where it does not tell."""
    try:
        return bool(_libtiff().TIFFIsCODECConfigured(compression))
    except (OSError, AttributeError):
        return False


@cache
def listen() -> bool:
    """Have libtiff tell this module of errors; whether that is possible: it must be a library beside Pillow."""
    try:
        _libtiff().TIFFSetErrorHandler(_HANDLER)
    except (OSError, AttributeError):
        return False
    return True


def _libtiff() -> ctypes.CDLL:
    from PIL import _imaging

    return ctypes.CDLL(_imaging.__file__)
