"""The names of `--files-from`: one a line, or ended by NUL."""

from __future__ import annotations

import codecs
import os
import sys

from imgpipe.errors import UsageError
from imgpipe.naming import printable
from imgpipe.storage import is_name

_SHOWN = 100


def read_names(path: str, *, null: bool) -> tuple[str, ...]:
    """The names in a file, or on standard input where it is `-`; empty ones are passed over.

    Args:
        path: of the file.
        null: names are ended by NUL, not by the end of the line, so that they may hold any other byte.

    Raises:
        UsageError: the file cannot be read, or a name leads out of INPUT.
    """
    try:
        if path == "-":
            data = sys.stdin.buffer.read()
        else:
            with open(path, "rb") as file:
                data = file.read()
    except OSError as error:
        raise UsageError(f"cannot read the names in {path}: {error.strerror}") from error
    # Editors of other systems begin a text so, and end its lines with two characters.
    text = data.removeprefix(codecs.BOM_UTF8)
    lines = data.split(b"\0") if null else [line.removesuffix(b"\r") for line in text.split(b"\n")]
    return tuple(_name(os.fsdecode(line)) for line in lines if line)


def _name(text: str) -> str:
    """A name below INPUT, without the `./` that some programs put before it."""
    parts = [part for part in text.split("/") if part not in ("", ".")]
    name = "/".join(parts)
    if text.startswith("/") or not is_name(name):
        advice = "; where they end with NUL, as of find -print0, add -0" if "\0" in text else ""
        raise UsageError(f"--files-from: {_short(text)} is no name below INPUT; names are relative to INPUT{advice}")
    return name


def _short(text: str) -> str:
    """The beginning of what may be a list without ends of lines."""
    return printable(text[:_SHOWN]) + ("..." if len(text) > _SHOWN else "")
