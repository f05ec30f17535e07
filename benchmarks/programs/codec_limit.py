"""imgpipe's own work on each picture in as many bare processes as cores, over bytes already in memory.

Prints the seconds from when all processes are ready, warm and hold all pictures, until the last picture is
made. The outputs are written after that, to be looked at.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

from imgpipe.codecs import Encoding
from imgpipe.recipe import Recipe
from imgpipe.recipe.rendition import Rendition
from imgpipe.transform import transform
from imgpipe.warm import warm_up

Picture = tuple[str, bytes]
FORK = multiprocessing.get_context("fork")


def main() -> None:
    source, target, task = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    pictures = [(name, _read(os.path.join(source, name))) for name in sorted(os.listdir(source))]
    shared = Shared(task["cores"])
    processes = [FORK.Process(target=_work, args=(shared, pictures, target, task)) for _ in range(task["cores"])]
    for process in processes:
        process.start()
    shared.together.wait()
    started = perf_counter()
    shared.together.wait()
    seconds = perf_counter() - started
    for process in processes:
        process.join()
    if any(process.exitcode for process in processes):
        raise SystemExit("a process failed, so its outputs are missing")
    print(json.dumps({"seconds": seconds}))


class Shared:
    """What the processes share: a point where all wait for each other, and the number of the next picture."""

    def __init__(self, cores: int) -> None:
        self.together = FORK.Barrier(cores + 1)
        self._next = FORK.Value("q", 0)

    def take(self) -> int:
        with self._next.get_lock():
            number: int = self._next.value
            self._next.value += 1
        return number


def _work(shared: Shared, pictures: Sequence[Picture], target: str, task: dict[str, Any]) -> None:
    try:
        make = _maker(task)
        make(pictures[0][1])
        shared.together.wait()
        made = []
        while (number := shared.take()) < len(pictures):
            made.append((pictures[number][0], make(pictures[number][1])))
        shared.together.wait()
    except BaseException:
        shared.together.abort()
        raise
    for name, outputs in made:
        for output, data in zip(task["outputs"], outputs, strict=True):
            with open(os.path.join(target, os.path.splitext(name)[0] + output["tail"]), "wb") as file:
                file.write(data)


def _maker(task: dict[str, Any]) -> Callable[[bytes], list[bytes]]:
    """What a worker of imgpipe does with one picture, set up as a worker is."""
    warm_up()
    several = len(task["outputs"]) > 1
    renditions = [_rendition(made, several=several) for made in task["outputs"]]
    recipe = Recipe(task["filters"], outputs=renditions)
    outputs, settings = recipe.plans, recipe.settings()
    return lambda data: [made.data for made in transform(data, recipe.operations, outputs, settings)]


def _rendition(made: dict[str, Any], *, several: bool) -> Rendition:
    filters = [f"resize:width={made['width']}"] if made["width"] else []
    name = "{stem}-{width}{ext}" if several else ""
    encoding = Encoding(effort=None if made["compressed"] else 0)
    return Rendition(filters, made["format"], made["quality"], encoding, name)


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


if __name__ == "__main__":
    main()
