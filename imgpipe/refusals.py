"""What is refused before a run begins: options that contradict each other, INPUT, OUTPUT or the engine."""

from __future__ import annotations

import os
from itertools import combinations

from imgpipe import codecs
from imgpipe.engines import ENGINES
from imgpipe.errors import UsageError
from imgpipe.naming import Naming
from imgpipe.options import Options
from imgpipe.plan import Plan
from imgpipe.recipe import Recipe
from imgpipe.recipe.rendition import Rendition

_APART = 10
"""Of qualities: some encoders know fewer than a hundred, and near ones come out the same."""

_LONGEST = 1e9
"""Seconds; of clocks that know them."""

_LATE = "names that are known only once outputs are made ({width}, {height}, {hash}, --copy-skipped) are"


def check_options(recipe: Recipe, options: Options) -> None:
    """See that they agree, whatever the inputs are; UsageError."""
    _check_recipe(recipe)
    _check_values(options)
    if options.engine not in ENGINES:
        raise UsageError(f"no engine {options.engine}; valid are {', '.join(ENGINES)}")
    if options.existing.in_place and (word := options.existing.overwrite) in ("never", "newer"):
        raise UsageError(f"--in-place replaces each picture, which --overwrite {word} forbids: leave one of them out")
    copies = options.savings is not None and options.savings.copy
    if copies and (recipe.metadata.strip or recipe.metadata.strip_gps):
        raise UsageError(
            "--copy-skipped copies the original with all its metadata, which --strip and --strip-gps forbid"
        )
    _check_outputs(recipe, options.naming)


def _check_recipe(recipe: object) -> None:
    if isinstance(recipe, Recipe):
        return
    advice = f"Recipe({recipe!r}) makes one of filters"
    if recipe is None:
        advice = "leave it out for a web-ready copy"
    elif isinstance(recipe, str | os.PathLike):
        advice = f"Recipe.load({str(recipe)!r}) reads one, of a file or by its name"
    raise UsageError(f"{recipe!r} is no Recipe; {advice}")


def _check_values(options: Options) -> None:
    """Refuse what only a program can give: without readers nothing is read, of 0 pixels nothing is decoded."""
    workforce = options.workforce
    for owner, names in (
        (workforce, ("cores", "io_threads", "readers", "writers", "tries", "memory")),
        (options.limits, options.limits._fields),
        (options.shards, ("count", "bytes") if options.shards is not None else ()),
    ):
        for name in names:
            number = getattr(owner, name)
            if number is not None and number < 1:
                raise UsageError(f"{name}={number!r} is not valid; it is a whole number, 1 or more")
    seconds = workforce.timeout
    if seconds is not None and not 0 < seconds < _LONGEST:
        raise UsageError(f"timeout={seconds!r} is not valid; it is more than 0, or None for no limit")
    if options.savings is not None and not 0 <= options.savings.share < 1:
        raise UsageError(f"share={options.savings.share!r} is not valid; it is 0 or more, and less than 1")


def _check_outputs(recipe: Recipe, naming: Naming) -> None:
    """Refuse two outputs that would have one name and other bytes whatever the picture is.

    Those that have one name only where a picture is small are another matter: their bytes are the same then.
    """
    for (first, one), (second, other) in combinations(enumerate(recipe.renditions, 1), 2):
        template = naming.name_of(one)
        told_apart = any(piece.field and piece.text == "hash" for piece in template.pieces)
        if template == naming.name_of(other) and not told_apart and _always_differ(one, other):
            raise UsageError(
                f"outputs {first} and {second} of the recipe would be two different {one.format} files of one name, "
                f"{naming.template or one.name}: leave out --format, or give each its own name in the recipe, or "
                "all by --name '{stem}-{width}-{hash:8}{ext}'"
            )


def _always_differ(one: Rendition, other: Rendition) -> bool:
    """Whether two outputs come out with one size in px and other bytes for every picture."""
    if one.format is None or (one.format, one.operations) != (other.format, other.operations):
        return False
    codec, ours, theirs = codecs.by_name(one.format), one.encoding, other.encoding
    if ours.progressive != theirs.progressive and codec.heeds("progressive"):
        return True
    if not codec.heeds("quality"):
        return False
    if ours.lossless != theirs.lossless:
        return codec.heeds("lossless")
    # None is the format's default, which the other may name; and what must fit may come to one quality.
    if ours.quality is None or theirs.quality is None or ours.max_size is not None or theirs.max_size is not None:
        return False
    return not ours.lossless and abs(ours.quality - theirs.quality) >= _APART


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
