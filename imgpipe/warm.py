"""How workers load what they need before the first picture comes."""

from __future__ import annotations

import importlib

PRELOAD = ("imgpipe.preload",)


def start_ahead() -> None:
    """Let the fork server load the libraries while this process is still finding out what to do."""
    from imgpipe.concurrency.forking import fork_server

    fork_server(list(PRELOAD))


def warm_up() -> None:
    """Load the libraries; called in each worker, where a fork server has done it already."""
    for name in PRELOAD:
        importlib.import_module(name)
