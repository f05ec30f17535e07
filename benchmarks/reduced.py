"""How near pictures decoded at a reduced scale come to ones resized from every pixel: imgpipe and sharp.

    python -m benchmarks.reduced FOLDER [EDGE ...]

Fits each JPEG of a folder into squares (1600, 800 and 400 px by default), without loss, and compares the results with a
full-precision reference. No time is measured.
"""

from __future__ import annotations

import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.install import npm_package
from benchmarks.model import PROGRAMS, Absent
from benchmarks.quality import reference, ssim
from imgpipe.recipe import Recipe

EDGES = (1600, 800, 400)


def main() -> None:
    folder, *edges = sys.argv[1:]
    print("| fit into | pictures | imgpipe, mean SSIM | least | sharp, mean SSIM | least |")
    print("|---|---:|---:|---:|---:|---:|")
    for edge in map(int, edges or EDGES):
        ours, theirs = _compare(Path(folder), edge)
        columns = [f"{value:.4f}" for values in (ours, theirs) for value in (statistics.mean(values), min(values))]
        print(f"| {edge} | {len(ours)} | {' | '.join(columns)} |", flush=True)


def _compare(folder: Path, edge: int) -> tuple[list[float], list[float]]:
    sources = sorted(path for path in folder.iterdir() if path.suffix.lower() in (".jpg", ".jpeg"))
    recipe = Recipe([f"resize:{edge}x{edge}"], format="png")
    with tempfile.TemporaryDirectory() as made:
        _run_sharp(folder, Path(made), edge)
        ours = [_likeness(source, io.BytesIO(recipe.apply(source.read_bytes()))) for source in sources]
        theirs = [_likeness(source, Path(made) / f"{source.stem}.png") for source in sources]
    return ours, theirs


def _run_sharp(source: Path, target: Path, edge: int) -> None:
    modules = npm_package("sharp")
    if isinstance(modules, Absent):
        raise SystemExit(f"sharp: {modules.reason}")
    task = {"width": edge, "height": edge, "format": "png", "extension": ".png", "at_a_time": 2}
    command = ["node", str(PROGRAMS / "sharp_folder.cjs"), str(source), str(target), json.dumps(task)]
    subprocess.run(command, env=os.environ | {"NODE_PATH": str(modules)}, check=True)


def _likeness(source: Path, made: Path | io.BytesIO) -> float:
    with Image.open(made) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    return ssim(pixels, reference(source, (pixels.shape[1], pixels.shape[0])))


if __name__ == "__main__":
    main()
