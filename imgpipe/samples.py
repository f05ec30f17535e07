"""Samples: pictures and the texts beside them, which have one name up to the first dot, by WebDataset's rule."""

from __future__ import annotations

from collections.abc import Iterator

from imgpipe import codecs
from imgpipe.job import Job, Target
from imgpipe.storage import Storage
from imgpipe.storage.indexes import key_of_sample
from imgpipe.storage.shards import Shards

_HEAD = 64


def in_samples(job: Job, source: Storage) -> Job:
    """The same job, with the names that its outputs have in a shard instead of those that they have in a folder.

    What comes from a sample keeps its key, without the shard that it was in; else a key has no dots.
    """
    if isinstance(source, Shards):
        prefix = source.prefix_of(job.source.name)
        names = [target.name.removeprefix(prefix) for target in job.targets]
    else:
        names = [_without_dots(target.name) for target in job.targets]
    named = (target._replace(name=name) for target, name in zip(job.targets, names, strict=True))
    return job._replace(targets=tuple(named))


def by_key(job: Job) -> Job:
    """The same, each output called by the key of its sample: to see whether two inputs would become one sample."""
    keys = dict.fromkeys(key_of_sample(target.name) for target in job.targets)
    return job._replace(targets=tuple(Target(key, "") for key in keys))


def with_texts(job: Job, source: Storage) -> Job:
    """The same job, which also copies the texts of its sample, where it is in one, to beside its first output.

    Of several pictures in a sample, the first one takes the texts.
    """
    first = job.targets[0]
    key = key_of_sample(job.source.name if first.late else first.name)
    texts = texts_of(source, job.source.name, first=True)
    return job._replace(copies=tuple(Target(key + ending, "", copied=name) for ending, name in texts))


def texts_of(source: Storage, name: str, *, first: bool = False) -> Iterator[tuple[str, str]]:
    """What in the sample of a picture, where it is in one, is no picture: the ending of its name, from the first dot
    on, and the name.

    Args:
        source: where it is.
        name: of the picture.
        first: nothing, where another picture of the sample comes first.

    Raises:
        OSError: a shard cannot be read.
    """
    if not isinstance(source, Shards):
        return
    others = []
    for ending, other in source.sample_of(name):
        if other == name:
            first = False
        elif not _is_picture(source, other):
            others.append((ending, other))
        elif first:
            return
    yield from others


def _is_picture(source: Shards, name: str) -> bool:
    return codecs.by_extension(name) is not None or codecs.sniff(source.head(name, _HEAD)) is not None


def _without_dots(name: str) -> str:
    folder, slash, last = name.rpartition("/")
    stem, dot, ending = last.rpartition(".")
    return folder + slash + stem.replace(".", "_") + dot + ending
