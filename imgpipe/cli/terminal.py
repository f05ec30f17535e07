"""Terminals that may be closed while a command runs."""

from __future__ import annotations

import errno
import io
import sys
from typing import Any


class _Terminal(io.FileIO):
    """Where it was closed, nobody reads what is written to it, and the rest of the work goes on."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            return len(data)


def outlive_terminals() -> None:
    """Let no print fail of a name that the encoding cannot show, or of a terminal that is closed."""
    for name in ("stdout", "stderr"):
        stream: io.TextIOWrapper = getattr(sys, name)
        stream.reconfigure(errors="backslashreplace")
        # A console of Windows takes other writes than a file, and does not go without its program.
        if stream.isatty() and sys.platform != "win32":
            stream.flush()
            file = io.BufferedWriter(_Terminal(stream.fileno(), "w", closefd=False))
            kept = io.TextIOWrapper(file, stream.encoding, "backslashreplace", line_buffering=True)
            setattr(sys, name, kept)
