"""OpenCV, imported where a recipe needs it."""

from __future__ import annotations

import functools
from typing import Any


@functools.cache
def opencv() -> Any:
    """The module `cv2`, kept to one thread: imgpipe's workers are the parallelism."""
    import cv2

    cv2.setNumThreads(1)
    return cv2
