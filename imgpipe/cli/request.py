"""The options of `imgpipe process`, and what they amount to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import click

from imgpipe import filters
from imgpipe.cli.size import ByteSize
from imgpipe.codecs.codec import Encoding, Limits
from imgpipe.discovery import Selection
from imgpipe.engines import ENGINES, Workforce
from imgpipe.engines.free_memory import half_of_free_memory
from imgpipe.engines.workforce import usable_cores
from imgpipe.existing import Existing, KnownBy
from imgpipe.filters.operation import Operation
from imgpipe.naming import Naming
from imgpipe.recipe import WEB_READY, Colour, Recipe
from imgpipe.run import Options
from imgpipe.storage import Listing

WEB_READY_NOTICE = (
    "No filter or format was asked for: making web-ready copies "
    "(upright, inside 2048x2048 px, never enlarged, sRGB, same format, quality 82)"
)

_FITS = ["inside", "cover", "contain", "fill", "outside"]
_RESIZE = ("width", "height", "long_edge", "short_edge", "fit", "gravity", "kernel")

_OPTIONS: list[Callable[[Any], Any]] = [
    click.option("--cores", "-j", "--jobs", type=click.IntRange(1), help="Worker processes. [default: all usable]"),
    click.option("--io-threads", type=click.IntRange(1), default=2, show_default=True, help="Readers, and writers."),
    click.option("--engine", type=click.Choice(list(ENGINES)), default="processes", show_default=True),
    click.option("--resize", metavar="GEOMETRY", help="800x600, 800x, x600, 50%, 2MP; with > < ! ^ as in ImageMagick."),
    click.option("--width", type=click.IntRange(1), help="Fit into this width, px."),
    click.option("--height", type=click.IntRange(1), help="Fit into this height, px."),
    click.option("--long-edge", type=click.IntRange(1), help="Make the longer edge this long, px."),
    click.option("--short-edge", type=click.IntRange(1), help="Make the shorter edge this long, px."),
    click.option("--fit", type=click.Choice(_FITS), help="How the picture goes into the box. [default: inside]"),
    click.option("--gravity", help="What `cover` and `contain` keep: center, north, southeast..."),
    click.option("--kernel", help="lanczos3, mitchell, catmull-rom, bilinear, gaussian, box, nearest."),
    click.option("--no-upscale", is_flag=True, help="Never make a picture larger."),
    click.option("--filter", "-F", "steps", multiple=True, metavar="NAME:KEY=VALUE,...", help="Repeatable, in order."),
    click.option("--format", "-f", metavar="FORMAT", help="Of the outputs. [default: that of each input]"),
    click.option("--quality", "-q", type=click.IntRange(1, 100), help="[default: 82 for JPEG, 80 for WebP]"),
    click.option("--lossless", is_flag=True, help="Every pixel exactly, where the format can."),
    click.option("--progressive/--baseline", default=False, help="Order of JPEG data. [default: baseline]"),
    click.option("--subsampling", type=click.Choice(["4:4:4", "4:2:2", "4:2:0"]), help="Chroma subsampling of JPEG."),
    click.option("--effort", type=click.IntRange(0, 9), help="0 is fast, 9 is small."),
    click.option("--no-auto-orient", is_flag=True, help="Leave the pixels as stored, whatever EXIF says."),
    click.option("--no-srgb", is_flag=True, help="Keep the colour space and its ICC profile."),
    click.option("--recursive/--no-recursive", "-r", default=True, help="Also folders below. [default: recursive]"),
    click.option("--include", multiple=True, metavar="GLOB", help="Only matching files; repeatable."),
    click.option("--exclude", multiple=True, metavar="GLOB", help="No matching files; repeatable."),
    click.option("--follow-symlinks", is_flag=True, help="Enter linked folders."),
    click.option("--hidden", is_flag=True, help="Also names that begin with a dot."),
    click.option("--suffix", default="", metavar="TEXT", help="Between name and extension: --suffix=-small"),
    click.option("--flat", is_flag=True, help="All outputs in one folder, not in the tree of the input."),
    click.option("--force", is_flag=True, help="Make all again, also what is up to date."),
    click.option("--overwrite", type=click.Choice(["ours", "always", "never"]), default="ours", show_default=True,
                 help="ours: only what imgpipe made; always: anything; never: nothing."),
    click.option("--in-place", is_flag=True, help="INPUT is OUTPUT: replace each picture by what is made of it."),
    click.option("--prune", is_flag=True, help="Remove outputs that imgpipe made and whose input is gone."),
    click.option("--checksum", is_flag=True, help="Know sources by their content, not by size, time and inode."),
    click.option("--ignore-inode", is_flag=True, help="Know sources by size and time: for copied or network folders."),
    click.option("--durability", type=click.Choice(["rename", "fsync"]), default="rename", show_default=True,
                 help="What finished outputs survive: a kill at any instant, or a power loss too."),
    click.option("--timeout", type=click.FloatRange(0, min_open=True), default=300.0, show_default=True,
                 metavar="SECONDS", help="For one picture."),
    click.option("--retries", type=click.IntRange(0), default=1, show_default=True,
                 help="How often a picture is tried again that killed its worker."),
    click.option("--memory", type=ByteSize(64_000_000), metavar="SIZE",
                 help="For files in flight and pictures being worked on: 2GB. [default: half of what is free]"),
    click.option("--max-pixels", type=click.IntRange(1), default=Limits().max_pixels, show_default=True,
                 help="Refuse larger pictures."),
    click.option("--max-frames", type=click.IntRange(1), default=Limits().max_frames, show_default=True,
                 help="Refuse longer animations."),
    click.option("--fail-fast", is_flag=True, help="Stop at the first picture that fails."),
    click.option("--dry-run", "-n", is_flag=True, help="Say what would be done, and do nothing."),
    click.option("--json", "json_path", metavar="FILE", help="JSON Lines, one object a picture; - for stdout."),
    click.option("--no-progress", is_flag=True, help="No progress bar."),
    click.option("--quiet", "-Q", is_flag=True, help="Say only what failed."),
    click.option("--verbose", "-v", is_flag=True, help="Name all skipped files and warnings; show tracebacks."),
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Request:
    """What one call of `imgpipe process` asks for.

    Attributes:
        recipe: what to do with each picture.
        web_ready: whether that is the default, because nothing was asked for.
        options: how the run is done.
        dry_run: only say what would be done.
        json: where JSON Lines go.
        progress: whether a bar is wanted.
        quiet: say only what failed.
        verbose: say all.
        fail_fast: stop at the first failure.
    """

    recipe: Recipe
    web_ready: bool
    options: Options = field(default_factory=Options)
    dry_run: bool = False
    json: str | None = None
    progress: bool = True
    quiet: bool = False
    verbose: bool = False
    fail_fast: bool = False


def with_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a click command all options of `process`."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def read_request(given: Mapping[str, Any]) -> Request:
    """What the given options amount to.

    Raises:
        UsageError: they contradict each other, or name something unknown.
    """
    recipe = _recipe(given)
    web_ready = recipe is None
    return Request(
        recipe=recipe or WEB_READY,
        web_ready=web_ready,
        options=_options(given),
        dry_run=given["dry_run"],
        json=given["json_path"],
        progress=not (given["no_progress"] or given["quiet"]),
        quiet=given["quiet"],
        verbose=given["verbose"],
        fail_fast=given["fail_fast"],
    )


def _recipe(given: Mapping[str, Any]) -> Recipe | None:
    steps: list[str | Operation] = [*_resize(given), *given["steps"]]
    encoding = Encoding(
        quality=given["quality"],
        lossless=given["lossless"],
        progressive=given["progressive"],
        subsampling=given["subsampling"],
        effort=given["effort"],
    )
    colour = Colour(auto_orient=not given["no_auto_orient"], srgb=not given["no_srgb"])
    if not steps and given["format"] is None and encoding == Encoding() and colour == Colour():
        return None
    return Recipe(steps, given["format"], encoding=encoding, colour=colour)


def _resize(given: Mapping[str, Any]) -> list[Operation]:
    """The resize that the options describe, before all other filters; none where they describe none."""
    asked = {name: given[name] for name in _RESIZE if given[name] is not None}
    if given["resize"] is not None:
        asked["size"] = given["resize"]
    if given["no_upscale"]:
        asked["upscale"] = False
    return [filters.find("resize").operation(asked)] if asked else []


def _known_by(given: Mapping[str, Any]) -> KnownBy:
    if given["checksum"]:
        return "content"
    return "time" if given["ignore_inode"] else "inode"


def _options(given: Mapping[str, Any]) -> Options:
    listing = Listing(given["recursive"], given["hidden"], given["follow_symlinks"])
    return Options(
        engine=given["engine"],
        workforce=Workforce(
            cores=given["cores"] or usable_cores(),
            io_threads=given["io_threads"],
            timeout=given["timeout"],
            tries=given["retries"] + 1,
            memory=given["memory"] or half_of_free_memory(),
        ),
        selection=Selection(listing, given["include"], given["exclude"]),
        existing=Existing(given["overwrite"], given["force"], _known_by(given), given["in_place"]),
        naming=Naming(given["suffix"], given["flat"]),
        limits=Limits(given["max_pixels"], given["max_frames"]),
        durability=given["durability"],
        prune=given["prune"],
    )
