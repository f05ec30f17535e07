import pickle
import re
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from imgpipe.errors import RecipeError
from imgpipe.filters import Range, builtin, filter
from imgpipe.filters.loading import load
from imgpipe.picture import Picture


def array(pixels: np.ndarray): ...
def typed_array(pixels: npt.NDArray[np.uint8]): ...
def quoted_array(pixels: "np.ndarray"): ...
def image(image: Image.Image): ...
def picture(picture: Picture): ...


@pytest.mark.parametrize(("function", "takes"), [(array, "array"), (typed_array, "array"), (quoted_array, "array"),
                                                 (image, "image"), (picture, "picture")])  # fmt: skip
def test_first_annotation_says_what_is_wanted(function, takes):
    assert filter(function).takes == takes


def nothing(): ...
def bare(pixels): ...
def number(pixels: int): ...
def odd_option(pixels: np.ndarray, weights: list): ...
def bare_option(pixels: np.ndarray, amount=1): ...
def any_number(pixels: np.ndarray, *amounts: float): ...
def any_names(pixels: np.ndarray, **amounts: float): ...
def without_a_name(pixels: np.ndarray, amount: float = 1, /): ...
def numbers(pixels: np.ndarray, amount: Literal[1, 2] = 1): ...


@pytest.mark.parametrize(
    "function", [nothing, bare, number, odd_option, bare_option, any_number, any_names, without_a_name, numbers]
)
def test_functions_that_are_no_filter_are_refused(function):
    with pytest.raises(TypeError, match="annotate"):
        filter(function)


@pytest.mark.parametrize("given", ["sepia", 5, dict])
def test_what_is_no_function_is_refused_with_what_a_name_is_given_by(given):
    with pytest.raises(TypeError, match=r"is no function; a name is given by name: @imgpipe.filter\(name="):
        filter(given)


@pytest.mark.parametrize("function", [image, picture])
def test_levels_are_an_array(function):
    with pytest.raises(TypeError, match="it is pointwise and is shown levels; annotate its first"):
        filter(pointwise=True)(function)


def test_name_comes_from_the_function_or_as_given():
    @filter
    def two_words(pixels: np.ndarray): ...

    assert two_words.name == "two-words"
    assert filter(name="other")(array).name == "other"


def test_an_option_may_be_called_self():
    @filter
    def turned(pixels: np.ndarray, self: int = 1) -> np.ndarray:
        return pixels

    assert turned(self=3).arguments == {"self": 3}


def test_a_filter_is_still_the_function():
    @filter
    def halve(pixels: np.ndarray, times: Annotated[int, Range(0, 8)] = 1) -> np.ndarray:
        """Darken."""
        return pixels >> times

    assert halve(np.array([8], np.uint8), times=2).item() == 2
    assert halve.__doc__ == "Darken."
    with pytest.raises(RecipeError, match="0 to 8"):
        halve(times=9)


@pytest.mark.parametrize(
    ("name", "value", "example"),
    [("resize", "800x600", "as resize(size='800x600')"), ("brightness", 1.2, "as brightness(factor=1.2)"),
     ("smart-crop", 800, "as smart_crop(width=800)"), ("flip", True, "it has none"), ("blur", None, "(sigma=None)")],
)  # fmt: skip
def test_an_option_without_its_name_is_not_taken_for_pixels(name, value, example):
    with pytest.raises(RecipeError, match=f"^filter {name}: options are given by name.*{re.escape(example)}$"):
        builtin()[name](value)


def test_filters_are_equal_by_reference():
    first, second = filter(array), filter(array)
    assert first == second
    assert hash(first) == hash(second)
    assert first != filter(image)
    assert first != "array"


def test_built_in_filters_pickle_by_name():
    for each in builtin().values():
        assert pickle.loads(pickle.dumps(each)) is each


def test_filters_of_inner_functions_say_why_they_cannot_be_sent():
    @filter
    def inner(pixels: np.ndarray): ...

    with pytest.raises(RecipeError, match="top of a module"):
        pickle.dumps(inner)


@pytest.fixture
def module(tmp_path, monkeypatch):
    """module(source): a module of one's own, named `own_filters`, that can be imported."""

    def write(source):
        (tmp_path / "own_filters.py").write_text("import numpy as np\nimport imgpipe.filters\n" + source)

    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(__import__("sys").modules, "own_filters", raising=False)
    yield write
    __import__("sys").modules.pop("own_filters", None)


def test_plain_functions_load_as_filters(module):
    module("def sepia(pixels: np.ndarray, strength: float = 1.0) -> np.ndarray:\n    return pixels\n")
    loaded = load("own_filters:sepia")
    assert loaded == load("own_filters:sepia")
    operation = loaded(strength=0.5)
    assert str(operation) == "own_filters:sepia:strength=0.5"
    assert pickle.loads(pickle.dumps(operation)) == operation
    assert imgpipe_parse(str(operation)) == operation


def imgpipe_parse(text):
    from imgpipe.filters import parse

    return parse(text)


def test_decorated_functions_load_as_they_are(module):
    module("@imgpipe.filters.filter(alpha='straight')\ndef own(pixels: np.ndarray) -> np.ndarray:\n    return pixels\n")
    assert load("own_filters:own").traits.alpha == "straight"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("own = 3\n", "not a function"),
        ("def own(pixels): ...\n", "annotate"),
        ("def other(): ...\n", "^no filter at own_filters:own: own_filters has no own$"),
        ("1 / 0\n", "ZeroDivisionError"),
        ("def (:\n", "SyntaxError"),
        ("import no_such_thing\n", "no_such_thing"),
        ("raise SystemExit(3)\n", "SystemExit: 3"),
        ("raise RuntimeError('one\\ntwo')\n", "RuntimeError: one two"),
    ],
)
def test_what_cannot_be_loaded_is_a_recipe_error(module, source, message):
    module(source)
    with pytest.raises(RecipeError, match=message):
        load("own_filters:own")


def test_a_filter_of_ones_own_is_another_one_once_its_file_has_changed(module):
    module("def sepia(pixels: np.ndarray) -> np.ndarray:\n    return pixels\n")
    loaded = load("own_filters:sepia")
    before = loaded.definition
    assert before == loaded.definition
    assert before.startswith("own_filters:sepia@")
    module("def sepia(pixels: np.ndarray) -> np.ndarray:\n    return ~pixels\n")
    assert loaded.definition != before


def test_built_in_filters_are_known_by_their_reference():
    assert {each.definition for each in builtin().values()} == {each.reference for each in builtin().values()}


def test_filters_without_a_file_are_known_by_their_reference():
    own = filter(array)
    own.__module__ = "no_such_module"
    assert own.definition == "no_such_module:array"
