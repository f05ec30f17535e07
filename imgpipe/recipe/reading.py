"""Recipes as TOML: read, checked, and built; a message about what is wrong says where it stands."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec

from imgpipe import filters
from imgpipe.codecs.codec import Encoding
from imgpipe.errors import RecipeError, UsageError
from imgpipe.filters.catalogue import named
from imgpipe.filters.colour import parse_opaque
from imgpipe.filters.operation import Operation
from imgpipe.filters.option import nearest
from imgpipe.filters.registry import Filter
from imgpipe.filters.syntax import read
from imgpipe.recipe import Recipe, Rendition
from imgpipe.recipe.parts import SETTINGS
from imgpipe.recipe.tables import OUTPUT, RECIPE, taken_from

_MOST_BYTES = 100_000
_LONGEST_LINE = 10_000
"""tomllib takes minutes for a key of many dots."""

_SHIPPED = os.path.join(os.path.dirname(__file__), "shipped")
_ENDING = ".toml"
_PLACE = re.compile(r"(?P<reason>.*?)(?: - at `\$(?P<path>.*)`)?", re.DOTALL)
_WORDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
}
_STEP = re.compile(r"\.(?P<key>[^.\[\]]+)|\[(?P<index>\d+)\]")


def load(path_or_name: str) -> Recipe:
    """The recipe in a TOML file, or the one of that name which comes with imgpipe.

    Raises:
        RecipeError: there is none; or it says something wrong, and the message says where.
    """
    path = _path_of(path_or_name)
    where = path_or_name
    try:
        with open(path, "rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise RecipeError(f"cannot read the recipe {where}: {getattr(error, 'strerror', None) or error}") from None
    if len(data) > _MOST_BYTES:
        raise RecipeError(f"{where}: this is no recipe: it has more than {_MOST_BYTES // 1000} kB")
    try:
        return parse(data.decode("utf-8-sig"), where, os.path.dirname(path))
    except UnicodeDecodeError as error:
        raise RecipeError(f"{where}: it is not in UTF-8, at byte {error.start + 1}") from None


def parse(text: str, where: str = "recipe", folder: str = "") -> Recipe:
    r"""The recipe that a TOML text describes.

    Args:
        text: TOML.
        where: begins all messages.
        folder: in which files are that it names, a logo or a font.

    Raises:
        RecipeError: it is no TOML, or says something wrong.

    >>> parse('filters = ["resize:width=320"]\nformat = "webp"').format
    'webp'
    >>> parse('[[output]]\nquality = 80\n[[output]]\nqualty = 80')
    Traceback (most recent call last):
    imgpipe.errors.RecipeError: recipe: output 2: there is no qualty; did you mean quality?
    """
    if max(map(len, text.split("\n"))) > _LONGEST_LINE:
        raise RecipeError(f"{where}: this is no recipe: a line has more than {_LONGEST_LINE} characters")
    try:
        table = tomllib.loads(text)
    except ValueError as error:
        raise RecipeError(f"{where}: it is no TOML: {error}") from None
    except RecursionError:
        raise RecipeError(f"{where}: it is no recipe: it is nested too deeply") from None
    _check(table, where)
    try:
        return _recipe(table, where, folder)
    except ValueError:
        # Python refuses to write it out.
        raise RecipeError(f"{where}: a number in it has thousands of digits") from None


@cache
def shipped() -> tuple[str, ...]:
    """The names of the recipes that come with imgpipe."""
    return tuple(sorted(name.removesuffix(_ENDING) for name in os.listdir(_SHIPPED) if name.endswith(_ENDING)))


def _path_of(path_or_name: str) -> str:
    """A folder may bear the name of a recipe that comes with imgpipe: a file is one by its extension or its path."""
    if path_or_name in shipped():
        return os.path.join(_SHIPPED, path_or_name + _ENDING)
    if path_or_name.endswith(_ENDING) or os.path.dirname(path_or_name) or os.path.isfile(path_or_name):
        return path_or_name
    raise RecipeError(f"there is no recipe {path_or_name}, and no such file; {nearest(path_or_name, shipped())}")


def _check(table: Mapping[str, Any], where: str) -> None:
    """See that all keys are known, and all values of their type."""
    _check_keys(table, RECIPE, where)
    outputs = table.get("output", [])
    if isinstance(outputs, dict):
        raise RecipeError(f"{where}: each output begins with [[output]], in double brackets")
    if isinstance(outputs, list):
        for number, output in enumerate(outputs, 1):
            if isinstance(output, dict):
                _check_keys(output, OUTPUT, f"{where}: output {number}")
    try:
        msgspec.convert(table, RECIPE)
    except msgspec.ValidationError as error:
        raise RecipeError(f"{where}: {_explain(str(error))}") from None


def _check_keys(table: Mapping[str, Any], struct: type[msgspec.Struct], where: str) -> None:
    valid = struct.__struct_fields__
    for key in table:
        if key not in valid:
            is_filter = named(key.replace("_", "-"))
            hint = f'a filter stands in the list of them: filters = ["{key}:..."]' if is_filter else nearest(key, valid)
            raise RecipeError(f"{where}: there is no {key}; {hint}")


def _explain(message: str) -> str:
    """A message of msgspec in the words of TOML, and where it is."""
    found = _PLACE.fullmatch(message)
    reason, path = (found["reason"], found["path"] or "") if found else (message, "")
    words: list[str] = []
    for step in _STEP.finditer(path):
        if step["index"] and words:
            words[-1] = f"{words[-1].removesuffix('s')} {int(step['index']) + 1}"
        elif step["key"]:
            words.append(step["key"])
    for word, meaning in _WORDS.items():
        reason = re.sub(rf"\b{word}\b", meaning, reason)
    reason = reason[:1].lower() + reason[1:].replace("`", "").replace(" | null", "").replace(" | ", " or ")
    hint = "; it is in bytes: 200_000 for 200KB" if words[-1:] == ["max_size"] else ""
    return "".join(f"{word}: " for word in words) + reason + hint


def _recipe(table: dict[str, Any], where: str, folder: str) -> Recipe:
    whole: Any = msgspec.convert(table, RECIPE)
    above = {key: value for key, value in table.items() if key in OUTPUT.__struct_fields__ and key != "filters"}
    try:
        settings = {name: taken_from(whole, kind) for name, kind in SETTINGS.items()}
    except UsageError as error:
        raise RecipeError(f"{where}: {error}") from None
    operations = _filters(whole.filters, where, folder)
    outputs = [
        _rendition(above | output, f"{where}: output {number}", folder)
        for number, output in enumerate(table.get("output", []), 1)
    ]
    if not outputs:
        one = _rendition(above, where, folder)
        if not one.name:
            return Recipe(operations, one.format, encoding=one.encoding, **settings)
        outputs = [one]
    try:
        return Recipe(operations, outputs=outputs, **settings)
    except UsageError as error:
        raise RecipeError(f"{where}: {error}") from None


def _rendition(table: dict[str, Any], where: str, folder: str) -> Rendition:
    said: Any = msgspec.convert(table, OUTPUT)
    operations = _filters(said.filters, where, folder)
    if isinstance(said.background, str):
        try:
            said.background = parse_opaque(said.background)
        except UsageError as error:
            raise RecipeError(f"{where}: background: {error}") from None
    try:
        return Rendition(operations, said.format, encoding=taken_from(said, Encoding), name=said.name)
    except UsageError as error:
        raise RecipeError(f"{where}: {error}") from None


def _filters(given: list[str | dict[str, Any]], where: str, folder: str) -> list[Operation]:
    operations = []
    for number, step in enumerate(given, 1):
        try:
            found, options = read(step) if isinstance(step, str) else _read_table(step)
            operations.append(found.operation(_placed(found, options, folder)))
        except UsageError as error:
            raise RecipeError(f"{where}: filter {number}: {error}") from None
    return operations


def _read_table(table: dict[str, Any]) -> tuple[Filter, dict[str, Any]]:
    name, options = table.get("name"), {key: value for key, value in table.items() if key != "name"}
    if not isinstance(name, str):
        raise RecipeError('a table has the name of its filter: { name = "resize", width = 320 }')
    return filters.find(name), options


def _placed(found: Filter, options: Mapping[str, Any], folder: str) -> dict[str, Any]:
    """The options, of which the names of files are relative to a folder."""
    files = {option.name for option in found.options if option.file}

    def placed(name: str, value: Any) -> Any:
        is_file = name.replace("-", "_") in files and isinstance(value, str)
        return os.path.join(folder, os.path.expanduser(value)) if is_file else value

    return {name: placed(name, value) for name, value in options.items()}
