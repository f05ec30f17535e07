"""The last step of a job: its outputs are published, or what became of it instead is said."""

from __future__ import annotations

import errno
import time
from typing import Protocol

from imgpipe.concurrency.owner import Lost
from imgpipe.concurrency.worker import DeadlineExpired, WorkerDied
from imgpipe.errors import OutputError
from imgpipe.job import Item, Output, Seconds, Status, Target, failed
from imgpipe.passing import Loaded, Made
from imgpipe.storage import Storage

_ENDS_THE_RUN = {
    getattr(errno, name)
    for name in ("ENOSPC", "EDQUOT", "EROFS", "EIO", "EMFILE", "ENFILE", "ESTALE", "ENODEV")
    if hasattr(errno, name)
}

NOT_BEGUN = "the run was stopped before it was begun"
"""The reason of an item that was read and then left, as the run was to stop."""


class Gate(Protocol):
    """What is asked before outputs are published, once they are known to the last byte."""

    def admit(self, made: Made) -> Made | Item:
        """The outputs that may be published, or what becomes of the job where none may; from any thread."""


def write(
    gate: Gate | None, storage: Storage, made: Made | Loaded | Item | Lost[Loaded], source: Storage | None = None
) -> Item:
    """Publish the outputs.

    Raises:
        OutputError: the output cannot be written, and the next one could not either.
    """
    if isinstance(made, Item):
        return made
    if isinstance(made, Loaded):
        return Item(made.job.source, Status.SKIPPED, reason=NOT_BEGUN, seconds=made.seconds)
    if isinstance(made, Lost):
        message = f"{made.error}; {_advice(made.error)}"
        return failed(made.task.job.source, made.error, message, made.task.seconds)
    began = time.monotonic()
    ready = _ready(gate, made, source, began)
    if isinstance(ready, Item):
        return ready
    return _publish(storage, ready, began)


def _ready(gate: Gate | None, made: Made, source: Storage | None, began: float) -> Made | Item:
    """All that is to be published, or an item where that is nothing."""
    admitted = made if gate is None else gate.admit(made)
    if isinstance(admitted, Item) or not admitted.job.copies or source is None:
        return admitted
    try:
        return admitted.with_copies(source)
    except OSError as error:
        message = f"cannot read what is beside it: {error.strerror or error}"
        return failed(made.job.source, error, message, _written_since(began, made.seconds))


def _written_since(began: float, seconds: Seconds) -> Seconds:
    read, process, _, start, worker = seconds
    return Seconds(read, process, time.monotonic() - began, start, worker)


def _publish(storage: Storage, made: Made, began: float) -> Item:
    """Put the outputs; where one cannot be put, those before it stay and are told of."""
    outputs: list[Output] = []
    for target, output in zip(made.job.targets, made.outputs, strict=True):
        try:
            storage.put(target.name, output.data, made.attributes, fresh=target.fresh)
        except OSError as error:
            return _refused(storage, made, target, error, began)._replace(outputs=tuple(outputs))
        outputs.append(Output(target.name, len(output.data), *output.size))
    return Item(
        made.job.source,
        Status.WRITTEN,
        outputs=tuple(outputs),
        warnings=(*made.left, *dict.fromkeys([warning for output in made.outputs for warning in output.warnings])),
        seconds=_written_since(began, made.seconds),
    )


def _refused(storage: Storage, made: Made, target: Target, error: OSError, began: float) -> Item:
    """What becomes of a job of which an output could not be put; OutputError where the next one could not either."""
    source = made.job.source
    if target.fresh and isinstance(error, FileExistsError):
        reason = f"somebody has put {target.name} there meanwhile, and it is left as it is"
        return Item(source, Status.SKIPPED, reason=reason)
    if _ends_the_run(error, storage):
        raise OutputError(
            f"cannot write {target.name} to {storage.root}: {error.strerror}. "
            "Nothing half-written was left; mend that and run the same command again"
        ) from error
    message = f"cannot write {target.name}: {error.strerror or error}"
    return failed(source, error, message, _written_since(began, made.seconds))


def _ends_the_run(error: OSError, storage: Storage) -> bool:
    """Whether the next picture would meet the same; a folder without permission is one of many."""
    if error.errno in (errno.EACCES, errno.EPERM):
        return not storage.writable()
    return error.errno in _ENDS_THE_RUN


def _advice(error: WorkerDied | DeadlineExpired) -> str:
    if isinstance(error, DeadlineExpired):
        return "raise --timeout where that is too little"
    if "SIGKILL" in error.cause:
        return "the system may have had no memory left: lower --memory or --cores"
    return "the picture may be made to do that; --retries sets how often it is tried again"
