"""One step of a recipe: a filter with its options, checked, comparable, and picklable."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, NamedTuple

from imgpipe.errors import RecipeError
from imgpipe.filters.option import Option, Value, nearest, write_value
from imgpipe.filters.registry import Filter


class Operation(NamedTuple):
    """A step of a recipe.

    Attributes:
        filter: what is done.
        options: name and value of those that differ from the defaults, in the order of the signature.
    """

    filter: Filter
    options: tuple[tuple[str, Value], ...]

    def __str__(self) -> str:
        """As `-F` takes it, the same text for equal operations."""
        written = ",".join(f"{name}={write_value(value)}" for name, value in self.options)
        return f"{self.filter.spelling}:{written}" if written else self.filter.spelling

    def __repr__(self) -> str:
        return f"Operation({str(self)!r})"

    @property
    def arguments(self) -> dict[str, Any]:
        """Keyword arguments for the filter's function."""
        return dict(self.options)

    @property
    def meaning(self) -> str:
        """As `str`, with the content of the files that options name, by its hash, in place of their paths.

        Raises:
            RecipeError: a file is not there any more.
        """
        files = {option.name for option in self.filter.options if option.file}
        meant = tuple((name, _hash(str(value)) if name in files else value) for name, value in self.options)
        return str(self._replace(options=meant))


def check_operation(filter: Filter, given: Mapping[str, Any]) -> Operation:
    """The operation of a filter with the given options.

    Raises:
        RecipeError: an option is unknown, missing, of the wrong type or out of range, or the options
            contradict each other.
    """
    options = {option.name: option for option in filter.options}
    names = {name.replace("-", "_"): value for name, value in given.items()}
    for name in names.keys() - options.keys():
        hint = nearest(name, options) if options else "it has none"
        raise RecipeError(f"filter {filter.name} has no option {name}; {hint}")
    missing = [option.name for option in filter.options if option.required and option.name not in names]
    if missing:
        raise RecipeError(f"filter {filter.name} needs {missing[0]} ({options[missing[0]].allowed})")
    values = {name: options[name].check(value, f"filter {filter.name}") for name, value in names.items()}
    operation = Operation(filter, tuple((name, values[name]) for name in options if _differs(name, options, values)))
    _check_together(operation)
    return operation


def _check_together(operation: Operation) -> None:
    """RecipeError where options contradict each other or name nothing; it names the filter, as there may be several."""
    chosen = operation.filter
    if chosen.traits.check is None:
        return
    try:
        chosen.traits.check(**operation.arguments)
    except RecipeError as error:
        named = str(error).removeprefix("filter ").startswith(chosen.name)
        raise error if named else RecipeError(f"filter {chosen.name}: {error}") from None


def _hash(path: str) -> str:
    import hashlib

    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise RecipeError(f"cannot read {path!r}: {error.strerror or error}") from None


def _differs(name: str, options: Mapping[str, Option], values: Mapping[str, Value]) -> bool:
    default = options[name].default
    return name in values and (default is inspect.Parameter.empty or values[name] != default)
