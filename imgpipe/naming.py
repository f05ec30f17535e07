"""What outputs are called, and which inputs would become the same output."""

from __future__ import annotations

import hashlib
import unicodedata
from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise

from imgpipe import codecs
from imgpipe.errors import CollisionError, UsageError
from imgpipe.job import Item, Job, Source, Target

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Naming:
    """How outputs are called.

    Attributes:
        suffix: put between the stem and the extension.
        flat: all outputs in one folder; else the tree of the input is kept.
    """

    suffix: str = ""
    flat: bool = False

    def __post_init__(self) -> None:
        if "/" in self.suffix or "\0" in self.suffix:
            raise UsageError(f"the suffix {self.suffix!r} cannot be part of a file name")


def target(source: Source, format: str | None, naming: Naming = Naming()) -> Target:
    """The output of a source; its extension is changed only where the format is another.

    Args:
        source: with a format.
        format: of the output, None for the source's own.
        naming: what else becomes of the name.
    """
    own = source.format or ""
    folder, slash, last = source.name.rpartition("/")
    known = codecs.by_extension(last) is not None
    stem, dot, ending = last.rpartition(".") if known else (last, "", "")
    kept = known and format in (None, own)
    extension = dot + ending if kept else _extension(format or own)
    where = "" if naming.flat else folder + slash
    return Target(f"{where}{stem}{naming.suffix}{extension}", format or own)


def count_inputs(jobs: Callable[[], Iterable[Job | Item]], *, folded: bool = False) -> int:
    """Count the inputs, and see that every output has one.

    Args:
        jobs: gives the jobs anew at each call; they are looked at twice only where something is wrong, so
            that a hundred thousand names need not be kept.
        folded: names that differ only in case, or in how their accents are composed, are one.

    Raises:
        CollisionError: names the first outputs that have several inputs, and those inputs.
    """
    total = 0
    keys = array("Q")
    for job in jobs():
        total += 1
        if isinstance(job, Job):
            keys.extend(_key(_name(output.name, folded)) for output in job.targets)
    in_order = sorted(keys)
    twice = {key for key, after in pairwise(in_order) if key == after}
    clashes = _clashes(jobs(), twice, folded) if twice else {}
    if clashes:
        raise CollisionError(_message(clashes))
    return total


def printable(name: str) -> str:
    r"""A name without what would move the cursor or cannot be encoded.

    >>> print(printable("a\x1b[31m\udcff.jpg"))
    a\x1b[31m\xff.jpg
    """
    return "".join(_printable_character(character) for character in name)


def _clashes(jobs: Iterable[Job | Item], keys: set[int], folded: bool) -> dict[str, list[str]]:
    inputs: dict[str, list[str]] = {}
    for job in jobs:
        for output in job.targets if isinstance(job, Job) else ():
            name = _name(output.name, folded)
            if _key(name) in keys:
                inputs.setdefault(name, []).append(job.source.name)
    return {name: names for name, names in inputs.items() if len(names) > 1}


def _key(name: str) -> int:
    digest = hashlib.blake2b(name.encode(errors="surrogateescape"), digest_size=8).digest()
    return int.from_bytes(digest, "big")


def _name(name: str, folded: bool) -> str:
    return unicodedata.normalize("NFC", name).casefold() if folded else name


def _extension(format: str) -> str:
    return codecs.by_name(format).extensions[0]


def _message(clashes: dict[str, list[str]]) -> str:
    shown = [
        f"  {printable(name)} <- {', '.join(map(printable, inputs))}" for name, inputs in list(clashes.items())[:_SHOWN]
    ]
    more = len(clashes) - len(shown)
    ending = [f"  and {more} more"] if more > 0 else []
    head = f"{len(clashes)} outputs would each be made from several inputs; nothing was done:"
    advice = "Rename inputs, choose some with --include or --exclude, or keep the formats apart (no --format)."
    return "\n".join([head, *shown, *ending, advice])


def _printable_character(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return character if character.isprintable() else character.encode("unicode_escape").decode()
