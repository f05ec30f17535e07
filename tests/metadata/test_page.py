"""What docs/metadata.md shows is tried."""

import re
import shlex
from pathlib import Path

import pytest

from imgpipe import codecs
from imgpipe.recipe.reading import parse
from tests.command import imgpipe

from . import blocks
from .test_keeping import photograph

PAGE = (Path(__file__).parent.parent.parent / "docs" / "metadata.md").read_text()
COMMANDS = re.findall(r"^(imgpipe .*)$", PAGE, re.MULTILINE)
NAMES = {"EXIF": "exif", "XMP": "xmp", "IPTC": "iptc", "dpi": "dpi"}


@pytest.mark.parametrize("line", COMMANDS)
def test_each_command_does_what_the_table_says(line, tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(photograph())
    done = imgpipe(*shlex.split(line)[1:], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    made = (tmp_path / "web" / "a.jpg").read_bytes()
    assert (b"Somebody" in made) == ("--strip" not in line.split())
    assert (b"Imgpipe Camera" in made) == ("--keep" in line or "--strip-gps" in line)
    assert (b"Paris" in made) == ("--keep" in line)


def test_a_wrong_kind_is_named(tmp_path):
    done = imgpipe("process", tmp_path, tmp_path / "out", "--keep", "exfi")
    assert done.returncode == 2
    assert "keep=exfi is not valid; it is one of exif, xmp, icc, iptc, all" in done.stderr


def test_options_that_contradict_each_other_are_refused(tmp_path):
    done = imgpipe("process", tmp_path, tmp_path / "out", "--keep", "exif", "--strip")
    assert (done.returncode, done.stdout) == (2, "")
    assert "strip and keep contradict each other" in done.stderr


def test_the_recipe_and_the_code_on_the_page_are_valid():
    (recipe,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    made = parse(recipe).apply(photograph())
    assert b"Imgpipe Camera" in made
    assert not [word for word in blocks.PRIVATE if word in made]
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(code, {})


def test_the_table_says_what_the_formats_hold():
    rows = re.findall(
        r"^\| ([\w ,]+) \|(.*)\|(.*)\|(.*)\|(.*)\|$", PAGE.partition("## What the formats hold")[2], re.MULTILINE
    )
    said = {}
    for names, *cells in rows:
        for name in names.split(", "):
            kinds = zip(NAMES.values(), cells, strict=True)
            said[name.lower()] = {kind for kind, cell in kinds if cell.strip()}
    said["jpeg2000"], said["jxl"] = said.pop("jpeg 2000"), said.pop("jpeg xl")
    assert said == {codec.name: set(codec.metadata) for codec in codecs.all_codecs() if codec.encode}
