"""A folder of pictures made to fit a box: Pillow as it comes, with a multiprocessing.Pool."""

import json
import os
import sys
from functools import partial
from multiprocessing import Pool
from typing import Any

from PIL import Image, ImageOps


def resize(source: str, target: str, task: dict[str, Any]) -> None:
    with Image.open(source) as picture:
        ImageOps.exif_transpose(picture, in_place=True)
        small = ImageOps.contain(picture, (task["width"], task["height"]), Image.Resampling.LANCZOS)
    stem = os.path.splitext(os.path.basename(source))[0]
    small.save(os.path.join(target, stem + task["extension"]), quality=task["quality"])


def main() -> None:
    source, target, task = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    sources = [entry.path for entry in os.scandir(source)]
    with Pool(task["cores"]) as pool:
        for _ in pool.imap_unordered(partial(resize, target=target, task=task), sources):
            pass


if __name__ == "__main__":
    main()
