"""The memory of a Pillow image, shown to numpy, or a part of it as an image: no sample is copied.

Pillow hands it out by Arrow's C data interface (https://arrow.apache.org/docs/format/CDataInterface.html); a dependency
for the one pointer in it would be larger than all others.
"""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import numpy.typing as npt
    from PIL import Image

    from imgpipe.picture import Window

_SAMPLES = {"L": 1, "RGB": 4, "RGBA": 4, "RGBa": 4, "CMYK": 4}
"""Bytes a px; in RGB the fourth is padding."""

_VIEWED = ("L", "RGBA", "CMYK")
"""Modes of which Pillow makes images over somebody's memory."""


@cache
def _read_array() -> Callable[[Any], Any]:
    """Gives the `struct ArrowArray` that a capsule holds; made once in a worker, and never in the parent."""
    import ctypes

    class Array(ctypes.Structure):
        pass

    Array._fields_ = [
        ("length", ctypes.c_int64),
        ("null_count", ctypes.c_int64),
        ("offset", ctypes.c_int64),
        ("n_buffers", ctypes.c_int64),
        ("n_children", ctypes.c_int64),
        ("buffers", ctypes.POINTER(ctypes.c_void_p)),
        ("children", ctypes.POINTER(ctypes.POINTER(Array))),
        ("dictionary", ctypes.c_void_p),
        ("release", ctypes.c_void_p),
        ("private_data", ctypes.c_void_p),
    ]
    pointer_in = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(
        ("PyCapsule_GetPointer", ctypes.pythonapi)
    )
    return lambda capsule: Array.from_address(pointer_in(capsule, b"arrow_array"))


def memory_of(image: Image.Image, *, writable: bool = False) -> npt.NDArray[np.uint8] | None:
    """The image's own samples, uint8: H x W x 1 of mode L, H x W x 4 of RGB (the last is padding), RGBA, RGBa and CMYK.

    It stays while the array does; what is written there, where that is allowed, is in the image. None where there is no
    such view: of another mode, of an image over somebody else's buffer, or in several pieces (see `tune_allocator`).
    """
    import numpy as np

    samples = _SAMPLES.get(image.mode)
    # Of a buffer that is not Pillow's own, which makes images read-only, not every Pillow knows where it lies.
    if samples is None or image.readonly or 0 in image.size:
        return None
    try:
        _, capsule = image.__arrow_c_array__()
    except ValueError:
        return None
    array = _read_array()(capsule)
    if samples > 1:
        array = array.children[0].contents
    shape = (image.height, image.width, samples)
    if array.length != image.width * image.height * samples or array.offset:
        return None
    interface = {"version": 3, "typestr": "|u1", "shape": shape, "data": (array.buffers[1], not writable)}
    # numpy keeps the object it was shown, and so the capsule, which holds the memory.
    shown: Any = SimpleNamespace(__array_interface__=interface, capsule=capsule)
    return np.asarray(shown)


def view_of(image: Image.Image, window: Window) -> Image.Image | None:
    """A part of the image as an image over the same memory, which is to be written with the resizer only.

    That of an RGB image has the mode CMYK, as Pillow has no other for four bytes of which none is alpha. None where
    there is no such view: see `memory_of`; and at the end of the memory, since Pillow wants the whole of each row.
    """
    from PIL import Image

    memory = memory_of(image, writable=True)
    mode = "CMYK" if image.mode == "RGB" else image.mode
    left, top, width, height = window
    if memory is None or mode not in _VIEWED or (left and top + height == image.height):
        return None
    rows = memory.reshape(image.height, -1)
    stride, samples = rows.shape[1], memory.shape[2]
    part = rows.reshape(-1)[top * stride + left * samples :]
    return Image.frombuffer(mode, (width, height), part, "raw", mode, stride, 1)
