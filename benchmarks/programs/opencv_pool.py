"""A folder of pictures with OpenCV and a Pool: decoded at a reduced scale where 1.5 times the size is left."""

import os
from typing import Any

import cv2
import numpy as np
from folder import make_all

KERNELS = {"lanczos": cv2.INTER_AREA, "bicubic": cv2.INTER_AREA, "bilinear": cv2.INTER_LINEAR}
SHARPEN = np.array([[-1, -1, -1], [-1, 16, -1], [-1, -1, -1]], np.float32) / 8
UNCOMPRESSED, LZW = 1, 5
REDUCED = ((8, cv2.IMREAD_REDUCED_COLOR_8), (4, cv2.IMREAD_REDUCED_COLOR_4), (2, cv2.IMREAD_REDUCED_COLOR_2))


def opened(source: str, task: dict[str, Any]) -> Any:
    flag = cv2.IMREAD_COLOR
    first = task["steps"][0] if task["steps"] else ("",)
    if first[0] == "fit" and source.endswith(".jpg"):
        from PIL import Image  # OpenCV tells no size before it has decoded

        with Image.open(source) as picture:
            longest, box = max(picture.size), max(first[1:])
        flag = next((flag for scale, flag in REDUCED if longest / scale >= 1.5 * box), flag)
    return cv2.imread(source, flag)


def apply(pixels: Any, name: str, *values: Any) -> Any:
    height, width = pixels.shape[:2]
    match name:
        case "fit":
            scale = min(values[0] / width, values[1] / height)
            return cv2.resize(pixels, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
        case "scale":
            size = round(width * values[0]), round(height * values[0])
            return cv2.resize(pixels, size, interpolation=KERNELS[values[1]])
        case "crop":
            left, top = (width - values[0]) // 2, (height - values[1]) // 2
            return pixels[top : top + values[1], left : left + values[0]]
        case "turn":
            return cv2.rotate(pixels, cv2.ROTATE_90_COUNTERCLOCKWISE)
        case "blur":
            return cv2.GaussianBlur(pixels, (0, 0), values[0])
        case "sharpen":
            return cv2.filter2D(pixels, -1, SHARPEN)
    raise ValueError(name)


def make(source: str, target: str, task: dict[str, Any]) -> None:
    cv2.setNumThreads(1)
    pixels = opened(source, task)
    for step in task["steps"]:
        pixels = apply(pixels, *step)
    (made,) = task["outputs"]
    options = {
        "jpeg": [cv2.IMWRITE_JPEG_QUALITY, made["quality"]],
        "webp": [cv2.IMWRITE_WEBP_QUALITY, made["quality"]],
        "tiff": [cv2.IMWRITE_TIFF_COMPRESSION, LZW if made["compressed"] else UNCOMPRESSED],
    }.get(made["format"], [])
    stem = os.path.splitext(os.path.basename(source))[0]
    if not cv2.imwrite(os.path.join(target, stem + made["tail"]), pixels, options):
        raise OSError(f"cannot write {stem}")


if __name__ == "__main__":
    make_all(make)
