"""The workloads: for each the pictures, and what is asked of every peer.

A further one is a function that puts its pictures into a folder, and a `Workload` in the table at the end.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks import pictures
from benchmarks.model import ROOT, Made, Task, fit
from benchmarks.steps import Blur, Crop, Scale, Sharpen, Turn

SHARP_PICTURE = ROOT.parent / "shared" / "corpus" / "web-resize-2725x2225.jpg"


@dataclass(frozen=True)
class Options:
    """What the person at the command line gave.

    Attributes:
        picture: the picture of W1.
        photos: a folder with the photographs of W2.
        files: take no more pictures than this, for a quick look.
    """

    picture: Path | None = None
    photos: Path | None = None
    files: int | None = None

    def limit(self, count: int) -> int:
        return min(count, self.files or count)


class CannotPrepare(Exception):
    """The pictures of a workload cannot be had; the message says why and what to do."""


@dataclass(frozen=True)
class Workload:
    """One line of the plan.

    Attributes:
        name: as the command line takes it.
        title: what is done, in words.
        task: the same as peers are told.
        prepare: puts the pictures into the folder, and answers where they come from.
    """

    name: str
    title: str
    task: Task
    prepare: Callable[[Path, Options], str]


def _copies_of_one(folder: Path, options: Options) -> str:
    count = options.limit(200)
    given = options.picture or SHARP_PICTURE
    if given.is_file():
        origin = f"{count} copies of {given.name}"
    elif options.picture:
        raise CannotPrepare(f"--picture: no such file: {given.name}")
    else:
        given = folder.parent / "generated-2725x2225.jpg"
        pictures.save(pictures.photograph(2725, 2225, seed=1), given, quality=90)
        origin = f"{count} copies of a generated picture of the same size, since sharp's own was not found (--picture)"
    _copy(given, folder, count)
    return origin


def _copy(picture: Path, folder: Path, count: int) -> None:
    for number in range(count):
        shutil.copyfile(picture, folder / f"{number:04}{picture.suffix}")


def _photographs(kind: str, copies: int, *suffixes: str) -> Callable[[Path, Options], str]:
    def prepare(folder: Path, options: Options) -> str:
        if options.photos is None:
            raise CannotPrepare("needs a folder of photographs: --photos DIR")
        found = sorted(path for path in options.photos.rglob("*") if path.suffix.lower() in suffixes)
        if not found:
            raise CannotPrepare(f"--photos: no {kind} in {options.photos.name}")
        count = options.limit(len(found) * copies)
        for number in range(count):
            photo = found[number % len(found)]
            shutil.copyfile(photo, folder / f"{number:04}-{photo.stem}{suffixes[0]}")
        return f"{count} pictures: {len(found)} {kind}s (--photos), up to {copies} times each"

    return prepare


def _small_pictures(folder: Path, options: Options) -> str:
    count = options.limit(4000)
    for number, crop in enumerate(pictures.crops(320, 240, count, seed=4)):
        pictures.save(crop, folder / f"{number:04}.jpg", quality=85)
    return f"{count} different generated pictures"


def _generated(suffix: str, width: int, height: int, copies: int) -> Callable[[Path, Options], str]:
    def prepare(folder: Path, options: Options) -> str:
        count = options.limit(copies)
        picture = folder.parent / f"generated-{width}x{height}{suffix}"
        pictures.save(pictures.photograph(width, height, seed=3), picture, quality=90)
        _copy(picture, folder, count)
        return f"{count} copies of a generated picture of {width}x{height} px"

    return prepare


def _table(*workloads: Workload) -> dict[str, Workload]:
    return {workload.name: workload for workload in workloads}


WORKLOADS = _table(
    Workload(
        "W1",
        "sharp's benchmark: 2725x2225 JPEG to fit 720x588, JPEG quality 80",
        fit(720, 588, "jpeg", 80),
        _copies_of_one,
    ),
    Workload(
        "W2",
        "photographs: JPEG to fit 1600x1600, WebP quality 80",
        fit(1600, 1600, "webp", 80),
        _photographs("JPEG", 12, ".jpg", ".jpeg"),
    ),
    Workload(
        "W3-JPEG",
        "libvips' benchmark: 5000x5000 JPEG, crop 100 px, shrink 10 %, sharpen 3x3, quality 75",
        Task((Crop(4800, 4800), Scale(0.9, "bilinear"), Sharpen()), (Made("jpeg", 75),)),
        _generated(".jpg", 5000, 5000, copies=40),
    ),
    Workload(
        "W3-TIFF",
        "libvips' benchmark from TIFF to TIFF, neither compressed",
        Task((Crop(4800, 4800), Scale(0.9, "bilinear"), Sharpen()), (Made("tiff", compressed=False),)),
        _generated(".tif", 5000, 5000, copies=40),
    ),
    Workload(
        "W3-LZW",
        "the same, compressed (LZW, horizontal differencing)",
        Task((Crop(4800, 4800), Scale(0.9, "bilinear"), Sharpen()), (Made("tiff"),)),
        _generated(".tif", 5000, 5000, copies=16),
    ),
    Workload(
        "W4",
        "small pictures: 320x240 JPEG to fit 128x128, JPEG quality 80",
        fit(128, 128, "jpeg", 80),
        _small_pictures,
    ),
    Workload(
        "W5",
        "PNGs to half their size, PNG",
        Task((Scale(0.5, "lanczos"),), (Made("png"),)),
        _photographs("PNG", 4, ".png"),
    ),
    Workload(
        "W6",
        "pillow-perf's full cycle: 2560x1600 JPEG, turn, shrink to 0.4 bicubic, blur 4 px, JPEG quality 85",
        Task((Turn(), Scale(0.4, "bicubic"), Blur(4)), (Made("jpeg", 85),)),
        _generated(".jpg", 2560, 1600, copies=400),
    ),
    Workload(
        "W7",
        "srcset: one decode of each photograph, 4 widths in JPEG and in WebP, quality 80",
        Task((), tuple(Made(kind, 80, width) for width in (1280, 960, 640, 320) for kind in ("jpeg", "webp"))),
        _photographs("JPEG", 4, ".jpg", ".jpeg"),
    ),
)


def fill(workload: Workload, folder: Path, options: Options) -> tuple[str, int]:
    """Fill an empty folder with a workload's pictures; where they come from, and how many they are.

    Raises:
        CannotPrepare: they cannot be had.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    origin = workload.prepare(folder, options)
    return origin, len(os.listdir(folder))
