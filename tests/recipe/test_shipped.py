"""What the recipes that come along do to pictures."""

import io

import numpy as np
import pytest
from PIL import Image

from imgpipe.recipe.reading import load

EXIF_GPS = 0x8825


def jpeg(size, **options):
    file = io.BytesIO()
    Image.effect_noise(size, 60).convert("RGB").save(file, "jpeg", **options)
    return file.getvalue()


def opened(data):
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize(("size", "expected"), [((3000, 1000), (2048, 683)), ((300, 100), (300, 100))])
def test_web_fits_into_2048_px_and_never_enlarges(size, expected):
    made = opened(load("web").apply(jpeg(size)))
    assert (made.format, made.size) == ("WEBP", expected)


def test_thumbnails_are_squares():
    made = opened(load("thumbnails").apply(jpeg((900, 500))))
    assert (made.format, made.size) == ("WEBP", (320, 320))


def test_srcset_is_four_widths_in_two_formats():
    made = load("srcset").apply_all(jpeg((2400, 120)))
    assert [output.size for output in made] == 2 * [(1920, 96), (1280, 64), (640, 32), (320, 16)]
    assert [opened(output.data).format for output in made] == ["WEBP"] * 4 + ["AVIF"] * 4


def test_archive_keeps_every_pixel():
    rows = np.random.default_rng(1).integers(0, 65536, (20, 30), dtype=np.uint16)
    file = io.BytesIO()
    Image.fromarray(rows).save(file, "png")
    assert (np.asarray(opened(load("archive").apply(file.getvalue()))) == rows).all()
    source = jpeg((90, 60))
    made = opened(load("archive").apply(source))
    assert (np.asarray(made) == np.asarray(opened(source))).all()
    assert made.format == "PNG"


def test_archive_keeps_metadata():
    exif = Image.Exif()
    exif[0x010F] = "Camera of somebody"
    made = opened(load("archive").apply(jpeg((90, 60), exif=exif)))
    assert made.getexif()[0x010F] == "Camera of somebody"


def test_privacy_leaves_no_metadata():
    exif = Image.Exif()
    exif[0x010F] = "Camera of somebody"
    exif[EXIF_GPS] = {1: "N", 2: (52.0, 30.0, 0.0), 3: "E", 4: (13.0, 24.0, 0.0)}
    source = jpeg((90, 60), exif=exif, comment=b"of somebody", dpi=(300, 300))
    assert b"somebody" in source
    data = load("privacy").apply(source)
    made = opened(data)
    assert made.size == (90, 60)
    assert b"somebody" not in data
    assert not dict(made.getexif())
    assert not made.info.keys() & {"exif", "xmp", "comment", "photoshop"}


@pytest.mark.parametrize("size", [(640, 480), (480, 640), (100, 50), (224, 224)])
def test_ml_224_is_always_224_x_224_px_in_rgb(size):
    made = opened(load("ml-224").apply(jpeg(size)))
    assert (made.size, made.mode) == ((224, 224), "RGB")
