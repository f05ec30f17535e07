"""What passes from one step of a job to the next, also between processes."""

from __future__ import annotations

from pickle import PickleBuffer
from typing import Any, NamedTuple, SupportsIndex

from imgpipe.codecs.codec import Encoded
from imgpipe.job import Job, Seconds
from imgpipe.picture import Size
from imgpipe.storage import Attributes, Data, Storage


class Loaded(NamedTuple):
    """A job whose source was read."""

    job: Job
    data: Data
    seconds: Seconds
    attributes: Attributes | None = None

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[Any, ...]:
        """Hand out the data as a buffer, or as the view that it is, which cross without being copied into a pickle."""
        data = self.data if isinstance(self.data, memoryview) else _buffer(self.data, protocol)
        return Loaded, (self.job, data, self.seconds, self.attributes)


class Made(NamedTuple):
    """A job whose outputs are encoded, in the order of its targets.

    Attributes:
        left: why some are left out.
        attributes: what the outputs get of the source, None for nothing.
    """

    job: Job
    outputs: tuple[Encoded, ...]
    seconds: Seconds
    left: tuple[str, ...] = ()
    attributes: Attributes | None = None

    def with_copies(self, source: Storage) -> Made:
        """The same, with what is copied as outputs behind those that were made; OSError where it cannot be read."""
        copied = (Encoded(source.read(target.copied), (0, 0)) for target in self.job.copies)
        job = self.job._replace(targets=self.job.all_targets, copies=())
        return self._replace(job=job, outputs=(*self.outputs, *copied))

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[Any, ...]:
        """As `Loaded`: the encoded bytes are handed out as buffers."""
        outputs = tuple((_buffer(made.data, protocol), made.size, made.warnings) for made in self.outputs)
        return _made, (self.job, outputs, self.seconds, self.left, self.attributes)


def _buffer(data: Data, protocol: SupportsIndex) -> PickleBuffer | bytes:
    return PickleBuffer(data) if int(protocol) >= 5 and isinstance(data, bytes) else bytes(data)


def _made(job: Job, outputs: tuple[tuple[bytes, Size, tuple[str, ...]], ...], *more: Any) -> Made:
    return Made(job, tuple(Encoded(*output) for output in outputs), *more)
