"""What has threads and is left to the garbage collector is closed, in whichever thread that runs."""

import gc
import subprocess
import sys
import threading
import weakref
from contextlib import suppress

import pytest

from imgpipe.concurrency.channel import Capacity, Channel
from imgpipe.concurrency.closing import ClosingAnywhere
from imgpipe.concurrency.stage import Crew, stage
from tests.concurrency.tools import PATIENCE, eventually, threads_named
from tests.folders import paint

pytestmark = pytest.mark.usefixtures("nothing_left_behind")


class Cycle:
    """Garbage that only a collection finds, once nobody refers to it."""

    def __init__(self, items):
        self.items = items
        self.itself = self


class Collection:
    """One collection by the thread of a stage that has the third task, once it is due."""

    def __init__(self):
        self.due, self.done = threading.Event(), threading.Event()

    def at_work(self, task):
        self.wait(task)
        self.run()
        return task

    def wait(self, task):
        if task == 3:
            assert self.due.wait(PATIENCE)
        return task

    def run(self):
        if self.due.is_set() and threading.current_thread().name.startswith("stage-") and not self.done.is_set():
            self.done.set()
            gc.collect()


def closing_anywhere(run):
    with ClosingAnywhere(run):
        for item in run:  # noqa: UP028 - that would hand the closing on, too
            yield item


def results(function, ended):
    try:
        with stage(function, range(10**9), Crew(2, Capacity(4), name="stage")) as found:
            yield from found
    finally:
        ended.append(threading.current_thread())


@pytest.fixture
def unraisable(monkeypatch):
    seen = []
    monkeypatch.setattr(sys, "unraisablehook", lambda told: seen.append(repr(told.exc_value)))
    return seen


@pytest.fixture
def collection():
    gc.collect()
    gc.disable()
    yield Collection()
    gc.enable()


@pytest.mark.parametrize("in_hand", ["nothing", "the lock of the channel"])
def test_by_a_collection_in_a_thread_of_its_own(in_hand, collection, unraisable, monkeypatch):
    is_full, function = Channel._is_full, collection.at_work
    if in_hand != "nothing":
        function = collection.wait
        monkeypatch.setattr(Channel, "_is_full", lambda *given: collection.run() or is_full(*given))
    ended = []
    left = Cycle(closing_anywhere(results(function, ended)))
    next(left.items)
    del left
    collection.due.set()
    eventually(lambda: ended and not threads_named("stage-") and not threads_named("close"))
    assert ended[0].name == "close"
    assert not unraisable


def test_by_a_collection_while_the_program_holds_what_the_threads_wait_for(collection, unraisable):
    """As one that comes while another run of this program has the turn to end a worker."""
    turn = threading.Lock()

    def take_turns(task):
        with turn:
            return task

    ended = []
    left = Cycle(closing_anywhere(results(take_turns, ended)))
    next(left.items)
    del left
    with turn:
        gc.collect()
    eventually(lambda: ended and not threads_named("close"))
    assert not unraisable


@pytest.mark.parametrize("how", ["close", "throw", "forget"])
def test_otherwise_it_is_closed_when_the_block_is_left(how, collection):
    ended = []
    items = closing_anywhere(results(abs, ended))
    next(items)
    if how == "close":
        items.close()
    elif how == "throw":
        with suppress(KeyboardInterrupt):
            items.throw(KeyboardInterrupt)
    else:
        del items
    assert ended == [threading.current_thread()]
    assert not threads_named("stage-")


def test_nothing_is_kept_of_what_was_closed(collection):
    run, before = results(abs, []), len(gc.callbacks)
    kept = weakref.ref(run)
    items = closing_anywhere(run)
    next(items)
    items.close()
    del run, items
    assert kept() is None
    assert len(gc.callbacks) == before


ENDING = """
import imgpipe, sys

class Cycle: pass

left = Cycle()
left.itself, left.items = left, imgpipe.stream(*sys.argv[1:], options=imgpipe.Options(engine="threads"))
next(left.items)
"""


def test_at_the_end_of_the_program(tmp_path):
    for number in range(4):
        paint(tmp_path / f"in/{number}.png", seed=number)
    told = subprocess.run(
        [sys.executable, "-X", "dev", "-c", ENDING, tmp_path / "in", tmp_path / "out"],
        check=True,
        timeout=PATIENCE,
        stderr=subprocess.PIPE,
    ).stderr
    assert told == b""
