"""What filters take of memory: no more than is expected of them, and the same samples whatever they hold at a time."""

import io
import json
import subprocess
import sys
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imgpipe.codecs import encode
from imgpipe.codecs.codec import Encoding
from imgpipe.filters import apply, builtin, parse, strips
from imgpipe.filters.docstring import read_help
from imgpipe.picture import Picture
from imgpipe.recipe import Recipe
from imgpipe.transform import OutputPlan, expected_memory

LOGO = Path(__file__).parents[2] / "sample_images" / "alpha.png"
SIZE = (1500, 1000)

HUNGRY = {
    "resize": ["99%", "500x500,linear=true", "140%"],
    "crop": ["left=1"],
    "smart-crop": ["width=900,height=900"],
    "rotate": ["12"],
    "pad": ["20"],
    "border": ["20"],
    "watermark": [f'image="{LOGO}",scale=0.5', f'image="{LOGO}",tile=true'],
    "text": ["A,size=90%"],
    "equalize": ["", "per_band=true"],
    "white-balance": [""],
    "blur": ["20"],
    "sharpen": ["2", "1,sigma=8,threshold=3"],
    "denoise": ["5,search=1"],
    "edges": ["", "canny"],
    "convolve": ["0 -1 0;-1 5 -1;0 -1 0"],
    "dilate": ["3"],
    "quantize": ["16", "16,dither=ordered"],
    "dither": ["2", "4,method=ordered"],
    "pixelate": ["16", "16,left=20,width=900"],
}
"""Options with which a filter takes much; else the first example of its docstring, or none, does."""

PEAKS = """
import ctypes, json, os, sys
# Not in huge pages, of which a process is given as many as the machine happens to have.
ctypes.CDLL(None).prctl(41, 1, 0, 0, 0)
import imgpipe.preload, numpy, cv2
from imgpipe.recipe import Recipe
from imgpipe.codecs.codec import Encoding
from imgpipe.transform import OutputPlan, Settings, transform
def memory(name):
    return int(next(line.split()[1] for line in open("/proc/self/status") if line.startswith(name + ":"))) << 10
format, steps, data = sys.argv[1], json.loads(sys.argv[2]), sys.stdin.buffer.read()
for step in steps:
    if not os.fork():
        outputs = (OutputPlan(format, Encoding(effort=0) if format == "tiff" else Encoding()),)
        operations = Recipe([step]).operations
        before, code = memory("VmRSS"), memory("RssFile")
        transform(data, operations, outputs, Settings())
        # Without pages of libraries, of which the system maps as many as it happens to have in its cache. Those that
        # came after the peak, with the encoder, are taken off as well: CODE makes up for it.
        print(memory("VmHWM") - before - (memory("RssFile") - code), flush=True)
        os._exit(0)
    if os.wait()[1]:
        sys.exit(step)
"""


CODE = 11_000_000
"""Bytes of libraries that were mapped at most, by any of these steps, with all of them in the system's cache."""


def steps_of(name):
    if name in HUNGRY:
        return [f"{name}:{options}" if options else name for options in HUNGRY[name]]
    return read_help(builtin()[name]).examples[:1]


def samples(bands, deep):
    height, width = SIZE[::-1]
    across, down = np.arange(width), np.arange(height)[:, np.newaxis]
    shape = np.stack([(across * (3 + band) + down * 5) % 256 for band in range(bands)], axis=2)
    if bands in (2, 4):
        shape[:, :, -1] = np.clip(across // 4 - 60, 0, 255)
    return (shape * 257).astype(np.uint16) if deep else shape.astype(np.uint8)


def file_of(bands, deep, format):
    pixels = samples(bands, deep)
    if deep:
        return encode(Picture((pixels,), SIZE, format), format, Encoding(effort=0)).data
    file = io.BytesIO()
    Image.fromarray(pixels.squeeze()).save(file, format, **({"compress_level": 1} if format == "png" else {}))
    return file.getvalue()


@pytest.mark.skipif(sys.platform != "linux", reason="memory is looked up in /proc")
@pytest.mark.parametrize(("bands", "deep", "format"), [(3, False, "jpeg"), (4, False, "png"), (3, True, "png")])
def test_no_filter_takes_more_than_is_expected(bands, deep, format):
    data = file_of(bands, deep, format)
    # Linear light of what is transparent takes a little more where it stays large, as docs/reliability.md says.
    steps = [step for name in builtin() for step in steps_of(name) if bands == 3 or "linear=" not in step]
    made = "jpeg" if format == "jpeg" else "tiff"
    command = [sys.executable, "-c", PEAKS, made, json.dumps(steps)]
    done = subprocess.run(command, input=data, capture_output=True, check=True)
    taken = [int(line) + CODE for line in done.stdout.split()]
    expected = [expected_memory(data, Recipe([step]).operations, (OutputPlan(made),)) for step in steps]
    assert len(taken) == len(steps)
    measured = zip(steps, taken, expected, strict=True)
    assert not {step: f"{peak / 1e6:.0f} MB of {most / 1e6:.0f}" for step, peak, most in measured if peak > most}


def frame_of(kind, size):
    count = kind if isinstance(kind, int) else len(kind)
    random = np.random.default_rng(count)
    pixels = random.integers(0, 65536, (size[1], size[0], count)).astype(np.uint16)
    if count == 4:
        pixels[20:50, 10:40, 3] = 0
    return pixels if isinstance(kind, int) else Image.fromarray((pixels >> 8).astype(np.uint8))


@pytest.mark.parametrize("name", builtin())
def test_gives_the_same_whether_rows_are_worked_on_together_or_not(monkeypatch, name):
    size = (61, 83)
    for kind, step in product(["RGB", "RGBA", 1, 4], steps_of(name)):
        frame = frame_of(kind, size)
        made = []
        for px in (1, 1 << 30):
            monkeypatch.setattr(strips, "_STRIP", px)
            monkeypatch.setattr(strips, "_TALL_STRIP", px)
            made.append(np.asarray(apply(parse(step), Picture((frame,), size, "png")).frames[0]))
        assert np.array_equal(*made), (kind, step)
