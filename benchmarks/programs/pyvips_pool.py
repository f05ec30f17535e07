"""A folder of pictures made to fit a box: pyvips with a multiprocessing.Pool, after its own example."""

import os
from typing import Any

from folder import make_all

KERNELS = {"lanczos": "lanczos3", "bicubic": "cubic", "bilinear": "linear"}
UNCOMPRESSED = {"compression": "none"}
LZW = {"compression": "lzw", "predictor": "horizontal"}
SHARPEN = [[-1, -1, -1], [-1, 16, -1], [-1, -1, -1]]


def opened(source: str, task: dict[str, Any]) -> Any:
    """The picture after the first step, which libvips does while it loads where that step shrinks to a box."""
    import pyvips  # type: ignore[import-not-found]  # in the worker: libvips' threads do not survive a fork

    (first, *values), *others = task["steps"] or [[""]]
    if first == "fit":
        picture, rest = pyvips.Image.thumbnail(source, values[0], height=values[1]), others
    else:
        access = "random" if any(step[0] == "turn" for step in task["steps"]) else "sequential"
        picture, rest = pyvips.Image.new_from_file(source, access=access).autorot(), task["steps"]
    for step in rest:
        picture = apply(picture, *step)
    return picture


def apply(picture: Any, name: str, *values: Any) -> Any:
    import pyvips

    match name:
        case "scale":
            return picture.resize(values[0], kernel=KERNELS[values[1]])
        case "crop":
            left, top = (picture.width - values[0]) // 2, (picture.height - values[1]) // 2
            return picture.crop(left, top, *values)
        case "turn":
            return picture.rot270()
        case "blur":
            return picture.gaussblur(values[0])
        case "sharpen":
            return picture.conv(pyvips.Image.new_from_array(SHARPEN, scale=8), precision="integer")
    raise ValueError(name)


def make(source: str, target: str, task: dict[str, Any]) -> None:
    picture = opened(source, task)
    stem = os.path.splitext(os.path.basename(source))[0]
    if len(task["outputs"]) > 1:
        picture = picture.copy_memory()
    for made in task["outputs"]:
        small = picture.thumbnail_image(made["width"]) if made["width"] else picture
        options: dict[str, Any] = {"Q": made["quality"]} if made["quality"] else {}
        if made["format"] == "tiff":
            options = LZW if made["compressed"] else UNCOMPRESSED
        small.write_to_file(os.path.join(target, stem + made["tail"]), keep="none", **options)


if __name__ == "__main__":
    make_all(make)
