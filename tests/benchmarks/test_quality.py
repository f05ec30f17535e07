from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from benchmarks.model import Assignment, Made, Task, fit
from benchmarks.pictures import crops, photograph, save
from benchmarks.quality import ceiling, check, reference, ssim
from benchmarks.steps import Fit


@pytest.fixture(scope="module")
def photo():
    return photograph(160, 120, seed=1)


@pytest.fixture
def work(tmp_path, photo):
    for name in ("in", "out"):
        (tmp_path / name).mkdir()
    save(photo, tmp_path / "in" / "a.jpg", quality=95)
    return Assignment(fit(80, 80, "jpeg", 80), tmp_path / "in", tmp_path / "out", 1, 2)


def test_a_picture_is_like_itself(photo):
    assert ssim(photo, photo) == pytest.approx(1.0)


def test_constant_pictures_by_the_formula():
    c1 = (0.01 * 255) ** 2
    expected = (2 * 100 * 120 + c1) / (100**2 + 120**2 + c1)
    assert ssim(np.full((20, 20), 100.0), np.full((20, 20), 120.0)) == pytest.approx(expected)


def test_noise_lowers_it_and_more_noise_more(photo):
    random = np.random.default_rng(0)
    some, more = (ssim(photo, photo + random.normal(0, deviation, photo.shape)) for deviation in (5, 20))
    assert 1 > some > more > 0


def test_pictures_of_different_size_are_not_compared():
    with pytest.raises(ValueError, match="cannot be compared"):
        ssim(np.zeros((20, 20)), np.zeros((20, 21)))


def test_good_outputs_come_near_the_ceiling(work):
    with Image.open(work.source / "a.jpg") as picture:
        picture.resize((80, 60), Image.Resampling.LANCZOS).save(work.target / "a.jpg", quality=80)
    verdict, best = check(work), ceiling(work)
    assert verdict.faults == ()
    assert verdict.one_off == 0
    assert verdict.ssim == pytest.approx(best.ssim, abs=0.01)
    assert verdict.mean_bytes == (work.target / "a.jpg").stat().st_size


@pytest.mark.parametrize(("size", "off"), [((80, 60), 0), ((80, 61), 1)])
def test_one_px_is_noted(work, size, off):
    Image.new("RGB", size).save(work.target / "a.jpg")
    verdict = check(work)
    assert verdict.faults == ()
    assert verdict.one_off == off


@pytest.mark.parametrize(("size", "kind"), [((80, 62), "jpeg"), ((80, 60), "png")])
def test_wrong_size_and_wrong_format_are_faults(work, size, kind):
    Image.new("RGB", size).save(work.target / "a.jpg", kind)
    assert check(work).faults


@pytest.mark.parametrize("compressed", [False, True])
def test_a_tiff_that_is_compressed_otherwise_than_asked_is_a_fault(work, compressed):
    asked = replace(work, task=Task((Fit(80, 80),), (Made("tiff", compressed=compressed),)))
    for compression, right in (("raw", not compressed), ("tiff_lzw", compressed)):
        Image.new("RGB", (80, 60)).save(work.target / "a.tif", compression=compression)
        assert bool(check(asked).faults) is not right


def test_the_reference_is_compressed_as_asked(work):
    plain, packed = (
        ceiling(replace(work, task=Task((Fit(80, 80),), (Made("tiff", compressed=compressed),))))
        for compressed in (False, True)
    )
    assert plain.ssim == packed.ssim
    assert packed.mean_bytes < 80 * 60 * 3 < plain.mean_bytes


def test_a_tiff_made_for_the_benchmarks_is_not_compressed(tmp_path, photo):
    save(photo, tmp_path / "a.tif", quality=90)
    with Image.open(tmp_path / "a.tif") as picture:
        assert picture.tag_v2[259] == 1
        assert np.array_equal(picture, photo)


def test_a_truncated_output_is_a_fault(work, photo):
    save(photo[:60, :80], work.target / "a.jpg", quality=80)
    data = (work.target / "a.jpg").read_bytes()
    (work.target / "a.jpg").write_bytes(data[: len(data) // 2])
    assert check(work).faults


def test_a_missing_output_is_a_fault(work):
    assert check(work).faults == ("0 of 1 pictures made, 0 files too many",)


def test_a_tools_hidden_records_are_no_outputs(work):
    Image.new("RGB", (80, 60)).save(work.target / "a.jpg")
    (work.target / ".records").mkdir()
    assert check(work).faults == ()


def test_a_file_that_has_no_source_is_a_fault(work):
    for name in ("a.jpg", "b.jpg"):
        Image.new("RGB", (80, 60)).save(work.target / name)
    assert check(work).faults == ("1 of 1 pictures made, 1 files too many",)


def test_the_reference_is_not_rounded(work):
    values = reference(work.task, work.source / "a.jpg", (80, 60))
    assert values.shape == (60, 80, 3)
    assert np.any(values != np.rint(values))


def test_the_task_rounds_sizes_to_the_nearest():
    task = fit(720, 588, "jpeg", 80)
    assert task.size((2725, 2225)) == (720, 588)
    assert task.size((2225, 2725)) == (480, 588)
    assert task.size((10_000, 1)) == (720, 1)


def test_crops_differ_and_come_out_the_same_each_time():
    first, again = list(crops(32, 24, 3, seed=4)), list(crops(32, 24, 3, seed=4))
    assert all(np.array_equal(one, other) for one, other in zip(first, again, strict=True))
    assert not np.array_equal(first[0], first[1])
