"""Templates of output names: `{dir}/{stem}-{width}{ext}`.

Some placeholders are known before the work: `{dir}`, `{stem}`, `{ext}`, `{index}`. Others are late: `{width}`,
`{height}` and `{hash}` are known once an output is encoded, and stay in the text until then.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from string import Formatter
from typing import NamedTuple

from imgpipe.errors import UsageError
from imgpipe.filters.option import nearest
from imgpipe.storage import is_name
from imgpipe.storage.listing import OWN_FOLDER

_EARLY = ("dir", "stem", "ext", "index")
PLACEHOLDERS = (*_EARLY, "width", "height", "hash")

_DIGITS = {"hash": range(4, 65), "index": range(1, 21)}
"""How many digits may be asked for after a colon."""

_HASH_DIGITS = 8
_EXTENSION = "{ext}"


class Piece(NamedTuple):
    """A part of a template: text as it is, or a placeholder.

    Attributes:
        text: the text, or the placeholder's name.
        field: whether it is a placeholder.
        digits: how many are asked for, 0 for as many as there are.
    """

    text: str
    field: bool = False
    digits: int = 0

    def __str__(self) -> str:
        """As a template has it."""
        if not self.field:
            return self.text.replace("{", "{{").replace("}", "}}")
        return f"{{{self.text}:{self.digits}}}" if self.digits else f"{{{self.text}}}"

    def filled(self, value: str) -> Piece:
        """The text that a placeholder becomes."""
        if self.text == "hash":
            return Piece(value[: self.digits or _HASH_DIGITS])
        return Piece(value.zfill(self.digits) if self.text == "index" else value)

    @property
    def pattern(self) -> str:
        """A regular expression for what it can become."""
        if not self.field:
            return re.escape(self.text)
        if self.text == "hash":
            return f"[0-9a-f]{{{self.digits or _HASH_DIGITS}}}"
        return r"\.[^./]+" if self.text == "ext" else "[0-9]+"


class Template(NamedTuple):
    """The pieces of a name.

    >>> name = read_template("{stem}-{width}{ext}").fill({"dir": "x", "stem": "cat", "ext": ".webp"})
    >>> str(name), name.late
    ('x/cat-{width}.webp', True)
    >>> name.fill({"width": "320"}).name
    'x/cat-320.webp'
    """

    pieces: tuple[Piece, ...]

    def __str__(self) -> str:
        return "".join(map(str, self.pieces))

    @property
    def complete(self) -> bool:
        """Whether no placeholder is left."""
        return not any(piece.field for piece in self.pieces)

    @property
    def late(self) -> bool:
        """Whether it has a placeholder that is known only once an output is made."""
        return any(piece.field and piece.text not in _EARLY for piece in self.pieces)

    @property
    def numbered(self) -> bool:
        """Whether it has the number of the source."""
        return any(piece.field and piece.text == "index" for piece in self.pieces)

    @property
    def name(self) -> str:
        """The name, once all placeholders are filled."""
        return "".join(piece.text for piece in self.pieces)

    @property
    def layout(self) -> str:
        """As `str.format` takes it, for a template without late placeholders: `fill` takes five times as long.

        The `{dir}` is a `{folder}` in it, which ends in `/` where it is not empty.

        >>> read_template("{stem}-{index:3}{ext}").layout
        '{folder}{stem}-{index:0>3}{ext}'
        """
        text = "".join(f"{{{piece.text}:0>{piece.digits}}}" if piece.digits else str(piece) for piece in self.pieces)
        return text.replace("{dir}/", "{folder}")

    def fill(self, values: Mapping[str, str]) -> Template:
        """The same with some placeholders filled; a `{dir}` that is empty takes the `/` after it with it."""
        filled: list[Piece] = []
        bare = False
        for piece in self.pieces:
            if piece.field and piece.text in values:
                filled.append(piece.filled(values[piece.text]))
                bare = piece.text == "dir" and not values["dir"]
                continue
            filled.append(Piece(piece.text.removeprefix("/")) if bare and not piece.field else piece)
            bare = False
        return Template(tuple(filled))

    def matches(self, name: str) -> bool:
        """Whether a name can be what this becomes."""
        return re.fullmatch("".join(piece.pattern for piece in self.pieces), name, re.DOTALL) is not None


def read_template(text: str) -> Template:
    """The template that a text describes; without `{dir}` it is below the folder of the source.

    Raises:
        UsageError: it cannot be read, names an unknown placeholder, leads out of the output folder, or is in letters
            that no name of a file has where this runs.

    >>> read_template("{stm}{ext}")
    Traceback (most recent call last):
    imgpipe.errors.UsageError: the name '{stm}{ext}': there is no {stm}; did you mean stem?
    """
    where = f"the name {text!r}"
    try:
        template = parse(text)
    except ValueError as error:
        raise UsageError(f"{where}: {error}") from None
    _check_encoding(text, where)
    if not text.endswith(_EXTENSION):
        raise UsageError(f"{where}: it must end in {_EXTENSION}, which is the extension of the output's format")
    if text.endswith("." + _EXTENSION):
        raise UsageError(f"{where}: {_EXTENSION} begins with a dot itself; leave out the one before it")
    if not any(piece.field and piece.text == "dir" for piece in template.pieces):
        template = Template((Piece("dir", field=True), Piece("/"), *template.pieces))
    for folder in ("", "d"):
        sample = template.fill(dict.fromkeys(PLACEHOLDERS, "0") | {"dir": folder, "ext": ".x"})
        if not may_be_written(sample.name):
            raise UsageError(f"{where}: an output's name is a path below OUTPUT, without '..' and parts that are empty")
    return template


def _check_encoding(text: str, where: str) -> None:
    """See that files can have such names where this runs: in some locales they are in ASCII or Latin-1."""
    try:
        os.fsencode(text)
    except UnicodeEncodeError as error:
        raise UsageError(
            f"{where}: names of files are in {error.encoding} here, which cannot say it; set LC_ALL=C.UTF-8"
        ) from None


def may_be_written(name: str) -> bool:
    """Whether it leads to somewhere below OUTPUT, and not to where imgpipe keeps its own files."""
    return is_name(name) and f"/{OWN_FOLDER}" not in f"/{name}"


@lru_cache(maxsize=256)
def parse(text: str) -> Template:
    """The pieces of a text; ValueError where it cannot be read."""
    return Template(tuple(_pieces(text)))


def _pieces(text: str) -> Iterator[Piece]:
    for literal, field, spec, conversion in Formatter().parse(text):
        if literal:
            yield Piece(literal)
        if field is None:
            continue
        if field not in PLACEHOLDERS:
            raise ValueError(f"there is no {{{field}}}; {nearest(field, PLACEHOLDERS)}")
        if conversion:
            raise ValueError(f"{{{field}!{conversion}}} is nothing; write {{{field}}}")
        yield Piece(field, field=True, digits=_digits(field, spec or ""))


def _digits(field: str, spec: str) -> int:
    if not spec:
        return 0
    allowed = _DIGITS.get(field)
    if allowed is None:
        raise ValueError(f"{{{field}}} takes no {spec!r} after a colon; write {{{field}}}")
    if not (spec.isascii() and spec.isdigit() and len(spec) < 4 and int(spec) in allowed):
        raise ValueError(f"{{{field}:{spec}}}: its number of digits goes from {allowed[0]} to {allowed[-1]}")
    return int(spec)
