"""What goes through a run: a source, the job made of it, and what became of the job.

What crosses to a worker with every picture says itself how, which pickle then need not find out.
"""

from __future__ import annotations

from enum import StrEnum
from operator import attrgetter
from typing import Any, NamedTuple

_LATE = attrgetter("late")
_MOST_CHARACTERS = 4000


class Source(NamedTuple):
    """One input.

    Attributes:
        name: path below the input folder, `/` between its parts; bytes that are no UTF-8 are
            surrogate-escaped, as `os.fsdecode` does.
        format: the codec's name that the file's extension claims, or that its first bytes show where
            the extension says nothing; None when neither names a picture.
        bytes: its size.
        modified: when it was last changed, in ns since 1970.
        inode: which file it is, 0 where the storage knows no such number.
        digest: of its content, where that was asked for.
    """

    name: str
    format: str | None
    bytes: int
    modified: int = 0
    inode: int = 0
    digest: str = ""

    def __reduce__(self) -> tuple[Any, ...]:
        return Source, tuple(self)


class Target(NamedTuple):
    """One output to be made.

    Attributes:
        name: its path below the output folder; where it is late, a template of what is known once it is made.
        format: the codec's name.
        late: whether the name is known only once the output is made.
        fresh: nothing stood under the name when that was looked at, and nothing else is to be replaced.
        copied: the input whose bytes it is, where nothing is made for it; else empty.
    """

    name: str
    format: str
    late: bool = False
    fresh: bool = False
    copied: str = ""

    def __reduce__(self) -> tuple[Any, ...]:
        return Target, tuple(self)


class Job(NamedTuple):
    """One input and the outputs it is to become.

    Attributes:
        source: the input.
        targets: what is made of it, in the order of the recipe's outputs.
        copies: what is copied to beside these.
    """

    source: Source
    targets: tuple[Target, ...]
    copies: tuple[Target, ...] = ()

    @property
    def late(self) -> bool:
        """Whether a name is known only once the outputs are made."""
        return any(map(_LATE, self.targets))

    @property
    def all_targets(self) -> tuple[Target, ...]:
        """What is made, and then what is copied."""
        return self.targets + self.copies

    def __reduce__(self) -> tuple[Any, ...]:
        return Job, tuple(self)


class Status(StrEnum):
    """What became of a job; or that outputs were removed since their source is gone, which no input is counted for."""

    WRITTEN = "written"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    SKIPPED = "skipped"
    PRUNED = "pruned"


class Failure(NamedTuple):
    """Why a job failed.

    Attributes:
        type: the error's class name.
        message: its message, which says what to do where there is something.
        traceback: where it came from, for `-v`; empty where it is no error of a program.
    """

    type: str
    message: str
    traceback: str = ""


class Output(NamedTuple):
    """A written output.

    Attributes:
        name: path below the output folder, `/` between its parts.
        bytes: its size.
        width: px; 0 where it is not known, of what a killed run has put in the place of its source.
        height: px, likewise.
    """

    name: str
    bytes: int
    width: int
    height: int


class Seconds(NamedTuple):
    """Seconds that each step took for one job, and where and when the recipe was applied.

    Attributes:
        read: the source was read for so long.
        process: it was decoded, filtered and encoded for so long.
        write: the outputs were written for so long.
        began: when it was begun to be decoded, by `time.monotonic`, which is one clock for all processes of a
            machine (but not for those of several); 0 where it was not.
        worker: who did that: the native number of the thread, which on Linux is that of the process where a
            worker process did it; 0 where nobody did.
    """

    read: float = 0.0
    process: float = 0.0
    write: float = 0.0
    began: float = 0.0
    worker: int = 0


class Item(NamedTuple):
    """The outcome of one job.

    Attributes:
        source: the input.
        status: written, unchanged, failed or skipped; pruned for a source that is gone.
        outputs: what was written, in the order of the recipe's outputs.
        warnings: what was lost or converted, in words.
        reason: why it was skipped, else empty.
        failure: why it failed, else None.
        seconds: how long each step took, and where and when.
        lasting: a skipped source needs no other look until it, or what is done, changes.
    """

    source: Source
    status: Status
    outputs: tuple[Output, ...] = ()
    warnings: tuple[str, ...] = ()
    reason: str = ""
    failure: Failure | None = None
    seconds: Seconds = Seconds()
    lasting: bool = False


def failed(source: Source, error: BaseException, message: str, seconds: Seconds) -> Item:
    """The item of an input that failed; the error's traceback is kept for `-v`."""
    import traceback

    text = "".join(map(_shortened, traceback.format_exception(error)))
    failure = Failure(type(error).__name__, _shortened(message), text)
    return Item(source, Status.FAILED, failure=failure, seconds=seconds)


def _shortened(text: str) -> str:
    """A text that can be kept for each of a hundred thousand items: errors may quote all that they were given."""
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}... ({len(text):,} characters)"
