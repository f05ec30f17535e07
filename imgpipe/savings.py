"""Whether an output is worth it: what saves too little is left out, or the source is copied in its place."""

from __future__ import annotations

import os
from typing import NamedTuple

from imgpipe import codecs
from imgpipe.codecs.codec import Encoded, Limits
from imgpipe.job import Job, Source, Target
from imgpipe.template import parse


class Savings(NamedTuple):
    """By how much an output must be smaller than its source.

    Attributes:
        share: of the source's bytes, 0 to 1.
        bytes: so many; of both, the larger one counts.
        copy: the source is copied, byte for byte, where an output saves less.
    """

    share: float = 0.0
    bytes: int = 1
    copy: bool = False

    def __str__(self) -> str:
        return f"{100 * self.share:.6g} %" if self.share else f"{self.bytes} byte{'s' * (self.bytes != 1)}"

    def are_made(self, before: int, after: int) -> bool:
        """Whether an output of so many bytes saves enough."""
        return before - after >= max(self.share * before, self.bytes)


class Judged(NamedTuple):
    """The outputs of a job, in the order of its targets, and in words why others are left out."""

    job: Job
    outputs: list[Encoded]
    left: tuple[str, ...] = ()


def judge(savings: Savings, made: Judged, data: bytes, limits: Limits) -> Judged:
    """Leave out the outputs that save too little, or put the source in their place.

    Args:
        savings: what is enough.
        made: all outputs; their names may have `{ext}` in them still: it is that of the source where this is copied.
        data: the source.
        limits: under which it was decoded.
    """
    job = made.job
    kept: list[tuple[Target, Encoded]] = []
    left: list[str] = []
    for target, output in zip(job.targets, made.outputs, strict=True):
        if savings.are_made(len(data), len(output.data)):
            kept.append((_ending(target, codecs.extensions(target.format)[0]), output))
            continue
        told = f"{target.format} saves {_saved(len(data), len(output.data))}, less than {savings}"
        if savings.copy:
            warning = f"the original is kept, with its metadata: {told}"
            original = Encoded(data, codecs.probe(data, limits).size, (warning,))
            kept.append((_ending(target, _extension(job.source)), original))
        else:
            left.append(told)
    job = job._replace(targets=tuple(target for target, _ in kept))
    return Judged(job, [output for _, output in kept], tuple(left))


def _ending(target: Target, extension: str) -> Target:
    """The same with its extension, where that was open."""
    return target._replace(name=str(parse(target.name).fill({"ext": extension}))) if target.late else target


def _extension(source: Source) -> str:
    """As it stands; where it says nothing, that of its format."""
    if codecs.by_extension(source.name) is None:
        return codecs.extensions(source.format or "")[0]
    return os.path.splitext(source.name)[1]


def _saved(before: int, after: int) -> str:
    share = 100 * (before - after) / max(before, 1)
    return f"{share:.1f} %" if share >= 0 else "nothing"
