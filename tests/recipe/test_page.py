"""What docs/recipes.md and README.md show is tried."""

import re
import shlex
from dataclasses import fields
from pathlib import Path

import pytest
from PIL import Image

from imgpipe.codecs import Encoding
from imgpipe.recipe import Colour
from imgpipe.recipe.reading import load, parse, shipped
from imgpipe.template import PLACEHOLDERS
from tests.command import imgpipe

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "recipes.md").read_text()
README = (ROOT / "README.md").read_text()
RECIPES = re.findall(r"```toml\n(.*?)```", PAGE + README, re.DOTALL)
COMMANDS = re.findall(r"^(imgpipe .*)$", PAGE, re.MULTILINE)


def test_there_are_examples():
    assert len(RECIPES) >= 3
    assert len(COMMANDS) >= 3


@pytest.mark.parametrize("text", RECIPES)
def test_each_recipe_is_valid(text):
    assert parse(text).renditions


@pytest.mark.parametrize("line", COMMANDS)
def test_each_command_does_what_it_says(line, tmp_path):
    (tmp_path / "photos").mkdir()
    Image.effect_noise((400, 300), 30).convert("RGB").save(tmp_path / "photos" / "a.jpg")
    (tmp_path / "portrait.toml").write_text(RECIPES[0])
    _, *arguments = shlex.split(line.partition(" > ")[0])
    done = imgpipe(*arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    if arguments[:2] == ["recipe", "show"]:
        parse(done.stdout)


def test_every_recipe_that_comes_along_is_in_the_table():
    told = re.findall(r"^\| `([\w-]+)` \|", PAGE.partition("## Recipes that come")[2], re.MULTILINE)
    assert sorted(told) == list(shipped())


def test_every_placeholder_and_setting_is_on_the_page():
    for placeholder in PLACEHOLDERS:
        assert f"`{{{placeholder}}}`" in PAGE
    for field in fields(Colour):
        assert f"`{field.name}`" in PAGE
    assert {"quality", "lossless"} <= {field.name for field in fields(Encoding)}


def test_the_srcset_on_the_page_is_as_it_is():
    widths = {str(output.operations[0]) for output in load("srcset").renditions}
    assert widths == {f"resize:width={width},upscale=false" for width in (320, 640, 1280, 1920)}
