"""What the outputs of every peer are compared with: a wrong reference would make a wrong figure."""

import numpy as np
import pytest
from PIL import Image, ImageOps

from benchmarks.model import Made, Task
from benchmarks.pictures import photograph, save
from benchmarks.quality import reference
from benchmarks.steps import Blur, Crop, Fit, Scale, Sharpen, Turn

BAND = np.arange(30, dtype=np.float32).reshape(5, 6)
POINT = np.zeros((41, 41), np.float32)
POINT[20, 20] = 8
STEPS = [Fit(4, 4), Scale(0.5, "bilinear"), Crop(3, 2), Turn(), Blur(2), Sharpen()]


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_a_step_makes_the_size_that_it_says(step):
    wide, high = step.size((6, 5))
    assert step.apply(BAND).shape == (high, wide)


def test_sizes_are_rounded_to_the_nearest_and_never_nothing():
    assert Fit(4, 4).size((60, 50)) == (4, 3)
    assert Scale(0.9, "bilinear").size((11, 9)) == (10, 8)
    assert Scale(0.4, "bilinear").size((4, 1)) == (2, 1)
    assert Crop(10, 3).size((6, 5)) == (6, 3)
    assert Turn().size((6, 5)) == (5, 6)


def test_a_turn_is_counterclockwise():
    turned = Image.fromarray(BAND).transpose(Image.Transpose.ROTATE_90)
    assert (Turn().apply(BAND) == np.asarray(turned)).all()


def test_a_crop_keeps_the_middle():
    assert (Crop(2, 3).apply(BAND) == BAND[1:4, 2:4]).all()


@pytest.mark.parametrize("sigma", [2, 4])
def test_a_blur_has_the_deviation_that_was_asked_for(sigma):
    spread = Blur(sigma).apply(POINT).sum(axis=0) / 8
    assert spread.sum() == pytest.approx(1, abs=1e-3)
    assert np.sqrt(np.sum(spread * (np.arange(41) - 20) ** 2)) == pytest.approx(sigma, rel=0.02)


def test_sharpening_is_the_kernel_divided_by_eight():
    around = Sharpen().apply(POINT)[19:22, 19:22]
    assert (around == [[-1, -1, -1], [-1, 16, -1], [-1, -1, -1]]).all()
    assert Sharpen().apply(np.full((5, 5), 99, np.float32)) == pytest.approx(99)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    path = tmp_path_factory.mktemp("in") / "a.jpg"
    save(photograph(64, 48, seed=3), path, quality=95)
    return path


@pytest.mark.parametrize("kernel", ["bilinear", "bicubic", "lanczos"])
@pytest.mark.parametrize("behind", [(), (Sharpen(),)], ids=["last", "not last"])
def test_the_reference_is_made_with_the_kernel_that_is_asked_for(kernel, behind, source):
    step = Scale(0.5, kernel)
    with Image.open(source) as picture:
        red = np.asarray(picture.getchannel(0), np.float32)
    wanted = np.asarray(Image.fromarray(red).resize((32, 24), Image.Resampling[kernel.upper()]))
    wanted = Sharpen().apply(wanted) if behind else wanted
    made = reference(Task((step, *behind), (Made("png"),)), source, (32, 24))
    assert made[..., 0] == pytest.approx(wanted, abs=1e-3)


def test_the_reference_stands_upright(source, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(source) as picture:
        picture.save(tmp_path / "turned.png", exif=exif)
        upright = picture.transpose(Image.Transpose.ROTATE_270)
    with Image.open(tmp_path / "turned.png") as turned:
        assert ImageOps.exif_transpose(turned).size == upright.size == (48, 64)
    made = reference(Task((), (Made("png"),)), tmp_path / "turned.png", (48, 64))
    assert (made == np.asarray(upright)).all()
