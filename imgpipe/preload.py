"""Imported by the fork server and by spawned workers, never by the parent: what every worker needs.

Only what most pictures need: numpy and OpenCV come with the first filter that wants them, since whatever stands
here every run waits for.
"""

import gc
import os

# Several workers with one thread each are faster than one with several.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import cykooz_resizer  # noqa: E402, F401
from PIL import (  # noqa: E402, F401
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    WebPImagePlugin,
)

import imgpipe.codecs.content  # noqa: E402
import imgpipe.codecs.fitting  # noqa: E402
import imgpipe.codecs.limiting  # noqa: E402
import imgpipe.filters.applying  # noqa: E402
import imgpipe.filters.resizing  # noqa: E402
import imgpipe.metadata.keeping  # noqa: E402
import imgpipe.steps  # noqa: E402, F401
from imgpipe.codecs import jpeg, png, webp  # noqa: E402, F401
from imgpipe.codecs.allocation import tune_allocator  # noqa: E402

tune_allocator()
# What was loaded stays; to look through it for garbage would only make the workers copy its pages.
gc.freeze()
gc.enable()
