"""What a program gives is of the type that is told: another one would fail deep inside, or mean another thing."""

from __future__ import annotations

import os
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from imgpipe.errors import UsageError

_WORDS: dict[Any, str] = {
    int: "a whole number",
    float: "a number",
    str: "text",
    bool: "True or False",
    NoneType: "None",
}
_PLURALS = {int: "whole numbers", str: "texts"}
_MANY = (tuple, frozenset)


def check_fields(given: Any, error: type[UsageError] = UsageError) -> None:
    """See that all fields of a dataclass or named tuple, and of what is in them, are of their types; else an error."""
    kind: Any = type(given)
    for name, hint in _hints(kind).items():
        value = getattr(given, name)
        check(name, value, hint, error)
        if type(value) in (hint, *_arguments(hint)):
            check_fields(value, error)


def check(name: str, value: object, kind: Any, error: type[UsageError] = UsageError) -> None:
    """See that a value is of a type; else an error that names it."""
    if not _fits(value, kind):
        raise error(f"{name}={value!r} is not valid; {_what(kind)}")


def path_of(name: str, given: Any, error: type[UsageError] = UsageError) -> str:
    """A path as text; an error that names it where it is none."""
    text = os.fspath(given) if isinstance(given, os.PathLike) else given
    if not isinstance(text, str):
        raise error(f"{name}={given!r} is not valid; it is a path, as text or as pathlib has them")
    try:
        has_nul = b"\0" in os.fsencode(text)
    except UnicodeEncodeError:
        has_nul = True
    if has_nul:
        raise error(f"{name}={text!r} is not valid; no path has such characters")
    return text


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


# Of each value it is asked, of few types.
@cache
def _origin(kind: Any) -> Any:
    return get_origin(kind)


@cache
def _arguments(kind: Any) -> tuple[Any, ...]:
    return get_args(kind)


def _fits(value: object, kind: Any) -> bool:
    origin = _origin(kind)
    if origin in (Union, UnionType):
        return any(_fits(value, each) for each in _arguments(kind))
    if origin is Literal:
        return value in _arguments(kind)
    if origin in _MANY:
        # A list is no tuple, and does as well.
        return isinstance(value, (list, *_MANY)) and all(_fits(each, _arguments(kind)[0]) for each in value)
    if kind is int or kind is float:
        return isinstance(value, (int, kind)) and not isinstance(value, bool)
    return origin is not None or kind is Any or isinstance(value, kind)


def _what(kind: Any) -> str:
    if _origin(kind) is Literal:
        return f"valid are {', '.join(_arguments(kind))}"
    return f"it is {_kind(kind)}"


def _kind(kind: Any) -> str:
    if _origin(kind) in (Union, UnionType):
        return " or ".join(map(_kind, _arguments(kind)))
    if _origin(kind) in _MANY:
        return f"a tuple of {_PLURALS[_arguments(kind)[0]]}"
    name = str(getattr(kind, "__name__", kind))
    return _WORDS.get(kind) or f"{'an' if name[0] in 'AEIO' else 'a'} {name}"
