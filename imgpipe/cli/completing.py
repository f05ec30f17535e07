"""What a shell offers for the values of options and arguments; nothing heavy is imported for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


def files(_context: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Files and folders, which the shell finds by itself."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def filters(_context: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """The built-in filters."""
    from imgpipe.filters.catalogue import FAMILIES

    return _beginning(incomplete, (name for names in FAMILIES.values() for name in names))


def formats(_context: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """The formats that are written."""
    from imgpipe.codecs import all_codecs

    return _beginning(incomplete, (codec.name for codec in all_codecs() if codec.encode))


def recipes(context: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The recipes that come along, or files."""
    from click.shell_completion import CompletionItem

    from imgpipe.recipe.reading import shipped

    found = [CompletionItem(name) for name in _beginning(incomplete, shipped())]
    return found or files(context, param, incomplete)


def of_resize(_context: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The words that the filter resize takes for an option of the same name."""
    from imgpipe.filters import find

    choices = next(option.choices for option in find("resize").options if option.name == param.name)
    return _beginning(incomplete, choices)


def _beginning(text: str, words: Iterable[str]) -> list[str]:
    return sorted(word for word in words if word.startswith(text))
