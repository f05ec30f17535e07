"""The command line run over a folder, and the memory of all its processes while it runs."""

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections import Counter
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Outcome:
    """Exit status, the items by name, the summary, what was said on stderr, and bytes of memory at the peak.

    `peak` is all memory, a page that several processes share counted once; `own` leaves out files that are mapped, of
    which a run has less while any other process has loaded the same libraries.
    """

    status: int
    items: dict
    summary: dict
    said: str
    peak: int
    own: int

    def count(self, status):
        return sum(item["status"] == status for item in self.items.values())


# PR_SET_THP_DISABLE: imgpipe asks for huge pages, and how many the kernel finds is chance; one more or less is 2 MB.
_WITHOUT_HUGE_PAGES = (
    "import ctypes, os, sys; ctypes.CDLL(None).prctl(41, 1, 0, 0, 0); os.execv(sys.executable, sys.orig_argv[3:])"
)


def run(source, target, *options, timeout=600, huge_pages=True):
    """`imgpipe process SOURCE TARGET`, watched."""
    command = [sys.executable, "-m", "imgpipe", "process", source, target, "--json", "-", "--no-progress", *options]
    if not huge_pages:
        command = [sys.executable, "-c", _WITHOUT_HUGE_PAGES, *command]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        watch = _Watch(process.pid)
        watch.start()
        try:
            out, said = process.communicate(timeout=timeout)
        finally:
            process.kill()
            watch.stop()
    lines = [json.loads(line) for line in out.splitlines()]
    items = {line["source"]: line for line in lines if line["type"] == "item"}
    assert len(items) + 1 == len(lines), "an input was told of twice"
    return Outcome(process.returncode, items, lines[-1], said, watch.peak, watch.own)


class _Watch(threading.Thread):
    """Sums the memory of a process and all that descend from it, ten times a second."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.peak = self.own = 0
        self._pid = pid
        self._done = threading.Event()

    def run(self):
        while not self._done.wait(0.1):
            parts = [_memory(pid) for pid in [self._pid, *_descendants(self._pid)]]
            self.peak = max(self.peak, sum(part["Pss"] for part in parts))
            self.own = max(self.own, sum(part["Pss_Anon"] + part["Pss_Shmem"] for part in parts))

    def stop(self):
        self._done.set()
        self.join()


def _descendants(pid):
    parents = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found, fresh = set(), {pid}
    while fresh := {child for child, parent in parents.items() if parent in fresh} - found:
        found |= fresh
    return found


def _memory(pid):
    """Bytes by kind, with a page that several processes share counted once."""
    found = Counter()
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            kind, _, size = line.partition(":")
            if kind.startswith("Pss"):
                found[kind] = int(size.split()[0]) << 10
    return found


def fill(folder, pictures):
    """Write (name, content) pairs into a folder, and return how many there are."""
    os.makedirs(folder, exist_ok=True)
    count = 0
    for name, content in pictures:
        (Path(folder) / name).write_bytes(content)
        count += 1
    return count
