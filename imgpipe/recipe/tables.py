"""What may stand in the tables of a recipe: read off the classes that these become, so that there is no second list."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any, get_type_hints

import msgspec

from imgpipe.codecs.codec import Encoding
from imgpipe.recipe.parts import SETTINGS

_FILTERS = list[str | dict[str, str | bool | int | float]]
_COLOUR = str | tuple[int, int, int]
"""Where a class has red, green and blue, a person may write a name."""


def _rows(source: type) -> list[tuple[str, Any, Any]]:
    """Name, type and default of each field of a dataclass."""
    hints = get_type_hints(source)
    kinds = {name: _COLOUR if kind == tuple[int, int, int] else kind for name, kind in hints.items()}
    return [(field.name, kinds[field.name], _default(field.default, field.default_factory)) for field in fields(source)]


def _default(value: Any, factory: Any) -> Any:
    return msgspec.field(default_factory=factory) if value is MISSING else value


OUTPUT = msgspec.defstruct(
    "Output",
    [
        ("filters", _FILTERS, msgspec.field(default_factory=list)),
        ("name", str, ""),
        ("format", str | None, None),
        *_rows(Encoding),
    ],
    kw_only=True,
    forbid_unknown_fields=True,
)
"""One `[[output]]`."""

RECIPE = msgspec.defstruct(
    "Recipe",
    [
        *(row for setting in SETTINGS.values() for row in _rows(setting)),
        ("output", list[OUTPUT], msgspec.field(default_factory=list)),  # type: ignore[valid-type]
    ],
    bases=(OUTPUT,),
    kw_only=True,
    forbid_unknown_fields=True,
)
"""The whole: what stands above the outputs holds for those that do not say it themselves."""


def taken_from(table: msgspec.Struct, kind: type) -> Any:
    """The dataclass whose fields a table holds."""
    return kind(**{field.name: getattr(table, field.name) for field in fields(kind)})
