"""The one loop: plan -> engine -> journal -> the caller's `for`."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

from imgpipe.concurrency.launch import leave_if_imported_by_a_worker
from imgpipe.concurrency.room import StartRefused
from imgpipe.concurrency.roster import PoolBroken
from imgpipe.engines import ENGINES
from imgpipe.engines.workforce import usable_cores
from imgpipe.errors import RunError
from imgpipe.flow import Meter
from imgpipe.gate import make_gate
from imgpipe.job import Item, Job
from imgpipe.journal import Making, OpenJournal, open_journal
from imgpipe.options import Options, limits_of, workforce_of
from imgpipe.plan import Plan, Through, make_plan
from imgpipe.publishing import NOT_BEGUN
from imgpipe.recipe import Recipe
from imgpipe.refusals import check_options, check_plan
from imgpipe.steps import Steps, Treatment, make_steps
from imgpipe.storage import open_target
from imgpipe.storage.ranges import check_apart

if TYPE_CHECKING:
    from imgpipe.packing import Packing

T = TypeVar("T")


def prepare(source: str, target: str, recipe: Recipe, options: Options, through: Through = iter) -> Plan:
    """Find all inputs and see that the run can be done; nothing is written yet.

    Args:
        source: a folder, or one file.
        target: a folder, which need not exist.
        recipe: what to do.
        options: how.
        through: the inputs pass through it while they are found, to be shown to a person.

    Raises:
        UsageError: it cannot be done as it was asked for.
    """
    leave_if_imported_by_a_worker()
    check_apart(source, target)
    check_options(recipe, options)
    naming = replace(options.naming, copies=options.savings is not None and options.savings.copy)
    plan = make_plan(source, target, options.selection, recipe, options.existing, naming).counted(through)
    check_plan(plan, options)
    return plan._replace(target=open_target(target, options.durability))


def execute(
    plan: Plan,
    recipe: Recipe,
    options: Options,
    stop: Callable[[], bool] = lambda: False,
    meter: Meter | None = None,
) -> Generator[Item]:
    """Do what was planned.

    Args:
        plan: what to do.
        recipe: how.
        options: by whom.
        stop: asked before each job; once it is true no more jobs are begun, and those begun are finished.
        meter: where it is noted how the time goes.

    Raises:
        RunError: the run cannot go on.
    """
    with open_journal(plan.target, making_of(plan, recipe, options)) as journal:
        plan = plan.look_again()
        steps = replace(_steps(plan, journal, recipe, options, stop), meter=meter or Meter())
        with (
            _packing(plan, journal, options) as packed,
            closing(_until(stop, packed.ordered(plan.jobs(journal)))) as found,
            closing(_done(found, steps, journal, options, plan)) as items,
        ):
            if options.prune and plan.may_prune:
                yield from _until(stop, _pruned(plan, journal))
            for item in items:
                packed.settle(item)
                yield item


def _steps(plan: Plan, journal: OpenJournal, recipe: Recipe, options: Options, stop: Callable[[], bool]) -> Steps:
    target = plan.target
    if options.existing.in_place:
        from imgpipe.inplace import InPlace

        target = InPlace(target, journal)
    settings = recipe.settings(limits_of(options))
    treatment = Treatment(recipe.operations, recipe.plans, settings, options.savings, options.preserve)
    return make_steps(plan.source, target, treatment, stop, make_gate(plan, journal))


def _pruned(plan: Plan, journal: OpenJournal) -> Generator[Item]:
    from imgpipe.prune import gone, prune

    return prune(plan.target, gone(plan.source, plan.target, journal), journal)


def _done(
    found: Iterator[Job | Item], steps: Steps, journal: OpenJournal, options: Options, plan: Plan
) -> Generator[Item]:
    """What became of each input, recorded in the journal."""
    # Nobody is put to work before there is some: most runs find all or almost all up to date.
    for job in found:
        if isinstance(job, Job):
            break
        yield job
    else:
        return
    steps.meter.begin(options.engine, usable_cores())
    workforce = workforce_of(options, plan)
    try:
        with closing(ENGINES[options.engine](chain([job], found), steps, workforce)) as items:  # type: ignore[type-var]
            for done in items:
                steps.meter.add(done)
                item = journal.record(done)
                if item.reason != NOT_BEGUN:
                    yield item
    except (PoolBroken, StartRefused) as error:
        raise RunError(str(error)) from error


def making_of(plan: Plan, recipe: Recipe, options: Options) -> Making:
    """What a run makes: the recipe, and what else decides about outputs."""
    thrift = f"+{options.savings!r}" if options.savings is not None else ""
    # In place, the times of the source are gone with it, and to make a result anew would cost it quality.
    preserved = options.preserve and not options.existing.in_place
    return Making(recipe.digest + thrift, plan.source.identity, preserved)


class _Loose:
    """Outputs that stay what they are: files in a folder."""

    def ordered(self, found: Generator[Job | Item]) -> Generator[Job | Item]:
        """The same."""
        return found

    def settle(self, item: Item) -> None:
        """Nothing more is to be done."""


def _packing(plan: Plan, journal: OpenJournal, options: Options) -> AbstractContextManager[Packing | _Loose]:
    if plan.target.samples:
        from imgpipe.packing import packing
        from imgpipe.storage.shard_folder import ShardFolder

        if isinstance(plan.target, ShardFolder):
            return packing(plan, plan.target, journal, options.shards)
    return nullcontext(_Loose())


def _until(stop: Callable[[], bool], found: Generator[T]) -> Generator[T]:
    """The same, until a stop is asked for."""
    with closing(found):
        while not stop() and (job := next(found, None)) is not None:
            yield job
