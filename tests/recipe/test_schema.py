import tomllib
from dataclasses import fields
from pathlib import Path

import jsonschema
import pytest

import imgpipe.recipe
from imgpipe.codecs import Encoding
from imgpipe.filters.catalogue import builtin
from imgpipe.recipe import Colour
from imgpipe.recipe.reading import parse, shipped
from imgpipe.recipe.schema import schema

SCHEMA = schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def test_it_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_every_field_of_an_output_is_in_it_and_described():
    for properties in (SCHEMA["properties"], SCHEMA["$defs"]["Output"]["properties"]):
        for field in fields(Encoding):
            assert properties[field.name].get("description")
    assert {field.name for field in fields(Colour)} <= SCHEMA["properties"].keys()
    assert "output" not in SCHEMA["$defs"]["Output"]["properties"]


def test_every_filter_and_all_its_options_are_in_it():
    for name, found in builtin().items():
        table = SCHEMA["$defs"][f"filter-{name}"]
        assert set(table["properties"]) == {"name", *(option.name for option in found.options)}
        assert table["description"]


@pytest.mark.parametrize("name", shipped())
def test_the_recipes_that_come_along_are_valid_by_it(name):
    file = Path(imgpipe.recipe.__file__).parent / "shipped" / f"{name}.toml"
    VALIDATOR.validate(tomllib.loads(file.read_text()))


@pytest.mark.parametrize(
    "text",
    [
        'filters = ["flip", "resize:800x600", "my.module:function:a=1"]',
        'filters = [{ name = "resize", width = 320, fit = "cover" }]',
        'keep = ["exif", "icc"]\nstrip_gps = true',
        'filters = [{ name = "of-another-package", whatever = 3 }]',
        '[[output]]\nformat = "webp"\nname = "{stem}-{width}{ext}"\nbackground = [1, 2, 3]',
        'background = "#336699"',
    ],
)
def test_what_is_valid_is_valid_by_it(text):
    VALIDATOR.validate(tomllib.loads(text))


@pytest.mark.parametrize(
    "text",
    [
        "quality = 120",
        "quality = 0",
        'keep = ["exfi"]',
        'quality = "80"',
        "effort = 10",
        'subsampling = "4:1:0"',
        "x = 1",
        "[[output]]\nx = 1",
        "output = 3",
        'filters = "flip"',
        'filters = ["blurr"]',
        'filters = ["blurr:3"]',
        'filters = [{ name = "resize", width = 0 }]',
        'filters = [{ name = "resize", fit = "insid" }]',
        'filters = [{ name = "resize", x = 1 }]',
        "filters = [{ width = 3 }]",
        'format = "wepb"',
        'name = "{stem}"',
    ],
)
def test_what_is_refused_is_not_valid_by_it(text):
    assert list(VALIDATOR.iter_errors(tomllib.loads(text)))
    with pytest.raises(imgpipe.RecipeError):
        parse(text)
