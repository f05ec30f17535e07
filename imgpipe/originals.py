"""Links in OUTPUT: none leads to an original, so that these stay as they are, and no two lead to one output."""

from __future__ import annotations

import os
from collections.abc import Iterable

from imgpipe.job import Failure, Item, Job, Source, Status, Target
from imgpipe.storage import Storage


class Originals:
    """Knows which names below OUTPUT lead to inputs or to other outputs, by links that somebody has put there."""

    def __init__(self, source: Storage, target: Storage, *, in_place: bool = False) -> None:
        self._in_place = in_place
        self._input, self._output = source.root, target.root
        self._is_folder = not (target.remote or target.samples)
        self._are_folders = self._is_folder and not (source.remote or source.samples)
        self._inputs = source.identity if self._are_folders else ""
        self._outputs = target.identity if self._is_folder else ""
        self._looked_at: tuple[str | None, str, str] = None, "", ""
        self._elsewhere: dict[str, str] = {}
        self._shared: dict[str, str] = {}

    def kept(self, job: Job, targets: Iterable[Target]) -> Item | None:
        """The item of a job that would be written to where inputs are; None where all is well. From any thread."""
        for output in targets:
            if obstacle := self.obstacle(output.name, job.source):
                failure = Failure("UsageError", f"cannot write {output.name}: {obstacle}")
                return Item(job.source, Status.FAILED, failure=failure)
        return None

    def shared(self, job: Job) -> Item | None:
        """The item of a job whose outputs a link leads to where those of another folder are; to be asked for each job.

        Also for those that are up to date: a folder is the first one's that is asked about, in each run the same.
        """
        if self._is_folder:
            for output in job.all_targets:
                folder = output.name.rpartition("/")[0]
                if folder != self._looked_at[0]:
                    self._look_at(folder)
                if self._shared and (why := self._shared.get(folder)):
                    failure = Failure("UsageError", f"cannot write {output.name}: {why}")
                    return Item(job.source, Status.FAILED, failure=failure)
        return None

    def obstacle(self, name: str, source: Source) -> str:
        """Why an output of that name is where inputs are; empty where it is not."""
        if not self._is_folder:
            return ""
        folder, _, last = name.rpartition("/")
        looked_at, real, obstacle = self._looked_at
        if folder != looked_at:
            real, obstacle = self._look_at(folder)
        if obstacle or self._in_place or not self._are_folders:
            return obstacle
        path = real + last
        try:
            os.lstat(path)
        except OSError:
            return ""
        # A link of that name is not the source: it is replaced, and what it leads to stays.
        if os.path.realpath(os.path.join(self._input, source.name)) != path:
            return ""
        return "it is the original, to which a link in INPUT leads; give another OUTPUT, --name or --suffix"

    def _look_at(self, folder: str) -> tuple[str, str]:
        """Where a folder of OUTPUT really is, with a slash at its end, and what is wrong with that."""
        real = os.path.realpath(os.path.join(self._output, folder))
        obstacle = self._astray(folder, real)
        real = os.path.join(real, "")
        self._looked_at = folder, real, obstacle
        return real, obstacle

    def _astray(self, folder: str, real: str) -> str:
        """What is wrong with where a folder of OUTPUT really is, empty for nothing."""
        if real == os.path.normpath(os.path.join(self._outputs, folder)):
            mounted = self._are_folders and folder and not self._in_place
            if mounted and _is_one(real, os.path.join(self._inputs, folder)):
                return f"{real} is a folder of INPUT, mounted once more; give another OUTPUT"
            return ""
        if self._is_input(real):
            where = "INPUT, where nothing is written"
        elif _is_in(real, self._outputs):
            where = "OUTPUT too, where other outputs have that name"
        elif (first := self._elsewhere.setdefault(real, folder)) != folder:
            self._shared[folder] = f"a link in its folder leads to {real}, as one to {first} does; remove one of them"
            return self._shared[folder]
        else:
            return ""
        return f"a link in its folder leads to {real}, which is in {where}; remove the link"

    def _is_input(self, real: str) -> bool:
        if not self._are_folders or not _is_in(real, self._inputs):
            return False
        return not (_is_in(self._outputs, self._inputs) and _is_in(real, self._outputs))


def _is_one(folder: str, other: str) -> bool:
    try:
        return os.path.samefile(folder, other)
    except OSError:
        return False


def _is_in(folder: str, other: str) -> bool:
    return os.path.join(folder, "").startswith(os.path.join(other, ""))
