"""`imgpipe filters [NAME]`: the catalogue of filters."""

from __future__ import annotations

import inspect

import click

from imgpipe.filters import Filter, Option, builtin, find


@click.command("filters")
@click.argument("name", required=False)
def command(name: str | None) -> None:
    """List the filters, or show one with its options, units and an example."""
    if name is not None:
        _show(find(name))
        return
    for found in builtin().values():
        summary = inspect.getdoc(found.function) or ""
        click.echo(f"{found.name:<14}{summary.partition(chr(10))[0]}")
    click.echo("\nimgpipe filters NAME shows one; -F module:function runs a filter of your own.")


def _show(found: Filter) -> None:
    click.echo(found.name)
    for option in found.options:
        click.echo(f"  {option.name:<14}{option.allowed}{_default(option)}")
    click.echo(f"\n{inspect.getdoc(found.function) or ''}")


def _default(option: Option) -> str:
    if option.required:
        return "; must be given"
    return "" if option.default is None else f"; default {option.default}"
