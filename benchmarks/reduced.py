"""How near pictures decoded at a reduced scale come to ones resized from every pixel: imgpipe and sharp.

    python -m benchmarks.reduced FOLDER [EDGE ...]

Fits each JPEG of a folder into squares (1600, 800 and 400 px by default), without loss, and compares the results with a
full-precision reference. No time is measured.
"""

from __future__ import annotations

import io
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.model import ROOT, Absent, Assignment, Made, Peer, Task
from benchmarks.peers.sharp import sharp
from benchmarks.quality import likeness
from benchmarks.steps import Fit
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
    task = Task((Fit(edge, edge),), (Made("png"),))
    recipe = Recipe([f"resize:{edge}x{edge}"], format="png")
    with tempfile.TemporaryDirectory() as made:
        _run(sharp, Assignment(task, folder.resolve(), Path(made), len(sources), cores=2))
        ours = [likeness(task, source, io.BytesIO(recipe.apply(source.read_bytes()))) for source in sources]
        theirs = [likeness(task, source, Path(made) / f"{source.stem}.png") for source in sources]
    return ours, theirs


def _run(peer: Peer, work: Assignment) -> None:
    found = peer(work)
    if isinstance(found, Absent):
        raise SystemExit(f"{peer.__name__}: {found.reason}")  # type: ignore[attr-defined]
    command = found.commands[0]
    subprocess.run(command.argv, cwd=ROOT, env=os.environ | dict(command.env), check=True)


if __name__ == "__main__":
    main()
