"""The way to process a folder of pictures: fast, on all cores, and every file accounted for.

    import imgpipe

    report = imgpipe.process("in", "out", imgpipe.Recipe(["resize:width=1024"], format="webp"), cores=4)
    for name, reason in report.errors.items():
        print(name, reason)

Everything is loaded when it is first used: importing this costs next to nothing.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from imgpipe import filters
    from imgpipe.api import Report, process, stream
    from imgpipe.engines import Workforce
    from imgpipe.errors import CollisionError, ImgpipeError, PictureError, RecipeError, RunError, UsageError
    from imgpipe.filters import Range, filter
    from imgpipe.job import Item, Status
    from imgpipe.options import Options
    from imgpipe.picture import Picture
    from imgpipe.recipe import Recipe, Rendition

__version__ = "0.1.0"

_HOMES = {
    "CollisionError": "imgpipe.errors",
    "ImgpipeError": "imgpipe.errors",
    "Item": "imgpipe.job",
    "Options": "imgpipe.options",
    "Picture": "imgpipe.picture",
    "PictureError": "imgpipe.errors",
    "Range": "imgpipe.filters",
    "Recipe": "imgpipe.recipe",
    "RecipeError": "imgpipe.errors",
    "Rendition": "imgpipe.recipe",
    "Report": "imgpipe.api",
    "RunError": "imgpipe.errors",
    "Status": "imgpipe.job",
    "UsageError": "imgpipe.errors",
    "Workforce": "imgpipe.engines",
    "filter": "imgpipe.filters",
    "filters": "",
    "process": "imgpipe.api",
    "stream": "imgpipe.api",
}

__all__ = [
    "CollisionError",
    "ImgpipeError",
    "Item",
    "Options",
    "Picture",
    "PictureError",
    "Range",
    "Recipe",
    "RecipeError",
    "Rendition",
    "Report",
    "RunError",
    "Status",
    "UsageError",
    "Workforce",
    "filter",
    "filters",
    "process",
    "stream",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    home = _HOMES[name]
    return getattr(importlib.import_module(home), name) if home else importlib.import_module(f"imgpipe.{name}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
