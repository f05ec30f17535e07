"""How a run is done; what is done is the recipe's."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from imgpipe.codecs.codec import Limits
from imgpipe.discovery import Selection
from imgpipe.engines import Workforce
from imgpipe.existing import Existing
from imgpipe.naming import Naming
from imgpipe.plan import Plan
from imgpipe.savings import Savings
from imgpipe.storage import Durability
from imgpipe.storage.ranges import ShardSize

_SYNCING_WRITERS = 8
_REMOTE_IO_THREADS = 16


@dataclass(frozen=True, slots=True)
class Options:
    """How a run is done; what is done is the recipe's.

    Attributes:
        engine: one of `imgpipe.engines.ENGINES`.
        workforce: how many work, and how long a picture may take.
        selection: which files are inputs.
        existing: what is done where an output stands already.
        naming: how outputs are called.
        limits: what is refused before it is decoded.
        durability: what finished outputs survive: ``"rename"`` a kill of the run, ``"fsync"`` a power loss too.
        savings: what outputs must save, None for nothing.
        preserve: outputs get times and mode of their source.
        prune: first remove outputs whose source is gone, where all folders of the input can be listed and
            there is any input at all.
        shards: how large shards become, where OUTPUT is `shards/{000000..000099}.tar`; None for the default.
    """

    engine: str = "processes"
    workforce: Workforce = field(default_factory=Workforce)
    selection: Selection = field(default_factory=Selection)
    existing: Existing = field(default_factory=Existing)
    naming: Naming = field(default_factory=Naming)
    limits: Limits = field(default_factory=Limits)
    durability: Durability = "rename"
    savings: Savings | None = None
    preserve: bool = False
    prune: bool = False
    shards: ShardSize | None = None


def limits_of(options: Options) -> Limits:
    """What the run's memory allows one picture is a limit of it, where the caller has set none.

    The workers of a cluster know best what they have.
    """
    if options.engine == "dask":
        return options.limits
    limits, workforce = options.limits, options.workforce
    memory = workforce.memory_of_pictures if limits.memory is None else limits.memory
    max_file = workforce.memory_of_files if limits.max_file is None else limits.max_file
    return limits._replace(memory=memory, max_file=max_file)


def workforce_of(options: Options, plan: Plan) -> Workforce:
    """Networks answer many as soon as one; disks sync the files of several writers in one turn.

    No more work than there are inputs: a process or a thread that finds nothing to do only delays the others.
    """
    workforce, most = options.workforce, max(1, plan.total)
    cores = min(workforce.cores, most) if workforce.cluster is None else workforce.cores
    readers, writers = workforce.readers, workforce.writers
    if plan.source.remote:
        readers = readers or _REMOTE_IO_THREADS
    if plan.target.remote:
        writers = writers or _REMOTE_IO_THREADS
    elif options.durability == "fsync":
        writers = max(workforce.io_threads, _SYNCING_WRITERS)
    return replace(
        workforce,
        cores=cores,
        io_threads=min(workforce.io_threads, most),
        readers=readers and min(readers, most),
        writers=writers and min(writers, most),
    )
