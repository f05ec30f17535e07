"""What was measured, as Markdown that names no machine and no folder."""

from __future__ import annotations

import os
import re
import shlex
import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from benchmarks.measure import Contestant, best, ratio, ratio_spread
from benchmarks.model import INSTALLED, ROOT, Assignment, Command
from benchmarks.quality import Verdict

OURS = "imgpipe"
HEADINGS = ("", "version", "seconds", "pictures/s", "imgpipe is", "CPU s", "memory MB", "SSIM", "mean bytes")
DASH = "–"


@dataclass
class Outcome:
    """One workload, measured.

    Attributes:
        title: its name and what it is.
        origin: where its pictures come from.
        work: what the peers were told.
        contestants: all commands of all peers, in order.
        absent: peers that took no part, and why.
        ceiling: what the reference itself comes to, encoded.
    """

    title: str
    origin: str
    work: Assignment
    contestants: list[Contestant] = field(default_factory=list)
    absent: dict[str, str] = field(default_factory=dict)
    ceiling: Verdict = field(default_factory=Verdict)


def page(machine: str, runs: int, outcomes: Sequence[Outcome], skipped: dict[str, str]) -> str:
    """All of it."""
    parts = ["# Benchmarks",
             f"Machine: {machine}. Medians of {runs} runs in alternation after one warm-up each, least and greatest "
             "in brackets."]  # fmt: skip
    parts += [section(outcome) for outcome in outcomes]
    parts += [f"## {title}\n\nNot measured: {reason}." for title, reason in skipped.items()]
    return "\n\n".join(parts) + "\n"


def section(outcome: Outcome) -> str:
    """One workload: its table, and below it who was not measured, what else was tried, and the commands."""
    chosen = best(outcome.contestants)
    good = [contestant for contestant in chosen if contestant.failure is None]
    ours = next((contestant for contestant in good if contestant.peer == OURS), None)
    lines = [_line(HEADINGS), _line(("---",) * 2 + ("---:",) * (len(HEADINGS) - 2))]
    lines += [_line(_row(contestant, ours, outcome.work.count)) for contestant in good]
    lines.append(_line(("*reference, encoded*", "", *(DASH,) * 5, *_quality(outcome.ceiling))))
    notes = [*_missing(outcome, chosen), *_remarks(outcome.contestants, good), *_commands(good, outcome.work)]
    listed = "\n".join(f"- {note}" for note in notes)
    return f"## {outcome.title}\n\nPictures: {outcome.origin}.\n\n" + "\n".join(lines) + f"\n\n{listed}"


def readable(command: Command, work: Assignment) -> str:
    """A command as a person would type it in the repository: `in` and `out` for the folders, bare program names."""
    argv = command.argv
    text = argv[2] if argv[:2] == ("sh", "-c") else shlex.join(argv)
    return without_paths(" ".join((*(f"{name}={value}" for name, value in command.env.items()), text)), work)


def without_paths(text: str, work: Assignment) -> str:
    """The text with this machine's folders taken out of it."""
    names = {str(work.source): "in", str(work.target): "out", sys.executable: "python", f"{work.target.parent}/": ""}
    names |= {str(python): "python" for python in INSTALLED.glob("*/bin/python")}
    # Where programs of this environment are; and what lets imgpipe be the one of this folder.
    names |= {f"{os.path.dirname(sys.executable)}/": "", f"PYTHONPATH={ROOT} ": ""}
    names |= {f"{ROOT}/": "", **{f"{folder}/": "" for folder in os.get_exec_path()}}
    for path in sorted(names, key=len, reverse=True):
        # Only where a path begins: /bin/ is in others too.
        text = re.sub(rf"(?<![\w.-]){re.escape(path)}", names[path], text)
    return text


def _row(contestant: Contestant, ours: Contestant | None, count: int) -> Iterator[str]:
    variant = contestant.command.variant
    yield f"{contestant.peer}, {variant}" if variant else contestant.peer
    yield contestant.version
    yield _spread(contestant.median, min(contestant.seconds), max(contestant.seconds), "{:.3f}")
    yield f"{count / contestant.median:.1f}"
    yield _ratio(contestant, ours)
    # A command with its own clock does more outside it than the others, so its sums tell nothing.
    own_clock = contestant.command.own_clock
    yield DASH if own_clock else f"{statistics.median(run.cpu for run in contestant.runs):.2f}"
    yield DASH if own_clock or contestant.peak is None else f"{contestant.peak / 1e6:.0f}"
    yield from _quality(contestant.verdict or Verdict())


def _ratio(contestant: Contestant, ours: Contestant | None) -> str:
    if ours is None or contestant is ours:
        return DASH
    seconds = contestant.seconds, ours.seconds
    return _spread(ratio(*seconds), *ratio_spread(*seconds), "{:.2f} x")


def _quality(verdict: Verdict) -> tuple[str, str]:
    return f"{verdict.ssim:.4f} (least {verdict.worst:.4f})", f"{verdict.mean_bytes:.0f}"


def _missing(outcome: Outcome, chosen: Sequence[Contestant]) -> Iterator[str]:
    for peer, reason in outcome.absent.items():
        yield f"**{peer}** was not measured: {reason}."
    for contestant in chosen:
        if contestant.failure is not None:
            yield f"**{contestant.peer}** was not measured: {without_paths(contestant.failure, outcome.work)}."


def _remarks(contestants: Sequence[Contestant], good: Sequence[Contestant]) -> Iterator[str]:
    for contestant in contestants:
        if contestant in good and contestant.command.own_clock:
            whole = statistics.median(run.wall for run in contestant.runs)
            yield (
                f"{contestant.peer}: from when its processes are ready and hold the pictures until the last is made; "
                f"the whole program took {whole:.2f} s."
            )
        elif contestant not in good and contestant.failure is None:
            yield f"{contestant.peer}, {contestant.command.variant}: {contestant.median:.2f} s."
    for contestant in good:
        if contestant.verdict and contestant.verdict.one_off:
            yield f"{contestant.peer}: {contestant.verdict.one_off} outputs are 1 px off the nearest size."


def _commands(good: Sequence[Contestant], work: Assignment) -> Iterator[str]:
    for contestant in good:
        yield f"{contestant.peer}: `{readable(contestant.command, work)}`"


def _spread(middle: float, least: float, greatest: float, form: str) -> str:
    low, high = (form.format(value).removesuffix(" x") for value in (least, greatest))
    return f"{form.format(middle)} ({low}–{high})"


def _line(cells: Sequence[str] | Iterator[str]) -> str:
    return f"| {' | '.join(cells)} |"
