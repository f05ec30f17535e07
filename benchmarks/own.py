"""``python -m benchmarks.own``: imgpipe against itself and against the plainest script.

One core against two; storage that takes 20 ms to answer each read and write against the same without the delay; one
picture in a new process against a bare Pillow script that does the same. In alternation, ratios of medians.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.machine import describe
from benchmarks.measure import empty
from benchmarks.model import PROGRAMS, ROOT
from benchmarks.workloads import WORKLOADS, Options, fill

SLOW = (sys.executable, "-m", "benchmarks.programs.slow_storage")
BARE = (
    "import sys\nfrom PIL import Image, ImageOps\n"
    "picture = Image.open(sys.argv[1])\nImageOps.exif_transpose(picture, in_place=True)\n"
    "small = ImageOps.contain(picture, (720, 588), Image.Resampling.LANCZOS)\nsmall.save(sys.argv[2], quality=80)\n"
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.own", description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--files", type=int, help="at most so many pictures, for a quick look")
    parser.add_argument("--picture", type=Path, help="the picture of W1")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        fill(WORKLOADS["W1"], folder / "in", Options(arguments.picture, files=arguments.files))
        print(f"Machine: {describe(2)}. Medians of {arguments.runs} runs in alternation after one warm-up each.\n")
        print("| | seconds | against | seconds | ratio |\n|---|---:|---|---:|---:|")
        for (name, command), (other, against) in _pairs(folder):
            mine, theirs = _alternate(command, against, folder / "out", arguments.runs)
            print(f"| {name} | {mine:.3f} | {other} | {theirs:.3f} | {theirs / mine:.2f} |", flush=True)


Named = tuple[str, tuple[str, ...]]


def _pairs(folder: Path) -> list[tuple[Named, Named]]:
    source, target = str(folder / "in"), str(folder / "out")
    shutil.copyfile(min((folder / "in").iterdir()), folder / "one.jpg")
    one = str(folder / "one.jpg")
    work = ("--resize", "720x588", "--format", "jpeg", "-q", "80", "-Q")
    imgpipe = (sys.executable, "-m", "imgpipe", "process")
    return [
        (
            ("two cores", (*imgpipe, source, target, *work, "--cores", "2")),
            ("one core", (*imgpipe, source, target, *work, "--cores", "1")),
        ),
        (
            ("storage that answers after 20 ms", (*SLOW, source, target, "0.02")),
            ("at once", (*SLOW, source, target, "0")),
        ),
        (
            ("one picture, a new process", (*imgpipe, one, target, *work)),
            ("bare Pillow script", (sys.executable, "-c", BARE, one, f"{target}/one.jpg")),
        ),
    ]


def _alternate(one: tuple[str, ...], other: tuple[str, ...], target: Path, runs: int) -> tuple[float, float]:
    """Medians of the seconds of two commands, run in turn."""
    seconds: dict[tuple[str, ...], list[float]] = {one: [], other: []}
    for number in range(runs + 1):
        for command, taken in seconds.items():
            took = _seconds(lambda command=command: _run(command, target))  # type: ignore[misc]
            if number:
                taken.append(took)
    return statistics.median(seconds[one]), statistics.median(seconds[other])


def _seconds(action: Callable[[], None]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def _run(command: tuple[str, ...], target: Path) -> None:
    empty(target)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run((*_pinned(command), *command), cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)


def _pinned(command: tuple[str, ...]) -> tuple[str, ...]:
    """What keeps a command on as many cores as it asks for: else one core's run would read and write on another."""
    if command[-2:] != ("--cores", "1"):
        return ()
    return (sys.executable, "-S", str(PROGRAMS / "pinned.py"), "1")


if __name__ == "__main__":
    main()
