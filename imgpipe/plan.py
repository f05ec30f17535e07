"""From sources to jobs: what is to be made of each input."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from operator import attrgetter
from typing import NamedTuple, TypeAlias

from imgpipe.collisions import count_inputs
from imgpipe.discovery import Selection, find
from imgpipe.errors import UsageError
from imgpipe.existing import Existing
from imgpipe.job import Failure, Item, Job, Status
from imgpipe.journal import Journal
from imgpipe.journal.groups import noted
from imgpipe.naming import Named, Naming, named, targets
from imgpipe.originals import Originals
from imgpipe.places import check_target, open_source, place_in
from imgpipe.recipe import Recipe
from imgpipe.storage import Storage, open_target
from imgpipe.taken import Taken
from imgpipe.template import may_be_written
from imgpipe.triage import Triage

_NAME = attrgetter("name")

Through: TypeAlias = Callable[[Iterator[Job | Item]], Iterator[Job | Item]]


class Plan(NamedTuple):
    """The work of one run; `jobs` may be asked for as often as one likes.

    Attributes:
        source: the storage to read.
        target: the storage to write.
        selection: which files of the source are inputs.
        outputs: what becomes of each source.
        existing: what is done where an output stands already.
        flat: all outputs are in one folder.
        total: how many inputs there are.
        keys: of the names of all outputs, in order.
        folded: whether names that differ only in case were taken for one.
        unlisted: how many folders cannot be listed.
        input_prefix: how names of outputs begin that would be in the input folder; empty where it is elsewhere.
    """

    source: Storage
    target: Storage
    selection: Selection
    outputs: tuple[Named, ...]
    existing: Existing = Existing()
    flat: bool = False
    total: int = 0
    keys: array[int] = array("q")
    folded: bool = False
    unlisted: int = 0
    input_prefix: str = ""

    def jobs(self, journal: Journal | None = None) -> Generator[Job | Item]:
        """Jobs, and items where nothing is to be done, in the order in which inputs are found.

        Args:
            journal: knows what is up to date; jobs are noted there as begun when they are taken.
        """
        found = self._found()
        if journal is None:
            return found
        return noted(map(self._decide(journal), found), journal, remote=self.target.remote)

    def _decide(self, journal: Journal) -> Callable[[Job | Item], Job | Item]:
        """What is to be done with what is found, also with inputs that came after they were counted."""
        triage = Triage(self.source, self.target, self.existing, journal, self.originals())
        taken = Taken(self.keys, folded=self.folded)
        in_place, by_key = self.existing.in_place, self._becomes_samples

        def decide(found: Job | Item) -> Job | Item:
            if isinstance(found, Item):
                return found
            if in_place and self._is_elsewhere(found):
                failure = Failure("UsageError", _not_in_place(found))
                return Item(found.source, Status.FAILED, failure=failure)
            return taken.admit(self._by_key(found) if by_key else found) or triage.decide(found)

        return decide

    @property
    def late(self) -> bool:
        """Whether names of outputs are known only once these are made."""
        return any(output.late for output in self.outputs)

    def originals(self) -> Originals:
        """What no output may come to by links."""
        return Originals(self.source, self.target, in_place=self.existing.in_place)

    def misplaced(self, job: Job) -> Item | None:
        """The item of a job whose outputs would be in INPUT, now that all their names are known; else None."""
        is_well = not self.input_prefix or all(map(self._is_no_input, map(_NAME, job.targets)))
        return None if is_well else self._nowhere(job)

    @property
    def may_prune(self) -> bool:
        """Whether a source that is not there can be taken for gone: a disk that is not mounted has none."""
        if self.selection.listed:
            # To look for what has gone, all of the journal is gone through: not where nothing has.
            return self._has_stayed()
        return self.total > 0 and self.unlisted == 0

    def _has_stayed(self) -> bool:
        with suppress(OSError):
            return self.selection.stayed != "" and self.source.stat(self.selection.stayed) is not None
        return False

    def counted(self, through: Through = iter) -> Plan:
        """The same with its numbers: look at all inputs, and see that each output has one.

        Args:
            through: the inputs pass through it while they are found, to be shown to a person.

        Raises:
            CollisionError: two inputs clash.
        """
        unlisted, by_key = 0, self._becomes_samples

        def jobs() -> Iterator[Job | Item]:
            nonlocal unlisted
            unlisted = 0
            for job in through(self._names_only().jobs()):
                if isinstance(job, Item):
                    unlisted += _is_unlisted(job) and self.selection.names is None
                elif self.existing.in_place and self._is_elsewhere(job):
                    raise UsageError(_not_in_place(job))
                yield job if isinstance(job, Item) or not by_key else self._by_key(job)

        total, keys = count_inputs(jobs, folded=self.folded)
        return self._replace(total=total, keys=keys, unlisted=unlisted)

    def look_again(self) -> Plan:
        """The same, counted anew where the output folder, which is there now, takes names in another way than expected.

        Raises:
            CollisionError: two inputs clash.
        """
        folded = self.target.folds_names()
        return self if folded == self.folded else self._replace(folded=folded).counted()

    def _is_elsewhere(self, job: Job) -> bool:
        """Whether the output of a job would not stand in the place of its source."""
        return [output.name for output in job.targets] != [job.source.name]

    @property
    def _becomes_samples(self) -> bool:
        return self.target.samples and not self.source.samples

    def _by_key(self, job: Job) -> Job:
        """The same, called by the key of the sample that it becomes: two files of one key clash."""
        from imgpipe.samples import by_key

        return by_key(job)

    def _names_only(self) -> Plan:
        """For names only, which is quicker."""
        listing = self.selection.listing._replace(names_only=True)
        return self._replace(selection=self.selection._replace(listing=listing))

    def _found(self) -> Generator[Job | Item]:
        index = 0
        samples = self.source.samples or self.target.samples
        allowed = self._is_no_input if self.input_prefix else may_be_written
        for found in find(self.source, self.selection):
            if isinstance(found, Item):
                yield found
                continue
            index += 1
            job = Job(found, targets(found, self.outputs, index, flat=self.flat))
            if samples:
                job = self._with_samples(job)
            yield job if all(map(allowed, map(_NAME, job.targets))) else self._nowhere(job)

    def _is_no_input(self, name: str) -> bool:
        return may_be_written(name) and not name.startswith(self.input_prefix)

    def _nowhere(self, job: Job) -> Item:
        names = ", ".join(output.name for output in job.targets)
        why = "imgpipe keeps names that begin so for itself"
        if all(map(may_be_written, map(_NAME, job.targets))):
            why = f"{self.input_prefix} is INPUT, where nothing is written; give another OUTPUT or --name"
        failure = Failure("UsageError", f"it would be called {names}, and {why}")
        return Item(job.source, Status.FAILED, failure=failure)

    def _with_samples(self, job: Job) -> Job:
        """The same, with what a sample asks for in a shard, or where it becomes files in a folder."""
        from imgpipe.samples import in_samples, with_texts

        # What cannot be read fails when it is to be processed.
        with suppress(OSError):
            return in_samples(job, self.source) if self.target.samples else with_texts(job, self.source)
        return job


def make_plan(
    source: str,
    target: str,
    selection: Selection,
    recipe: Recipe,
    existing: Existing,
    naming: Naming = Naming(),  # noqa: B008 - it is frozen
) -> Plan:
    """A plan whose inputs are still to be counted, which is the part that takes its time; nothing is written.

    Args:
        source: a folder, or one file.
        target: a folder, which need not exist.
        selection: which files are inputs.
        recipe: what becomes of each.
        existing: what is done where an output stands already.
        naming: how outputs are called.

    Raises:
        UsageError: there is no such input, a name leads elsewhere, or input and output are the same.
    """
    if target == "-":
        raise UsageError("OUTPUT is a folder; to call one - write ./-")
    read_from, selection = open_source(source, target, selection)
    write_to = open_target(target)
    check_target(read_from, write_to, existing)
    leave_out = None if existing.in_place else write_to.identity
    inside = selection.listing._replace(leave_out=leave_out)
    folded = write_to.folds_names()
    outputs = named(recipe.renditions, naming)
    plan = Plan(read_from, write_to, selection._replace(listing=inside), outputs, existing, naming.flat, folded=folded)
    return plan._replace(input_prefix=place_in(write_to, read_from))


def _is_unlisted(item: Item) -> bool:
    """Whether it stands for a folder that cannot be listed."""
    return item.failure is not None and item.failure.type == "OSError"


def _not_in_place(job: Job) -> str:
    names = ", ".join(output.name for output in job.targets)
    return f"{job.source.name} would become {names}; with --in-place an output has the name of its source"
