"""Pictures made for the benchmarks: like photographs to a codec, the same on every machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

SHRUNK = 3

Pixels = npt.NDArray[np.uint8]


def photograph(width: int, height: int, seed: int) -> Pixels:
    """RGB pixels (H x W x 3) with the statistics of a photograph.

    Structure of every size whose contrast falls with its fineness, colour smoother than brightness,
    some hard edges, and the noise of a sensor.
    """
    random = np.random.default_rng(seed)
    light = _cloud(random, width, height, finest=2)
    colours = np.stack([_cloud(random, width, height, finest=64) for _ in range(3)], axis=2)
    pixels = 128 + 48 * light[:, :, None] + 24 * colours
    for _ in range(40):
        _add_disc(random, pixels)
    pixels += random.normal(0, 2.5, (height, width, 1)).astype(np.float32)
    return np.asarray(np.clip(pixels, 0, 255), np.uint8)


def crops(width: int, height: int, count: int, seed: int) -> Iterator[Pixels]:
    """Many small pictures, all different: places of a large one, shrunk to have the detail of small photographs."""
    random = np.random.default_rng(seed)
    whole = photograph(2400, 1800, seed)
    for _ in range(count):
        left = random.integers(0, whole.shape[1] - width * SHRUNK)
        top = random.integers(0, whole.shape[0] - height * SHRUNK)
        place = whole[top : top + height * SHRUNK, left : left + width * SHRUNK]
        yield np.asarray(cv2.resize(place, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def save(pixels: Pixels, path: Path, quality: int) -> None:
    """Write as what the suffix says: a JPEG, or a TIFF, which is not compressed then."""
    Image.fromarray(pixels).save(path, quality=quality)


def _cloud(random: np.random.Generator, width: int, height: int, finest: int) -> npt.NDArray[np.float32]:
    """Noise of mean 0 and deviation 1; grains from the whole picture down to `finest` px, the finer the fainter."""
    total = np.zeros((height, width), np.float32)
    grain = 1024
    while grain >= finest:
        coarse = random.normal(0, 1, (height // grain + 2, width // grain + 2)).astype(np.float32)
        total += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC) * np.float32(grain**0.7)
        grain //= 2
    scaled: npt.NDArray[np.float32] = (total - total.mean()) / total.std()
    return scaled


def _add_disc(random: np.random.Generator, pixels: npt.NDArray[np.float32]) -> None:
    height, width, _ = pixels.shape
    centre = (int(random.integers(width)), int(random.integers(height)))
    radius = int(random.integers(height // 80, height // 8))
    mask = cv2.circle(np.zeros((height, width), np.uint8), centre, radius, 1, cv2.FILLED)
    pixels[mask > 0] += random.normal(0, 30, 3).astype(np.float32)
