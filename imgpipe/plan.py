"""From sources to jobs: what is to be made of each input, and what needs no work."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from imgpipe.discovery import Selection, find
from imgpipe.errors import OutputError, UsageError
from imgpipe.job import Item, Job, Status
from imgpipe.journal import Journal
from imgpipe.naming import Naming, count_inputs, printable, target
from imgpipe.storage import Storage, open_storage

_GROUP = 32
_GROUP_SECONDS = 0.02

Overwrite: TypeAlias = Literal["ours", "always", "never"]


@dataclass(frozen=True, slots=True)
class Existing:
    """What is done where an output stands already.

    Attributes:
        overwrite: ``"ours"``: what imgpipe made is replaced where it is out of date, anything else is left;
            ``"always"``: anything is replaced; ``"never"``: nothing is.
        force: make all again, also what is up to date.
    """

    overwrite: Overwrite = "ours"
    force: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """The work of one run; `jobs` may be asked for as often as one likes.

    Attributes:
        source: the storage to read.
        target: the storage to write.
        selection: which files of the source are inputs.
        format: of the outputs, None for that of each source.
        existing: what is done where an output stands already.
        naming: how outputs are called.
        total: how many inputs there are.
    """

    source: Storage
    target: Storage
    selection: Selection
    format: str | None
    existing: Existing = field(default_factory=Existing)
    naming: Naming = field(default_factory=Naming)
    total: int = 0

    def jobs(self, journal: Journal | None = None) -> Generator[Job | Item]:
        """Jobs, and items where nothing is to be done, in the order in which inputs are found.

        Args:
            journal: knows what is up to date; jobs are noted there as begun when they are taken.
        """
        found = self._found()
        if journal is None:
            yield from found
        else:
            yield from _noted((self._decide(job, journal) for job in found), journal)

    def _found(self) -> Iterator[Job | Item]:
        for found in find(self.source, self.selection):
            yield found if isinstance(found, Item) else Job(found, (target(found, self.format, self.naming),))

    def _decide(self, job: Job | Item, journal: Journal) -> Job | Item:
        if isinstance(job, Item):
            return job
        try:
            settled = self._settle(job, journal)
        except OSError as error:
            where = f"{printable(job.targets[0].name)} in {self.target.root}"
            raise OutputError(f"cannot look at {where}: {error.strerror}; mend that and run again") from error
        return settled or job

    def _settle(self, job: Job, journal: Journal) -> Item | None:
        """What the job comes to without any work, None where there is some."""
        if not self.existing.force and (outputs := journal.unchanged(job.source, self.target)):
            return Item(job.source, Status.UNCHANGED, outputs)
        if (reason := self._obstacle(job, journal)) is not None:
            return Item(job.source, Status.SKIPPED, reason=reason)
        return None

    def _obstacle(self, job: Job, journal: Journal) -> str | None:
        """Why an output must not be written, None where it may."""
        if self.existing.overwrite == "always":
            return None
        for output in job.targets:
            if self.target.stat(output.name) is None:
                continue
            if self.existing.overwrite == "never":
                return f"{output.name} exists already"
            if not journal.made(output.name, job.source):
                return f"{output.name} exists and was not made by imgpipe; --overwrite always replaces it"
        return None


def _noted(decided: Iterator[Job | Item], journal: Journal) -> Iterator[Job | Item]:
    """Note jobs as begun in groups, for each note may cost a disk's turn; those that nobody takes are withdrawn."""
    for group in _groups(decided):
        jobs = deque(job for job in group if isinstance(job, Job))
        journal.begin(jobs)
        try:
            for job in group:
                if jobs and job is jobs[0]:
                    jobs.popleft()
                yield job
        finally:
            journal.withdraw(jobs)


def _groups(decided: Iterator[Job | Item]) -> Iterator[list[Job | Item]]:
    """Some at a time, and as many as come in a short while, for the first ones are waited for."""
    group: list[Job | Item] = []
    due = time.monotonic() + _GROUP_SECONDS
    for job in decided:
        group.append(job)
        if len(group) >= _GROUP or time.monotonic() >= due:
            yield group
            group, due = [], time.monotonic() + _GROUP_SECONDS
    yield group


def make_plan(
    source: str,
    target: str,
    selection: Selection,
    format: str | None,
    existing: Existing,
    naming: Naming = Naming(),  # noqa: B008 - it is frozen
) -> Plan:
    """Look at all inputs and see that each output has one; nothing is read or written.

    Args:
        source: a folder, or one file.
        target: a folder, which need not exist.
        selection: which files are inputs.
        format: of the outputs, None for that of each source.
        existing: what is done where an output stands already.
        naming: how outputs are called.

    Raises:
        UsageError: there is no such input, input and output are the same, or two inputs clash.
    """
    read_from, selection = _open_source(source, selection)
    write_to = open_storage(target)
    _check_target(read_from, write_to)
    inside = replace(selection.listing, leave_out=os.path.realpath(write_to.root))
    plan = Plan(read_from, write_to, replace(selection, listing=inside), format, existing, naming)
    counted = replace(plan, selection=replace(selection, listing=replace(inside, names_only=True)))
    return replace(plan, total=count_inputs(counted.jobs))


def _open_source(source: str, selection: Selection) -> tuple[Storage, Selection]:
    if "://" not in source:
        if not os.path.lexists(source):
            raise UsageError(f"there is no input {source}")
        if not os.path.isdir(source):
            folder, name = os.path.split(os.path.abspath(source))
            listing = replace(selection.listing, recursive=False, hidden=True)
            return open_storage(folder), replace(selection, only=frozenset([name]), listing=listing)
    return open_storage(source), selection


def _check_target(source: Storage, target: Storage) -> None:
    if os.path.lexists(target.root) and not os.path.isdir(target.root):
        raise UsageError(f"{target.root} is no folder; OUTPUT is a folder")
    if os.path.realpath(source.root) == os.path.realpath(target.root):
        raise UsageError(f"input and output are the same folder, {source.root}; give another output")
