"""What outputs are called in shards, where names that are the same up to the first dot are one sample."""

from __future__ import annotations

from dataclasses import replace

from imgpipe.job import Item, Job, Target
from imgpipe.storage import Storage
from imgpipe.storage.indexes import key_of_sample
from imgpipe.storage.shards import Shards


def in_samples(job: Job, source: Storage) -> Job:
    """The same job, with the names that its outputs have in a shard instead of those that they have in a folder.

    What comes from a sample keeps its key, without the shard that it was in; else a key has no dots.
    """
    if isinstance(source, Shards):
        prefix = source.prefix_of(job.source.name)
        names = [target.name.removeprefix(prefix) for target in job.targets]
    else:
        names = [_without_dots(target.name) for target in job.targets]
    named = (replace(target, name=name) for target, name in zip(job.targets, names, strict=True))
    return replace(job, targets=tuple(named))


def by_key(job: Job | Item) -> Job | Item:
    """The same, each output called by the key of its sample: to see whether two inputs would become one sample."""
    if isinstance(job, Item):
        return job
    keys = dict.fromkeys(key_of_sample(target.name) for target in job.targets)
    return replace(job, targets=tuple(Target(key, "") for key in keys))


def _without_dots(name: str) -> str:
    folder, slash, last = name.rpartition("/")
    stem, dot, ending = last.rpartition(".")
    return folder + slash + stem.replace(".", "_") + dot + ending
