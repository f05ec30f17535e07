"""Which filters there are: those of imgpipe, those of other packages, and any function by its reference."""

from __future__ import annotations

import functools
import importlib
import os

from imgpipe.errors import RecipeError
from imgpipe.filters.loading import load
from imgpipe.filters.option import nearest
from imgpipe.filters.registry import Filter

FAMILIES: dict[str, tuple[str, ...]] = {
    "resizing": ("resize",),
    "cropping": ("crop", "smart-crop", "trim"),
    "geometry": ("rotate", "flip", "flop"),
    "framing": ("pad", "border", "round-corners"),
    "overlays": ("watermark", "text", "flatten"),
    "tone": ("brightness", "contrast", "gamma", "exposure", "levels", "curves"),
    "histogram": ("normalize", "autocontrast", "equalize", "clahe"),
    "colouring": ("grayscale", "saturation", "hue", "vibrance", "sepia", "tint", "matrix"),
    "balance": ("white-balance",),
    "graphic": ("invert", "solarize", "posterize", "threshold"),
    "detail": ("blur", "box-blur", "sharpen"),
    "denoising": ("median", "bilateral", "denoise"),
    "convolution": ("edges", "emboss", "convolve"),
    "morphology": ("dilate", "erode"),
    "palette": ("quantize", "dither"),
    "effects": ("pixelate", "noise", "vignette"),
}
"""The modules of this package that define filters, and which; a new family is one more line.

Only the families of a recipe are imported: every run waits for what the command and the workers load.
"""

GROUP = "imgpipe.filters"
"""The entry-point group under which other packages announce filters."""


@functools.cache
def builtin() -> dict[str, Filter]:
    """The filters that come with imgpipe, by name, in the order of their families."""
    return {name: filter for family in FAMILIES for name, filter in _load_family(family).items()}  # noqa: A001


def families() -> dict[str, tuple[Filter, ...]]:
    """The built-in filters by family, in the order of the catalogue."""
    return {family: tuple(_load_family(family).values()) for family in FAMILIES}


def named(name: str) -> Filter | None:
    """The built-in filter of this name, None where there is none; only its family is imported."""
    family = next((family for family, names in FAMILIES.items() if name in names), None)
    return _load_family(family)[name] if family else None


@functools.cache
def _load_family(family: str) -> dict[str, Filter]:
    found = vars(importlib.import_module(f"imgpipe.filters.{family}")).values()
    return {value.name: value for value in found if isinstance(value, Filter)}


@functools.cache
def plugins() -> dict[str, tuple[str, ...]]:
    """The filters that other installed packages announce, not imported: name -> one `module:function` or more."""
    from importlib.metadata import entry_points

    found: dict[str, tuple[str, ...]] = {}
    for entry in entry_points(group=GROUP):
        # `value` as it was written: of a malformed one its parts cannot be asked for.
        references = {*found.get(entry.name, ()), entry.value.partition("[")[0].replace(" ", "")}
        found[entry.name] = tuple(sorted(references))
    return found


def find(name: str) -> Filter:
    """The filter of this name: built in, from another package, or `module:function`.

    Raises:
        RecipeError: there is none, and the message names the nearest one; or several packages announce it.

    >>> find("blur")
    <filter blur>
    >>> find("blurr")
    Traceback (most recent call last):
    imgpipe.errors.RecipeError: there is no filter blurr; did you mean blur?
    """
    if built_in := named(name):
        return built_in
    if ":" in name:
        return load(name)
    if name in plugins():
        return load(_only(name, plugins()[name]))
    if os.path.basename(name) != name:
        module = os.path.basename(name).removesuffix(".py")
        raise RecipeError(f"there is no filter {name}; in the folder of the file write {module}:FUNCTION")
    raise RecipeError(f"there is no filter {name}; {nearest(name, [*_builtin_names(), *plugins()])}")


def _only(name: str, references: tuple[str, ...]) -> str:
    if len(references) > 1:
        raise RecipeError(f"filter {name} is announced by several packages; write one of {', '.join(references)}")
    return references[0]


def is_named(name: str) -> bool:
    """Whether a filter has this name, without a reference to its module."""
    return name in _builtin_names() or name in plugins()


def _builtin_names() -> list[str]:
    return [name for names in FAMILIES.values() for name in names]
