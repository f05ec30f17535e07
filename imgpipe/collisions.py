"""Which inputs would become the same output: names are counted and compared before there is any work."""

from __future__ import annotations

import unicodedata
from array import array
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import NamedTuple

from imgpipe.errors import CollisionError
from imgpipe.job import Item, Job
from imgpipe.naming import printable

_SHOWN = 10
_LATE = "\0"
"""Before a name that is a template still, as no name is."""
_PARTS = 64
_PART_SHIFT = 58
"""Right of the bits of a key, which has 64, that say in which part it is."""


class Counted(NamedTuple):
    """How many inputs there are, and the keys of all that they become, in order."""

    total: int
    keys: array[int]


def count_inputs(jobs: Callable[[], Iterable[Job | Item]], *, folded: bool = False) -> Counted:
    """Count the inputs, and see that every output has one.

    Args:
        jobs: gives the jobs anew at each call; they are looked at twice only where something is wrong, so
            that a hundred thousand names need not be kept.
        folded: names that differ only in case, or in how their accents are composed, are one.

    Raises:
        CollisionError: names the first outputs that have several inputs, and those inputs.
    """
    total = 0
    keys = array("q")
    for job in jobs():
        total += 1
        if isinstance(job, Job):
            keys.extend(keys_of(job, folded=folded))
    in_order = _in_order(keys)
    twice = {key for key, after in pairwise(in_order) if key == after}
    clashes = _clashes(jobs(), twice, folded) if twice else {}
    if clashes:
        told = {name: _told(found) for name, found in clashes.items()}
        later = {source for found in clashes.values() for source, _ in found[1:]}
        raise CollisionError(_message(told), frozenset(later))
    return Counted(total, in_order)


def keys_of(job: Job, *, folded: bool) -> list[int]:
    """Keys of what a job becomes, as `count_inputs` counts them."""
    if len(job.targets) == 1 and not (folded or job.copies or job.targets[0].late):
        # As below, in a third of the time: most jobs are such.
        return [hash(job.targets[0].name)]
    return [hash(name) for name, _ in _names(job, folded)]


def key_of(name: str, *, folded: bool) -> int:
    """Eight bytes that stand for a name in this process, the same for names that are one where names are folded.

    Python keys them anew in each process, so nobody can call files so that theirs meet.
    """
    return hash(_name(name, folded))


def _in_order(keys: array[int]) -> array[int]:
    """The same, sorted a part at a time, for a list of all of them would take four times their room."""
    parts = [array("q") for _ in range(_PARTS)]
    for key in keys:
        parts[(key >> _PART_SHIFT) + _PARTS // 2].append(key)
    in_order = array("q")
    for part in parts:
        in_order.extend(sorted(part))
    return in_order


def _clashes(jobs: Iterable[Job | Item], keys: set[int], folded: bool) -> dict[str, list[tuple[str, int]]]:
    """Outputs that have several inputs, or are several outputs of one input, and these, with the numbers of outputs."""
    inputs: dict[str, list[tuple[str, int]]] = {}
    for job in jobs:
        for name, number in _names(job, folded) if isinstance(job, Job) else ():
            if hash(name) in keys:
                inputs.setdefault(name.removeprefix(_LATE), []).append((job.source.name, number))
    return {name: found for name, found in inputs.items() if len(found) > 1}


def _told(found: list[tuple[str, int]]) -> list[str]:
    """The inputs of an output; which of their outputs it is, where one of them is there twice."""
    names = [source for source, _ in found]
    if len(set(names)) == len(names):
        return names
    return [f"{source} (output {number})" for source, number in found]


def _names(job: Job, folded: bool) -> list[tuple[str, int]]:
    """What the outputs of a job are called, for comparison, and their numbers.

    Outputs of one picture whose names are late may have one template: where they come to one name, they are one.
    """
    names: list[tuple[str, int]] = []
    late = set()
    for number, target in enumerate(job.all_targets, 1):
        name = _name(target.name, folded)
        if target.late:
            name = _LATE + name
            if name in late:
                continue
            late.add(name)
        names.append((name, number))
    return names


def _name(name: str, folded: bool) -> str:
    return unicodedata.normalize("NFC", name).casefold() if folded else name


def _message(clashes: dict[str, list[str]]) -> str:
    shown = [
        f"  {printable(name)} <- {', '.join(map(printable, inputs))}" for name, inputs in list(clashes.items())[:_SHOWN]
    ]
    more = len(clashes) - len(shown)
    ending = [f"  and {more} more"] if more > 0 else []
    count = "1 output would" if len(clashes) == 1 else f"{len(clashes)} outputs would each"
    head = f"{count} be made from several inputs; nothing was done:"
    advice = (
        "Rename inputs, choose some with --include or --exclude, keep the formats apart (no --format), "
        "or tell outputs apart with --name."
    )
    return "\n".join([head, *shown, *ending, advice])
