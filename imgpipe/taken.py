"""Which names of outputs have their input: one that comes while a run goes on may become what another one became."""

from __future__ import annotations

from array import array
from bisect import bisect_left

from imgpipe.collisions import keys_of
from imgpipe.job import Failure, Item, Job, Status


class Taken:
    """The names of the outputs of one run, nine bytes for each that was known when its inputs were counted."""

    def __init__(self, keys: array[int], *, folded: bool) -> None:
        """Nothing is taken yet; the keys are those that `count_inputs` has given."""
        self._keys = keys
        self._taken = bytearray(len(keys))
        self._others: set[int] = set()
        self._folded = folded

    def admit(self, job: Job) -> Item | None:
        """Take all names of a job, None then; where another input has one of them, the item of one that fails."""
        keys, places, known = keys_of(job, folded=self._folded), [], len(self._keys)
        for key in keys:
            at = bisect_left(self._keys, key)
            place = at if at < known and self._keys[at] == key else -1
            if self._taken[place] if place >= 0 else key in self._others:
                return _clash(job)
            places.append(place)
        for key, place in zip(keys, places, strict=True):
            if place >= 0:
                self._taken[place] = 1
            else:
                self._others.add(key)
        return None


def _clash(job: Job) -> Item:
    names = ", ".join(target.name for target in job.all_targets)
    message = f"another input becomes {names} too, and one of the two came during the run; tell them apart with --name"
    return Item(job.source, Status.FAILED, failure=Failure("CollisionError", message))
