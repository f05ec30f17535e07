"""Imported by the fork server and by spawned workers, never by the parent: what every worker needs.

Several workers with one thread each are faster than one with several, and a fork server must have one.
"""

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import cykooz_resizer  # noqa: E402, F401
import numpy  # noqa: E402, F401, ICN001
from PIL import Image, ImageFile, JpegImagePlugin, PngImagePlugin, WebPImagePlugin  # noqa: E402, F401

import imgpipe.steps  # noqa: E402, F401
from imgpipe.codecs.allocation import tune_allocator  # noqa: E402

tune_allocator()
