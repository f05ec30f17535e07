"""What needs no work: what is up to date, is to be left alone, or cannot be written."""

from __future__ import annotations

from contextlib import suppress
from operator import attrgetter
from typing import NamedTuple

from imgpipe.errors import OutputError
from imgpipe.existing import Existing
from imgpipe.job import Failure, Item, Job, Output, Status
from imgpipe.journal import Journal
from imgpipe.naming import printable
from imgpipe.originals import Originals
from imgpipe.storage import Storage
from imgpipe.template import parse

_UNREADABLE = "unreadable"
_NAME = attrgetter("name")


class Triage(NamedTuple):
    """By what it is decided whether there is work for a job.

    Attributes:
        source: the storage to read.
        target: the storage to write.
        existing: what is done where an output stands already.
        journal: what earlier runs made.
        originals: what is never written to by links.
    """

    source: Storage
    target: Storage
    existing: Existing
    journal: Journal
    originals: Originals

    def decide(self, job: Job) -> Job | Item:
        """The job, or an item where nothing is to be done, or cannot be.

        Raises:
            OutputError: the output folder cannot be looked at.
        """
        if self.existing.known_by != "inode":
            job = self._identified(job)
        try:
            settled = self.originals.shared(job) or self._settle(job)
        except OSError as error:
            where = f"{printable(job.targets[0].name)} in {self.target.root}"
            raise OutputError(f"cannot look at {where}: {error.strerror}; mend that and run again") from error
        return settled or self.existing.marked_fresh(job, self.target)

    def _settle(self, job: Job) -> Item | None:
        """What the job comes to without any work, None where there is some."""
        if not self.existing.force and (outputs := self._standing(job)):
            return Item(job.source, Status.UNCHANGED, outputs)
        if not self.existing.force and self.journal.passed_over(job.source):
            return Item(job.source, Status.SKIPPED, reason="its outputs save too little, as was seen before")
        known = [output for output in job.all_targets if not output.late]
        if kept := self.originals.kept(job, known):
            return kept
        for output in known:
            if reason := self.existing.refusal(output.name, job.source, self.target, self.journal):
                return Item(job.source, Status.SKIPPED, reason=reason)
        for output in known:
            if obstacle := self.target.obstacle(output.name):
                if not self.target.writable():
                    raise OutputError(f"cannot write to {self.target.root}: {obstacle}; mend that and run again")
                failure = Failure("OSError", f"cannot write {output.name}: {obstacle}")
                return Item(job.source, Status.FAILED, failure=failure)
        return None

    def _identified(self, job: Job) -> Job:
        """The same, with what its source is known by."""
        match self.existing.known_by:
            case "time":
                return job._replace(source=job.source._replace(inode=0))
            case "content":
                # What cannot be read fails when it is to be processed.
                with suppress(OSError):
                    return job._replace(source=job.source._replace(digest=self.source.digest(job.source.name)))
                return job._replace(source=job.source._replace(digest=_UNREADABLE))
        return job

    def _standing(self, job: Job) -> tuple[Output, ...]:
        """The outputs of a job for which nothing needs to be done, else none."""
        outputs = self.journal.unchanged(job.source, self.target)
        if not outputs and self.existing.in_place and self.journal.may_be_result(job.source):
            # It was copied or touched, perhaps. To process a result again would cost it quality.
            digest = self.source.digest(job.source.name)
            outputs = self.journal.unchanged(job.source._replace(digest=digest), self.target)
        if not outputs:
            return ()
        if list(map(_NAME, outputs)) == list(map(_NAME, job.all_targets)):
            return outputs
        return outputs if all(_is_of(job, output.name) for output in outputs) else ()


def _is_of(job: Job, name: str) -> bool:
    """Whether an output of that name is one of the job's."""
    return any(parse(target.name).matches(name) if target.late else target.name == name for target in job.all_targets)
