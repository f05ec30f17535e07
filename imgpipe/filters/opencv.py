"""OpenCV, imported where a recipe needs it."""

from __future__ import annotations

import functools
import sys
from typing import Any


@functools.cache
def opencv() -> Any:
    """The module `cv2`, kept to one thread: imgpipe's workers are the parallelism."""
    import cv2

    cv2.setNumThreads(1)
    return cv2


def opencv_if_loaded() -> Any:
    """The module `cv2` where something has imported it, else None: for what is not worth the import."""
    return opencv() if "cv2" in sys.modules else None
