"""Filters: what can be done to a picture.

`imgpipe.filters.NAME(option=value)` is a step for a recipe, for every built-in filter:

    >>> import imgpipe.filters
    >>> imgpipe.filters.sharpen(amount=0.8)
    Operation('sharpen:amount=0.8')

Nothing here imports numpy, Pillow, OpenCV or the resizer before a picture is worked on.
"""

from typing import TYPE_CHECKING, Any

from imgpipe.filters.catalogue import builtin, find, named, plugins
from imgpipe.filters.needs import When, least_size, when_upright
from imgpipe.filters.operation import Operation
from imgpipe.filters.option import Option, Range
from imgpipe.filters.registry import Filter, filter
from imgpipe.filters.syntax import parse

if TYPE_CHECKING:
    from imgpipe.filters.applying import apply, apply_all

__all__ = [
    "Filter",
    "Operation",
    "Option",
    "Range",
    "When",
    "apply",
    "apply_all",
    "builtin",
    "filter",
    "find",
    "least_size",
    "parse",
    "plugins",
    "when_upright",
]


def __getattr__(name: str) -> Any:
    if name in ("apply", "apply_all"):
        # Workers run filters; the command's own process only asks what they need.
        from imgpipe.filters import applying

        globals()[name] = function = getattr(applying, name)
        return function
    # Dunder names are asked for while the families are being imported.
    found = None if name.startswith("_") else named(name.replace("_", "-"))
    if found is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return found


def __dir__() -> list[str]:
    return sorted([*__all__, *(name.replace("-", "_") for name in builtin())])
