"""The options of a filter: read off a signature, parsed from text, checked against their ranges."""

from __future__ import annotations

import inspect
import math
import os
from collections.abc import Callable, Iterable
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias, Union, get_args, get_origin

from imgpipe.errors import RecipeError, described

_ALIKE = 0.65
"""Two words with less in common than this are no misspelling of each other: `top` is not meant to be `entropy`."""

Value: TypeAlias = str | int | float | bool | None


class Range(NamedTuple):
    """Bounds of a number, and its unit: `Annotated[float, Range(0, 10, "px")]`.

    Attributes:
        least: the smallest that is allowed.
        most: the largest that is allowed.
        unit: such as ``"px"``; empty for a plain number.
    """

    least: float = -math.inf
    most: float = math.inf
    unit: str = ""

    def __contains__(self, number: float) -> bool:  # type: ignore[override]
        return self.least <= number <= self.most

    def __str__(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        if math.isinf(self.most):
            return f"any number{unit}" if math.isinf(self.least) else f"{self.least:.10g} or more{unit}"
        if math.isinf(self.least):
            return f"{self.most:.10g} or less{unit}"
        return f"{self.least:.10g} to {self.most:.10g}{unit}"


class File(NamedTuple):
    """An option that names a file: `Annotated[str, File("a font", (b"OTTO",))]`.

    The file must be there when the step is made. Its content counts in a recipe's digest, so that a changed file
    redoes what was made with it.

    Attributes:
        kind: what it is, with its article.
        beginnings: what its first bytes may be; empty for anything.
    """

    kind: str
    beginnings: tuple[bytes, ...] = ()

    def check(self, path: str, where: str) -> str:
        """The path, absolute, as workers may stand in another folder.

        Raises:
            RecipeError: the file cannot be read, or is something else; `where` begins the message.
        """
        path = os.path.abspath(os.path.expanduser(path))
        try:
            # A device or a pipe might never end.
            if os.path.exists(path) and not os.path.isfile(path):
                raise RecipeError(f"{where}: {path!r} is no file")
            with open(path, "rb") as file:
                beginning = file.read(16)
        except (OSError, ValueError) as error:
            raise RecipeError(f"{where}: cannot read {path!r}: {getattr(error, 'strerror', None) or error}") from None
        if self.beginnings and not beginning.startswith(self.beginnings):
            raise RecipeError(f"{where}: {path!r} is not {self.kind} that imgpipe can use")
        return path


class Option(NamedTuple):
    """One option of a filter.

    Attributes:
        name: of the parameter.
        type: str, int, float or bool.
        default: `inspect.Parameter.empty` where it must be given.
        choices: the words allowed, empty for any.
        range: the bounds of a number.
        file: what a file must be that a text names; None where the text names none.
    """

    name: str
    type: type
    default: Any
    choices: tuple[str, ...] = ()
    range: Range = Range()
    file: File | None = None

    @property
    def required(self) -> bool:
        """Whether it has no default."""
        return self.default is inspect.Parameter.empty

    @property
    def allowed(self) -> str:
        """The valid values in words, with the unit."""
        if self.choices:
            return ", ".join(self.choices)
        if self.type is bool:
            return "true or false"
        if self.file:
            return f"the path of {self.file.kind}"
        return "text" if self.type is str else str(self.range)

    @property
    def default_text(self) -> str:
        """The default as `-F` takes it; empty where there is none, or where the docstring says what it follows from."""
        if self.required or self.default is None:
            return ""
        return write_value(self.default)

    def parse(self, text: str) -> Value:
        """The value that a text stands for; ValueError where it stands for none."""
        if self.type is bool:
            return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}[text.lower()]
        return self.type(text)  # type: ignore[no-any-return]

    def check(self, value: Any, where: str) -> Value:
        """The value in the option's own type, from a text or a value of that type; of a file's path, from a `Path` too.

        Raises:
            RecipeError: the value is of the wrong type or out of range; `where` begins the message.
        """
        if value is None and self.default is None:
            return None
        if self.file and isinstance(value, os.PathLike):
            value = os.fsdecode(value)
        try:
            checked = self.parse(value) if isinstance(value, str) else self._converted(value)
        except (ValueError, KeyError, TypeError, OverflowError):
            raise self._wrong(value, where) from None
        if self.choices and checked not in self.choices:
            raise self._wrong(value, where)
        # Of a whole number that is longer than any float, nobody may ask whether it is finite.
        endless = isinstance(checked, float) and not math.isfinite(checked)
        if endless or (isinstance(checked, (int, float)) and checked not in self.range):
            raise self._wrong(value, where)
        return self.file.check(str(checked), where) if self.file else checked

    def _wrong(self, value: Any, where: str) -> RecipeError:
        near = closest(str(value), self.choices)
        hint = f"did you mean {near}?" if near else f"{self.name} takes {self.allowed}"
        return RecipeError(f"{where}: {self.name}={value} is not valid; {hint}")

    def _converted(self, value: Any) -> Value:
        """A number or truth value in the option's type; TypeError where that would change it."""
        if isinstance(value, bool) is not (self.type is bool) or self.type is str:
            raise TypeError
        converted: Value = self.type(value)
        if converted != value:
            raise TypeError
        return converted


def read_options(parameters: Iterable[inspect.Parameter], function: Callable[..., Any]) -> tuple[Option, ...]:
    """The options that a function's parameters describe; TypeError where one cannot be an option."""
    return tuple(_read_option(parameter, function) for parameter in parameters)


def _read_option(parameter: inspect.Parameter, function: Callable[..., Any]) -> Option:
    if parameter.kind not in (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY):
        raise TypeError(f"option {parameter}: options are given by name, so name and annotate each")
    annotation = parameter.annotation
    if isinstance(annotation, str):
        # One by one: the first parameter's annotation may name a module that is not imported yet.
        try:
            annotation = eval(annotation, getattr(function, "__globals__", {}))  # noqa: S307 - the author's own source
        except Exception as error:
            raise TypeError(f"option {parameter.name}: cannot annotate it {annotation}: {described(error)}") from error
    annotation, notes = _unwrap(annotation)
    if get_origin(annotation) is Literal:
        words = _words(annotation, parameter.name)
        return _with_valid_default(Option(parameter.name, str, parameter.default, choices=words))
    if annotation not in (str, int, float, bool):
        missing = annotation is inspect.Parameter.empty
        said = "" if missing else f", not {inspect.formatannotation(annotation)}"
        raise TypeError(f"option {parameter.name}: annotate it str, int, float, bool or a Literal{said}")
    bounds = next((note for note in notes if isinstance(note, Range)), Range())
    file = next((note for note in notes if isinstance(note, File)), None)
    return _with_valid_default(Option(parameter.name, annotation, parameter.default, range=bounds, file=file))


def _with_valid_default(option: Option) -> Option:
    """The option, whose default is one of the values that it takes; TypeError where it is not."""
    default = option.default
    if option.required or default is None or option.file or (isinstance(default, float) and math.isinf(default)):
        return option
    try:
        valid = isinstance(default, str) is (option.type is str) and option.check(default, "") == default
    except RecipeError:
        valid = False
    if not valid:
        raise TypeError(f"option {option.name}: its default {default!r} is not valid; it takes {option.allowed}")
    return option


def _words(annotation: Any, name: str) -> tuple[str, ...]:
    """Those of a `Literal`; None in it is as `| None` behind it."""
    words = tuple(word for word in get_args(annotation) if word is not None)
    if not all(isinstance(word, str) for word in words):
        said = inspect.formatannotation(annotation)
        raise TypeError(f"option {name}: annotate it with a Literal of texts, not {said}")
    return words


def _unwrap(annotation: Any) -> tuple[Any, list[Any]]:
    """The bare type and what is noted about it, innermost first, however `Annotated` and `| None` are nested."""
    notes: list[Any] = []
    while True:
        members = [member for member in get_args(annotation) if member is not NoneType]
        if get_origin(annotation) is Annotated:
            annotation, notes = members[0], [*members[1:], *notes]
        elif get_origin(annotation) in (Union, UnionType) and len(members) == 1:
            annotation = members[0]
        else:
            return annotation, notes


def closest(name: str, valid: Iterable[str]) -> str | None:
    """The valid name that is most like another one, None where none is."""
    import difflib

    return next(iter(difflib.get_close_matches(name, sorted(valid), n=1, cutoff=_ALIKE)), None)


def nearest(name: str, valid: Iterable[str]) -> str:
    """The hint that ends a message about an unknown name: the nearest valid one, or all of them."""
    names = sorted(valid)
    near = closest(name, names)
    return f"did you mean {near}?" if near else f"valid are {', '.join(names)}"


def write_value(value: Value) -> str:
    """A value as `-F` takes it, the same text for equal values.

    >>> write_value(1.0), write_value(True), write_value("1,2")
    ('1', 'true', '"1,2"')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        # The shortest text that reads back as the same number.
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    text = str(value)
    plain = text and not set(text) & set(',="') and text == text.strip()
    return text if plain else '"' + text.replace('"', '""') + '"'
