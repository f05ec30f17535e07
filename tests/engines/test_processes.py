"""How large files and outputs go between the processes."""

import os
import sys
from typing import NamedTuple

import pytest
from PIL import Image

import imgpipe
from imgpipe.concurrency import wire
from imgpipe.concurrency.arena import SMALL
from imgpipe.engines import Workforce
from imgpipe.engines.processes import processes
from imgpipe.job import Item, Job, Seconds, Source, Status, failed
from imgpipe.passing import Loaded
from imgpipe.steps import _NO_MEMORY, Steps
from tests.concurrency.tools import eventually, in_threads, threads_named, waits

pytestmark = pytest.mark.usefixtures("nothing_left_behind")


@pytest.mark.skipif(sys.platform != "linux", reason="nowhere else is there memory that processes share")
def test_large_outputs_do_not_come_through_the_pipe(tmp_path, monkeypatch):
    monkeypatch.setattr(wire, "_receive_buffer", None)
    (tmp_path / "in").mkdir()
    Image.effect_noise((400, 300), 90).save(tmp_path / "in/a.png")
    report = imgpipe.process(tmp_path / "in", tmp_path / "out", imgpipe.Recipe(["flip"]), cores=1)
    assert report.count("written") == 1
    assert (tmp_path / "out/a.png").stat().st_size > SMALL


class ShortAtFirst(NamedTuple):
    """An `apply` that waits for a file, once, and then has too little memory for a picture named `a`."""

    go: str

    def __call__(self, loaded):
        if loaded.job.source.name == "a" and not os.path.exists(self.go):
            eventually(lambda: os.path.exists(self.go))
            return failed(loaded.job.source, MemoryError(), _NO_MEMORY, Seconds())
        return Item(loaded.job.source, Status.WRITTEN)


def test_a_picture_that_runs_short_does_not_wait_for_files_that_wait_for_it(tmp_path):
    """Each file takes more than half of what files may: the next one is read when the one before is done."""
    jobs = [Job(Source(name, "jpeg", 60 << 20), ()) for name in "abc"]
    short = ShortAtFirst(str(tmp_path / "go"))
    steps = Steps(lambda job, room=None: Loaded(job, b"", Seconds()), short, lambda item: item)
    items = []
    with in_threads(lambda: items.extend(processes(iter(jobs), steps, Workforce(cores=2, memory=400 << 20)))):
        # One owner has nothing to do and waits for the next file.
        eventually(lambda: any(waits(thread, "_fetch") for thread in threads_named("pool-")))
        (tmp_path / "go").touch()
    assert {item.source.name: item.status for item in items} == dict.fromkeys("abc", Status.WRITTEN)
