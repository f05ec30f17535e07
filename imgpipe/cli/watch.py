"""`imgpipe watch INPUT OUTPUT`."""

from __future__ import annotations

import gc
import io
from dataclasses import dataclass, field, replace
from typing import Any, TextIO

import click

from imgpipe import cli
from imgpipe.cli import request as options
from imgpipe.cli.completing import files
from imgpipe.cli.json_file import json_file
from imgpipe.cli.notices import WEB_READY_NOTICE
from imgpipe.cli.process import counting, run_plan, say, stopping_notice
from imgpipe.cli.request import Request, read_request
from imgpipe.cli.sections import Sectioned, with_options
from imgpipe.cli.values import Seconds
from imgpipe.concurrency.signals import StopRequest, stop_signals
from imgpipe.errors import CollisionError, UsageError
from imgpipe.naming import printable
from imgpipe.plan import Plan
from imgpipe.report.jsonl import write_line
from imgpipe.run import prepare
from imgpipe.storage.ranges import may_be_shards
from imgpipe.watching import Batch, Patience, Watch

_WATCHING = {
    "Watching": [
        click.option("--settle", type=Seconds(), default=1.0, show_default=True, metavar="SECONDS",
                     help="How long size and time of a file must stay as they are until it is taken for whole."),
        click.option("--poll", type=Seconds(), metavar="SECONDS",
                     help="Look so often, where the system does not tell of changes: network folders."),
    ]
}  # fmt: skip

_OF_ONE_RUN = {"dry_run": False, "files_from": None, "null": False, "shard_count": None, "shard_bytes": None}
"""Options of `process` that say nothing here, as they are where nobody gives them."""

_REFUSED = {"-n", "-0", *(f"--{name.replace('_', '-')}" for name in _OF_ONE_RUN)}


class _Watch(Sectioned):
    """A command that says of options of `process` why it has them not."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            if error.option_name not in _REFUSED:
                raise
            raise UsageError(f"{error.option_name} is for imgpipe process; imgpipe watch has no use for it") from None


@click.command("watch", cls=_Watch, no_args_is_help=True)
@click.argument("source", metavar="INPUT", shell_complete=files)
@click.argument("target", metavar="OUTPUT", shell_complete=files)
@with_options(_WATCHING)
@with_options(options.OPTIONS, without=_OF_ONE_RUN)
def command(source: str, target: str, **given: Any) -> int:
    """Process a folder of pictures, and then what arrives in it, until Ctrl-C.

    It begins as `process` does, and keeps to the same promises. Then each picture that is new or changed is
    processed once it is whole. A picture that fails since it was not is tried again when it has changed.
    """
    # As `process` does.
    gc.freeze()
    gc.enable()
    request = read_request(given | _OF_ONE_RUN)
    if "://" in source:
        raise UsageError("imgpipe watch watches a local folder; let a timer start imgpipe process for a bucket")
    if may_be_shards(source) or may_be_shards(target):
        raise UsageError("imgpipe watch is for folders; let a timer start imgpipe process for shards")
    with stop_signals(stopping_notice()) as stop:
        try:
            through = counting(request, stop)
            plan = prepare(source, target, request.recipe, request.options, through)
            if any(output.template.numbered for output in plan.outputs):
                raise UsageError(
                    "{index} is the number of an input in one run, and each batch of imgpipe watch would begin at 1 "
                    "again; tell outputs apart by {stem}, {dir} or {hash}"
                )
            patience = Patience(given["settle"], given["poll"], request.options.prune)
            # From now on, so that nothing is missed that comes during the first run.
            watch = Watch(plan.source, plan.selection, patience, lambda: bool(stop))
            # What came into an empty folder before that look is not new to the watch.
            plan = plan if plan.total else plan.counted(through)
            if request.web_ready:
                say(request, WEB_READY_NOTICE)
            with json_file(request.json) as lines:
                return _keep_going(plan, watch, _Caller(request, target, stop, _Lines(lines) if lines else None))
        except KeyboardInterrupt:
            return stop.exit_status


class _Lines(io.StringIO):
    """Lines for a program, which know whether it still reads them."""

    def __init__(self, file: TextIO) -> None:
        super().__init__()
        self._file = file
        self.are_read = True

    def write(self, text: str) -> int:
        """As the file does, at once."""
        try:
            count = self._file.write(text)
            self._file.flush()
        except BrokenPipeError:
            self.are_read = False
            raise
        return count


@dataclass(frozen=True, slots=True)
class _Caller:
    """For whom the work is done, and what they were told of a batch that had to wait."""

    request: Request
    target: str
    stop: StopRequest
    lines: _Lines | None
    told: set[str] = field(default_factory=set)

    def run(self, plan: Plan) -> int:
        """What `run_plan` does; BrokenPipeError where that has ended before all was done, as nobody reads the JSON."""
        status = run_plan(plan, self.request, self.stop, self.lines)
        if self.lines is not None and not self.lines.are_read and not self.stop:
            raise BrokenPipeError
        return status


def _keep_going(plan: Plan, watch: Watch, caller: _Caller) -> int:
    status = caller.run(plan) if plan.total else cli.OK
    if not caller.stop and not _ends(status, caller):
        if caller.lines is not None:
            write_line(caller.lines, {"type": "watching"})
        say(caller.request, f"watching {printable(plan.source.root)}; Ctrl-C ends it")
        for batch in watch:
            status = _batch(batch, plan, watch, caller)
            if _ends(status, caller):
                break
    return caller.stop.exit_status if caller.stop else status


def _ends(status: int, caller: _Caller) -> bool:
    """Whether nothing more can be done, or is to be done."""
    return status == cli.CANNOT_GO_ON or (caller.request.fail_fast and status == cli.SOME_FAILED)


def _batch(batch: Batch, first: Plan, watch: Watch, caller: _Caller) -> int:
    """Run what has come; where two of them would become one output, one after the other, so that the first is kept."""
    request, selection = caller.request, first.selection._replace(names=batch.names, listed=True, stayed=batch.stayed)
    try:
        chosen = replace(request.options, selection=selection)
        plan = prepare(first.source.root, caller.target, request.recipe, chosen)
        status = caller.run(plan) if plan.total or batch.stayed else cli.OK
    except CollisionError as error:
        rounds = [Batch(names) for names in _rounds(batch.names, error)]
        if len(rounds) > 1:
            rounds[0] = rounds[0]._replace(stayed=batch.stayed)
            return max((_batch(each, first, watch, caller) for each in rounds if not caller.stop), default=cli.OK)
        click.echo(f"imgpipe: {printable(str(error))}", err=True)
        return cli.SOME_FAILED
    except UsageError as error:
        # Another run holds the output folder.
        watch.again(batch)
        if str(error) not in caller.told:
            click.echo(f"imgpipe: {printable(str(error))}; trying again", err=True)
        caller.told.add(str(error))
        return cli.OK
    caller.told.clear()
    return status


def _rounds(names: tuple[str, ...], error: CollisionError) -> list[tuple[str, ...]]:
    """The same, so that the inputs which clash are not in one."""
    first = tuple(name for name in names if name not in error.later)
    later = tuple(name for name in names if name in error.later)
    # One whose own outputs clash is alone at last.
    return [first, later] if first and later else [(name,) for name in names]
