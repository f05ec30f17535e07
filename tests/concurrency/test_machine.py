"""Anything may happen to a pipeline in any order: it never hangs, never leaks, and accounts for what came in."""

import gc
import os
import signal
import tempfile
import threading
import time
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from imgpipe.concurrency import roster
from imgpipe.concurrency.arena import make_arena
from imgpipe.concurrency.channel import Capacity, Channel, Closed
from imgpipe.concurrency.owner import Lost
from imgpipe.concurrency.pool import pool_stage
from imgpipe.concurrency.roster import PoolBroken, PoolOptions
from imgpipe.concurrency.serve import RemoteError
from imgpipe.concurrency.stage import Crew, stage
from tests.concurrency import tasks
from tests.concurrency.tasks import Task, perform
from tests.concurrency.tools import lying, threads_named, worker_pids
from tests.conftest import _take_census

pytestmark = pytest.mark.usefixtures("nothing_left_behind")

LIMIT = 30.0
DEADLINE = 1.5
TWO_TRIES = 2 * DEADLINE
LETHAL = {"kill", "exit", "segfault", "hang"}
RAISING = {"raise", "raise unpicklable", "raise pickles only", "raise StopIteration", "lambda", "one way"}
LARGE = 2_000_000


class Failure(Exception):
    """Raised by a stage of threads or by the source."""


def work(task):
    """In a worker: some tricks are results that cannot travel."""
    if task.trick == "lambda":
        return tasks.give_lambda(task)
    if task.trick == "one way":
        return tasks.give_one_way(task)
    return perform(task)


class Pipeline(RuleBasedStateMachine):
    """Threads, a pool, threads, and a consumer that may be slow, vanish or fail."""

    @initialize(
        processes=st.integers(1, 3),
        capacity=st.integers(1, 4),
        memory=st.sampled_from([0, 300 << 20]),
        method=st.sampled_from(["forkserver", "forkserver", "spawn"]),
    )
    def start(self, processes, capacity, memory, method):
        self.folder = tempfile.TemporaryDirectory()
        self.census = _take_census(Path(self.folder.name))
        self.offered, self.shots, self.lethal, self.tricks = 0, 0, 0, set()
        self.failing = set()
        self.came, self.error = [], None
        self.changed = threading.Condition()
        self.slow = self.over = self.left = False
        self.bell = os.path.join(self.folder.name, "bell")
        os.mkfifo(self.bell)
        self.ear = os.open(self.bell, os.O_RDWR | os.O_NONBLOCK)
        self.source = Channel(Capacity(10_000))
        options = PoolOptions(processes, Capacity(capacity), deadline=DEADLINE, start_method=method)
        options = options._replace(memory=memory, cost=lambda task: getattr(task, "answer", 0))
        self.stack = ExitStack()
        self.arena = make_arena(1 << 24)
        if self.arena is not None:
            options = options._replace(inputs=self.stack.enter_context(closing(self.arena)), outputs=1 << 24)
        fed = self.stack.enter_context(stage(self.passing("before"), self.source, Crew(2, Capacity(capacity))))
        made = self.stack.enter_context(pool_stage(work, fed, options))
        self.results = self.stack.enter_context(stage(self.passing("behind"), made, Crew(2, Capacity(capacity))))
        self.consumer = threading.Thread(target=self.consume, name="consumer", daemon=True)
        self.consumer.start()

    def passing(self, place):
        def function(one):
            if place in self.failing:
                raise Failure(place)
            return one

        return function

    def consume(self):
        try:
            for result in self.results:
                with self.changed:
                    self.came.append(result)
                    self.changed.notify_all()
                    self.changed.wait_for(lambda: not self.slow or self.left)
        except BaseException as error:
            self.error = error
        with self.changed:
            self.over = True
            self.changed.notify_all()

    def offer(self, **more):
        task = lying(Task(self.offered, bell=self.bell, **more), self.arena)
        with suppress(Closed):
            self.source.put(task)
            self.offered += 1
            self.tricks.add(task.trick)
            self.lethal += task.trick in LETHAL

    # -- what may happen

    @rule(count=st.integers(1, 40), size=st.sampled_from([0, 100, 70_000, LARGE]), raw=st.booleans())
    def offer_some(self, count, size, raw):
        for _ in range(count if size < LARGE else 2):
            self.offer(payload=bytes(size), answer=size, raw=raw)

    @rule(trick=st.sampled_from(["doze", "kill", "exit", "segfault", "hang"]))
    def offer_trouble(self, trick):
        self.offer(trick=trick)

    @rule(trick=st.sampled_from(sorted(RAISING)))
    def offer_an_end(self, trick):
        self.offer(trick=trick)

    @rule()
    def offer_what_cannot_be_pickled(self):
        with suppress(Closed):
            self.source.put(lambda: None)
            self.tricks.add("raise")

    @rule(kind=st.sampled_from([signal.SIGKILL, signal.SIGSTOP]), which=st.integers(0, 2))
    def shoot_or_stop_a_worker(self, kind, which):
        pids = sorted(worker_pids())
        with suppress(ProcessLookupError, IndexError):
            os.kill(pids[which], kind)
            self.shots += 1

    @rule(place=st.sampled_from(["before", "behind"]))
    def fail_in_a_stage(self, place):
        self.failing.add(place)

    @rule()
    def fail_in_the_source(self):
        self.source.fail(Failure("source"))
        self.failing.add("source")

    @rule(slow=st.booleans())
    def change_the_consumer(self, slow):
        with self.changed:
            self.slow = slow
            self.changed.notify_all()

    @precondition(lambda self: not self.left)
    @rule()
    def wait_for_all(self):
        self.change_the_consumer(slow=False)
        if "hang" not in self.tricks and not self.shots:
            self.wait_until(lambda: self.over or len(self.came) >= self.offered, "it hangs")

    def wait_until(self, reached, otherwise):
        """There is always more within the limit, and all within it besides what tasks that kill their workers take."""
        end = time.monotonic() + LIMIT + TWO_TRIES * self.lethal
        with self.changed:
            while not reached():
                came = len(self.came)
                more = self.changed.wait_for(lambda: reached() or len(self.came) > came, LIMIT)  # noqa: B023 - at once
                assert more, otherwise
                assert time.monotonic() < end, otherwise

    @precondition(lambda self: not self.left)
    @rule()
    def leave(self):
        self.left = True
        with self.changed:
            self.changed.notify_all()
        leaving = threading.Thread(target=self.stack.close, daemon=True)
        leaving.start()
        leaving.join(LIMIT)
        assert not leaving.is_alive(), "leaving hangs"

    # -- what must hold

    def teardown(self):
        if not hasattr(self, "folder"):
            return
        try:
            if not self.left:
                self.source.end()
                self.change_the_consumer(slow=False)
                self.wait_until(lambda: self.over, "the end hangs")
                self.check_account()
        finally:
            self.leave()
            self.consumer.join(LIMIT)
            os.close(self.ear)
            # Results hold the memory in which they lie, and so do the frames of an error's traceback.
            self.came.clear()
            self.error = self.results = self.source = None
            self.check_nothing_is_left()
            self.folder.cleanup()

    def check_account(self):
        numbers = [one.task.number if isinstance(one, Lost) else one.number for one in self.came]
        assert len(set(numbers)) == len(numbers), "something came twice"
        if self.error is None:
            assert sorted(numbers) == list(range(self.offered)), "something is missing"
            assert not self.tricks & RAISING
            lost = [one for one in self.came if isinstance(one, Lost)]
            assert all(one.task.trick in LETHAL for one in lost) or self.shots
        else:
            assert isinstance(self.error, Failure | ValueError | RuntimeError | RemoteError | PoolBroken) or (
                "pickle" in str(self.error).lower() or "not here" in str(self.error)
            )
            assert self.failing or self.tricks & RAISING or self.shots

    def check_nothing_is_left(self):
        end = time.monotonic() + LIMIT
        while (left := _take_census(Path(self.folder.name)) - self.census) and time.monotonic() < end:
            gc.collect()
            time.sleep(0.01)
        assert not left
        assert not threads_named("pool-")
        assert not threads_named("warden")


def attack(examples, steps, **more):
    run_state_machine_as_test(
        Pipeline,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            suppress_health_check=list(HealthCheck),
            database=None,
            **more,
        ),
    )


@pytest.fixture(autouse=True)
def impatience(monkeypatch):
    """A worker may be stopped while it starts."""
    monkeypatch.setattr(roster, "_SECONDS_TO_START", 10.0)


def test_any_sequence_of_events():
    attack(12, 12)


@pytest.mark.chaos
@pytest.mark.timeout(7200)
def test_any_sequence_of_events_for_long():
    attack(400, 40, derandomize=False)
