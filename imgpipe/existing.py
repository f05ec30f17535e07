"""What is done where an output stands already."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

from imgpipe.job import Job, Source
from imgpipe.journal import Journal
from imgpipe.storage import Storage

KnownBy: TypeAlias = Literal["inode", "time", "content"]
Overwrite: TypeAlias = Literal["ours", "always", "never", "newer", "smaller"]


class Existing(NamedTuple):
    """What is done where an output stands already.

    Attributes:
        overwrite: ``"ours"``: what imgpipe made is replaced where it is out of date, anything else is left;
            ``"always"``: anything is replaced; ``"never"``: nothing is; ``"newer"``: what is older than its source;
            ``"smaller"``: what is larger than the new output.
        force: make all again, also what is up to date.
        known_by: by what a source is known to be as it was: its size, time and ``"inode"``; its size and ``"time"``,
            for trees that were copied, and network mounts whose inodes change; or its ``"content"``, which is read.
        in_place: input and output are one folder, and each picture is replaced by what is made of it.
    """

    overwrite: Overwrite = "ours"
    force: bool = False
    known_by: KnownBy = "inode"
    in_place: bool = False

    def marked_fresh(self, job: Job, target: Storage) -> Job:
        """The same job, each target `fresh` where nothing stands under its name, and what comes there is to be left.

        So object storage, whose puts take a condition, sees in the moment of publishing whether that still holds.
        """
        if not target.remote or self.overwrite not in ("ours", "never"):
            return job
        fresh = (out._replace(fresh=not out.late and target.size(out.name) is None) for out in job.targets)
        return job._replace(targets=tuple(fresh))

    def refusal(self, name: str, source: Source, target: Storage, journal: Journal) -> str:
        """Why an output of that name must not be written, empty where it may; OSError where one cannot look."""
        if self.in_place or self.overwrite == "always":
            return ""
        standing = target.stat(name)
        if standing is None:
            return ""
        match self.overwrite:
            case "never":
                return f"{name} exists already"
            case "newer" if standing.modified >= source.modified:
                return f"{name} exists and is not older than its source"
            case "ours" if not journal.made(name, source):
                return f"{name} exists and was not made of this input by imgpipe; --overwrite always replaces it"
        return ""
