"""`imgpipe report OUTPUT`."""

from __future__ import annotations

import sys

import click

from imgpipe.cli.completing import files
from imgpipe.cli.json_file import FileToWrite
from imgpipe.cli.values import Whole
from imgpipe.engines.workforce import usable_cores
from imgpipe.naming import printable
from imgpipe.report.page import check_place, write_page
from imgpipe.report.progress import announced


@click.command("report", no_args_is_help=True)
@click.argument("output", metavar="OUTPUT", shell_complete=files)
@click.option(
    "-o",
    "--output",
    "file",
    type=FileToWrite(".html"),
    metavar="FILE",
    shell_complete=files,
    default="imgpipe-report.html",
    show_default=True,
    help="Where the page goes.",
)
@click.option("--cores", "-j", "--jobs", type=Whole(1), help="Worker processes. [default: all usable]")
def command(output: str, file: str, cores: int | None) -> None:
    """Make a page about the last run that wrote to OUTPUT.

    One HTML file that needs nothing else: the numbers, each picture before and after, every failure with
    what to do about it, and where the time went.
    """
    check_place(file)
    with announced("making the report...", sys.stderr):
        write_page(output, file, cores or usable_cores())
    click.echo(printable(file))
