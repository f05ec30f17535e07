"""The headline: the numbers of a run, and what must be said of it before them."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass

from imgpipe.job import Status
from imgpipe.naming import printable
from imgpipe.report.page.gather import Gathered
from imgpipe.report.summary import duration, human_bytes, inputs


@dataclass(frozen=True, slots=True)
class Sum:
    """One number: what it is, the number, more about it, and `good` or `bad` where it is."""

    label: str
    value: str
    more: str = ""
    tone: str = ""


def sums(gathered: Gathered) -> list[Sum]:
    """The headline numbers."""
    written, failed = gathered.of(Status.WRITTEN), gathered.of(Status.FAILED)
    pruned = gathered.sum_of("pruned", 0)
    found = [
        Sum("Inputs", f"{gathered.sum_of('discovered', gathered.said('total', 0)):,}"),
        Sum("Written", f"{written:,}", tone="good" if written else ""),
        Sum("Unchanged", f"{gathered.of(Status.UNCHANGED):,}"),
        Sum("Failed", f"{failed:,}", tone="bad" if failed else ""),
        Sum("Skipped", f"{gathered.of(Status.SKIPPED):,}"),
    ]
    if pruned:
        found.append(Sum("Pruned", f"{pruned:,}", "outputs without a source"))
    if seconds := gathered.sum_of("seconds", 0.0):
        found.append(Sum("Time", duration(seconds), f"{written / seconds:.3g} pictures/s" if written else ""))
    if gathered.bytes_in:
        before, after = gathered.bytes_in, gathered.bytes_out
        found.append(Sum(*_saved(before, after), f"{human_bytes(before)} → {human_bytes(after)}"))
    return found


def meta(gathered: Gathered, source: str, target: str) -> list[str]:
    """Where, when and how."""
    return [
        f"{source} → {target}",
        _moment(gathered.said("began", 0.0)),
        f"{gathered.said('cores', 0)} × {printable(gathered.said('engine', ''))}",
    ]


def notices(gathered: Gathered) -> list[str]:
    """What a reader must know before the numbers."""
    found = []
    if gathered.summary is None:
        found.append(
            "The run did not come to its end: it was killed, or still goes on. What it had noted until then is shown; "
            "inputs that were up to date may be missing. Run the same command again to go on."
        )
    elif gathered.summary.get("error"):
        found.append(printable(f"The run could not go on: {gathered.summary['error']}"))
    elif gathered.summary.get("interrupted"):
        found.append("The run was stopped before it was done; run the same command again to go on.")
    if gone := gathered.sum_of("gone", 0):
        found.append(f"{inputs(gone)} gone when their turn came: removed, or on a disk that is not there any more.")
    return found


def _moment(began: float) -> str:
    with suppress(OverflowError, ValueError, OSError):
        return time.strftime("%d %B %Y, %H:%M", time.localtime(began)).lstrip("0") if began else ""
    return ""


def _saved(before: int, after: int) -> tuple[str, str]:
    share = round(100 * abs(before - after) / before)
    return ("Saved" if after <= before else "Grown by"), f"{share} %"
