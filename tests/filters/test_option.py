import inspect
import math
import re
from typing import Annotated, Literal

import pytest

from imgpipe.errors import RecipeError
from imgpipe.filters.option import File, Range, nearest, read_options


def option(annotation, default=inspect.Parameter.empty):
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameter = inspect.Parameter("it", kind, default=default, annotation=annotation)
    return read_options([parameter], option)[0]


@pytest.mark.parametrize(
    "annotation",
    [
        Annotated[int | None, Range(1, 9, "px")],
        Annotated[int, Range(1, 9, "px")] | None,
        "Annotated[int | None, Range(1, 9, 'px')]",
    ],
)
def test_range_and_none_nest_in_either_order(annotation):
    found = option(annotation, None)
    assert (found.type, found.range, found.allowed) == (int, Range(1, 9, "px"), "1 to 9 px")


def test_none_may_be_among_the_words():
    found = option(Literal["a", "b", None], None)
    assert (found.choices, found.allowed) == (("a", "b"), "a, b")
    assert (found.check("a", ""), found.check(None, "")) == ("a", None)


@pytest.mark.parametrize(
    ("annotation", "default"),
    [(Annotated[float, Range(0, 1)], 5), (int, 1.5), (int, True), (bool, 1), (str, 5), (float, "0.5"),
     (Literal["a", "b"], "c"), (float, math.nan), (Annotated[int, Range(5, 1)], 3)],
)  # fmt: skip
def test_a_default_that_the_option_does_not_take_is_the_authors_mistake(annotation, default):
    with pytest.raises(TypeError, match=re.escape(f"its default {default!r} is not valid; it takes ")):
        option(annotation, default)


@pytest.mark.parametrize(
    ("annotation", "default"),
    [(float, 1), (float, math.inf), (Annotated[float, Range(0, 1)], None), (Literal["a", None], None), (str, "")],
)
def test_a_default_may_be_a_whole_number_none_or_without_end(annotation, default):
    assert option(annotation, default).default == default


@pytest.mark.parametrize("annotation", ["NoSuchName", "int |", "1 / 0"])
def test_an_annotation_that_cannot_be_read_is_the_authors_mistake(annotation):
    with pytest.raises(TypeError, match=re.escape(f"cannot annotate it {annotation}: ")):
        option(annotation)


@pytest.mark.parametrize("annotation", [list, int | str, bytes, inspect.Parameter.empty, Literal])
def test_other_annotations_are_the_authors_mistake(annotation):
    with pytest.raises(TypeError, match="annotate it"):
        option(annotation)


@pytest.mark.parametrize(
    ("annotation", "given", "expected"),
    [
        (int, "3", 3),
        (int, 3.0, 3),
        (int, "1" + 400 * "0", 10**400),
        (float, "2.5", 2.5),
        (float, 2, 2.0),
        (float, "1e-3", 0.001),
        (bool, "yes", True),
        (bool, "FALSE", False),
        (bool, True, True),
        (str, "3", "3"),
        (Literal["a", "b"], "b", "b"),
    ],
)
def test_values_come_out_in_the_options_type(annotation, given, expected):
    checked = option(annotation).check(given, "here")
    assert checked == expected
    assert type(checked) is type(expected)


@pytest.mark.parametrize(
    ("annotation", "given"),
    [
        (int, "3.5"),
        (int, 3.5),
        (int, True),
        (int, None),
        (int, math.nan),
        (int, math.inf),
        (float, "x"),
        (float, "nan"),
        (float, "inf"),
        (float, -math.inf),
        (float, True),
        (float, [1]),
        (bool, 1),
        (bool, "maybe"),
        (str, 3),
        (Literal["a", "b"], "c"),
        (Annotated[float, Range(0, 10)], 10.1),
        (Annotated[int, Range(1)], "0"),
        (Annotated[int, Range(1, 9)], 10**400),
    ],
)
def test_wrong_values_are_named_with_what_is_allowed(annotation, given):
    found = option(annotation)
    with pytest.raises(RecipeError, match=r"here: it=.* is not valid; it takes ") as caught:
        found.check(given, "here")
    assert found.allowed in str(caught.value)


def test_a_file_may_be_named_by_a_path(tmp_path):
    path = tmp_path / "a.ttf"
    path.write_bytes(b"OTTO")
    found = option(Annotated[str | None, File("a font", (b"OTTO",))])
    assert found.check(path, "here") == found.check(str(path), "here") == str(path)
    with pytest.raises(RecipeError, match=r"here: cannot read .*none\.ttf"):
        found.check(tmp_path / "none.ttf", "here")
    with pytest.raises(RecipeError, match="it takes text"):
        option(str).check(path, "here")


def test_both_ends_of_a_range_are_allowed():
    found = option(Annotated[float, Range(0, 10)])
    assert (found.check(0, ""), found.check(10, "")) == (0, 10)


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        (Range(), "any number"),
        (Range(1, unit="px"), "1 or more px"),
        (Range(0, 2.5), "0 to 2.5"),
        (Range(-math.inf, 3), "3 or less"),
    ],
)
def test_ranges_in_words(bounds, words):
    assert words in str(bounds)


def test_nearest_name_or_all_of_them():
    assert nearest("sgima", ["sigma", "amount"]) == "did you mean sigma?"
    assert nearest("zzz", ["b", "a"]) == "valid are a, b"
