"""How workers load what they need before the first picture comes."""

from __future__ import annotations

import importlib

PRELOAD = ("imgpipe.preload",)


def warm_up() -> None:
    """Load the libraries; called in each worker, where a fork server has done it already."""
    for name in PRELOAD:
        importlib.import_module(name)
