"""What incremental runs and durability cost: `python -m benchmarks.reliability [--files N] [--work DIR]`.

- up to date: a tree of N tiny pictures, of which all are up to date, is checked (100,000 by default)
- durability: 1,000 pictures of 100 kB go through unchanged in size, with `--durability rename` and `fsync`
"""

from __future__ import annotations

import argparse
import io
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

COPIES = 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--work", type=Path, help="folder to work in, to choose the disk")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.work) as folder:
        print("| what | seconds | CPU seconds | most memory so far, MB | result |\n|---|---|---|---|---|")
        for row in (*up_to_date(Path(folder) / "many", chosen.files), *durability(Path(folder) / "durable")):
            print(row, flush=True)


def up_to_date(folder: Path, files: int) -> Iterator[str]:
    """The first run makes all; the second also compacts the journal; the third only looks."""
    file = io.BytesIO()
    Image.new("L", (1, 1)).save(file, "png")
    for number in range(files):
        path = folder / f"in/{number // 1000:03}/picture-{number:06}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.getvalue())
    for name in ("made", "up to date, journal compacted", "up to date"):
        yield run(f"{files} tiny files, {name}", folder / "in", folder / "out")


def durability(folder: Path) -> Iterator[str]:
    noise = Image.effect_noise((320, 240), 80)
    for number in range(COPIES):
        path = folder / f"in/{number % 4}/{number:04}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        noise.save(path, compress_level=1)
    for how in ("rename", "fsync"):
        yield run(f"{COPIES} pictures, --durability {how}", folder / "in", folder / how, "--durability", how)


def run(what: str, source: Path, target: Path, *options: str) -> str:
    """One row of the table: imgpipe on two cores, start to exit."""
    os.sync()
    command = [sys.executable, "-m", "imgpipe", "process", str(source), str(target), "--cores", "2", *options]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if ended.returncode:
        sys.exit(ended.stderr)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    result = ended.stdout.splitlines()[-1]
    # The greatest so far, of the command itself: its workers are children of a server of their own.
    return f"| {what} | {seconds:.2f} | {cpu:.2f} | {after.ru_maxrss / 1000:.0f} | {result} |"


if __name__ == "__main__":
    main()
