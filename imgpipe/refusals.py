"""What is refused before a run begins: options that contradict each other, INPUT, OUTPUT or the engine."""

from __future__ import annotations

from imgpipe.engines import ENGINES
from imgpipe.errors import UsageError
from imgpipe.options import Options
from imgpipe.plan import Plan
from imgpipe.recipe import Recipe

_LATE = "names that are known only once outputs are made ({width}, {height}, {hash}, --copy-skipped) are"


def check_options(recipe: Recipe, options: Options) -> None:
    """See that they agree, whatever the inputs are; UsageError."""
    if options.engine not in ENGINES:
        raise UsageError(f"no engine {options.engine}; valid are {', '.join(ENGINES)}")
    copies = options.savings is not None and options.savings.copy
    if copies and (recipe.metadata.strip or recipe.metadata.strip_gps):
        raise UsageError(
            "--copy-skipped copies the original with all its metadata, which --strip and --strip-gps forbid"
        )


def check_plan(plan: Plan, options: Options) -> None:
    """See that what was planned can be done so; UsageError."""
    if options.engine == "dask" or options.workforce.cluster is not None:
        _check_cluster(plan, options)
    if options.preserve and (plan.source.remote or plan.target.remote):
        raise UsageError("--preserve is for local folders: objects have no mode, and their time cannot be set")
    if options.preserve and (plan.source.samples or plan.target.samples):
        raise UsageError("--preserve is for local folders: files in shards have no times and modes worth keeping")
    if plan.target.samples:
        _check_shards(plan, options)
    elif options.shards is not None:
        raise UsageError("--shard-count and --shard-bytes are for an OUTPUT such as shards/{000000..000099}.tar")


def _check_cluster(plan: Plan, options: Options) -> None:
    """Refuse what only this process can look at between the work and the writing."""
    from imgpipe.engines.cluster import check_name

    if options.engine != "dask":
        raise UsageError(f"a cluster is for the engine dask, not for {options.engine}")
    check_name(options.workforce.cluster)
    what = ""
    if plan.late:
        what = _LATE
    elif options.existing.overwrite == "smaller":
        what = "--overwrite smaller is"
    elif options.existing.in_place:
        what = "--in-place is"
    elif plan.target.samples:
        what = "OUTPUT as shards is"
    if what:
        raise UsageError(f"{what} not possible on a cluster yet; use another engine for that")


def _check_shards(plan: Plan, options: Options) -> None:
    """Refuse what shards cannot hold, and what would make other shards of them."""
    what = ""
    if plan.late:
        what = _LATE
    elif options.existing.overwrite not in ("ours", "always"):
        what = f"--overwrite {options.existing.overwrite} is"
    elif options.prune:
        what = "--prune is not needed, as shards hold what INPUT has now, and is"
    if what:
        raise UsageError(f"{what} not possible where OUTPUT is shards")
    from imgpipe.packing import check_shards
    from imgpipe.storage.shard_folder import ShardFolder

    if isinstance(plan.target, ShardFolder):
        check_shards(plan.target, options.shards, replaced=options.existing.overwrite == "always")
