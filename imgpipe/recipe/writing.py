"""A recipe as TOML: reading it again gives one of the same digest."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from imgpipe.codecs.codec import Encoding
from imgpipe.errors import RecipeError
from imgpipe.recipe import Recipe, Rendition
from imgpipe.recipe.parts import SETTINGS


def write(recipe: Recipe) -> str:
    """The TOML text.

    Raises:
        RecipeError: a value cannot stand in a file: a path that is no UTF-8.

    >>> print(write(Recipe(["resize:width=320"], "webp", quality=70)), end="")
    filters = ["resize:width=320"]
    format = "webp"
    quality = 70
    """
    lines = [*_filters(recipe)]
    for name, kind in SETTINGS.items():
        lines.extend(_changed(getattr(recipe, name), kind()))
    one = len(recipe.renditions) == 1 and not recipe.renditions[0].filters
    for rendition in recipe.renditions:
        lines.extend([] if one else ["", "[[output]]"])
        lines.extend(_rendition(rendition))
    return "\n".join(lines).lstrip("\n") + "\n"


def _rendition(rendition: Rendition) -> Iterator[str]:
    yield from _filters(rendition)
    if rendition.format is not None:
        yield f"format = {_value(rendition.format)}"
    yield from _changed(rendition.encoding, Encoding())
    if rendition.name:
        yield f"name = {_value(rendition.name)}"


def _filters(holder: Recipe | Rendition) -> Iterator[str]:
    operations = [_value(str(operation)) for operation in holder.operations]
    if len(operations) == 1:
        yield f"filters = [{operations[0]}]"
    elif operations:
        yield "\n".join(["filters = [", *(f"    {operation}," for operation in operations), "]"])


def _changed(settings: Any, default: Any) -> Iterator[str]:
    for field in fields(settings):
        value = getattr(settings, field.name)
        if value != getattr(default, field.name):
            yield f"{field.name} = {_value(value)}"


def _value(value: Any) -> str:
    if isinstance(value, (list, tuple, frozenset)):
        values = sorted(value) if isinstance(value, frozenset) else value
        return f"[{', '.join(map(_value, values))}]"
    if not isinstance(value, str):
        return str(value).lower() if isinstance(value, bool) else repr(value)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise RecipeError(f"{value!r} is no UTF-8 and cannot stand in a recipe") from None
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
