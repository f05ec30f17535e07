"""Who is told of each item while a run goes on, and how the run is to end where one of them cannot be told any more."""

from __future__ import annotations

from typing import NamedTuple, TextIO

import click

from imgpipe import cli
from imgpipe.errors import RunError
from imgpipe.job import Item
from imgpipe.naming import printable
from imgpipe.report.jsonl import item_line, write_line
from imgpipe.report.record import Record
from imgpipe.report.tally import Tally

_NOBODY_READS = RunError("who was to read the JSON has gone; the same command again goes on")


class End(NamedTuple):
    """How the loop ended: the exit status, the error that ended it in words, whether a second signal did."""

    status: int = cli.OK
    error: str = ""
    hurried: bool = False


class Listeners:
    """Who is told of each item, and why the run is to end before all is done."""

    def __init__(self, tally: Tally, record: Record, lines: TextIO | None) -> None:
        self.tally = tally
        self.record = record
        self.lines = lines
        self.end = End()

    def add(self, item: Item) -> None:
        """Tell of an item; where JSON cannot be written on, that is the end, and nobody is told more of it."""
        self.tally.add(item)
        self.record.add(item)
        try:
            if self.lines is not None:
                write_line(self.lines, item_line(item))
        except BrokenPipeError:
            self.lines, self.end = None, End(cli.SOME_FAILED, complained(_NOBODY_READS))
        except RunError as cause:
            self.lines, self.end = None, End(cli.CANNOT_GO_ON, complained(cause))


def complained(cause: RunError) -> str:
    """The error in words, once they are said on stderr."""
    error = printable(str(cause))
    click.echo(f"imgpipe: {error}", err=True)
    return error
