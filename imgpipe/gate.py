"""The last look before outputs are published: at names, sizes and what stands there, once all of these are known."""

from __future__ import annotations

import threading
from bisect import bisect_left

from imgpipe.codecs.codec import Encoded
from imgpipe.collisions import key_of
from imgpipe.errors import OutputError
from imgpipe.job import Failure, Item, Job, Status, Target
from imgpipe.journal import OpenJournal
from imgpipe.passing import Made
from imgpipe.plan import Plan
from imgpipe.publishing import Gate


def make_gate(plan: Plan, journal: OpenJournal) -> Gate | None:
    """The gate of a run, None where all was looked at when it was planned."""
    overwrite = plan.existing.overwrite
    # Of some names only it was not seen when they were counted that another input has become what they would.
    unseen = plan.selection.names is not None and overwrite in ("always", "newer")
    return _Gate(plan, journal) if plan.late or overwrite == "smaller" or unseen else None


class _Gate:
    """Sees that names that were not known before the work are free, and notes them in the journal."""

    def __init__(self, plan: Plan, journal: OpenJournal) -> None:
        self._source = plan.source
        self._target = plan.target
        self._existing = plan.existing
        self._journal = journal
        self._misplaced = plan.misplaced
        self._originals = plan.originals()
        self._early = plan.keys
        self._late: set[int] = set()
        self._owners: dict[int, str] | None = None
        self._lock = threading.Lock()
        self._folded = plan.folded
        self._chosen = plan.selection.names is not None

    def admit(self, made: Made) -> Made | Item:
        """The outputs that may be published; those that gain nothing are left out.

        Raises:
            OutputError: what stands in the output folder cannot be looked at.
        """
        source = made.job.source
        if failed := self._misplaced(made.job):
            return failed
        if kept := self._originals.kept(made.job, made.job.targets):
            return kept
        if taken := self._taken(made.job):
            message = f"another input became {taken} in this run; tell them apart with --name"
            return Item(source, Status.FAILED, failure=Failure("CollisionError", message))
        try:
            for target in made.job.targets:
                if (target.late or self._chosen) and (reason := self._refusal(made.job, target)):
                    return Item(source, Status.SKIPPED, reason=reason)
            made = self._smaller(made)
        except OSError as error:
            where = f"{self._target.root}: {error.strerror}"
            raise OutputError(f"cannot look at what stands in {where}; mend that and run again") from error
        if not made.outputs:
            return Item(source, Status.SKIPPED, reason="; ".join(made.left))
        if made.job.late:
            self._journal.begin_late(made.job)
        return made

    def _refusal(self, job: Job, target: Target) -> str:
        refused = self._existing.refusal(target.name, job.source, self._target, self._journal)
        if refused or self._target.size(target.name) is None or self._journal.made(target.name, job.source):
            return refused
        owner = self._owner(target.name)
        if owner in ("", job.source.name) or self._source.size(owner) is None:
            return ""
        return f"{target.name} was made of {owner}; tell them apart with --name"

    def _owner(self, name: str) -> str:
        """The input of which an output of that name was made before, empty where none is known."""
        with self._lock:
            if self._owners is None:
                self._owners = {
                    key_of(output.name, folded=self._folded): record.source.name
                    for record in self._journal.records()
                    for output in record.outputs
                }
        return self._owners.get(key_of(name, folded=self._folded), "")

    def _smaller(self, made: Made) -> Made:
        """Without the outputs that are not smaller than what stands there, where that was asked for."""
        if self._existing.overwrite != "smaller":
            return made
        pairs = list(zip(made.job.targets, made.outputs, strict=True))
        kept = {target.name: output for target, output in pairs if self._is_smaller(target, output)}
        targets = tuple(target for target, _ in pairs if target.name in kept)
        left = (f"{target.name} exists and is not larger" for target, _ in pairs if target.name not in kept)
        job = made.job._replace(targets=targets)
        return made._replace(job=job, outputs=tuple(kept.values()), left=(*made.left, *left))

    def _is_smaller(self, target: Target, output: Encoded) -> bool:
        standing = self._target.size(target.name)
        return standing is None or len(output.data) < standing

    def _taken(self, job: Job) -> str:
        """A name that another input has taken; empty where there is none, and the names are taken then."""
        names = {key_of(target.name, folded=self._folded): target.name for target in job.targets if target.late}
        with self._lock:
            for key, name in names.items():
                if key in self._late or self._is_early(key):
                    return name
            self._late.update(names)
        return ""

    def _is_early(self, key: int) -> bool:
        at = bisect_left(self._early, key)
        return at < len(self._early) and self._early[at] == key
