"""Words and numbers on the command line; their messages name the nearest word, or the range."""

from __future__ import annotations

from typing import Any

import click


class OneOf(click.Choice[str]):
    """One word of several."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:  # noqa: ARG002 - click's signature
        """What is said of a word that is none of them."""
        from imgpipe.filters.option import nearest

        return f"there is no {value}; {nearest(str(value), self.choices)}"


class Whole(click.IntRange):
    """A whole number in a range."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number that a text says."""
        try:
            return int(super().convert(value, param, ctx))
        except click.BadParameter:
            self.fail(f"{value} is not valid; it is a whole number, {_bounds(self.min, self.max)}", param, ctx)


class Seconds(click.FloatRange):
    """A time in seconds, more than none."""

    name = "seconds"

    def __init__(self) -> None:
        super().__init__(0, min_open=True)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number that a text says; not one that never ends, which clocks do not know."""
        try:
            seconds = float(super().convert(value, param, ctx))
        except click.BadParameter:
            seconds = 0.0
        if not 0 < seconds < 1e9:
            self.fail(f"{value} is not valid; it is a number of seconds, more than 0", param, ctx)
        return seconds


def _bounds(least: float | None, most: float | None) -> str:
    return f"{least} or more" if most is None else f"{least} to {most}"
