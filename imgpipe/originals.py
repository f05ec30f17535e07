"""Originals stay as they are: where links in OUTPUT lead into INPUT, and where an output would be its own source."""

from __future__ import annotations

import os
from collections.abc import Iterable

from imgpipe.job import Failure, Item, Job, Source, Status, Target
from imgpipe.storage import Storage


class Originals:
    """Knows which names below OUTPUT lead to inputs, by links that somebody has put there."""

    def __init__(self, source: Storage, target: Storage, *, in_place: bool = False) -> None:
        self._in_place = in_place
        self._input, self._output = source.root, target.root
        self._are_folders = not (source.remote or target.remote or source.samples or target.samples)
        self._inputs = source.identity if self._are_folders else ""
        self._outputs = target.identity if self._are_folders else ""
        self._looked_at: tuple[str | None, str, str] = None, "", ""

    def kept(self, job: Job, targets: Iterable[Target]) -> Item | None:
        """The item of a job that would be written to where inputs are; None where all is well. From any thread."""
        for output in targets:
            if obstacle := self.obstacle(output.name, job.source):
                failure = Failure("UsageError", f"cannot write {output.name}: {obstacle}")
                return Item(job.source, Status.FAILED, failure=failure)
        return None

    def obstacle(self, name: str, source: Source) -> str:
        """Why an output of that name is where inputs are; empty where it is not."""
        if not self._are_folders:
            return ""
        folder, _, last = name.rpartition("/")
        looked_at, real, obstacle = self._looked_at
        if folder != looked_at:
            real = os.path.realpath(os.path.join(self._output, folder))
            obstacle = self._astray(folder, real)
            real = os.path.join(real, "")
            self._looked_at = folder, real, obstacle
        if obstacle or self._in_place:
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

    def _astray(self, folder: str, real: str) -> str:
        """What is wrong with where a folder of OUTPUT really is, empty for nothing."""
        if real == os.path.normpath(os.path.join(self._outputs, folder)):
            mounted = folder and not self._in_place and _is_one(real, os.path.join(self._inputs, folder))
            return f"{real} is a folder of INPUT, mounted once more; give another OUTPUT" if mounted else ""
        if _is_in(real, self._inputs) and not (_is_in(self._outputs, self._inputs) and _is_in(real, self._outputs)):
            where = "INPUT, where nothing is written"
        elif _is_in(real, self._outputs):
            where = "OUTPUT too, where other outputs have that name"
        else:
            return ""
        return f"a link in its folder leads to {real}, which is in {where}; remove the link"


def _is_one(folder: str, other: str) -> bool:
    try:
        return os.path.samefile(folder, other)
    except OSError:
        return False


def _is_in(folder: str, other: str) -> bool:
    return os.path.join(folder, "").startswith(os.path.join(other, ""))
