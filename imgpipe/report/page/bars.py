"""Numbers with bars beside them: bytes saved, and time by step."""

from __future__ import annotations

from dataclasses import dataclass

from imgpipe.job import Status
from imgpipe.report.page.gather import Gathered
from imgpipe.report.summary import duration, human_bytes

_STEPS = {"read": "Read", "process": "Decode, filter, encode", "write": "Write"}


@dataclass(frozen=True, slots=True)
class Bar:
    """One row: its label, what stands in the columns, and a bar of so many hundredths."""

    label: str
    values: tuple[str, ...]
    share: float
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Bars:
    """A table of bars."""

    id: str
    heading: str
    lead: str
    columns: tuple[str, ...]
    rows: tuple[Bar, ...]


def saved_bars(gathered: Gathered) -> Bars | None:
    """How many written pictures saved how much; None where nothing was written."""
    if not gathered.saved:
        return None
    most = max(gathered.saved.values())
    rows = [
        Bar(_tenth(tenth), (f"{gathered.saved[tenth]:,}",), round(100 * gathered.saved[tenth] / most, 2))
        for tenth in range(9, -1, -1)
    ]
    if grown := gathered.saved[-1]:
        rows.append(Bar("larger", (f"{grown:,}",), round(100 * grown / most, 2), "bad"))
    saved = gathered.bytes_in - gathered.bytes_out
    sizes = f"{human_bytes(gathered.bytes_in)} became {human_bytes(gathered.bytes_out)}"
    change = f"{human_bytes(abs(saved))} {'saved' if saved >= 0 else 'more'}"
    return Bars("saved", "Size saved", f"{sizes}: {change}.", ("Saved", "Pictures"), tuple(rows))


def time_bars(gathered: Gathered) -> Bars | None:
    """Where the time went, summed over all pictures; None where none took any."""
    took = {name: getattr(gathered.seconds, name) for name in _STEPS}
    total = sum(took.values())
    count = gathered.counts[Status.WRITTEN] + gathered.counts[Status.FAILED]
    if not total or not count:
        return None
    rows = tuple(
        Bar(label, (duration(took[name]), f"{1000 * took[name] / count:.1f} ms"), round(100 * took[name] / total, 2))
        for name, label in _STEPS.items()
    )
    lead = f"{duration(total)} of work, all threads and processes together."
    return Bars("time", "Time by step", lead, ("Step", "Sum", "Per picture"), rows)


def _tenth(tenth: int) -> str:
    return f"{10 * tenth} to {10 * tenth + 10} %"
