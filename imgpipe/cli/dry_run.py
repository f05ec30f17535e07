"""`imgpipe process --dry-run`: what a run would do, for people and, by `--json`, for programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, NamedTuple, TextIO

import click

from imgpipe import cli
from imgpipe.cli.request import Request
from imgpipe.concurrency.signals import StopRequest
from imgpipe.job import Item, Job, Status
from imgpipe.journal import peek
from imgpipe.journal.records import Record
from imgpipe.naming import printable
from imgpipe.plan import Plan
from imgpipe.prune import WithoutPruned, gone
from imgpipe.report.jsonl import item_line, plan_line, planned_line, write_line
from imgpipe.report.summary import inputs
from imgpipe.run import making_of


class _Told(NamedTuple):
    """What is said of one input, to a person and to a program."""

    words: tuple[str, ...]
    line: dict[str, Any]
    is_to_be_written: bool = False


def show_plan(plan: Plan, request: Request, stop: StopRequest, lines: TextIO | None) -> int:
    """Say what would become of each input, and return the exit status; nothing is written but `lines`."""
    journal = peek(plan.target.root, making_of(plan, request.recipe, request.options))
    to_be_written = 0
    pruned: Iterator[_Told] = iter(())
    if request.options.prune and plan.may_prune:
        after = WithoutPruned(plan.target)
        pruned = _pruned(gone(plan.source, plan.target, journal), after)
        plan = plan._replace(target=after)
    for told in chain(pruned, map(_told, plan.jobs(journal))):
        if stop:
            return stop.exit_status
        to_be_written += told.is_to_be_written
        for words in told.words:
            _say(request, words)
        if lines is not None:
            write_line(lines, told.line)
    _say(request, f"{inputs(plan.total or 0)}, {to_be_written} to be written; nothing was done (--dry-run)")
    if lines is not None:
        write_line(lines, plan_line(plan.total, to_be_written))
    return cli.OK


def _pruned(records: Iterable[Record], after: WithoutPruned) -> Iterator[_Told]:
    for record in records:
        after.leave_out(record)
        if record.outputs:
            name = printable(record.source.name)
            words = tuple(f"pruned: {printable(output.name)}: {name} is gone" for output in record.outputs)
            yield _Told(words, item_line(Item(record.source, Status.PRUNED, record.outputs)))


def _told(job: Job | Item) -> _Told:
    if isinstance(job, Job):
        names = tuple(dict.fromkeys(output.name for output in job.targets))
        words = f"{printable(job.source.name)} -> {', '.join(map(printable, names))}"
        return _Told((words,), planned_line(job.source, names), is_to_be_written=True)
    why = job.reason or (job.failure.message if job.failure else "is up to date")
    return _Told((f"{job.status.value}: {printable(job.source.name)}: {why}",), item_line(job))


def _say(request: Request, line: str) -> None:
    """Also with `--quiet`, since to be told is what was asked for; on stderr where stdout carries JSON."""
    if request.json != "-":
        click.echo(line)
    elif not request.quiet:
        click.echo(line, err=True)
