"""The summary of a run in words: the sums, then every file that a person must hear of."""

from __future__ import annotations

from collections.abc import Iterator

from imgpipe.job import Item, Status
from imgpipe.naming import printable
from imgpipe.report.tally import Tally

_SHOWN = 10


def summary(tally: Tally, *, verbose: bool = False) -> Iterator[str]:
    """The lines of the summary.

    Every failed file is named with its reason. Of skipped files and warnings the first ten are shown,
    all of them where `verbose` is set, and then the tracebacks too.
    """
    yield _sums(tally)
    if tally.not_begun:
        yield f"{tally.not_begun} not begun; run the same command again to go on"
    yield from failures(tally, verbose=verbose)
    most = len(tally.told) if verbose else _SHOWN
    skipped = [_line(item, item.reason) for item in tally.told if item.status is Status.SKIPPED]
    yield from _section("skipped", skipped, most)
    warnings = [_line(item, "; ".join(item.warnings)) for item in tally.told if item.warnings]
    yield from _section("warnings", warnings, most)


def failures(tally: Tally, *, verbose: bool = False) -> Iterator[str]:
    """Every failed file with its reason; nothing where none failed. With `verbose` the tracebacks too."""
    failed = [_failure(item, verbose) for item in tally.told if item.failure is not None]
    yield from _section("failed", failed, len(failed))


def inputs(count: int) -> str:
    """So many inputs, in words.

    >>> inputs(1), inputs(2)
    ('1 input', '2 inputs')
    """
    return "1 input" if count == 1 else f"{count} inputs"


def human_bytes(count: float) -> str:
    """A number of bytes as a person reads it, in powers of 1000.

    >>> human_bytes(829_123)
    '829 kB'
    >>> human_bytes(12_400_000)
    '12.4 MB'
    """
    for unit in ("B", "kB", "MB", "GB"):
        if count < 999.5:
            return f"{count:.0f} {unit}" if unit in ("B", "kB") or count >= 99.95 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def duration(seconds: float) -> str:
    """Seconds as a person reads them.

    >>> duration(0.42), duration(12.34), duration(75), duration(7384)
    ('0.42 s', '12.3 s', '1 min 15 s', '2 h 3 min')
    """
    if seconds < 60:
        return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _sums(tally: Tally) -> str:
    done = tally.counts
    rate = done[Status.WRITTEN] / tally.seconds if tally.seconds else 0.0
    parts = [
        f"{inputs(tally.discovered)}: {done[Status.WRITTEN]} written, {done[Status.UNCHANGED]} unchanged, "
        f"{done[Status.FAILED]} failed, {tally.skipped} skipped"
    ]
    if tally.pruned:
        parts.append(f"{tally.pruned} pruned")
    if done[Status.WRITTEN]:
        sizes = f"{human_bytes(tally.bytes_in)} -> {human_bytes(tally.bytes_out)}"
        parts.append(f"{sizes}, {tally.seconds:.1f} s, {rate:.3g} images/s")
    return "; ".join(parts)


def _failure(item: Item, verbose: bool) -> str:
    failure = item.failure
    if failure is None:
        return ""
    shown = failure.traceback.rstrip().split("\n") if verbose and failure.traceback else []
    return "\n".join([_line(item, failure.message), *map(printable, shown)])


def _line(item: Item, words: str) -> str:
    """What is said of an item; what is said may name files too."""
    return f"{printable(item.source.name)}: {printable(words)}"


def _section(title: str, lines: list[str], most: int) -> Iterator[str]:
    if lines:
        yield f"{title}:"
        yield from (f"  {line}" for line in lines[:most])
    if len(lines) > most:
        yield f"  and {len(lines) - most} more; -v shows all"
