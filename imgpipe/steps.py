"""The three steps of a job: read it, apply the recipe, write the outputs.

A step never raises for one picture's fault: the fault becomes a failed item, which passes through the
steps that follow. What would befall the next picture too (a full disk) is raised.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple, Protocol, TypeAlias

from imgpipe.concurrency.arena import SMALL
from imgpipe.concurrency.lineage import is_copy_of
from imgpipe.concurrency.owner import Lost
from imgpipe.errors import ImgpipeError, LimitExceeded, described, text_of
from imgpipe.filters.operation import Operation
from imgpipe.flow import Meter
from imgpipe.footprint import left, needed
from imgpipe.job import Item, Job, Seconds, Status, failed
from imgpipe.late import name_outputs
from imgpipe.passing import Loaded, Made
from imgpipe.publishing import Gate, write
from imgpipe.savings import Judged, Savings, judge
from imgpipe.storage import Data, Room, Storage
from imgpipe.storage.abilities import placed, read_into, read_remote
from imgpipe.transform import OutputPlan, Settings, expected_memory, transform

_NO_MEMORY = "not enough memory for this picture: raise --memory, or make the picture smaller first"


class Read(Protocol):
    """The first step, given memory to read into where that is of use."""

    def __call__(self, job: Job | Item, room: Room | None = None) -> Loaded | Item:
        """Read the source of a job."""


Apply: TypeAlias = Callable[[Loaded | Item], Made | Item]
Write: TypeAlias = Callable[["Made | Loaded | Item | Lost[Loaded]"], Item]


def never() -> bool:
    """The answer to `stopping` of a run that nobody stops."""
    return False


def _nothing(_passing: Any) -> int:
    return 0


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps of a run, ready to be called with a job.

    Attributes:
        read: in threads.
        apply: anywhere; it can be pickled.
        write: in threads.
        cost: bytes of memory that `apply` is expected to take for a job.
        stopping: true once a graceful stop was asked for. Then what was read and not yet applied goes straight
            to `write`, which gives it back as skipped: reading is far ahead where pictures are small.
        source: what `read` reads, for engines whose workers are other machines; None where that is no matter.
        target: what `write` writes, likewise.
        meter: what an engine tells of its stages, so that the run can say how its time went.
    """

    read: Read
    apply: Apply
    write: Write
    cost: Callable[[Any], int] = _nothing
    stopping: Callable[[], bool] = never
    source: Storage | None = None
    target: Storage | None = None
    meter: Meter = field(default_factory=Meter)

    def bypass(self, passing: Any) -> bool:
        """Whether `apply` is left out: the item is settled, or the run is stopping."""
        return isinstance(passing, Item) or self.stopping()

    def apply_here(self, loaded: Loaded | Item) -> Made | Loaded | Item:
        """`apply` in this process, or nothing where it is left out."""
        return loaded if self.bypass(loaded) else self.apply(loaded)


class Treatment(NamedTuple):
    """What is done to every picture.

    Attributes:
        operations: done once for all outputs.
        outputs: what is made of the result.
        settings: of the run.
        savings: what outputs must save, None for nothing.
        preserve: outputs get times and mode of their source.
    """

    operations: tuple[Operation, ...]
    outputs: tuple[OutputPlan, ...]
    settings: Settings
    savings: Savings | None = None
    preserve: bool = False


def make_steps(
    source: Storage,
    target: Storage,
    treatment: Treatment,
    stopping: Callable[[], bool] = never,
    gate: Gate | None = None,
) -> Steps:
    """The steps that read from one storage and write to another."""
    return Steps(
        partial(read, source, treatment),
        partial(apply, treatment),
        partial(write, gate, target, source=source),
        partial(cost, treatment),
        stopping,
        source,
        target,
    )


def read(storage: Storage, treatment: Treatment, job: Job | Item, room: Room | None = None) -> Loaded | Item:
    """Read the source, where it has no more bytes than the limits allow; into memory that `room` gives."""
    if isinstance(job, Item):
        return job
    began, most = time.monotonic(), treatment.settings.limits.max_file
    try:
        if most is not None and job.source.bytes > most:
            raise _too_large(job.source.bytes, most)
        if most is not None and job.copies:
            _check_copies(storage, job, most)
        data: Data
        if storage.remote:
            data = read_remote(storage, job.source)
            data = data if room is None or len(data) < SMALL else placed(data, room)
        else:
            within = partial(_room_within, most, None if job.source.bytes < SMALL else room)
            data = read_into(storage, job.source.name, within)
        attributes = storage.attributes(job.source.name) if treatment.preserve else None
    except LimitExceeded as error:
        return failed(job.source, error, str(error), _reading_since(began))
    except OSError as error:
        return failed(job.source, error, f"cannot read it: {error.strerror or error}", _reading_since(began))
    except MemoryError as error:
        message = "cannot read it: the file is larger than the memory that is left"
        return failed(job.source, error, message, _reading_since(began))
    return Loaded(job, data, _reading_since(began), attributes)


def _room_within(most: int | None, room: Room | None, size: int) -> memoryview | None:
    """Memory for a file, which may have become larger since it was listed."""
    if most is not None and size > most:
        raise _too_large(size, most)
    return None if room is None else room(size)


def _check_copies(storage: Storage, job: Job, most: int) -> None:
    """What is copied is read as a whole too, when the outputs are written."""
    for copy in job.copies:
        size = storage.size(copy.copied) or 0
        if size > most:
            raise LimitExceeded(f"{copy.copied}, which is beside it: {_too_large(size, most)}")


def _too_large(size: int, most: int) -> LimitExceeded:
    return LimitExceeded(f"{needed(size)} are more than the {left(most)} of one file that --memory allows: raise it")


def _reading_since(began: float) -> Seconds:
    return Seconds(read=time.monotonic() - began)


def apply(treatment: Treatment, loaded: Loaded | Item) -> Made | Item:
    """Decode, filter and encode."""
    if isinstance(loaded, Item):
        return loaded
    began, process = time.monotonic(), os.getpid()
    made = _apply(treatment, loaded)
    if is_copy_of(process):
        os._exit(0)  # A filter has forked, and its copy came back too: it would go on with the run.
    seconds = time.monotonic() - began
    return made._replace(seconds=Seconds(loaded.seconds.read, seconds, 0.0, began, threading.get_native_id()))


def _apply(treatment: Treatment, loaded: Loaded) -> Made | Item:
    job = loaded.job
    # The format of the source is what its name says, where it has one.
    outputs = tuple(
        output if output.format == target.format else output._replace(format=target.format)
        for output, target in zip(treatment.outputs, job.targets, strict=True)
    )
    try:
        made = Judged(job, transform(loaded.data, treatment.operations, outputs, treatment.settings))
        if treatment.savings is not None:
            made = judge(treatment.savings, made, bytes(loaded.data), treatment.settings.limits)
        made = name_outputs(made) if job.late else made
    except ImgpipeError as error:
        return failed(job.source, error, text_of(error) or described(error), loaded.seconds)
    except MemoryError as error:
        return failed(job.source, error, _NO_MEMORY, loaded.seconds)
    except Exception as error:  # noqa: BLE001 - whatever a codec raises, it costs this picture only
        return failed(job.source, error, described(error), loaded.seconds)
    if not made.outputs:
        return Item(job.source, Status.SKIPPED, reason="; ".join(made.left), lasting=True)
    return Made(made.job, tuple(made.outputs), loaded.seconds, made.left, loaded.attributes)


def cost(treatment: Treatment, loaded: Any) -> int:
    """Bytes of memory that `apply` is expected to take."""
    if not isinstance(loaded, Loaded):
        return 0
    try:
        return expected_memory(loaded.data, treatment.operations, treatment.outputs)
    except ImgpipeError:  # of a filter's own rule; `apply` meets it again, and the picture fails
        return 0


def ran_short(passing: Any) -> bool:
    """Whether `apply` had too little memory."""
    return isinstance(passing, Item) and passing.failure is not None and passing.failure.message == _NO_MEMORY


def weight(passing: Any) -> int:
    """Bytes of encoded data that a value between two steps holds."""
    if isinstance(passing, Loaded):
        return len(passing.data)
    if isinstance(passing, Made):
        return sum([len(output.data) for output in passing.outputs])
    return 0
