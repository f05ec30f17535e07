"""A step of a recipe as text: `name:key=value,key=value`, as `-F` and recipe files write it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from imgpipe.errors import RecipeError
from imgpipe.filters.catalogue import find, is_named

if TYPE_CHECKING:
    from imgpipe.filters.operation import Operation
    from imgpipe.filters.registry import Filter

_ITEM = re.compile(r'\s*(?:(?P<key>[A-Za-z_][\w-]*)\s*=\s*)?(?:"(?P<quoted>(?:[^"]|"")*)"|(?P<bare>[^",]*))\s*(?:,|$)')


def parse(text: str) -> Operation:
    """The step that a text describes.

    `name:key=value,key=value`. The first value may stand without its key, for the filter's first
    option: `resize:800x600`. Values that hold commas, quotes or equals signs stand in double quotes,
    a quote inside them is doubled. A function of one's own is `module:function:key=value`.

    Raises:
        RecipeError: no such filter or option, a value out of range, or text that cannot be read.

    >>> parse("blur:3")
    Operation('blur:sigma=3')
    >>> parse("resize:800x600,fit=cover,gravity=north").arguments
    {'size': '800x600', 'fit': 'cover', 'gravity': 'north'}
    """
    found, options = read(text)
    return found.operation(dict(options))


def read(text: str) -> tuple[Filter, dict[str, str]]:
    """The filter that a text names, and its options as they are written.

    Raises:
        RecipeError: no such filter, or text that cannot be read.
    """
    name, written = _split(text)
    found = find(name)
    return found, _read_options(found, written)


def _split(text: str) -> tuple[str, str]:
    """The filter's name or reference, and the text of its options."""
    name, _, rest = text.partition(":")
    function, _, options = rest.partition(":")
    name, function = name.strip(), function.strip()
    # `reszie:800x600` is a slip in a name, `module:function` is a reference.
    referenced = all(part.isidentifier() for part in [*name.split("."), *function.split(".")])
    return (f"{name}:{function}", options) if referenced and not is_named(name) else (name, rest)


def _read_options(found: Filter, written: str) -> dict[str, str]:
    values: dict[str, str] = {}
    at = 0
    while at < len(written):
        item = _ITEM.match(written, at)
        if item is None:
            raise RecipeError(f"filter {found.name}: cannot read {written[at:]!r}; write key=value,key=value")
        quoted, bare = item["quoted"], item["bare"]
        value = quoted.replace('""', '"') if quoted is not None else bare.strip()
        name = (item["key"] or _bare_name(found, value, at)).replace("-", "_")
        if name in values:
            raise RecipeError(f"filter {found.name}: {name} is given twice")
        values[name] = value
        at = item.end()
    return values


def _bare_name(found: Filter, value: str, at: int) -> str:
    """The option that a value without a key is for: the first one, if it comes first."""
    if at == 0 and found.options and value:
        return found.options[0].name
    raise RecipeError(f"filter {found.name}: {value!r} has no key; write key=value")
