"""docs/filters.md, which tools/catalogue.py makes of the registry."""

import os
import shutil
import subprocess
import sys

import pytest
from PIL import Image

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def check(root):
    tool = os.path.join(root, "tools", "catalogue.py")
    environment = {**os.environ, "PYTHONPATH": ROOT}
    return subprocess.run(
        [sys.executable, tool, "--check"], capture_output=True, text=True, check=False, env=environment
    )


def test_the_page_says_what_the_filters_say_and_every_filter_has_its_picture():
    done = check(ROOT)
    assert done.returncode == 0, done.stderr


def test_pictures_are_small():
    folder = os.path.join(ROOT, "docs", "images", "filters")
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        with Image.open(path) as image:
            assert image.width <= 240, name
        assert os.path.getsize(path) < 32_000, name  # dithered pictures are the largest


@pytest.fixture
def copy(tmp_path):
    """A folder with the tool, the page and its pictures."""
    os.makedirs(tmp_path / "tools")
    shutil.copy(os.path.join(ROOT, "tools", "catalogue.py"), tmp_path / "tools")
    os.makedirs(tmp_path / "docs")
    shutil.copy(os.path.join(ROOT, "docs", "filters.md"), tmp_path / "docs")
    shutil.copytree(os.path.join(ROOT, "docs", "images", "filters"), tmp_path / "docs" / "images" / "filters")
    return tmp_path


def change_a_range(root):
    page = root / "docs" / "filters.md"
    page.write_text(page.read_text(encoding="utf-8").replace("0 to 500 px", "0 to 50 px"), encoding="utf-8")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (change_a_range, "docs/filters.md is not what the filters say"),
        (lambda root: os.remove(root / "docs" / "filters.md"), "docs/filters.md is not what"),
        (lambda root: os.remove(root / "docs/images/filters/blur.webp"), "filters/blur.webp is missing"),
        (lambda root: (root / "docs/images/filters/gone.webp").touch(), "filters/gone.webp is of no filter"),
        (lambda root: shutil.rmtree(root / "docs/images/filters"), "filters/blur.webp is missing"),
    ],
)
def test_what_is_out_of_date_is_named(copy, damage, message):
    assert check(copy).returncode == 0
    damage(copy)
    done = check(copy)
    assert done.returncode == 1
    assert message in done.stderr
    assert "make catalogue" in done.stderr.splitlines()[-1]
