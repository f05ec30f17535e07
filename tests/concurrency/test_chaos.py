"""Workers are killed at every moment of their lives, a thousand times over by `make chaos`.

The next shot comes only after every task that was under way at the last one has come out, for a task that is
hit twice is lost by design.
"""

import os
import random
import signal
import tempfile
import threading
from collections import Counter
from dataclasses import dataclass, replace

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from imgpipe.concurrency.channel import Capacity
from imgpipe.concurrency.owner import Lost
from imgpipe.concurrency.pool import pool_stage
from imgpipe.concurrency.roster import PoolOptions
from imgpipe.concurrency.serve import RemoteError
from imgpipe.concurrency.stage import Crew, stage
from tests.concurrency import tasks
from tests.concurrency.tasks import Initializer, Task, perform, undisturbed
from tests.concurrency.tools import (
    PATIENCE,
    Bell,
    Drive,
    bytes_to_come,
    eventually,
    in_threads,
    slay,
    stop,
    threads_named,
    waits,
    worker_pids,
)
from tests.conftest import wait_for_exit

pytestmark = pytest.mark.usefixtures("nothing_left_behind")

LARGE = 3_000_000
MOST_IN_A_PIPE = 300_000
SIZES = [10, 70_000, 1_000_000]
METHODS = ["forkserver", "spawn"]


class Range:
    """A shooting range: a pool of two, and one way to hit a worker for each moment of its life."""

    def __init__(self, folder, bell, method, seed):
        self.folder = folder
        self.bell = bell
        self.random = random.Random(seed)
        self.offered = []
        self.deaths = folder / "deaths"
        self.deaths.mkdir()
        initializer = Initializer(bell.path, str(self.deaths), "sleep")
        self.drive = Drive(perform, PoolOptions(2, initializer=initializer, start_method=method))

    def offer(self, **more):
        """A task of random size, whose trick is played at its first try only; returns its number."""
        number = len(self.offered)
        size, answer = self.random.choice(SIZES), self.random.choice(SIZES)
        raw = self.random.random() < 0.5
        task = Task(number, bytes([number % 251]) * size, answer, bell=self.bell.path, raw=raw)
        self.offered.append(replace(task, once=str(self.folder / f"once {number}"), **more))
        self.drive.offer(self.offered[-1])
        return number

    def offer_some(self):
        for _ in range(self.random.randrange(4)):
            self.offer()

    def heard(self, number):
        """The worker that rings for this task."""
        while (ring := self.bell.wait())[1] != number:
            pass
        return ring[0]

    def rest(self):
        """All is done, and both owners wait for more."""
        self.drive.settle()
        eventually(lambda: [waits(owner, "_take") for owner in threads_named("pool-")] == [True, True])

    def shoot_busy(self):
        self.offer_some()
        number = self.offer(trick=self.random.choice(["sleep", "spin", "hang"]))
        self.offer_some()
        slay(self.heard(number))

    def shoot_idle(self):
        self.rest()
        slay(self.random.choice(sorted(worker_pids())))
        self.offer_some()

    def shoot_receiving(self):
        """A stopped worker does not read: its owner is in the middle of a large task when the shot falls."""
        self.rest()
        while len(stopped := worker_pids()) < 2:
            self.offer()
            self.rest()
        for pid in stopped:
            stop(pid)
        self.offer(payload=bytes(LARGE), raw=False)  # what is raw would lie in the arena, where nobody waits
        eventually(lambda: any(waits(owner, "_hand_over") for owner in threads_named("pool-")))
        for pid in stopped:
            slay(pid)

    def shoot_receiving_at_a_byte(self):
        self.shoot_at_a_byte("die receiving")

    def shoot_sending(self):
        """The owner is in the middle of a large result."""
        self.rest()
        pid = self.heard(self.offer(trick="ring", answer=10 * LARGE, raw=False))
        eventually(lambda: bytes_to_come() or len(self.drive.results) == len(self.offered))
        stop(pid)
        if bytes_to_come() <= MOST_IN_A_PIPE:
            os.kill(pid, signal.SIGCONT)
            return self.shoot_sending()  # it was faster
        return slay(pid)

    def shoot_sending_at_a_byte(self):
        self.shoot_at_a_byte("die sending")

    def shoot_at_a_byte(self, trick):
        """The worker shoots itself in this message or, where that is shorter, in a later one."""
        pid = self.heard(self.offer(trick=trick, at=self.random.randrange(100_000)))
        while not wait_for_exit(pid, 0):
            self.offer()
            self.drive.settle()

    def shoot_starting(self):
        """Each replacement waits in its initializer for the shot that comes before it says that it is ready."""
        self.rest()
        shots = self.random.randrange(1, 4)
        for number in range(shots):
            (self.deaths / str(number)).touch()
        for pid in worker_pids():
            slay(pid)
        self.offer()
        self.offer_some()
        for _ in range(shots):
            slay(self.heard(-1))

    def shoot_newborn(self):
        """A process that is just there may not even have begun to run Python."""
        self.rest()
        old = worker_pids()
        for pid in old:
            slay(pid)
        self.offer()
        self.offer()
        newborn = eventually(lambda: worker_pids() - old)
        slay(newborn.pop())


MOMENTS = [
    "busy",
    "idle",
    "receiving",
    "receiving_at_a_byte",
    "sending",
    "sending_at_a_byte",
    "starting",
    "newborn",
]


def shoot(folder, method, shots, seed):
    with Bell(folder) as bell:
        range_ = Range(folder, bell, method, seed)
        with range_.drive as drive:
            for number in range(shots):
                range_.offer_some()
                getattr(range_, f"shoot_{MOMENTS[number % len(MOMENTS)]}")()
                drive.settle()
            drive.finish()
    assert not drive.lost
    assert Counter(done.number for done in drive.results) == Counter(range(len(range_.offered)))
    assert sorted(drive.results, key=lambda done: done.number) == list(map(undisturbed, range_.offered))


class TestKilledAtEveryMoment:
    @pytest.mark.parametrize(("method", "shots"), [("forkserver", 16), ("spawn", 8)])
    def test_nothing_is_lost_or_done_twice(self, tmp_path, method, shots):
        shoot(tmp_path, method, shots, seed=7)

    @pytest.mark.chaos
    @pytest.mark.timeout(3600)
    @pytest.mark.parametrize("method", METHODS)
    def test_two_hundred_times(self, tmp_path, method):
        shoot(tmp_path, method, 200, seed=random.randrange(10**9))


class Soak:
    """Tasks flow without a pause while random workers are shot at random moments."""

    def __init__(self, shots, seed):
        self.random = random.Random(seed)
        self.shots = shots
        self.changed = threading.Condition()
        self.begun = 0
        self.out = set()
        self.over = False

    def source(self):
        while not self.over:
            number, self.begun = self.begun, self.begun + 1
            yield self.task(number, self.random.choice(SIZES), self.random.choice(SIZES))

    @staticmethod
    def task(number, size, answer):
        return Task(number, bytes([number % 251]) * size, answer, raw=number % 2 == 0)

    def shoot(self):
        """One shot after the other, each when all is out that had begun at the last one."""
        try:
            for _ in range(self.shots):
                with self.changed:
                    due = set(range(self.begun))
                    assert self.changed.wait_for(lambda due=due: due <= self.out or self.over, PATIENCE)
                threading.Event().wait(self.random.uniform(0, 0.05))
                while not self.over and not self.hit(worker_pids()):
                    pass
        finally:
            self.over = True

    def hit(self, pids):
        try:
            slay(self.random.choice(sorted(pids)))
        except (IndexError, ProcessLookupError):
            return False  # between two workers, or between two looks
        return True

    def run(self, method):
        """The numbers of what came out. Each is looked at as it comes: all together would fill the memory."""
        numbers = []
        with (
            in_threads(self.shoot),
            stage(tasks.same, self.source(), Crew(2, Capacity(4))) as fed,
            pool_stage(perform, fed, PoolOptions(3, Capacity(4), start_method=method)) as made,
        ):
            try:
                for done in made:
                    assert not isinstance(done, Lost), done
                    assert done == undisturbed(self.task(done.number, done.size, len(done.body)))
                    numbers.append(done.number)
                    with self.changed:
                        self.out.add(done.number)
                        self.changed.notify_all()
            finally:
                self.over = True
        return numbers


class TestKilledAtRandomMoments:
    def check(self, method, shots, seed):
        soak = Soak(shots, seed)
        numbers = soak.run(method)
        assert Counter(numbers) == Counter(range(soak.begun))

    @pytest.mark.parametrize(("method", "shots"), [("forkserver", 8), ("spawn", 3)])
    def test_nothing_is_lost_or_done_twice(self, method, shots):
        self.check(method, shots, seed=11)

    @pytest.mark.chaos
    @pytest.mark.timeout(3600)
    @pytest.mark.parametrize("method", METHODS)
    def test_five_hundred_times(self, method):
        self.check(method, 500, seed=random.randrange(10**9))


@dataclass(frozen=True)
class Plan:
    """A pipeline of a source, a thread stage, a pool, a thread stage and a consumer, and what befalls each."""

    length: int
    processes: int
    capacity: int
    tricks: dict[int, str]
    fails: dict[str, int]
    taken: int | None
    slow: bool


PLANS = st.builds(
    Plan,
    length=st.integers(0, 40),
    processes=st.integers(1, 3),
    capacity=st.integers(1, 4),
    tricks=st.dictionaries(
        st.integers(0, 40), st.sampled_from(["once", "kill", "exit", "raise", "raise unpicklable"]), max_size=3
    ),
    fails=st.dictionaries(st.sampled_from(["source", "before", "behind", "consumer"]), st.integers(0, 60), max_size=2),
    taken=st.none() | st.integers(0, 20),
    slow=st.booleans(),
)


class Failure(Exception):
    pass


def run(plan, folder):
    """What came out of the pipeline, and the error that ended it."""

    def failing(place):
        def function(one):
            if getattr(one, "number", None) == plan.fails.get(place, -1):
                raise Failure(place)
            return one

        return function

    def source():
        for number in range(plan.length):
            trick = plan.tricks.get(number, "")
            once = os.path.join(folder, str(number)) if trick == "once" else ""
            yield failing("source")(Task(number, trick="kill" if once else trick, once=once))

    came = []
    with (
        stage(failing("before"), source(), Crew(2, Capacity(plan.capacity))) as fed,
        pool_stage(perform, fed, PoolOptions(plan.processes, Capacity(plan.capacity))) as made,
        stage(failing("behind"), made, Crew(2, Capacity(plan.capacity))) as out,
    ):
        try:
            for one in out:
                if plan.taken is not None and len(came) >= plan.taken:
                    break
                came.append(failing("consumer")(one))
                if plan.slow:
                    eventually(lambda: all(waits(thread) or waits(thread, "_receive") for thread in owners()))
        except (Failure, ValueError, RemoteError) as error:
            return came, error
    return came, None


def owners():
    return threads_named("pool-")


def check(plan):
    with tempfile.TemporaryDirectory() as folder:
        came, error = run(plan, folder)
    assert not threads_named("pool-")
    assert not threads_named("stage-")
    assert not worker_pids()
    numbers = [one.task.number if isinstance(one, Lost) else one.number for one in came]
    assert len(set(numbers)) == len(numbers)
    lethal = {number for number, trick in plan.tricks.items() if trick in {"kill", "exit"}}
    assert {one.task.number for one in came if isinstance(one, Lost)} <= lethal
    event(type(error).__name__)
    if isinstance(error, Failure):
        assert str(error) in plan.fails
    elif error is not None:
        assert any(trick.startswith("raise") for trick in plan.tricks.values())
    elif plan.taken is None or len(came) < plan.taken:
        assert sorted(numbers) == list(range(plan.length))


class TestAnyPipeline:
    @settings(max_examples=12, suppress_health_check=list(HealthCheck))
    @given(PLANS)
    def test_ends_and_accounts_for_what_happened(self, plan):
        check(plan)

    @pytest.mark.chaos
    @pytest.mark.timeout(3600)
    @settings(max_examples=1000, derandomize=False, suppress_health_check=list(HealthCheck))
    @given(PLANS)
    def test_a_thousand_times(self, plan):
        check(plan)
