"""`imgpipe bench INPUT`."""

from __future__ import annotations

import json
import os
import shutil
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import click

from imgpipe import bench, cli
from imgpipe.bench import Measured, Trial, Way
from imgpipe.cli.completing import files
from imgpipe.cli.json_file import FileToWrite, json_file
from imgpipe.cli.sections import Sectioned, Sections, with_options
from imgpipe.cli.treatment import TREATMENT, read_recipe
from imgpipe.cli.values import Whole
from imgpipe.concurrency.signals import StopRequest, stop_signals
from imgpipe.engines.workforce import usable_cores
from imgpipe.errors import PictureError, UsageError
from imgpipe.flow import Meter, verdict
from imgpipe.naming import printable
from imgpipe.recipe import WEB_READY
from imgpipe.report.plot import Bar, bar_lines, svg
from imgpipe.report.progress import progress
from imgpipe.report.summary import human_bytes
from imgpipe.report.tally import Tally
from imgpipe.storage import open_storage

_OPTIONS: Sections = {
    **TREATMENT,
    "Measuring": [
        click.option("--sample", type=Whole(1), metavar="N",
                     help="Pictures, evenly over the folder. [default: as many as take some seconds]"),
        click.option("--cores", "-j", "--jobs", type=Whole(1), help="Up to so many workers. [default: all usable]"),
        click.option("--io-threads", type=Whole(1), help="Readers, and writers. [default: as many as are of use]"),
        click.option("--work", metavar="DIR", help="Outputs go to a temporary folder here, and are removed."),
    ],
    "What is shown": [
        click.option("--plot", metavar="FILE.svg", help="Write the bars as an SVG picture."),
        click.option("--json", "json_path", type=FileToWrite(".json", stdout=True), metavar="FILE",
                     help="Write the figures as JSON; - for stdout."),
        click.option("--no-progress", is_flag=True, help="No progress bar."),
    ],
}  # fmt: skip

_WORTH_A_WORD = 0.05
_TOO_SHORT = 1.5
_PLOT_COLUMNS = 100


@click.command("bench", cls=Sectioned, no_args_is_help=True)
@click.argument("source", metavar="INPUT", shell_complete=files)
@with_options(_OPTIONS)
def command(source: str, **given: Any) -> int:
    """Say which engine your pictures need, by trying all of them on some.

    A sample of INPUT is processed one after the other, with threads and with processes, from files that are in memory
    already. Outputs are removed. Then it says whether reading, writing or the processor limits, and what to set.
    """
    if given["plot"] is not None and not given["plot"].lower().endswith(".svg"):
        raise UsageError(f"{given['plot']}: the plot is an SVG picture; call it something.svg")
    with stop_signals("") as stop:
        trial = _sampled(source, given, stop)
        tried = [] if stop else _tried(trial, given, stop)
    if stop:
        click.echo("stopped; nothing was left", err=True)
        return stop.exit_status
    if not any(one.written for one in tried):
        raise PictureError(f"none of these {len(trial.names)} pictures could be processed; see imgpipe process")
    _tell(trial, tried, given)
    return cli.OK


def _sampled(source: str, given: Mapping[str, Any], stop: StopRequest) -> Trial:
    trial = Trial(source, (), read_recipe(given) or WEB_READY, given["work"], given["io_threads"] or 2)
    names = bench.pictures_of(source)
    trial = bench.sample(trial, names, given["sample"], lambda: bool(stop))
    bytes_in = bench.warm(open_storage(source), trial.names)
    what = f"{len(trial.names)} of {len(names)} pictures of {printable(source)}, {human_bytes(bytes_in)}"
    click.echo(what, err=given["json_path"] == "-")
    if hasattr(os, "getloadavg") and os.getloadavg()[0] > usable_cores() / 2:
        click.echo("This machine is busy with other work, so the figures say less than they could", err=True)
    return trial


def _tried(trial: Trial, given: Mapping[str, Any], stop: StopRequest) -> list[Measured]:
    """The fastest try of each way; the first, one after the other, tells how many readers the others need."""
    cores = given["cores"] or usable_cores()
    tries: dict[Way, list[Measured]] = {way: [] for way in bench.ways(cores)}
    tally = Tally(trial.rounds * len(tries) * len(trial.names))
    with progress(tally, sys.stderr, wanted=not given["no_progress"]) as bar:
        for way in trial.rounds * list(tries):
            meter, items = Meter(), []
            for item in bench.measure(trial, way, lambda: bool(stop), meter):
                items.append(item)
                tally.add(item)
                if bar is not None:
                    bar.update()
            if stop:
                return []
            tries[way].append(bench.measured(way, items, meter))
            if way.engine == "serial" and given["io_threads"] is None:
                trial = replace(trial, io_threads=bench.io_threads_for(tries[way][0].flow, cores))
    return [max(of_one, key=lambda one: one.rate) for of_one in tries.values()]


def _tell(trial: Trial, tried: Sequence[Measured], given: Mapping[str, Any]) -> None:
    serial, best = tried[0], bench.best(tried)
    to_stderr = given["json_path"] == "-"
    bars = [_bar(one, serial, best) for one in tried]
    width = shutil.get_terminal_size().columns
    for bar, line in zip(bars, bar_lines(bars, width, ascii_only=not _has_blocks()), strict=True):
        click.echo(_lit(line) if bar.best else line, err=to_stderr)
    words = list(_words(trial, tried, best, given))
    for line in words:
        click.echo(textwrap.fill(line, width, break_on_hyphens=False), err=to_stderr)
    if given["plot"] is not None:
        lines = [part for line in words for part in textwrap.wrap(line, _PLOT_COLUMNS, break_on_hyphens=False)]
        _write(given["plot"], svg(f"{len(trial.names)} pictures: how many a second", bars, lines))
    with json_file(given["json_path"]) as file:
        if file is not None:
            file.write(json.dumps(_figures(trial, tried, words), indent=1) + "\n")


def _bar(one: Measured, serial: Measured, best: Measured) -> Bar:
    ratio = f"  {one.rate / serial.rate:.2f} x" if serial.rate else ""
    return Bar(str(one.way), one.rate, f"{one.rate:.3g}/s{ratio}", best=one is best)


def _words(trial: Trial, tried: Sequence[Measured], best: Measured, given: Mapping[str, Any]) -> Iterator[str]:
    serial = tried[0]
    limit = verdict(serial.flow)
    each = 1000 / serial.rate if serial.rate else 0.0
    yield f"One picture takes {each:.3g} ms one after the other. {limit.sentence}"
    starting = max(one.starting for one in tried)
    if starting >= _WORTH_A_WORD:
        yield f"Worker processes take {starting:.1f} s to start, which is not in these figures"
    if serial.flow.seconds < _TOO_SHORT:
        yield f"These pictures take {serial.flow.seconds:.1f} s only, which is little to judge by: try more of them"
    if failed := max(one.failed for one in tried):
        yield f"{failed} of {len(trial.names)} failed and count for nothing; imgpipe process says why"
    io_threads = given["io_threads"] or bench.io_threads_for(serial.flow, best.way.cores)
    settings = "--engine serial"
    if best.way.engine != "serial":
        settings = f"--engine {best.way.engine} --cores {best.way.cores} --io-threads {io_threads}"
    yield f"For your pictures: {settings}"


def _figures(trial: Trial, tried: Sequence[Measured], words: Sequence[str]) -> dict[str, Any]:
    serial = tried[0]
    limit = verdict(serial.flow)
    return {
        "pictures": len(trial.names),
        "bottleneck": {"kind": limit.kind, "share": round(limit.share, 3)},
        "words": list(words),
        "ways": [
            {
                "engine": one.way.engine,
                "cores": one.way.cores,
                "written": one.written,
                "failed": one.failed,
                "seconds": round(one.flow.seconds, 3),
                "starting": round(one.starting, 3),
                "images_a_second": round(one.rate, 3),
                "ratio": round(one.rate / serial.rate, 3) if serial.rate else None,
                "stages": {stage.name: round(stage.worked, 6) for stage in one.flow.stages},
            }
            for one in tried
        ],
    }


def _has_blocks() -> bool:
    """Whether the output's encoding has the characters that bars are made of."""
    try:
        "█▏▎▍▌▋▊▉".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _lit(line: str) -> str:
    """The line of the best way, in green where colours are wanted; click takes them out where there is no terminal."""
    return line if os.environ.get("NO_COLOR") else click.style(line, fg="green")


def _write(path: str, text: str) -> None:
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from error
