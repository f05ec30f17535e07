"""The folder in which the commands of the docs are run: small pictures of the kinds that the pages speak of."""

import os
import shutil
import sys

from PIL import Image, ImageDraw

from tests.docs.blocks import ROOT

PHOTOS = ("photos/beach.jpg", "photos/2025/harbour.jpg", "photos/2025/market.jpg", "photos/2026/cat.jpg")


def make_folder(folder):
    for number, name in enumerate(PHOTOS):
        _photograph(folder / name, number)
    _photograph(folder / "photos/2026/drawing.png", 5)
    _photograph(folder / "card/IMG_0001.jpg", 4)
    _photograph(folder / "uploads/avatar.png", 6)
    _photograph(folder / "uploads/holiday.jpg", 7)
    _photograph(folder / "scans/letter.tif", 8)
    _photograph(folder / "scans/draft-letter.tif", 9)
    for split, kind, number in (("train", "cat", 10), ("train", "dog", 11), ("val", "cat", 12)):
        _photograph(folder / f"dataset/{split}/{kind}/{number}.jpg", number)
    _logo().save(folder / "logo.png")
    # What was made by running generate.py is no sample.
    shutil.copytree(ROOT / "sample_images", folder / "sample_images", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "stamp").touch()
    os.utime(folder / "stamp", (0, 0))


def make_programs(folder):
    """`imgpipe` and `python` as they are tested here, for the shell's path; `-P`: as what is installed, which is not
    told where it is called."""
    folder.mkdir()
    for name, arguments in (("imgpipe", " -P -m imgpipe"), ("python", "")):
        (folder / name).write_text(f'#!/bin/sh\nexec "{sys.executable}"{arguments} "$@"\n')
        (folder / name).chmod(0o755)


def environment(programs):
    # A make that runs the tests would tell the make of a page how to talk.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    # Colour and width are the reader's; what the pages show is plain.
    return inherited | {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "LC_ALL": "C.UTF-8",
        "COLUMNS": "80",
        "NO_COLOR": "1",
    }


def _photograph(path, number):
    """A sky and a hill, 400 x 300 px, with an owner, a camera and a place in its EXIF."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.linear_gradient("L").resize((400, 300))
    picture = Image.merge("RGB", [picture.point(lambda level, band=band: (level + band) % 256) for band in (0, 40, 80)])
    ImageDraw.Draw(picture).ellipse((20 * number, 180, 20 * number + 300, 420), (30, 90 + 10 * number, 60))
    exif = Image.Exif()
    exif[0x010F], exif[0x013B], exif[0x8298] = "Camera", "A. Photographer", "(c) A. Photographer"
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 29.0), 3: "E", 4: (2.0, 17.0, 40.0)})
    picture.save(path, exif=exif)


def _logo():
    logo = Image.new("RGBA", (120, 60))
    ImageDraw.Draw(logo).rounded_rectangle((4, 4, 115, 55), 20, (200, 30, 40, 220))
    return logo
