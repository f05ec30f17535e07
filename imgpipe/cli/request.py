"""The options of `imgpipe process`, and what they amount to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, get_args

import click

from imgpipe.cli import completing, sections
from imgpipe.cli.json_file import FileToWrite
from imgpipe.cli.listed import read_names
from imgpipe.cli.sections import Sections
from imgpipe.cli.size import ByteSize, Saved
from imgpipe.cli.treatment import TREATMENT, read_recipe
from imgpipe.cli.values import OneOf, Seconds, Whole
from imgpipe.codecs.codec import Limits
from imgpipe.discovery import Selection
from imgpipe.engines import ENGINES, Workforce
from imgpipe.engines.free_memory import half_of_free_memory
from imgpipe.engines.workforce import usable_cores
from imgpipe.errors import UsageError
from imgpipe.existing import Existing, KnownBy, Overwrite
from imgpipe.naming import Naming
from imgpipe.options import Options
from imgpipe.recipe import WEB_READY, Recipe
from imgpipe.savings import Savings
from imgpipe.storage import Listing
from imgpipe.storage.ranges import ShardSize

OPTIONS: Sections = {
    **TREATMENT,
    "Which files": [
        click.option("--recursive/--no-recursive", "-r", default=True, help="Also folders below. [default: recursive]"),
        click.option("--include", multiple=True, metavar="GLOB",
                     help="Only files that match, or lie in a folder that does, by their name or their name below "
                          "INPUT; case counts; repeatable."),
        click.option("--exclude", multiple=True, metavar="GLOB", help="None of those that match; repeatable."),
        click.option("--files-from", metavar="FILE", shell_complete=completing.files,
                     help="Names below INPUT, one a line; - for stdin."),
        click.option("--null", "-0", is_flag=True, help="Names in --files-from end with NUL, as of find -print0."),
        click.option("--follow-symlinks", is_flag=True, help="Enter linked folders."),
        click.option("--hidden", is_flag=True, help="Also names that begin with a dot."),
    ],
    "Names": [
        click.option("--name", "template", default="", metavar="TEMPLATE",
                     help="'{stem}-{width}{ext}'; also {dir} {height} {index} {hash:8}."),
        click.option("--suffix", default="", metavar="TEXT", help="Between name and extension: --suffix=-small"),
        click.option("--flat", is_flag=True, help="All outputs in one folder, not in the tree of the input."),
    ],
    "Outputs": [
        click.option("--force", is_flag=True, help="Make all again, also what is up to date."),
        click.option("--overwrite", type=OneOf(get_args(Overwrite)), default="ours", show_default=True,
                     help="ours: what imgpipe made; always, never; newer: where the source is newer than the output; "
                          "smaller: where the new output is smaller."),
        click.option("--min-savings", type=Saved(), metavar="10%|100KB",
                     help="Skip what would not be smaller than its source by this."),
        click.option("--copy-skipped", is_flag=True, help="Then copy the source, byte for byte, with its metadata."),
        click.option("--preserve", "-p", is_flag=True, help="Outputs get times and mode of their source."),
        click.option("--in-place", is_flag=True, help="INPUT is OUTPUT: replace each picture by what is made of it."),
        click.option("--prune", is_flag=True, help="Remove outputs that imgpipe made and whose input is gone."),
        click.option("--shard-count", type=Whole(1), metavar="N",
                     help="Samples in a shard, where OUTPUT is 'shards/{0000..0099}.tar'. [default: 10000]"),
        click.option("--shard-bytes", type=ByteSize(), metavar="SIZE", help="Its size at most. [default: 1GB]"),
        click.option("--checksum", is_flag=True, help="Know sources by their content, not by size, time and inode."),
        click.option("--ignore-inode", is_flag=True,
                     help="Know sources by size and time: for copied or network folders."),
    ],
    "Work": [
        click.option("--cores", "-j", "--jobs", type=Whole(1), help="Worker processes. [default: all usable]"),
        click.option("--io-threads", type=Whole(1),
                     help="Readers, and writers. [default: 2; 16 for object storage and the web]"),
        click.option("--engine", type=OneOf(list(ENGINES)), default="processes", show_default=True,
                     help="The outputs are the same bytes; threads and serial keep no --timeout."),
        click.option("--cluster", metavar="ADDRESS",
                     help="Work on a Dask cluster: tcp://host:8786, tls://host:8786, or local:4. Means --engine dask."),
        click.option("--durability", type=OneOf(["rename", "fsync"]), default="rename", show_default=True,
                     help="What finished outputs survive: a kill at any instant, or a power loss too."),
        click.option("--fail-fast", is_flag=True,
                     help="Stop at the first picture that fails; what was begun is finished."),
    ],
    "Limits": [
        click.option("--timeout", type=Seconds(), default=300.0, show_default=True,
                     metavar="SECONDS", help="For one picture."),
        click.option("--retries", type=Whole(0), default=1, show_default=True,
                     help="How often a picture is tried again that killed its worker."),
        click.option("--memory", type=ByteSize(64_000_000), metavar="SIZE",
                     help="For files in flight and pictures being worked on: 2GB. [default: half of what is free]"),
        click.option("--max-pixels", type=Whole(1), default=Limits().max_pixels, show_default=True,
                     help="Refuse larger pictures."),
        click.option("--max-frames", type=Whole(1), default=Limits().max_frames, show_default=True,
                     help="Refuse longer animations."),
    ],
    "What is shown": [
        click.option("--dry-run", "-n", is_flag=True, help="Say what would be done, and do nothing."),
        click.option("--json", "json_path", type=FileToWrite(".jsonl", stdout=True), metavar="FILE",
                     shell_complete=completing.files, help="JSON Lines, one object a picture; - for stdout."),
        click.option("--report", "report_path", type=FileToWrite(".html"), metavar="FILE.html",
                     shell_complete=completing.files, help="A page about the run, with its pictures."),
        click.option("--no-progress", is_flag=True, help="No progress bar, and no lines in a log."),
        click.option("--quiet", "-Q", is_flag=True, help="Say only what failed."),
        click.option("--verbose", "-v", is_flag=True,
                     help="Name all skipped files and warnings; show tracebacks, and where the time went."),
    ],
}  # fmt: skip

with_options = sections.with_options(OPTIONS)
"""Gives a click command all options of `process`."""


class Request(NamedTuple):
    """What one call of `imgpipe process` asks for.

    Attributes:
        recipe: what to do with each picture.
        web_ready: whether that is the default, because nothing was asked for.
        options: how the run is done.
        dry_run: only say what would be done.
        json: where JSON Lines go.
        report: where the page about the run goes.
        progress: whether a bar is wanted.
        quiet: say only what failed.
        verbose: say all.
        fail_fast: stop at the first failure.
    """

    recipe: Recipe
    web_ready: bool
    options: Options = Options()
    dry_run: bool = False
    json: str | None = None
    report: str | None = None
    progress: bool = True
    quiet: bool = False
    verbose: bool = False
    fail_fast: bool = False


def read_request(given: Mapping[str, Any]) -> Request:
    """What the given options amount to.

    Raises:
        UsageError: they contradict each other, or name something unknown.
    """
    recipe = read_recipe(given)
    web_ready = recipe is None
    return Request(
        recipe=recipe or WEB_READY,
        web_ready=web_ready,
        options=_options(given),
        dry_run=given["dry_run"],
        json=given["json_path"],
        report=given["report_path"],
        progress=not (given["no_progress"] or given["quiet"]),
        quiet=given["quiet"],
        verbose=given["verbose"],
        fail_fast=given["fail_fast"],
    )


def _known_by(given: Mapping[str, Any]) -> KnownBy:
    if given["checksum"]:
        return "content"
    return "time" if given["ignore_inode"] else "inode"


def _savings(given: Mapping[str, Any]) -> Savings | None:
    """Where the source is to be copied, an output that is not smaller at all is not worth it."""
    savings: Savings | None = given["min_savings"]
    if not given["copy_skipped"]:
        return savings
    return (savings or Savings())._replace(copy=not given["in_place"])


def _engine(given: Mapping[str, Any]) -> str:
    engine: str = given["engine"]
    if given["cluster"] is None:
        return engine
    if engine not in ("processes", "dask"):
        raise UsageError(f"--cluster is for --engine dask, not {engine}")
    if given["memory"] and not given["cluster"].startswith("local"):
        raise UsageError("--memory is for this machine; a cluster has its own: dask worker --memory-limit SIZE")
    return "dask"


def _shards(given: Mapping[str, Any]) -> ShardSize | None:
    asked = {"count": given["shard_count"], "bytes": given["shard_bytes"]}
    asked = {name: value for name, value in asked.items() if value is not None}
    return ShardSize(**asked) if asked else None


def _options(given: Mapping[str, Any]) -> Options:
    if given["null"] and not given["files_from"]:
        raise UsageError("--null says how the names of --files-from end: give --files-from FILE, or - for stdin")
    listing = Listing(given["recursive"], given["hidden"], given["follow_symlinks"])
    names = read_names(given["files_from"], null=given["null"]) if given["files_from"] else None
    return Options(
        engine=_engine(given),
        workforce=Workforce(
            cores=given["cores"] or usable_cores(),
            io_threads=given["io_threads"] or 2,
            readers=given["io_threads"],
            writers=given["io_threads"],
            timeout=given["timeout"],
            tries=given["retries"] + 1,
            memory=given["memory"] or half_of_free_memory(),
            cluster=given["cluster"],
        ),
        selection=Selection(listing, given["include"], given["exclude"], names=names),
        existing=Existing(given["overwrite"], given["force"], _known_by(given), given["in_place"]),
        naming=Naming(given["suffix"], given["flat"], given["template"]),
        limits=Limits(given["max_pixels"], given["max_frames"]),
        durability=given["durability"],
        savings=_savings(given),
        preserve=given["preserve"],
        prune=given["prune"],
        shards=_shards(given),
    )
