"""Small pictures for the page, made by the pool that makes the large ones: a bad picture costs its thumbnail only."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from imgpipe.codecs.codec import Encoding, Limits
from imgpipe.concurrency.channel import Capacity
from imgpipe.concurrency.owner import Lost
from imgpipe.concurrency.pool import pool_stage
from imgpipe.concurrency.room import StartRefused
from imgpipe.concurrency.roster import PoolBroken, PoolOptions
from imgpipe.concurrency.stage import Crew, stage
from imgpipe.filters import find
from imgpipe.filters.registry import filter
from imgpipe.filters.traits import any_size
from imgpipe.job import Failure, Item, Job, Source, Status, Target
from imgpipe.passing import Loaded, Made
from imgpipe.picture import Picture
from imgpipe.steps import Treatment, apply, cost, read, weight
from imgpipe.storage import Storage
from imgpipe.transform import OutputPlan, Settings
from imgpipe.warm import PRELOAD, warm_up

_MEMORY = 512_000_000
_MAX_FILE = 256_000_000
_PICTURE_SECONDS = 20.0
_SECONDS = 60.0
_BYTES = 2_900_000
LARGE = 200
"""Up to so many pairs of thumbnails are large: 320 px on their longer side."""

TOO_LATE = "not made: the others took a minute already"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A picture of which a thumbnail is wanted.

    Attributes:
        key: what the thumbnail is known by.
        storage: where the picture is.
        name: its name there.
        bytes: the size that it must have, else it is not the one that was meant.
    """

    key: str
    storage: Storage
    name: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A WebP, or why there is none."""

    data: bytes = b""
    reason: str = ""


@filter(alpha="straight", least_size=any_size)
def first_frame(picture: Picture) -> Picture:
    """An animation or pages become their first frame."""
    return replace(picture, frames=picture.frames[:1], durations=())


def thumbnails(wanted: list[Wanted], cores: int) -> dict[str, Thumbnail]:
    """Thumbnails of all that are wanted, by their keys; together they have at most 3 MB.

    None is made that needs more than 0.5 GB of memory or 20 s, and none after the first minute.
    """
    by_key = {one.key: one for one in wanted}
    treatment = _treatment(_BYTES // max(len(wanted), 1))
    made: dict[str, Thumbnail] = {}
    missing = Thumbnail(reason=TOO_LATE)
    end = time.monotonic() + _SECONDS
    try:
        for result in _results(by_key, treatment, cores):
            key, thumbnail = _thumbnail(result)
            made[key] = thumbnail
            if time.monotonic() > end:
                break
    except (PoolBroken, StartRefused) as error:
        missing = Thumbnail(reason=str(error))
    return {key: made.get(key, missing) for key in by_key}


def _results(wanted: Mapping[str, Wanted], treatment: Treatment, cores: int) -> Iterator[Any]:
    jobs = (Job(Source(key, None, one.bytes), (Target(key, "webp"),)) for key, one in wanted.items())
    options = PoolOptions(
        processes=cores,
        tries=1,
        deadline=_PICTURE_SECONDS,
        initializer=warm_up,
        preload=PRELOAD,
        bypass=_is_settled,
        memory=_MEMORY * cores,
        cost=partial(cost, treatment),
    )
    readers = Crew(2, Capacity(8 * cores, _MAX_FILE), weight, "read")
    with (
        stage(partial(_read, wanted, treatment), jobs, readers) as loaded,
        pool_stage(partial(apply, treatment), loaded, options) as made,
    ):
        yield from made


def _treatment(most: int) -> Treatment:
    side = 320 if most >= _BYTES // (2 * LARGE) else 216
    resize = find("resize").operation({"size": f"{side}x{side}", "upscale": False})
    encoding = Encoding(quality=72, max_size=max(400, min(most, 14_000)))
    limits = Limits(memory=_MEMORY, max_file=_MAX_FILE)
    return Treatment((first_frame.operation({}), resize), (OutputPlan("webp", encoding),), Settings(limits))


def _read(wanted: Mapping[str, Wanted], treatment: Treatment, job: Job) -> Loaded | Item:
    one = wanted[job.source.name]
    loaded = read(one.storage, treatment, job._replace(source=job.source._replace(name=one.name)))
    if isinstance(loaded, Item):
        return loaded._replace(source=job.source)
    if len(loaded.data) != one.bytes:
        return Item(job.source, Status.FAILED, failure=Failure("", "changed since the run"))
    return loaded._replace(job=job)


def _why(item: Item) -> str:
    if item.failure is None:
        return item.reason
    return "gone since the run" if item.failure.type == "FileNotFoundError" else item.failure.message


def _is_settled(passing: Any) -> bool:
    return isinstance(passing, Item)


def _thumbnail(result: Made | Item | Lost[Loaded]) -> tuple[str, Thumbnail]:
    if isinstance(result, Made):
        return result.job.source.name, Thumbnail(bytes(result.outputs[0].data))
    if isinstance(result, Lost):
        return result.task.job.source.name, Thumbnail(reason=str(result.error))
    return result.source.name, Thumbnail(reason=_why(result))
