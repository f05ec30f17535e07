"""Filters by their reference, `module:name`: how a recipe, another process and another package name any function."""

from __future__ import annotations

import importlib
import inspect
from types import ModuleType
from typing import Any

from imgpipe.errors import RecipeError, described
from imgpipe.filters.option import closest
from imgpipe.filters.registry import Filter, filter


def _reason(error: BaseException, module: str) -> str:
    """What kept a filter from being loaded: a mistyped name in our words, anything else in Python's."""
    match error:
        case ModuleNotFoundError() if f"{module}.".startswith(f"{error.name}."):
            hint = f"; leave .py away: {module.removesuffix('.py')}" if module.endswith(".py") else ""
            return f"there is no module {module} in this folder, nor on Python's path{hint}"
        case AttributeError(name=str(missing), obj=ModuleType() as found) if found.__name__ == module:
            near = closest(missing, (name for name, value in vars(found).items() if callable(value)))
            return f"{module} has no {missing}" + (f"; did you mean {near}?" if near else "")
        case _:
            return described(error)


def load(reference: str) -> Filter:
    """The filter defined at `module:name`; a plain annotated function there becomes one.

    Raises:
        RecipeError: there is no such module or name, it is no filter, or its module fails to import.
    """
    module_name, _, qualname = reference.partition(":")
    try:
        found: Any = importlib.import_module(module_name)
        for part in qualname.split("."):
            found = getattr(found, part)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # the module is somebody's own: anything may come out of it
        raise RecipeError(f"no filter at {reference}: {_reason(error, module_name)}") from error
    if isinstance(found, Filter):
        return found
    if not inspect.isfunction(found):
        raise RecipeError(f"{reference} is no filter: it is not a function")
    try:
        return filter(found)
    except TypeError as error:
        raise RecipeError(f"{reference} is no filter: {error}") from error
