"""The names of `--files-from`: one a line, or ended by NUL."""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from typing import BinaryIO

from imgpipe.errors import UsageError
from imgpipe.naming import printable
from imgpipe.storage import is_name

_SHOWN = 100
_PART = 1 << 20
_LONGEST = 1 << 16
_MOST = 10_000_000


def read_names(path: str, *, null: bool) -> tuple[str, ...]:
    """The names in a file, or on standard input where it is `-`; empty ones are passed over.

    Args:
        path: of the file.
        null: names are ended by NUL, not by the end of the line, so that they may hold any other byte.

    Raises:
        UsageError: the file cannot be read, does not come to an end, or a name leads out of INPUT.
    """
    try:
        with nullcontext(sys.stdin.buffer) if path == "-" else open(path, "rb") as file:
            lines = _ended(file, b"\0") if null else _lines(file)
            return tuple(_name(os.fsdecode(line)) for line in lines if line)
    except OSError as error:
        raise UsageError(f"cannot read the names in {path}: {error.strerror}") from error


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a text: editors of other systems begin it with a mark, and end its lines with two characters."""
    mark = codecs.BOM_UTF8
    for line in _ended(file, b"\n"):
        yield line.removeprefix(mark).removesuffix(b"\r")
        mark = b""


def _ended(file: BinaryIO, end: bytes) -> Iterator[bytes]:
    """What stands before each end, and behind the last one; no more than can be names, for a pipe may never end."""
    count, rest = 0, b""
    while part := file.read(_PART):
        *whole, rest = (rest + part).split(end)
        count += len(whole)
        if len(rest) > _LONGEST:
            raise _no_name(os.fsdecode(rest))
        if count > _MOST:
            raise UsageError(f"--files-from: more than {_MOST:,} names, if they end at all; give them in several runs")
        yield from whole
    yield rest


def _name(text: str) -> str:
    """A name below INPUT, without the `./` that some programs put before it."""
    parts = [part for part in text.split("/") if part not in ("", ".")]
    name = "/".join(parts)
    if text.startswith("/") or not is_name(name):
        raise _no_name(text)
    return name


def _no_name(text: str) -> UsageError:
    advice = "; where they end with NUL, as of find -print0, add -0" if "\0" in text else ""
    return UsageError(f"--files-from: {_short(text)} is no name below INPUT; names are relative to INPUT{advice}")


def _short(text: str) -> str:
    """The beginning of what may be a list without ends of lines."""
    return printable(text[:_SHOWN]) + ("..." if len(text) > _SHOWN else "")
