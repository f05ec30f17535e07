"""The summary of a run in words: the sums, then every file that a person must hear of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from imgpipe.job import Status
from imgpipe.naming import printable
from imgpipe.report.tally import Tally, Told


def summary(tally: Tally) -> Iterator[str]:
    """The lines of the summary.

    Every failed file is named with its reason. Of skipped files and warnings the first ten are shown,
    all of them where the tally is verbose, and then the tracebacks too.
    """
    yield _sums(tally)
    if tally.gone:
        yield f"{tally.gone} gone when their turn came: removed, or on a disk that is not there any more"
    elif tally.not_begun:
        yield f"{tally.not_begun} not begun; run the same command again to go on"
    yield from failures(tally)
    yield from _section("skipped", tally.left_alone, tally.counts[Status.SKIPPED])
    yield from _section("warnings", tally.warnings, tally.warned)


def failures(tally: Tally) -> Iterator[str]:
    """Every failed file with its reason; nothing where none failed. The tracebacks too where the tally is verbose."""
    yield from _section("failed", tally.failures, len(tally.failures))


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


def _section(title: str, told: Sequence[Told], count: int) -> Iterator[str]:
    """The lines of what is told, of `count` in all; what is said of a file may name files too."""
    if told:
        yield f"{title}:"
    for name, words, traceback in told:
        shown = traceback.rstrip().split("\n") if traceback else []
        yield "\n".join([f"  {printable(name)}: {printable(words)}", *map(printable, shown)])
    if count > len(told):
        yield f"  and {count - len(told)} more; -v shows all"
