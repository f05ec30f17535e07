"""A filter's docstring taken apart, for the command line and the catalogue: they need no second text."""

from __future__ import annotations

import ast
import inspect
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgpipe.filters.registry import Filter

_EXAMPLE = re.compile(r"""\bparse\(("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\)""")
_OPTION = re.compile(r" {4}(\w+): (.*)")
_SECTION = re.compile(r"(Args|Returns|Raises|Yields):")


@dataclass(frozen=True, slots=True)
class Help:
    """What a docstring says about a filter.

    Attributes:
        summary: its first paragraph.
        remarks: the paragraphs between summary and options, and after these, without the examples.
        meanings: of the options, by name.
        examples: the steps in its doctests, as `-F` takes them.
    """

    summary: str
    remarks: tuple[str, ...]
    meanings: dict[str, str]
    examples: tuple[str, ...]


def read_help(chosen: Filter) -> Help:
    """What the docstring of a filter says; empty texts where it says nothing.

    >>> from imgpipe.filters import find
    >>> found = read_help(find("blur"))
    >>> found.summary, found.examples
    ('Blur with a Gaussian.', ('blur:2.5',))
    >>> found.meanings["sigma"][:39]
    'standard deviation of the Gaussian in p'
    """
    text = inspect.getdoc(chosen.function) or ""
    paragraphs: list[str] = []
    meanings: dict[str, str] = {}
    for block in _blocks(text):
        first = block[0].strip()
        if _SECTION.fullmatch(first):
            meanings |= _meanings(block[1:]) if first == "Args:" else {}
        elif not first.startswith(">>>"):
            paragraphs.append(" ".join(line.strip() for line in block))
    examples = tuple(ast.literal_eval(found) for found in _EXAMPLE.findall(text))
    return Help(paragraphs[0] if paragraphs else "", tuple(paragraphs[1:]), meanings, examples)


def _blocks(text: str) -> Iterator[list[str]]:
    """The lines between blank lines; a section goes on over blank lines while it is indented."""
    block: list[str] = []
    for line in text.splitlines():
        in_section = bool(block and _SECTION.fullmatch(block[0]))
        ends = bool(line[:1].strip()) if in_section else not line.strip()
        if block and ends:
            yield block
            block = []
        if line.strip():
            block.append(line)
    if block:
        yield block


def _meanings(lines: list[str]) -> dict[str, str]:
    meanings: dict[str, str] = {}
    name = ""
    for line in lines:
        if found := _OPTION.fullmatch(line):
            name, meanings[found[1]] = found[1], found[2].strip()
        elif name:
            meanings[name] += " " + line.strip()
    return meanings
