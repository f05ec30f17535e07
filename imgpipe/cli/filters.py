"""`imgpipe filters [NAME]`: the catalogue of filters."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Iterable

import click

from imgpipe.cli import completing
from imgpipe.filters import Filter, Option, find, plugins
from imgpipe.filters.catalogue import families
from imgpipe.filters.docstring import read_help

_WIDTH = 100
_COLUMN = 17


@click.command("filters")
@click.argument("name", required=False, shell_complete=completing.filters)
def command(name: str | None) -> None:
    """List the filters, or show one with its options, units and an example."""
    if name is not None:
        _show(find(name))
        return
    for family, found in families().items():
        _list(family.capitalize(), ((each.name, read_help(each).summary) for each in found))
    if plugins():
        _list("From other packages", ((each, " or ".join(found)) for each, found in plugins().items()))
    click.echo("imgpipe filters NAME shows one; -F module:function runs a filter of your own.")


def _list(heading: str, entries: Iterable[tuple[str, str]]) -> None:
    click.echo(heading)
    for name, text in entries:
        click.echo(f"  {name:<{_COLUMN - 2}}{text}")
    click.echo()


def _show(found: Filter) -> None:
    text = read_help(found)
    click.echo(f"{found.name}: {text.summary}" if text.summary else found.name)
    for option in found.options:
        click.echo()
        _write(option.allowed + _default(option), f"  {option.name}".ljust(_COLUMN))
        _write(text.meanings.get(option.name, ""), " " * _COLUMN)
    for paragraph in text.remarks:
        click.echo()
        _write(paragraph)
    for number, example in enumerate(text.examples):
        click.echo(f"{'' if number else chr(10)}Example: -F {shlex.quote(example)}")


def _write(text: str, start: str = "") -> None:
    """Print a text, wrapped; its lines after the first begin where the text of the first one does."""
    rest = " " * len(start)
    if text:
        click.echo(textwrap.fill(text, _WIDTH, initial_indent=start, subsequent_indent=rest, break_on_hyphens=False))


def _default(option: Option) -> str:
    if option.required:
        return "; must be given"
    return f"; default {option.default_text}" if option.default_text else ""
