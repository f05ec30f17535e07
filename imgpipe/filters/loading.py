"""Filters by their reference, `module:name`: how a recipe, another process and another package name any function."""

from __future__ import annotations

import importlib
import inspect
import os
import sys
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


def _imported(name: str) -> ModuleType:
    """The module of that name, on Python's path or else in the folder that we are in."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        top = name.partition(".")[0]
        if error.name != top:
            raise
        here = _folder_that_we_are_in()
        if here is None or here in sys.path:
            raise
        # Last, and only now: beside pictures from anywhere may lie a file that is called as a library, or as one that
        # another tries to import. Who names a module of this folder wants what is in it to run.
        sys.path.append(here)
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as missing:
            if missing.name == top:
                sys.path.remove(here)
            raise


def _folder_that_we_are_in() -> str | None:
    try:
        return os.getcwd()
    except OSError:  # it was removed
        return None


def load(reference: str) -> Filter:
    """The filter defined at `module:name`; a plain annotated function there becomes one.

    Raises:
        RecipeError: there is no such module or name, it is no filter, or its module fails to import.
    """
    module_name, _, qualname = reference.partition(":")
    try:
        found: Any = _imported(module_name)
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
