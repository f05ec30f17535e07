"""The program's main module, which worker processes import again, where they can."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def main_module_is_no_file() -> bool:
    """Whether children cannot import the main module: it is a prompt, a notebook, or came by standard input."""
    main = sys.modules["__main__"]
    return getattr(main, "__spec__", None) is None and not os.path.isfile(getattr(main, "__file__", None) or "")


@contextmanager
def main_module_hidden_unless_a_file() -> Iterator[None]:
    """Let multiprocessing see no main module that its children would look for in vain, such as `<stdin>`."""
    names = vars(sys.modules["__main__"])
    if "__file__" not in names or not main_module_is_no_file():
        yield
        return
    file = names.pop("__file__")
    try:
        yield
    finally:
        names["__file__"] = file
