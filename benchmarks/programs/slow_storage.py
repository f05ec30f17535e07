"""imgpipe as a library, on storage that takes so many seconds to answer each read and each write."""

from __future__ import annotations

import sys
import time
from typing import Any

from imgpipe import run
from imgpipe.engines import Workforce
from imgpipe.job import Status
from imgpipe.recipe import Recipe
from imgpipe.run import Options

IO_THREADS = 16
"""As for storage on a network."""


class Slow:
    """A storage whose reads and writes wait first."""

    def __init__(self, storage: Any, delay: float) -> None:
        self._storage = storage
        self._delay = delay

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)

    def read(self, name: str) -> bytes:
        time.sleep(self._delay)
        data: bytes = self._storage.read(name)
        return data

    def put(self, *arguments: Any, **options: Any) -> None:
        time.sleep(self._delay)
        self._storage.put(*arguments, **options)


def main() -> None:
    source, target, delay = sys.argv[1], sys.argv[2], float(sys.argv[3])
    recipe = Recipe(["resize:720x588"], format="jpeg", quality=80)
    options = Options(workforce=Workforce(cores=2, io_threads=IO_THREADS))
    plan = run.prepare(source, target, recipe, options)
    plan = plan._replace(source=Slow(plan.source, delay), target=Slow(plan.target, delay))
    items = list(run.execute(plan, recipe, options))
    if any(item.status is not Status.WRITTEN for item in items):
        sys.exit("not all were written")


if __name__ == "__main__":
    main()
