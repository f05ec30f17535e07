"""Which filters there are: those of imgpipe, those of other packages, and any function by its reference."""

from __future__ import annotations

import functools
import importlib

from imgpipe.errors import RecipeError
from imgpipe.filters.option import nearest
from imgpipe.filters.registry import Filter, load

FAMILIES = (
    "resizing",  # resize
    "cropping",  # crop, smart-crop, trim
    "geometry",  # rotate, flip, flop
    "tone",  # grayscale, brightness, contrast, saturation
    "detail",  # blur, sharpen
)
"""The modules of this package that define filters; a new family is one more line."""

GROUP = "imgpipe.filters"
"""The entry-point group under which other packages announce filters."""


@functools.cache
def builtin() -> dict[str, Filter]:
    """The filters that come with imgpipe, by name, in the order of their families."""
    modules = [importlib.import_module(f"imgpipe.filters.{family}") for family in FAMILIES]
    found = [value for module in modules for value in vars(module).values() if isinstance(value, Filter)]
    return {filter.name: filter for filter in found}  # noqa: A001 - the field's word


@functools.cache
def plugins() -> dict[str, str]:
    """The filters that other installed packages announce: name -> `module:function`, not imported."""
    from importlib.metadata import entry_points

    return {entry.name: f"{entry.module}:{entry.attr}" for entry in entry_points(group=GROUP)}


def find(name: str) -> Filter:
    """The filter of this name: built in, from another package, or `module:function`.

    Raises:
        RecipeError: there is none; the message names the nearest one.

    >>> find("blur")
    <filter blur>
    >>> find("blurr")
    Traceback (most recent call last):
    imgpipe.errors.RecipeError: there is no filter blurr; did you mean blur?
    """
    if name in builtin():
        return builtin()[name]
    if ":" in name:
        return load(name)
    if name in plugins():
        return load(plugins()[name])
    raise RecipeError(f"there is no filter {name}; {nearest(name, [*builtin(), *plugins()])}")


def is_named(name: str) -> bool:
    """Whether a filter has this name, without a reference to its module."""
    return name in builtin() or name in plugins()
