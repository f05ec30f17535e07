import inspect

import numpy as np
import pytest

from imgpipe.filters import builtin, filter, parse
from imgpipe.filters.docstring import read_help


def filter_with(text):
    def own(pixels: np.ndarray, amount: int = 1, other: int = 2) -> np.ndarray: ...

    own.__doc__ = text
    return filter(own)


def test_each_part_of_a_docstring_is_told_apart():
    found = read_help(
        filter_with(
            """Do it.

            First remark,
            on two lines.

                >>> from imgpipe.filters import parse
                >>> parse("own:3")
                Operation('own:amount=3')
                >>> parse('own:"4"').arguments

            Args:
                pixels: height x width.
                amount: how much: 1 to 3,
                    or more.

                other: another.

            Returns:
                something: not an option.

            Errors: none.
            """
        )
    )
    assert found.summary == "Do it."
    assert found.remarks == ("First remark, on two lines.", "Errors: none.")
    assert found.meanings == {"pixels": "height x width.", "amount": "how much: 1 to 3, or more.", "other": "another."}
    assert found.examples == ("own:3", 'own:"4"')


@pytest.mark.parametrize("text", [None, "", "   \n  "])
def test_no_docstring_is_no_help(text):
    found = read_help(filter_with(text))
    assert (found.summary, found.remarks, found.meanings, found.examples) == ("", (), {}, ())


@pytest.mark.parametrize("name", builtin())
def test_nothing_of_a_built_in_filters_docstring_is_lost(name):
    chosen = builtin()[name]
    found = read_help(chosen)
    assert found.summary.endswith(".") or "." in found.summary
    assert {option.name for option in chosen.options} <= found.meanings.keys()
    assert [parse(example).filter for example in found.examples] == [chosen] * len(found.examples)
    told = " ".join([found.summary, *found.remarks, *found.meanings, *found.meanings.values(), *found.examples])
    for line in inspect.getdoc(chosen.function).splitlines():
        if ">>>" not in line and "Operation(" not in line and line.strip() != "Args:" and not line.startswith(" " * 4):
            assert line.strip() in told, line
