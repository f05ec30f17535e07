"""Whether outputs are what was asked for, and how near they come to the best that could be made."""

from __future__ import annotations

import hashlib
import io
import statistics
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from benchmarks.model import Assignment, Made, Task
from benchmarks.steps import Fit, Floats, Scale, Size, resized

SAMPLE = 24
"""So many different sources are compared with their reference; the outputs of all are decoded and counted."""


@dataclass(frozen=True)
class Verdict:
    """What the outputs of one run are worth.

    Attributes:
        faults: what is wrong, in words; nothing else counts then.
        ssim: mean over the sample, against the uncompressed reference.
        worst: the least of the sample.
        mean_bytes: of all outputs.
        one_off: how many outputs are 1 px off the size that rounding to nearest gives.
    """

    faults: tuple[str, ...] = ()
    ssim: float = 0.0
    worst: float = 0.0
    mean_bytes: float = 0.0
    one_off: int = 0


def check(work: Assignment) -> Verdict:
    """Look at every output of a run: is it there, does it decode, its size; and at the quality of a sample."""
    sources = {path.stem: path for path in sorted(work.source.iterdir())}
    wanted = {stem + made.tail: (path, made) for stem, path in sources.items() for made in work.task.outputs}
    outputs = {path.name: path for path in outputs_of(work)}
    if wanted.keys() != outputs.keys():
        made, foreign = len(wanted.keys() & outputs.keys()), len(outputs.keys() - wanted.keys())
        return Verdict((f"{made} of {len(wanted)} pictures made, {foreign} files too many",))
    off = [_size_off(work.task, source, made, outputs[name]) for name, (source, made) in wanted.items()]
    if max(off) > 1:
        count = sum(pixels > 1 for pixels in off)
        return Verdict((f"{count} of {len(off)} outputs do not decode or have the wrong size or format",))
    similar = [
        likeness(work.task, sources[stem], outputs[stem + made.tail])
        for stem in _sample(sources)
        for made in work.task.outputs
    ]
    sizes = [path.stat().st_size for path in outputs.values()]
    return Verdict((), statistics.mean(similar), min(similar), statistics.mean(sizes), off.count(1))


def outputs_of(work: Assignment) -> list[Path]:
    """The pictures in the output folder; hidden files are a tool's own records and none of them."""
    return sorted(path for path in work.target.iterdir() if not path.name.startswith("."))


def ceiling(work: Assignment) -> Verdict:
    """The same for the reference itself, encoded by Pillow in the format and quality that the task asks for."""
    sources = {path.stem: path for path in work.source.iterdir()}
    similar, sizes = [], []
    for source in (sources[stem] for stem in _sample(sources)):
        for made in work.task.outputs:
            best = reference(work.task, source, made.size(work.task.size(_upright_size(source))))
            data = io.BytesIO()
            whole = Image.fromarray(np.clip(np.rint(best), 0, 255).astype(np.uint8))
            whole.save(data, made.format.upper(), **_options(made))
            sizes.append(data.tell())
            similar.append(ssim(_pixels(data), best))
    return Verdict((), statistics.mean(similar), min(similar), statistics.mean(sizes))


def _options(made: Made) -> dict[str, Any]:
    """What Pillow is told to encode it."""
    if made.format == "tiff" and made.compressed:
        return {"compression": "tiff_lzw", "tiffinfo": {317: 2}}
    return {"quality": made.quality} if made.quality else {}


def ssim(one: npt.ArrayLike, other: npt.ArrayLike) -> float:
    """Structural similarity of two pictures of equal shape (H x W or H x W x bands, 0 to 255), mean over bands.

    After Wang, Bovik, Sheikh and Simoncelli (2004): Gaussian window of 11 x 11 px and deviation 1.5,
    where it lies within the picture.
    """
    x, y = np.asarray(one, np.float64), np.asarray(other, np.float64)
    if x.shape != y.shape or min(x.shape[:2]) < 11:
        raise ValueError(f"pictures of {x.shape} and {y.shape} cannot be compared")
    mean_x, mean_y = _window(x), _window(y)
    variance_x, variance_y = _window(x * x) - mean_x**2, _window(y * y) - mean_y**2
    covariance = _window(x * y) - mean_x * mean_y
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    likeness = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    return float(np.mean(likeness / ((mean_x**2 + mean_y**2 + c1) * (variance_x + variance_y + c2))))


@lru_cache(maxsize=64)
def reference(task: Task, source: Path, size: Size) -> Floats:
    """What the task makes of a picture, in this size, in full precision: every pixel decoded, nothing rounded."""
    with Image.open(source) as picture:
        bands = _on_white(np.asarray(ImageOps.exif_transpose(picture).convert("RGBA"), np.float32))
    return np.stack([_applied(task, band, size) for band in bands], axis=2)


def _applied(task: Task, band: Floats, size: Size) -> Floats:
    *first, last = task.steps or (None,)
    for step in first:
        band = step.apply(band) if step else band
    # Where a peer rounds a size otherwise, it is compared in its own.
    if isinstance(last, Fit | Scale):
        return resized(band, size, "lanczos" if isinstance(last, Fit) else last.kernel)
    band = last.apply(band) if last else band
    return band if band.shape[::-1] == size else resized(band, size, "lanczos")


def _window(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    blurred = cv2.GaussianBlur(values, (11, 11), 1.5)
    return np.asarray(blurred, np.float64)[5:-5, 5:-5]


def _sample(sources: dict[str, Path]) -> list[str]:
    """Stems of sources that differ, spread evenly over all."""
    stems = list({_digest(path): stem for stem, path in sorted(sources.items(), reverse=True)}.values())[::-1]
    return stems[:: max(1, -(-len(stems) // SAMPLE))]


def _size_off(task: Task, source: Path, made: Made, output: Path) -> int:
    """By how many px the size of a whole output of the right format is off; 99 where it is not even that."""
    wanted = made.size(task.size(_upright_size(source)))
    try:
        with Image.open(output) as picture:
            picture.load()
            off = max(abs(side - want) for side, want in zip(picture.size, wanted, strict=True))
            return off if _is_in_format(picture, made) else 99
    except (OSError, SyntaxError, ValueError):
        return 99


def _is_in_format(picture: Image.Image, made: Made) -> bool:
    """A TIFF that is not compressed takes far less time than one that is, so it counts as another format."""
    compressed = picture.info.get("compression") != "raw"
    return picture.format == made.format.upper() and compressed == made.compressed


def likeness(task: Task, source: Path, output: Path | io.BytesIO) -> float:
    """SSIM of what was made of a picture against what the task makes of it in full precision."""
    pixels = _pixels(output)
    return ssim(pixels, reference(task, source, (pixels.shape[1], pixels.shape[0])))


def _pixels(file: Path | io.BytesIO) -> Floats:
    with Image.open(file) as picture:
        return np.stack(_on_white(np.asarray(picture.convert("RGBA"), np.float32)), axis=2)


def _on_white(pixels: Floats) -> list[Floats]:
    """The three bands as they look on white: what transparent pixels hide is nothing to compare."""
    opaque = pixels[..., 3] / 255
    return [np.asarray(pixels[..., band] * opaque + 255 * (1 - opaque), np.float32) for band in range(3)]


@lru_cache(maxsize=8192)
def _digest(path: Path) -> bytes:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "blake2b").digest()


@lru_cache(maxsize=8192)
def _upright_size(path: Path) -> Size:
    with Image.open(path) as picture:
        size = picture.size
        return (size[1], size[0]) if picture.getexif().get(0x0112, 1) >= 5 else size
