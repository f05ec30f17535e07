"""`imgpipe process INPUT OUTPUT`."""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Any, TextIO, TypeVar

import click

from imgpipe import __version__, cli
from imgpipe.cli.completing import files
from imgpipe.cli.json_file import json_file
from imgpipe.cli.listeners import End, Listeners, complained
from imgpipe.cli.notices import notices
from imgpipe.cli.request import Request, read_request, with_options
from imgpipe.cli.sections import Sectioned
from imgpipe.cli.treatment import unheeded
from imgpipe.concurrency.signals import StopRequest, stop_signals
from imgpipe.engines.processes import workers_ahead
from imgpipe.errors import RecipeError, RunError, UsageError
from imgpipe.flow import Meter
from imgpipe.job import Status
from imgpipe.journal.folder import folder_of
from imgpipe.naming import printable
from imgpipe.options import Options
from imgpipe.plan import Plan, Through
from imgpipe.report.jsonl import flow_line, summary_line, write_line
from imgpipe.report.progress import CLEAR_LINE, announced, can_draw, counted, progress
from imgpipe.report.record import Record
from imgpipe.report.summary import failures, summary
from imgpipe.report.tally import Tally
from imgpipe.run import execute, prepare
from imgpipe.storage.location import shown
from imgpipe.storage.ranges import may_be_shards

T = TypeVar("T")

_STOPPING = "finishing what was begun; Ctrl-C again leaves at once\n"


def counting(request: Request, stop: StopRequest) -> Through:
    """Shows how many inputs were found so far, where that takes long and a person looks; a stop ends it at once."""
    show = partial(counted, file=sys.stderr) if request.progress and can_draw(sys.stderr) else iter

    def through(found: Iterator[T]) -> Iterator[T]:
        for each in show(found):
            if stop:
                raise KeyboardInterrupt
            yield each

    return through


def stopping_notice() -> str:
    """What a terminal says to the first Ctrl-C, in the place of the bar; empty where there is no terminal."""
    if not sys.stderr.isatty():
        return ""
    return (CLEAR_LINE if can_draw(sys.stderr) else "\n") + _STOPPING


@click.command("process", cls=Sectioned, no_args_is_help=True)
@click.argument("source", metavar="INPUT", shell_complete=files)
@click.argument("target", metavar="OUTPUT", shell_complete=files)
@with_options
def command(source: str, target: str, **given: Any) -> int:
    """Process a folder of pictures (or one file) into another folder.

    The tree below INPUT is kept. Each output is whole or not there. What is up to date is left alone, so
    the same command goes on where it was stopped. Ctrl-C finishes what was begun; a second one leaves at once.

    Where no option says what to do with pictures, web-ready copies are made: upright, inside 2048x2048 px, never
    enlarged, sRGB, same format, quality 82. Each option of the first four sections below says so.
    """
    # Nothing that was loaded is garbage, and looking through it once more would take as long as a picture.
    gc.freeze()
    gc.enable()
    request = read_request(given)
    if request.report is not None:
        _check_report(request.report, target, request)
    with stop_signals(stopping_notice()) as stop:
        try:
            with hiring(request, source, target) as options:
                named = given | {"source": shown(source), "target": shown(target)}
                return _planned_and_run(source, target, request._replace(options=options), stop, named)
        except KeyboardInterrupt:
            return stop.exit_status


def _planned_and_run(source: str, target: str, request: Request, stop: StopRequest, named: Mapping[str, Any]) -> int:
    plan = prepare(source, target, request.recipe, request.options, counting(request, stop))
    with json_file(request.json) as lines:
        for notice in chain(unheeded(request.recipe), notices(plan, named, web_ready=request.web_ready)):
            say(request, notice)
        if request.dry_run:
            from imgpipe.cli.dry_run import show_plan

            return show_plan(plan, request, stop, lines)
        return run_plan(plan, request, stop, lines)


@contextmanager
def hiring(request: Request, source: str, target: str) -> Iterator[Options]:
    """The options, with workers that are being started where they are sure to be needed: by a first run."""
    options = request.options
    if options.engine != "processes" or request.dry_run or not _is_first_run_into(target):
        yield options
    else:
        with workers_ahead(options.workforce, 1 if os.path.isfile(source) else options.workforce.cores) as workforce:
            yield replace(options, workforce=workforce)


def _is_first_run_into(target: str) -> bool:
    """Whether a look at a folder tells so; none tells of shards, and a bucket would have to be asked."""
    return not ("://" in target or may_be_shards(target) or os.path.lexists(folder_of(target)))


def run_plan(plan: Plan, request: Request, stop: StopRequest, lines: TextIO | None) -> int:
    """Do what was planned, tell of it, and return the exit status."""
    tally, record = Tally(plan.total, request.verbose), Record(plan.target, _about(plan, request))
    meter = Meter()
    told = Listeners(tally, record, lines)
    end = _loop(plan, request, stop, told, meter)
    tally.interrupted = bool(stop) or end.hurried or end.status != cli.OK
    tally.ended = not tally.interrupted
    record.finish(flow_line(meter.flow()), summary_line(tally) | {"error": end.error}, broken=end.error)
    if told.lines is not None:
        end = _sum_up(told.lines, tally, end)
    if tally.done or end.status != cli.CANNOT_GO_ON:
        _tell(tally, request)
    if record.failed and request.report is None and not (end.error or end.hurried):
        click.echo(f"imgpipe: `imgpipe report` cannot tell of this run: {printable(record.failed)}", err=True)
    if request.verbose:
        from imgpipe.report.stages import time_of_stages

        for line in time_of_stages(meter.flow()):
            say(request, line)
    if end.hurried:
        return stop.exit_status
    status = _report(plan, request, record) or end.status
    if stop:
        return stop.exit_status
    return status or (cli.SOME_FAILED if tally.counts[Status.FAILED] or tally.gone else cli.OK)


def _loop(plan: Plan, request: Request, stop: StopRequest, told: Listeners, meter: Meter) -> End:
    def stopping() -> bool:
        return bool(stop) or told.end.status != cli.OK

    try:
        with (
            progress(told.tally, sys.stderr, wanted=request.progress) as bar,
            closing(execute(plan, request.recipe, request.options, stopping, meter)) as items,
        ):
            # To the end, also where it is to stop: what is in flight is published, and would be told of as not begun.
            for item in items:
                told.add(item)
                if request.fail_fast and item.failure is not None and not stopping():
                    told.end = End(cli.SOME_FAILED)
                if bar is not None and item.status is not Status.PRUNED:
                    bar.update()
    except KeyboardInterrupt:
        return End(hurried=True)
    except RunError as cause:
        return End(cli.CANNOT_GO_ON, complained(cause))
    return told.end


def _sum_up(lines: TextIO, tally: Tally, end: End) -> End:
    """Write the sums for programs; how the run ended then."""
    try:
        write_line(lines, summary_line(tally))
    except RunError as cause:
        if end.status == cli.CANNOT_GO_ON:
            return end
        return end._replace(status=cli.CANNOT_GO_ON, error=complained(cause))
    return end


def _about(plan: Plan, request: Request) -> dict[str, Any]:
    """What the record says of the run before it tells of items."""
    from imgpipe.recipe.writing import write

    options = request.options
    try:
        recipe = write(request.recipe)
    except RecipeError as error:
        recipe = f"# {error}\n"
    return {
        "version": __version__,
        "began": time.time(),
        "input": plan.source.root,
        "in_place": options.existing.in_place,
        "total": plan.total,
        "engine": options.engine,
        "cores": options.workforce.cores,
        "recipe": recipe,
    }


def _check_report(file: str, target: str, request: Request) -> None:
    from imgpipe.report.page import check_place

    if request.dry_run:
        raise UsageError("--report tells of a run, and --dry-run makes none: leave one of them out")
    check_place(file, target)


def _report(plan: Plan, request: Request, record: Record) -> int:
    """Write the page that was asked for; the exit status where that is impossible."""
    if request.report is None:
        return cli.OK
    from imgpipe.report.page import write_page
    from imgpipe.storage.shard_folder import ShardFolder

    try:
        if record.failed:
            raise RunError(f"no report was made: {record.failed}")
        location = plan.target.location if isinstance(plan.target, ShardFolder) else plan.target.root
        with announced("making the report...", sys.stderr, wanted=request.progress):
            write_page(location, request.report, request.options.workforce.cores)
    except KeyboardInterrupt:
        return cli.OK
    except RunError as error:
        click.echo(f"imgpipe: {printable(str(error))}", err=True)
        return cli.CANNOT_GO_ON
    say(request, f"report: {printable(request.report)}")
    return cli.OK


def say(request: Request, line: str) -> None:
    """Print for the person: on stderr where stdout carries JSON, and nothing with `--quiet`."""
    if not request.quiet:
        click.echo(line, err=request.json == "-")


def _tell(tally: Tally, request: Request) -> None:
    """Say what became of the inputs; with `--quiet` only what failed, on stderr."""
    for line in summary(tally):
        say(request, line)
    if request.quiet:
        for line in failures(tally):
            click.echo(line, err=True)
