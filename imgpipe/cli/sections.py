"""The options of a command under headings, as there are many."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any, TypeAlias

import click

Sections: TypeAlias = Mapping[str, Sequence[Callable[[Any], Any]]]
"""Heading -> options, each a decorator that `click.option` has made."""


def with_options(
    sections: Sections, without: Container[str] = ()
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a function options, and each of these its heading; none of those that are left out by their names."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for heading, options in reversed(list(sections.items())):
            for option in reversed(options):
                function = option(function)
                made = function.__click_params__[-1]  # type: ignore[attr-defined]
                made.heading = heading
                if made.name in without:
                    function.__click_params__.remove(made)  # type: ignore[attr-defined]
        return function

    return decorate


class Sectioned(click.Command):
    """A command whose help lists options under their headings, and which knows an option of one letter at once."""

    def make_parser(self, ctx: click.Context) -> Any:
        """As click does, which takes `-q` for a long option first, and loads a library to find what is like it."""
        parser = super().make_parser(ctx)
        # Names of click's own: where it calls them otherwise one day, that only takes longer.
        vars(parser).get("_long_opt", {}).update(vars(parser).get("_short_opt", {}))
        return parser

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, those without a heading last."""
        rows: dict[str, list[tuple[str, str]]] = {}
        options = [param for param in self.get_params(ctx) if isinstance(param, click.Option)]
        for option in sorted(options, key=lambda option: not hasattr(option, "heading")):
            record = option.get_help_record(ctx)
            if record is not None:
                rows.setdefault(getattr(option, "heading", "Other"), []).append(record)
        for heading, records in rows.items():
            with formatter.section(heading):
                formatter.write_dl(records, col_max=32)
