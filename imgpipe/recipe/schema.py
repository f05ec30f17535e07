"""The JSON Schema of recipes, made of what the program itself goes by, so that editors complete and check them."""

from __future__ import annotations

import inspect
import math
import re
from typing import Any

import msgspec

from imgpipe import codecs
from imgpipe.codecs.codec import Encoding
from imgpipe.filters.catalogue import builtin, plugins
from imgpipe.filters.docstring import read_help
from imgpipe.filters.option import Option
from imgpipe.filters.registry import Filter
from imgpipe.metadata import KINDS
from imgpipe.recipe.parts import SETTINGS
from imgpipe.recipe.rendition import CHOICES, RANGES, Rendition
from imgpipe.recipe.tables import OUTPUT, RECIPE

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean"}
_REFERENCE = r"^[A-Za-z_][\w.]*:[A-Za-z_][\w.]*(:|$)"
_NAME_PATTERN = r"\{ext\}$"
_ATTRIBUTE = re.compile(r"^ {4}(\w+): (.+(?:\n {8}.+)*)", re.MULTILINE)


def schema() -> dict[str, Any]:
    """The schema, draft 2020-12."""
    (_, made) = msgspec.json.schema_components([OUTPUT, RECIPE], ref_template="#/$defs/{name}")
    tables: dict[str, Any] = dict(made)
    for name, table in tables.items():
        table.pop("title", None)
        table["properties"] = {key: _described(key, value) for key, value in table["properties"].items()}
        table["description"] = "One output." if name == "Output" else "A recipe of imgpipe."
    whole = tables.pop("Recipe")
    steps = {name: _table_of(found) for name, found in builtin().items()}
    return {
        "$schema": _DIALECT,
        "title": "Recipe of imgpipe",
        **whole,
        "$defs": {**tables, "filter": _filter(list(steps)), **{f"filter-{name}": step for name, step in steps.items()}},
    }


def _described(key: str, value: dict[str, Any]) -> dict[str, Any]:
    """A property with what the types do not say: its meaning, its range, its choices."""
    if key == "filters":
        return {"type": "array", "items": {"$ref": "#/$defs/filter"}, "description": "Filters, in order."}
    if key == "name":
        value = {"type": "string", "pattern": _NAME_PATTERN}
    if key == "format":
        value = {"enum": [codec.name for codec in codecs.all_codecs() if codec.encode]}
    if key == "keep":
        value = value | {"items": {"enum": [*KINDS, "all"]}}
    if key in CHOICES:
        value = {"enum": list(CHOICES[key])}
    if key in RANGES:
        value = {"type": "integer", "minimum": int(RANGES[key].least), "maximum": int(RANGES[key].most)}
    if value.get("default", 0) is None:
        value = {name: said for name, said in value.items() if name != "default"}
    meaning = _meanings().get(key)
    return value | ({"description": meaning} if meaning else {})


def _meanings() -> dict[str, str]:
    """What the docstrings of the classes say about their attributes."""
    texts = [inspect.cleandoc(kind.__doc__ or "") for kind in (Rendition, Encoding, *SETTINGS.values())]
    return {name: " ".join(meaning.split()) for text in texts for name, meaning in _ATTRIBUTE.findall(text)}


def _filter(names: list[str]) -> dict[str, Any]:
    """A filter as text, or as a table."""
    known = [*names, *plugins()]
    texts = [
        {"enum": known},
        {"pattern": f"^({'|'.join(map(re.escape, known))}):"},
        {"pattern": _REFERENCE, "description": "A function of your own: module:function:key=value."},
    ]
    other = {
        "type": "object",
        "properties": {"name": {"type": "string", "not": {"enum": names}}},
        "required": ["name"],
    }
    tables = [{"$ref": f"#/$defs/filter-{name}"} for name in names]
    return {
        "description": "As -F takes it, or a table with the name and the options.",
        "oneOf": [{"type": "string", "anyOf": texts}, *tables, other],
    }


def _table_of(found: Filter) -> dict[str, Any]:
    text = read_help(found)
    options = {
        option.name: _option(option) | {"description": text.meanings.get(option.name, "")} for option in found.options
    }
    return {
        "type": "object",
        "description": text.summary,
        "properties": {"name": {"const": found.name}, **options},
        "required": ["name", *(option.name for option in found.options if option.required)],
        "additionalProperties": False,
    }


def _option(option: Option) -> dict[str, Any]:
    if option.choices:
        described: dict[str, Any] = {"enum": list(option.choices)}
    else:
        described = {"type": _TYPES[option.type]}
    for word, bound in (("minimum", option.range.least), ("maximum", option.range.most)):
        if not math.isinf(bound):
            described[word] = option.type(bound)
    if not option.required and option.default is not None:
        described["default"] = option.default
    return described
