"""Kinds of metadata on the command line."""

from __future__ import annotations

from typing import Any

import click

from imgpipe.errors import RecipeError
from imgpipe.metadata import Metadata


class Kinds(click.ParamType[tuple[str, ...]]):
    """`exif,xmp` or `all`: kinds of metadata."""

    name = "kinds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """The kinds that a text names."""
        if not isinstance(value, str):
            return tuple(value)
        try:
            return tuple(Metadata(keep=[kind.strip().lower() for kind in value.split(",")]).keep)
        except RecipeError as error:
            self.fail(str(error), param, ctx)
