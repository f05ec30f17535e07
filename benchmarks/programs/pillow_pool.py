"""A folder of pictures made to fit a box: Pillow as it comes, with a multiprocessing.Pool."""

import os
from typing import Any

from folder import make_all
from PIL import Image, ImageFilter, ImageOps

KERNELS = {name.lower(): Image.Resampling[name] for name in ("LANCZOS", "BICUBIC", "BILINEAR")}
UNCOMPRESSED = {"compression": "raw"}
LZW = {"compression": "tiff_lzw", "tiffinfo": {317: 2}}
SHARPEN = ImageFilter.Kernel((3, 3), (-1, -1, -1, -1, 16, -1, -1, -1, -1), scale=8)


def apply(picture: Image.Image, name: str, *values: Any) -> Image.Image:
    match name:
        case "fit":
            return ImageOps.contain(picture, values, Image.Resampling.LANCZOS)
        case "scale":
            factor, kernel = values
            size = round(picture.width * factor), round(picture.height * factor)
            return picture.resize(size, KERNELS[kernel])
        case "crop":
            left, top = (picture.width - values[0]) // 2, (picture.height - values[1]) // 2
            return picture.crop((left, top, left + values[0], top + values[1]))
        case "turn":
            return picture.transpose(Image.Transpose.ROTATE_90)
        case "blur":
            return picture.filter(ImageFilter.GaussianBlur(*values))
        case "sharpen":
            return picture.filter(SHARPEN)
    raise ValueError(name)


def make(source: str, target: str, task: dict[str, Any]) -> None:
    with Image.open(source) as opened:
        ImageOps.exif_transpose(opened, in_place=True)
        picture: Image.Image = opened
        for step in task["steps"]:
            picture = apply(picture, *step)
        picture.load()
    stem = os.path.splitext(os.path.basename(source))[0]
    for made in task["outputs"]:
        small = picture
        if made["width"]:
            height = round(picture.height * made["width"] / picture.width)
            small = picture.resize((made["width"], height), Image.Resampling.LANCZOS)
        options: dict[str, Any] = {"quality": made["quality"]} if made["quality"] else {}
        if made["format"] == "tiff":
            options = LZW if made["compressed"] else UNCOMPRESSED
        small.save(os.path.join(target, stem + made["tail"]), **options)


if __name__ == "__main__":
    make_all(make)
