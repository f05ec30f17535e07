"""``python -m benchmarks [W1 ...]``: prepare the pictures, run imgpipe and its peers, print the table."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from benchmarks.machine import describe
from benchmarks.measure import Contestant, compete
from benchmarks.model import Absent, Assignment
from benchmarks.peers import PEERS
from benchmarks.plot import plot
from benchmarks.quality import ceiling
from benchmarks.table import OURS, Outcome, page
from benchmarks.workloads import WORKLOADS, CannotPrepare, Options, Workload, fill


def main() -> int:
    arguments = parse()
    options = Options(arguments.picture, arguments.photos, arguments.files)
    outcomes: list[Outcome] = []
    skipped: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = (arguments.work or Path(temporary)).resolve()
        for workload in (WORKLOADS[name] for name in arguments.workloads or WORKLOADS):
            try:
                outcomes.append(measure(workload, folder / workload.name, options, arguments))
            except CannotPrepare as reason:
                skipped[_title(workload)] = str(reason)
    text = page(describe(arguments.cores), arguments.runs, outcomes, skipped)
    if arguments.write and arguments.plot:
        where = os.path.relpath(arguments.plot, arguments.write.parent)
        text = text.replace("\n\n", f"\n\n![How many times as fast as each peer imgpipe is]({where})\n\n", 1)
    print(text, end="")
    if arguments.write:
        arguments.write.write_text(text, encoding="utf-8")
    if arguments.plot:
        arguments.plot.write_text(plot(outcomes), encoding="utf-8")
    return 1 if any(_failed(outcome) for outcome in outcomes) else 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Run imgpipe and its peers side by side on the same pictures."
    )
    parser.add_argument("workloads", nargs="*", metavar="W1", help=f"default: all of {', '.join(WORKLOADS)}")
    parser.add_argument("--runs", type=_positive, default=5, help="timed runs of each, after a warm-up (5)")
    parser.add_argument("--cores", type=_positive, default=2, help="cores that each may use (2)")
    parser.add_argument("--peers", type=_names, default=list(PEERS), metavar="A,B", help="only these, and imgpipe")
    parser.add_argument("--files", type=_positive, help="at most so many pictures, for a quick look")
    parser.add_argument("--picture", type=Path, help="the picture of W1")
    parser.add_argument("--photos", type=Path, help="a folder with the photographs of W2")
    parser.add_argument("--work", type=Path, help="where pictures are prepared and written; else a temporary folder")
    parser.add_argument("--write", type=Path, metavar="FILE", help="also write the table there")
    parser.add_argument("--plot", type=Path, metavar="FILE.svg", help="write the ratios there as a plot")
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.workloads if name not in WORKLOADS]:
        parser.error(f"no workload {', '.join(unknown)}; there are {', '.join(WORKLOADS)}")
    return arguments


def measure(workload: Workload, folder: Path, options: Options, arguments: argparse.Namespace) -> Outcome:
    """Prepare one workload's pictures and run all peers over them.

    Raises:
        CannotPrepare: its pictures cannot be had.
    """
    _tell(f"{workload.name}: preparing the pictures")
    origin, count = fill(workload, folder / "in", options)
    work = Assignment(workload.task, folder / "in", folder / "out", count, arguments.cores)
    outcome = Outcome(_title(workload), origin, work)
    for name in arguments.peers:
        found = PEERS[name](work)
        if isinstance(found, Absent):
            outcome.absent[name] = found.reason
        else:
            outcome.contestants += [Contestant(name, found.version, command) for command in found.commands]
    compete(outcome.contestants, work, arguments.runs, _tell)
    outcome.ceiling = ceiling(work)
    return outcome


def _failed(outcome: Outcome) -> bool:
    """Whether imgpipe itself could not be measured; a peer that could not is a line of the page."""
    return not any(each.peer == OURS and each.failure is None for each in outcome.contestants)


def _title(workload: Workload) -> str:
    return f"{workload.name}: {workload.title}"


def _tell(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def _names(text: str) -> list[str]:
    """Peers whose names begin with the given words, and imgpipe before them."""
    words = [word.strip().lower() for word in text.split(",")]
    for word in words:
        if not any(name.lower().startswith(word) for name in PEERS):
            raise argparse.ArgumentTypeError(f"no peer {word}; there are {'; '.join(PEERS)}")
    return [name for name in PEERS if name == OURS or any(name.lower().startswith(word) for word in words)]


if __name__ == "__main__":
    sys.exit(main())
