"""Runs peers in alternation, each as a whole process with a fresh output folder, and keeps what they took."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.model import ROOT, Assignment, Command
from benchmarks.quality import Verdict, check, outputs_of

TIMEOUT_SECONDS = 900


@dataclass(frozen=True)
class Run:
    """What one run took.

    Attributes:
        seconds: what counts: wall time, or what a command with its own clock says.
        wall: wall time of the whole process.
        cpu: CPU seconds of all its processes.
        peak: the most memory of all its processes together, in bytes; None where it was not watched.
    """

    seconds: float
    wall: float
    cpu: float
    peak: int | None = None


class RunFailed(Exception):
    """A command did not end well, or its outputs are not what was asked for."""


@dataclass
class Contestant:
    """A command of a peer and what was measured of it. The warm-up is not among its runs."""

    peer: str
    version: str
    command: Command
    runs: list[Run] = field(default_factory=list)
    peak: int | None = None
    verdict: Verdict | None = None
    failure: str | None = None

    @property
    def seconds(self) -> list[float]:
        return [run.seconds for run in self.runs]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def compete(
    contestants: Sequence[Contestant], work: Assignment, runs: int, tell: Callable[[str], None] = lambda _: None
) -> None:
    """Warm each up once, check what it made, then run all in turn, `runs` times (A B C A B C ...)."""
    for contestant in contestants:
        tell(f"warm-up: {_name(contestant)}")
        _attempt(contestant, work, _warm_up)
    for number in range(1, runs + 1):
        for contestant in contestants:
            if contestant.failure is None:
                _attempt(contestant, work, _timed)
                tell(f"run {number} of {runs}: {_name(contestant)}: {_last(contestant)}")


def best(contestants: Sequence[Contestant]) -> list[Contestant]:
    """Of each peer the command with the smallest median, in the order given; failures only where all failed."""
    chosen: dict[str, Contestant] = {}
    for contestant in contestants:
        rival = chosen.get(contestant.peer)
        if rival is None or _rank(contestant) < _rank(rival):
            chosen[contestant.peer] = contestant
    return list(chosen.values())


def ratio(peer: Sequence[float], ours: Sequence[float]) -> float:
    """How many times the peer's throughput ours is: ratio of the medians of the seconds."""
    return statistics.median(peer) / statistics.median(ours)


def ratio_spread(peer: Sequence[float], ours: Sequence[float]) -> tuple[float, float]:
    """Least and greatest of the ratios of the single rounds, in which the two ran after each other."""
    ratios = [theirs / mine for theirs, mine in zip(peer, ours, strict=False)]
    return min(ratios), max(ratios)


def _environment() -> dict[str, str]:
    """Ours, but Python programs keep their compiled modules, as installed ones do: the warm-up compiles them."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def run_once(command: Command, work: Assignment, *, memory: bool) -> Run:
    """Run a command into an empty folder.

    Raises:
        RunFailed: it ended with another status than 0.
    """
    empty(work.target)
    # What the run before left to be written must not be written during this one.
    os.sync()
    logs = {name: work.target.parent / f"{name}.log" for name in ("stdout", "stderr")}
    request = {"argv": command.argv, "cores": work.cores, "memory": memory, "timeout": TIMEOUT_SECONDS}
    request |= {name: str(path) for name, path in logs.items()}
    done = subprocess.run(
        (sys.executable, "-m", "benchmarks.tree", json.dumps(request)),
        cwd=ROOT,
        env=_environment() | dict(command.env),
        stdout=subprocess.PIPE,
        check=True,
    )
    took = json.loads(done.stdout)
    if took["status"] != 0:
        raise RunFailed(f"ended with status {took['status']}: {_last_line(logs['stderr'])}")
    seconds = json.loads(_last_line(logs["stdout"]))["seconds"] if command.own_clock else took["wall"]
    return Run(seconds, took["wall"], took["cpu"], took["peak"])


def empty(folder: Path) -> None:
    """Leave an empty folder there; what it held is put aside, and goes with the folder around it.

    Deleting it now would slow down the run that follows: ext4 looks for inodes that were not deleted lately.
    """
    if folder.exists():
        aside = folder.parent / "aside"
        aside.mkdir(exist_ok=True)
        os.rename(folder, aside / str(len(os.listdir(aside))))
    folder.mkdir(parents=True)


def _attempt(contestant: Contestant, work: Assignment, action: Callable[[Contestant, Assignment], None]) -> None:
    try:
        action(contestant, work)
    except RunFailed as failure:
        contestant.failure = str(failure)


def _warm_up(contestant: Contestant, work: Assignment) -> None:
    contestant.peak = run_once(contestant.command, work, memory=True).peak
    contestant.verdict = check(work)
    if contestant.verdict.faults:
        raise RunFailed(f"wrong outputs: {'; '.join(contestant.verdict.faults)}")


def _timed(contestant: Contestant, work: Assignment) -> None:
    run = run_once(contestant.command, work, memory=False)
    made = len(outputs_of(work))
    wanted = work.count * len(work.task.outputs)
    if made != wanted:
        raise RunFailed(f"wrong outputs: {made} instead of {wanted} in run {len(contestant.runs) + 1}")
    contestant.runs.append(run)


def _rank(contestant: Contestant) -> tuple[bool, float]:
    failed = contestant.failure is not None or not contestant.runs
    return failed, 0.0 if failed else contestant.median


def _name(contestant: Contestant) -> str:
    return ", ".join(filter(None, (contestant.peer, contestant.command.variant)))


def _last(contestant: Contestant) -> str:
    return contestant.failure or f"{contestant.seconds[-1]:.2f} s"


def _last_line(path: Path) -> str:
    lines = path.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
