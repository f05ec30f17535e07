"""The one loop: plan -> engine -> journal -> the caller's `for`."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

from imgpipe.concurrency.closing import ClosingAnywhere
from imgpipe.concurrency.launch import leave_if_imported_by_a_worker
from imgpipe.concurrency.room import StartRefused
from imgpipe.concurrency.roster import PoolBroken
from imgpipe.engines import ENGINES
from imgpipe.engines.workforce import usable_cores
from imgpipe.errors import PictureError, RunError
from imgpipe.flow import Flow, Meter
from imgpipe.gate import make_gate
from imgpipe.inplace import InPlace
from imgpipe.job import Item, Job, Status
from imgpipe.journal import Making, OpenJournal, open_journal
from imgpipe.options import Options, limits_of, workforce_of
from imgpipe.plan import Plan, Through, make_plan
from imgpipe.prune import gone, prune
from imgpipe.publishing import NOT_BEGUN
from imgpipe.recipe import WEB_READY, Recipe
from imgpipe.refusals import check_options, check_plan
from imgpipe.steps import Treatment, make_steps
from imgpipe.storage import open_target
from imgpipe.storage.ranges import check_apart

if TYPE_CHECKING:
    from imgpipe.packing import Packing

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a run.

    Attributes:
        items: one for each input.
        flow: how the time went; `imgpipe.flow.verdict` says in words what limited it.
    """

    items: tuple[Item, ...]
    flow: Flow = field(default_factory=Flow)

    def count(self, status: Status | str) -> int:
        """How many inputs came to that end."""
        return sum(item.status == status for item in self.items)

    @property
    def errors(self) -> dict[str, str]:
        """The failed inputs, and why."""
        return {item.source.name: item.failure.message for item in self.items if item.failure is not None}

    def __str__(self) -> str:
        counted = [status for status in Status if status is not Status.PRUNED or self.count(status)]
        return ", ".join(f"{self.count(status)} {status.value}" for status in counted)


def process(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    recipe: Recipe = WEB_READY,
    *,
    cores: int | None = None,
    fail_fast: bool = False,
    options: Options | None = None,
) -> Report:
    """Process a folder of pictures, and tell what became of each.

    Args:
        source: folder or file to read.
        target: folder to write, made where it is missing.
        recipe: what to do with each picture; by default a web-ready copy: inside 2048x2048 px, sRGB, quality 82.
        cores: worker processes; by default as many as the cores that this process may use.
        fail_fast: raise at the first picture that fails.
        options: everything else.

    Raises:
        UsageError: there is no such input, two inputs would become one output, or the like.
        RunError: the run cannot go on: disk full, no permission, workers that do not start.
        PictureError: with `fail_fast`, the first failure.

    >>> import tempfile
    >>> from PIL import Image
    >>> pictures, made = tempfile.mkdtemp(), tempfile.mkdtemp()
    >>> Image.new("RGB", (640, 480), "teal").save(f"{pictures}/sea.png")
    >>> report = process(pictures, made, Recipe(["resize:width=320"], format="webp"), cores=1)
    >>> print(report)
    1 written, 0 unchanged, 0 failed, 0 skipped
    """
    meter = Meter()
    options = with_cores(options or Options(), cores)
    plan = prepare(os.fspath(source), os.fspath(target), recipe, options)
    items = tuple(_items(execute(plan, recipe, options, meter=meter), fail_fast))
    return Report(items, meter.flow())


def stream(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    recipe: Recipe = WEB_READY,
    *,
    cores: int | None = None,
    fail_fast: bool = False,
    options: Options | None = None,
) -> Generator[Item]:
    """As `process`, but each item as soon as it is done; closing the iterator stops the run at once.

    >>> import tempfile
    >>> from PIL import Image
    >>> pictures, made = tempfile.mkdtemp(), tempfile.mkdtemp()
    >>> Image.new("RGB", (640, 480), "teal").save(f"{pictures}/sea.png")
    >>> [(item.source.name, item.status.value) for item in stream(pictures, made, cores=1)]
    [('sea.png', 'written')]
    """
    options = with_cores(options or Options(), cores)
    plan = prepare(os.fspath(source), os.fspath(target), recipe, options)
    yield from _items(execute(plan, recipe, options), fail_fast)


def _items(run: Generator[Item], fail_fast: bool) -> Iterator[Item]:
    with ClosingAnywhere(run):
        for item in run:
            yield item
            if fail_fast and item.failure is not None:
                raise PictureError(f"{item.source.name}: {item.failure.message}")


def with_cores(options: Options, cores: int | None) -> Options:
    """The same options with another number of workers, where one is given."""
    if cores is None:
        return options
    return replace(options, workforce=replace(options.workforce, cores=cores))


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
    with (
        open_journal(plan.target, making_of(plan, recipe, options)) as journal,
        nullcontext(plan.look_again()) as seen,
        _packing(seen, journal, options) as packed,
        closing(_until(stop, packed.ordered(seen.jobs(journal)))) as found,
    ):
        if options.prune and seen.may_prune:
            yield from _until(stop, prune(seen.target, gone(seen.source, seen.target, journal), journal))
        # Nobody is put to work before there is some: most runs find all or almost all up to date.
        for job in found:
            if isinstance(job, Job):
                break
            packed.settle(job)
            yield job
        else:
            return
        target = InPlace(seen.target, journal) if options.existing.in_place else seen.target
        settings = recipe.settings(limits_of(options))
        treatment = Treatment(recipe.operations, recipe.plans, settings, options.savings, options.preserve)
        meter = meter or Meter()
        steps = make_steps(seen.source, target, treatment, stop, make_gate(seen, journal))
        steps = replace(steps, meter=meter)
        meter.begin(options.engine, usable_cores())
        try:
            jobs = chain([job], found)
            with closing(ENGINES[options.engine](jobs, steps, workforce_of(options, seen))) as items:  # type: ignore[type-var]
                for done in items:
                    meter.add(done)
                    item = journal.record(done)
                    if item.reason != NOT_BEGUN:
                        packed.settle(item)
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
