"""What a program gives is of the type that is told, where a class says it."""

import pathlib
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import pytest

from imgpipe.errors import RecipeError, UsageError
from imgpipe.typed import check, check_fields, path_of


class Inner(NamedTuple):
    number: int = 1
    share: float = 0.5


@dataclass(frozen=True)
class Outer:
    inner: Inner = field(default_factory=Inner)
    maybe: Inner | None = None
    word: Literal["a", "b"] = "a"
    texts: tuple[str, ...] = ()
    some: frozenset[str] | None = None
    any: Any = None


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"inner": Inner(share=1), "maybe": Inner()},
        {"word": "b", "texts": ["x"], "some": frozenset("x"), "any": object()},
    ],
)
def test_what_fits_is_taken(given):
    check_fields(Outer(**given))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"inner": (1, 0.5)}, "inner=(1, 0.5) is not valid; it is an Inner"),
        ({"inner": Inner(number=True)}, "number=True is not valid; it is a whole number"),
        ({"maybe": Inner(share="x")}, "share='x' is not valid; it is a number"),
        ({"maybe": "x"}, "maybe='x' is not valid; it is an Inner or None"),
        ({"word": "c"}, "word='c' is not valid; valid are a, b"),
        ({"word": []}, "word=[] is not valid; valid are a, b"),
        ({"texts": "x"}, "texts='x' is not valid; it is a tuple of texts"),
        ({"texts": (b"x",)}, "texts=(b'x',) is not valid; it is a tuple of texts"),
        ({"some": 3}, "some=3 is not valid; it is a tuple of texts or None"),
    ],
)
def test_what_does_not_fit_is_named(given, said):
    with pytest.raises(RecipeError) as caught:
        check_fields(Outer(**given), RecipeError)
    assert str(caught.value) == said


def test_paths_are_text_or_of_pathlib():
    assert path_of("source", "a") == path_of("source", pathlib.Path("a")) == "a"
    assert path_of("source", "\udcff") == "\udcff", "a byte that is no UTF-8"
    for wrong in (b"a", None, 3, ["a"], "a\0b", "\ud800"):
        with pytest.raises(UsageError, match=r"^source=.* is not valid; "):
            path_of("source", wrong)


def test_numbers_are_no_truth_and_truth_is_no_number():
    for value, kind in ((1, bool), (True, int), (False, float), (1.0, int), (None, int)):
        with pytest.raises(UsageError, match=f"^x={value!r} is not valid; it is "):
            check("x", value, kind)
    check("x", 1, float)
