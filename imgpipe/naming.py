"""What outputs are called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from imgpipe import codecs
from imgpipe.errors import UsageError
from imgpipe.job import Source, Target
from imgpipe.recipe.rendition import Rendition
from imgpipe.template import Piece, Template, read_template
from imgpipe.typed import check_fields

_PLAIN = "{stem}{ext}"


@dataclass(frozen=True, slots=True)
class Naming:
    """How outputs are called, where the recipe does not say so.

    Attributes:
        suffix: put between the stem and the extension.
        flat: all outputs in one folder; else the tree of the input is kept.
        template: such as ``"{stem}-{width}{ext}"``, for all outputs, also those that the recipe names.
        copies: the source may be copied in the place of an output, with its own extension.
    """

    suffix: str = ""
    flat: bool = False
    template: str = ""
    copies: bool = False

    def __post_init__(self) -> None:
        check_fields(self)
        if "/" in self.suffix or "\0" in self.suffix:
            raise UsageError(f"the suffix {self.suffix!r} cannot be part of a file name")
        self.name_of(Rendition())

    def name_of(self, rendition: Rendition) -> Template:
        """The template of an output's name; UsageError where it is none."""
        text = self.template or rendition.name or _PLAIN
        template = read_template(text)
        *before, extension = template.pieces
        return Template((*before, Piece(self.suffix), extension)) if self.suffix else template


class Named(NamedTuple):
    """One output of every picture.

    Attributes:
        template: of its name.
        format: None for that of the source.
        copied: it may be a copy of the source, so that its extension is late where the format is another.
        layout: of its name, where all of that is known before the work; else empty.
    """

    template: Template
    format: str | None
    copied: bool = False
    layout: str = ""

    @property
    def late(self) -> bool:
        """Whether the name is known only once the output is made."""
        return self.template.late or self.copied


def named(renditions: Sequence[Rendition], naming: Naming) -> tuple[Named, ...]:
    """The outputs of every picture.

    Raises:
        UsageError: a name cannot be read, leads elsewhere, or cannot be one of a file where this runs.
    """
    return tuple(_named(naming.name_of(rendition), rendition.format, naming.copies) for rendition in renditions)


def _named(template: Template, format: str | None, copied: bool) -> Named:
    layout = "" if template.late or copied else template.layout
    return Named(template, format, copied, layout)


def targets(source: Source, outputs: Sequence[Named], index: int, *, flat: bool) -> tuple[Target, ...]:
    """The outputs of a source; an extension is changed only where the format is another.

    Args:
        source: with a format.
        outputs: of every picture.
        index: the number of this source, from 1.
        flat: all outputs in one folder.
    """
    folder, _, last = source.name.rpartition("/")
    known = codecs.by_extension(last) is not None
    stem, dot, ending = last.rpartition(".") if known else (last, "", "")
    folder = "" if flat else folder
    values = {"dir": folder, "folder": folder and folder + "/", "stem": stem, "index": str(index)}

    made = []
    for output in outputs:
        become = output.format or codecs.written_as(source.format or "")
        kept = become == source.format
        values["ext"] = dot + ending if kept and known else _extension(become)
        if output.layout:
            made.append(Target(output.layout.format_map(values), become))
            continue
        late = {"ext"} if output.copied and not kept else set()
        name = output.template.fill({key: value for key, value in values.items() if key not in late})
        complete = name.complete
        made.append(Target(name.name if complete else str(name), become, not complete))
    return tuple(made)


def printable(name: str) -> str:
    r"""A name without what would move the cursor or cannot be encoded.

    >>> print(printable("a\x1b[31m\udcff.jpg"))
    a\x1b[31m\xff.jpg
    """
    return "".join(_printable_character(character) for character in name)


def _extension(format: str) -> str:
    return codecs.extensions(format)[0]


def _printable_character(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return character if character.isprintable() else character.encode("unicode_escape").decode()
