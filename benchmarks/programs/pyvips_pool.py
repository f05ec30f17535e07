"""A folder of pictures made to fit a box: pyvips with a multiprocessing.Pool, after its own example."""

import json
import os
import sys
from functools import partial
from multiprocessing import Pool
from typing import Any


def resize(source: str, target: str, task: dict[str, Any]) -> None:
    import pyvips  # type: ignore[import-not-found]  # in the worker: libvips' threads do not survive a fork

    small = pyvips.Image.thumbnail(source, task["width"], height=task["height"])
    stem = os.path.splitext(os.path.basename(source))[0]
    small.write_to_file(os.path.join(target, stem + task["extension"]), Q=task["quality"], keep="none")


def main() -> None:
    source, target, task = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    sources = [entry.path for entry in os.scandir(source)]
    with Pool(task["cores"]) as pool:
        for _ in pool.imap_unordered(partial(resize, target=target, task=task), sources):
            pass


if __name__ == "__main__":
    main()
