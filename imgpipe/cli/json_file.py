"""The file of `--json`: what it holds from before goes only when there is something to write in its place."""

from __future__ import annotations

import io
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import Any, TextIO

import click

from imgpipe.errors import OutputError, UsageError


class FileToWrite(click.ParamType[str]):
    """The name of a file to be written, which is none of a picture.

    Args:
        ending: that such a file has, for the advice.
        stdout: whether `-` is the standard output.
    """

    name = "file"

    def __init__(self, ending: str, *, stdout: bool = False) -> None:
        self._ending = ending
        self._stdout = stdout

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name, or a complaint."""
        path = str(value)
        if path == "-":
            if not self._stdout:
                self.fail(f"- is no file; to call one so write ./-, or give something{self._ending}", param, ctx)
        elif _is_of_a_picture(path):
            self.fail(f"{path} is a picture, or called like one; give something{self._ending}", param, ctx)
        return path


def _is_of_a_picture(path: str) -> bool:
    from imgpipe import codecs

    if codecs.by_extension(path):
        return True
    with suppress(OSError):
        if stat.S_ISREG(os.stat(path).st_mode):
            with open(path, "rb") as file:
                head = file.read(64)
            return head[:1] not in (b"", b"{", b"<") and codecs.sniff(head) is not None
    return False


@contextmanager
def json_file(path: str | None) -> Iterator[TextIO | None]:
    """Where JSON Lines go while the block runs: None for nowhere, `-` for standard output."""
    if path is None:
        yield None
    elif path == "-":
        yield sys.stdout
    else:
        try:
            file = _Renewed(path, "a")
        except OSError as error:
            raise UsageError(f"cannot write {path}: {error.strerror}") from error
        lines = io.TextIOWrapper(io.BufferedWriter(file), encoding="ascii")
        try:
            yield lines
        finally:
            with suppress(OutputError) if file.refused else nullcontext():
                lines.close()


class _Renewed(io.FileIO):
    """A file that keeps its content until something is written: until then, another run may be writing to it.

    Attributes:
        refused: whether something could not be written, which ends a run as a full disk of its output does.
    """

    refused = False
    _begun = False

    def write(self, data: Any) -> int:
        try:
            if not self._begun:
                self._begun = True
                if stat.S_ISREG(os.fstat(self.fileno()).st_mode):
                    self.truncate(0)
            return super().write(data)
        except OSError as error:
            self.refused = True
            what = f"cannot write {self.name}: {error.strerror}"
            raise OutputError(f"{what}; mend that and run the same command again") from error
