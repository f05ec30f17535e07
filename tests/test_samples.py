"""The sample pictures are what sample_images/README.md says they are."""

import fcntl
import importlib.util
import io
import os
import struct
import sys
import unicodedata

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

pytestmark = pytest.mark.usefixtures("nothing_left_behind")

SAMPLES = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "sample_images")


def load_generator():
    spec = importlib.util.spec_from_file_location("generate", os.path.join(SAMPLES, "generate.py"))
    module = importlib.util.module_from_spec(spec)
    writes = sys.dont_write_bytecode
    # The samples are shown to people as a folder of pictures, with nothing beside them.
    sys.dont_write_bytecode = True
    try:
        spec.loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = writes
    return module


generator = load_generator()


@pytest.fixture(scope="module")
def made(tmp_path_factory, testrun_uid):
    """A folder of pictures, painted anew: once for all processes of a test run, as it takes longer than the tests."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder = shared / f"samples-{testrun_uid}"
    with open(f"{folder}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            unfinished = tmp_path_factory.mktemp("samples")
            generator.generate(str(unfinished))
            unfinished.rename(folder)
    return folder


@pytest.fixture(params=["made", "committed"])
def folder(request):
    """The pictures painted now, and those in the repository: both must hold what is promised."""
    return request.getfixturevalue("made") if request.param == "made" else SAMPLES


def opened(folder, name):
    with open(os.path.join(folder, name), "rb") as file:
        image = Image.open(io.BytesIO(file.read()))
    image.load()
    return image


def names_in(folder):
    """Relative names, composed: some file systems give them back decomposed."""
    found = set()
    for where, _, files in os.walk(folder):
        found |= {os.path.relpath(os.path.join(where, name), folder) for name in files}
    return {unicodedata.normalize("NFC", name) for name in found if "__pycache__" not in name}


def test_the_committed_set_has_the_same_names(made):
    assert names_in(made) == set(generator.PICTURES)
    assert names_in(SAMPLES) == set(generator.PICTURES) | {"README.md", "generate.py"}


def test_the_readme_names_every_picture():
    with open(os.path.join(SAMPLES, "README.md"), encoding="utf-8") as file:
        text = file.read()
    top_level = {name for name in generator.PICTURES if "/" not in name}
    assert {name for name in top_level if f"`{name}`" not in text} == set()


def test_they_weigh_little(folder):
    sizes = {name: os.path.getsize(os.path.join(folder, name)) for name in generator.PICTURES}
    assert sum(sizes.values()) < 3_000_000
    assert sizes["dunes.jpg"] < 700_000


@pytest.mark.parametrize("name", sorted(generator.PICTURES))
def test_the_same_bytes_come_twice(made, name):
    painted = (made / name).read_bytes()
    with open(os.path.join(SAMPLES, name), "rb") as file:
        committed = file.read()
    # The committed one was painted before, elsewhere, but perhaps with libraries that make other bytes.
    assert painted == committed or painted == generator.PICTURES[name]()


@pytest.mark.parametrize(
    ("name", "kind", "mode", "size", "frames"),
    [
        ("dunes.jpg", "JPEG", "RGB", (2400, 1600), 1),
        ("skyline.jpg", "JPEG", "RGB", (1600, 1000), 1),
        ("früh.webp", "WEBP", "RGB", (900, 600), 1),
        ("grey.jpg", "JPEG", "L", (900, 600), 1),
        ("cmyk.jpg", "JPEG", "CMYK", (600, 800), 1),
        ("display-p3.jpg", "JPEG", "RGB", (900, 600), 1),
        ("alpha.png", "PNG", "RGBA", (480, 480), 1),
        ("palette.png", "PNG", "P", (640, 640), 1),
        ("lighthouse.gif", "GIF", "P", (400, 300), 16),
        ("jellyfish.webp", "WEBP", "RGBA", (256, 288), 18),
        ("pages.tiff", "TIFF", "RGB", (420, 420), 3),
    ],
)
def test_format_mode_size_and_frames(folder, name, kind, mode, size, frames):
    image = opened(folder, name)
    assert (image.format, image.mode, image.size, getattr(image, "n_frames", 1)) == (kind, mode, size, frames)


def test_the_photograph_knows_where_it_was_taken(folder):
    exif = opened(folder, "dunes.jpg").getexif()
    assert exif.get_ifd(0x8825)[1] == "S"
    assert exif.get_ifd(0x8769)[0x9003].startswith("2026:")


def test_skyline_is_progressive_with_full_colour(folder):
    image = opened(folder, "skyline.jpg")
    assert image.info["progressive"]
    assert {(horizontal, vertical) for _, horizontal, vertical, _ in image.layer} == {(1, 1)}


@pytest.mark.parametrize("number", range(1, 9))
def test_orientations_come_out_equal(folder, number):
    image = opened(folder, f"orientation/{number}.jpg")
    assert image.getexif()[0x0112] == number
    assert (image.width < image.height) == (number >= 5)
    upright = np.asarray(ImageOps.exif_transpose(image), np.int16)
    reference = np.asarray(opened(folder, "orientation/1.jpg"), np.int16)
    difference = np.abs(upright - reference)
    assert difference.mean() < 3
    # Apart from the number on the sail there is only what JPEG does.
    difference[90:160, 90:160] = 0
    assert difference.max() < 80
    assert np.percentile(difference, 99.9) < 30


def test_alpha_fades(folder):
    alpha = np.asarray(opened(folder, "alpha.png"))[..., 3]
    assert alpha.min() == 0
    assert alpha.max() > 200
    assert len(np.unique(alpha)) > 150


def test_the_profile_is_display_p3(folder):
    data = opened(folder, "display-p3.jpg").info["icc_profile"]
    assert len(data) < 1000
    profile = ImageCms.ImageCmsProfile(io.BytesIO(data))
    assert "P3" in ImageCms.getProfileDescription(profile)
    # Its green is no colour of sRGB: converted, it lies against the edge.
    to_srgb = ImageCms.buildTransform(profile, ImageCms.createProfile("sRGB"), "RGB", "RGB", renderingIntent=1)
    converted = ImageCms.applyTransform(Image.new("RGB", (2, 1), (0, 220, 90)), to_srgb).getpixel((0, 0))
    assert converted[0] == 0
    assert converted[1] > 220
    # And its greys are sRGB's.
    grey = ImageCms.applyTransform(Image.new("RGB", (1, 1), (90, 90, 90)), to_srgb).getpixel((0, 0))
    assert max(abs(value - 90) for value in grey) <= 1


@pytest.mark.parametrize("name", ["lighthouse.gif", "jellyfish.webp"])
def test_animations_move_and_loop(folder, name):
    with Image.open(os.path.join(folder, name)) as image:
        assert image.info["loop"] == 0
        seen = set()
        for frame in range(image.n_frames):
            image.seek(frame)
            image.load()
            assert 50 <= image.info["duration"] <= 200
            seen.add(image.convert("RGBA").tobytes())
    # The lighthouse's beams are two: what it shows repeats after half a turn.
    assert len(seen) > 6


def test_sixteen_bits(folder):
    with open(os.path.join(folder, "sixteen-bit.png"), "rb") as file:
        head = file.read(26)
    width, height, depth, colour = struct.unpack(">IIBB", head[16:26])
    assert (head[12:16], depth, colour) == (b"IHDR", 16, 2)
    assert (width, height) == (420, 280)


def test_the_broken_two_are_broken(folder):
    with Image.open(os.path.join(folder, "truncated.jpg")) as image, pytest.raises(OSError, match="truncated"):
        image.load()
    with pytest.raises(UnidentifiedImageError):
        Image.open(os.path.join(folder, "text.jpg"))
