import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgpipe import codecs
from imgpipe.codecs import Encoding
from imgpipe.errors import RecipeError
from imgpipe.filters.catalogue import builtin
from imgpipe.metadata import KINDS, Metadata
from imgpipe.recipe import WEB_READY, Colour, Recipe, Rendition
from imgpipe.recipe.reading import load, parse, shipped
from imgpipe.recipe.rendition import CHOICES
from imgpipe.recipe.writing import write

# Those that can be asked to be lossless, as the encodings below are.
FORMATS = [codec.name for codec in codecs.all_codecs() if codec.encode and codec.lossless and not codec.missing]

steps = st.lists(
    st.sampled_from(
        [
            "flip",
            "blur:2.5",
            "resize:width=320",
            "resize:800x600>,fit=cover",
            'convolve:"0 -1 0 -1 5 -1 0 -1 0"',
            "trim",
        ]
    ),
    max_size=3,
)
encodings = st.builds(
    Encoding,
    quality=st.none() | st.integers(1, 100),
    lossless=st.booleans(),
    progressive=st.booleans(),
    subsampling=st.none() | st.sampled_from(CHOICES["subsampling"]),
    effort=st.none() | st.integers(0, 9),
    palette=st.booleans(),
    max_size=st.none() | st.integers(1, 1 << 40),
    background=st.tuples(*[st.integers(0, 255)] * 3),
)
texts = st.text(st.characters(exclude_characters="/\0{}", exclude_categories=["Cs"]), max_size=8)
names = st.sampled_from(["", "{stem}-{width}{ext}", "{dir}/{hash:12}{ext}"]) | texts.map(
    lambda text: f"n{text}_{{stem}}{{ext}}"
)
renditions = st.builds(
    Rendition, filters=steps, format=st.none() | st.sampled_from(FORMATS), encoding=encodings, name=names
)
one = st.builds(
    Recipe,
    steps,
    format=st.none() | st.sampled_from(FORMATS),
    encoding=encodings,
    colour=st.builds(Colour, auto_orient=st.booleans(), srgb=st.booleans()),
    metadata=st.just(Metadata(strip=True))
    | st.builds(Metadata, st.lists(st.sampled_from(KINDS)), strip_gps=st.booleans()),
)
several = st.builds(
    Recipe,
    steps,
    colour=st.builds(Colour, srgb=st.booleans()),
    outputs=st.lists(renditions, min_size=1, max_size=4, unique_by=lambda output: (output.name, output.format)),
)


@given(one | several)
def test_what_is_written_is_read_as_the_same_recipe(recipe):
    text = write(recipe)
    again = parse(text)
    assert again.digest == recipe.digest
    assert again.renditions == recipe.renditions
    assert write(again) == text


@pytest.mark.parametrize("name", shipped())
def test_the_recipes_that_come_along_can_be_written_and_read(name):
    assert parse(write(load(name))).digest == load(name).digest


def test_what_is_done_by_default_can_be_written_and_read():
    assert parse(write(WEB_READY)).digest == WEB_READY.digest


def test_every_filter_of_the_catalogue_can_be_written_and_read():
    from imgpipe.filters.docstring import read_help

    for found in builtin().values():
        for example in read_help(found).examples:
            if "/" in example:
                continue  # names a file of somebody's
            recipe = Recipe([example])
            assert parse(write(recipe)).digest == recipe.digest


def test_only_what_differs_from_the_default_is_written():
    assert write(Recipe()) == "\n"
    assert write(Recipe(colour=Colour(srgb=False), quality=5)) == "srgb = false\nquality = 5\n"


def test_a_text_that_is_no_utf8_cannot_be_written():
    recipe = Recipe(outputs=[Rendition(name=os.fsdecode(b"\xff") + "{ext}")])
    with pytest.raises(RecipeError, match="cannot stand in a recipe"):
        write(recipe)
