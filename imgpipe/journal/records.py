"""The lines of a journal: what each says, and what they amount to.

`{"begun":"a.jpg","outputs":["a.webp"]}`: outputs of this source may appear from now on.
`{"undone":"a.jpg"}`: the last begun job of this source came to nothing.
`{"done":"a.jpg","size":...,"outputs":...}`: all there is to know; what was said of the source before no longer counts.
`{"placed":"a.jpg","size":...}`: this will stand in the place of the source itself, in a moment.
`{"gone":"a.jpg"}`: the source is no more, and neither are its outputs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import starmap
from operator import itemgetter
from typing import Any, NamedTuple

from imgpipe.job import Output, Source
from imgpipe.storage import is_name

_ENCODER = json.JSONEncoder(separators=(",", ":"), check_circular=False)
_DECODER = json.JSONDecoder()
_DONE = itemgetter("done", "size", "mtime", "inode", "digest", "recipe", "origin", "outputs")
_DONE_TYPES = [str, int, int, int, str, str, str, list]
_ROW_TYPES = [str, int, int, int]


class Record(NamedTuple):
    """A finished job.

    Attributes:
        source: as it was.
        recipe: the digest of the recipe.
        origin: which input folder it was in.
        outputs: what was made of it.
        earlier: names of outputs that were made of it before these, or may have been.
        preserved: whether the outputs were given times and mode of their source.
    """

    source: Source
    recipe: str
    origin: str
    outputs: tuple[Output, ...]
    earlier: tuple[str, ...] = ()
    preserved: bool = False

    @property
    def names(self) -> set[str]:
        """Of all outputs that imgpipe made of the source."""
        return {*self.earlier, *(output.name for output in self.outputs)}

    def line(self) -> bytes:
        """As it stands in a journal."""
        source = self.source
        line: dict[str, Any] = {
            "done": source.name,
            "size": source.bytes,
            "mtime": source.modified,
            "inode": source.inode,
            "digest": source.digest,
            "recipe": self.recipe,
            "origin": self.origin,
            "outputs": [[output.name, output.bytes, output.width, output.height] for output in self.outputs],
        }
        if self.earlier:
            line["earlier"] = self.earlier
        if self.preserved:
            line["preserved"] = True
        return encode(line)


class Index:
    """Where the lines that count stand. A hundred thousand records are never in memory at once.

    Attributes:
        done: the place of the last record of each source, by the hash of its name. Two names with the same hash
            would make one of them seem unknown; `record_of` sees that by the name in the record.
        begun: outputs that may have been published by jobs that were begun and came to no end.
        placed: what may stand in the place of sources by now, as begun jobs have put it there; and by which recipe.
        lines: how many there are in all.
    """

    def __init__(self) -> None:
        self.done: dict[int, int] = {}
        self.begun: dict[str, list[list[str]]] = {}
        self.placed: dict[str, tuple[Source, str]] = {}
        self.lines = 0

    def note(self, line: Any, place: int) -> None:
        """Take a line in; what is no record is passed over."""
        if (values := _values(line)) is not None:
            name = values[0]
            self.begun.pop(name, None)
            self.placed.pop(name, None)
            self.done[hash(name)] = place
            return
        match line:
            case {"begun": str(source), "outputs": [*outputs]} if all(map(_is_output_name, outputs)):
                self.begun.setdefault(source, []).append(outputs)
            case {"undone": str(source)} if source in self.begun:
                self.placed.pop(source, None)
                self.begun[source].pop()
                if not self.begun[source]:
                    del self.begun[source]
            case {
                "placed": str(name),
                "size": int(size),
                "mtime": int(time),
                "digest": str(digest),
                "recipe": str(recipe),
            }:
                self.placed[name] = Source(name, None, size, time, digest=digest), recipe
            case {"gone": str(source)}:
                self.begun.pop(source, None)
                self.done.pop(hash(source), None)

    @property
    def counting(self) -> int:
        """How many of the lines say something that counts."""
        return len(self.done) + sum(map(len, self.begun.values())) + len(self.placed)


def begun_line(source: str, outputs: Iterable[str]) -> bytes:
    """A job is begun."""
    return encode({"begun": source, "outputs": list(outputs)})


def undone_line(source: str) -> bytes:
    """The job that was begun last came to nothing."""
    return encode({"undone": source})


def placed_line(result: Source, recipe: str) -> bytes:
    """What a recipe made of a source will stand in its place."""
    return encode(
        {"placed": result.name, "size": result.bytes, "mtime": result.modified}
        | {"digest": result.digest, "recipe": recipe}
    )


def gone_line(source: str) -> bytes:
    """The source is no more, and its outputs were removed."""
    return encode({"gone": source})


def encode(line: dict[str, Any]) -> bytes:
    """One line of ASCII, whatever the names."""
    return _ENCODER.encode(line).encode("ascii") + b"\n"


def decode(line: bytes) -> Any:
    """What a line holds, None where it is torn or garbage."""
    try:
        text = line.decode("ascii")
        found, end = _DECODER.raw_decode(text)
    except (ValueError, RecursionError):
        return None
    return found if text[end:] in ("\n", "") else None


def parse(line: Any) -> Record | None:
    """The record that a line holds, None where it is none, or one that leads out of the output folder."""
    values = _values(line)
    if values is None:
        return None
    name, size, time, inode, digest, recipe, origin, rows = values
    source = Source(name, None, size, time, inode, digest)
    outputs, earlier = tuple(starmap(Output, rows)), tuple(line.get("earlier", ()))
    return Record(source, recipe, origin, outputs, earlier, line.get("preserved") is True)


def _values(line: Any) -> tuple[Any, ...] | None:
    """What a line of a finished job holds, in the order of `_DONE`; None where it is no such line."""
    try:
        values = _DONE(line)
        earlier = line.get("earlier", [])
    except (KeyError, TypeError):
        return None
    # A match statement takes four times as long, and a hundred thousand lines are read before a run begins.
    if list(map(type, values)) != _DONE_TYPES or not all(map(_is_output, values[-1])):
        return None
    if not (isinstance(earlier, list) and all(map(_is_output_name, earlier))):
        return None
    return tuple(values)


def is_same(before: Source, now: Source) -> bool:
    """Whether a source is as it was: the same content where that was asked for, else untouched since.

    An inode of 0 is not known, and not compared.
    """
    if before.bytes != now.bytes:
        return False
    if now.digest:
        return before.digest == now.digest
    inodes = {before.inode, now.inode} - {0}
    return before.modified == now.modified and len(inodes) < 2


def _is_output_name(name: Any) -> bool:
    return isinstance(name, str) and is_name(name)


def _is_output(row: Any) -> bool:
    return isinstance(row, list) and list(map(type, row)) == _ROW_TYPES and is_name(row[0])
