"""A death is charged to whom it belongs: to the task that a worker was on, or to the pool, and never to another."""

import os
import signal
from dataclasses import replace

import pytest

from imgpipe.concurrency import owner
from imgpipe.concurrency.channel import Capacity, Channel
from imgpipe.concurrency.owner import Lost
from imgpipe.concurrency.pool import pool_stage
from imgpipe.concurrency.roster import PoolBroken, PoolOptions
from imgpipe.concurrency.worker import DeadlineExpired, Worker, WorkerDied
from tests.concurrency import tasks, tools
from tests.concurrency.tasks import Task, perform, undisturbed
from tests.concurrency.tools import (
    PATIENCE,
    Bell,
    Drive,
    eventually,
    slay,
    threads_named,
    waits,
    worker_pids,
)
from tests.conftest import wait_for_exit

pytestmark = pytest.mark.usefixtures("nothing_left_behind")

METHODS = ["forkserver", "spawn"]


def innocents(first, count):
    return [Task(number, bytes([number % 251]) * 50, answer=50) for number in range(first, first + count)]


def assert_done(results, tasks):
    """Exactly these came out, each once and as in an undisturbed run; what was lost is left aside."""
    done = [result for result in results if not isinstance(result, Lost)]
    assert sorted(one.number for one in done) == sorted(task.number for task in tasks)
    assert sorted(done, key=lambda one: one.number) == sorted(map(undisturbed, tasks), key=lambda one: one.number)


@pytest.fixture
def far_ahead(monkeypatch):
    """A worker gets all tasks that there are, however long those before have taken."""
    monkeypatch.setattr(owner, "_SECONDS_AHEAD", 1e6)
    monkeypatch.setattr(owner, "_SECONDS_OF_A_LONG_TASK", 1e6)


class TestTaskThatKillsItsWorker:
    @pytest.mark.parametrize(
        ("method", "trick", "cause"),
        [
            ("forkserver", "kill", "was killed by SIGKILL"),
            ("forkserver", "segfault", "was killed by SIGSEGV"),
            ("forkserver", "abort", "was killed by SIGABRT"),
            ("forkserver", "exit", "ended with exit code 3"),
            ("forkserver", "leave", "ended with exit code 5"),
            ("spawn", "kill", "was killed by SIGKILL"),
            ("spawn", "segfault", "was killed by SIGSEGV"),
            ("spawn", "exit", "ended with exit code 3"),
        ],
    )
    def test_is_lost_after_two_tries_and_no_other(self, tmp_path, method, trick, cause):
        others = innocents(0, 60)
        with Bell(tmp_path) as bell, Drive(perform, PoolOptions(2, start_method=method)) as drive:
            poison = Task(99, trick=trick)
            drive.offer(*others[:30], poison, *others[30:])
            results = drive.finish()
            assert not bell.rung()
        assert_done(results, others)
        (lost,) = drive.lost
        assert lost.task is poison
        assert isinstance(lost.error, WorkerDied)
        assert (lost.error.cause, lost.error.tries) == (cause, 2)
        assert str(lost.error) == f"the worker process {cause} (2 tries)"

    @pytest.mark.parametrize("tries", [1, 2, 5])
    def test_gets_exactly_as_many_tries_as_were_granted(self, tmp_path, tries):
        with Bell(tmp_path) as bell, Drive(tasks.ring_and_die, PoolOptions(1, tries=tries)) as drive:
            drive.offer(Task(0, bell=bell.path))
            (lost,) = drive.finish()
            assert lost.error.tries == tries
            pids = {bell.wait()[0] for _ in range(tries)}
            assert len(pids) == tries
            assert not bell.rung()

    def test_many_of_them_do_not_break_the_pool(self):
        poisons = [Task(number, trick="exit") for number in range(100, 120)]
        others = innocents(0, 20)
        with Drive(perform, PoolOptions(2)) as drive:
            drive.offer(*[task for pair in zip(poisons, others, strict=True) for task in pair])
            results = drive.finish()
        assert_done(results, others)
        assert sorted(lost.task.number for lost in drive.lost) == list(range(100, 120))
        assert {lost.error.tries for lost in drive.lost} == {2}

    @pytest.mark.parametrize("tries", [1, 2])
    @pytest.mark.usefixtures("far_ahead")
    def test_tasks_ahead_at_its_worker_are_not_charged(self, monkeypatch, tries):
        """All forty are at the one worker when it dies; the second one that kills has all its tries then."""
        monkeypatch.setattr(owner, "_MOST_AHEAD", 100)
        others = innocents(0, 40)
        with Drive(perform, PoolOptions(1, tries=tries)) as drive:
            drive.offer(*others[:20], Task(98, trick="kill"), Task(99, trick="exit"), *others[20:])
            results = drive.finish()
        assert_done(results, others)
        assert [(lost.task.number, lost.error.tries) for lost in drive.lost] == [(98, tries), (99, tries)]

    @pytest.mark.usefixtures("far_ahead")
    def test_those_it_has_answered_before_are_not_charged_although_more_is_handed_over(self, tmp_path):
        """Its owner waits for somebody to take the second result while the third is answered and the fourth kills."""
        source = Channel(Capacity(10))
        with Bell(tmp_path) as bell, pool_stage(perform, source, PoolOptions(1, Capacity(1), tries=1)) as results:
            source.put(Task(1, trick="wait", bell=bell.path, go=str(tmp_path / "go")))
            pid, _ = bell.wait()
            for task in (Task(2), Task(3), Task(4, trick="kill")):
                source.put(task)
            (tmp_path / "go").touch()
            assert wait_for_exit(pid, PATIENCE)
            source.put(Task(5))
            found = [next(results)]
            eventually(lambda: source.depth == 0)
            source.end()
            found.extend(results)
        assert sorted(one.task.number if isinstance(one, Lost) else one.number for one in found) == [1, 2, 3, 4, 5]
        assert [one.task.number for one in found if isinstance(one, Lost)] == [4]

    @pytest.mark.parametrize("raw", [False, True])
    @pytest.mark.parametrize("at", [0, 4, 20_000, 10**9])
    @pytest.mark.parametrize("trick", ["die sending", "die receiving"])
    def test_once_at_any_byte_of_a_message_loses_nothing(self, tmp_path, trick, at, raw):
        others = [Task(number, bytes([number]) * 1_000_000, answer=1_000_000, raw=raw) for number in range(6)]
        once = Task(6, bytes(10), answer=1_000_000, trick=trick, once=str(tmp_path / "once"), at=at, raw=raw)
        with Drive(perform, PoolOptions(2)) as drive:
            drive.offer(*others[:3], once, *others[3:])
            results = drive.finish()
        assert not drive.lost
        assert_done(results, [*others, once])


@pytest.fixture
def short_tasks(monkeypatch):
    """Every task takes a millisecond by its worker's clock, however busy the machine is."""
    receive = Worker.receive
    monkeypatch.setattr(Worker, "receive", lambda worker: (*receive(worker)[:2], 0.001))


class TestTasksAhead:
    def test_wait_at_a_worker_for_short_tasks_before_them(self, tmp_path, short_tasks):
        with Bell(tmp_path) as bell, Drive(perform, PoolOptions(1)) as drive:
            wanted = Task(1, trick="wait", bell=bell.path, go=str(tmp_path / "go"))
            drive.offer(*innocents(0, 1), wanted, *innocents(2, 8))
            assert bell.wait()[1] == 1
            eventually(lambda: drive.source.depth == 0)
            (tmp_path / "go").touch()
            drive.finish()

    def test_do_not_wait_for_long_tasks(self, tmp_path):
        """The bytes of large ones would lie there for nothing: half a second is long."""
        with Bell(tmp_path) as bell, Drive(perform, PoolOptions(1)) as drive:
            drive.offer(Task(0, trick="doze"))
            drive.settle()
            wanted = Task(1, trick="wait", bell=bell.path, go=str(tmp_path / "go"))
            drive.offer(wanted, *innocents(2, 3))
            assert bell.wait()[1] == 1
            assert drive.source.depth == 3
            (tmp_path / "go").touch()
            drive.finish()

    def test_do_not_wait_near_the_end_while_another_worker_is_idle(self, tmp_path, short_tasks):
        short, *others = (
            Task(number, trick="wait" if number else "", bell=str(tmp_path / "bell"), go=str(tmp_path / f"go {number}"))
            for number in range(4)
        )
        with Bell(tmp_path) as bell, Drive(perform, PoolOptions(2)) as drive:
            drive.offer(short, *others)
            drive.source.end()
            assert {bell.wait()[1], bell.wait()[1]} == {1, 2}
            (tmp_path / "go 1").touch()
            assert bell.wait()[1] == 3, "it waited behind the second one"
            (tmp_path / "go 2").touch()
            (tmp_path / "go 3").touch()
            drive.finish()


class TestIdleDeath:
    @pytest.mark.parametrize("method", METHODS)
    def test_costs_no_task_a_try(self, method):
        with Drive(perform, PoolOptions(2, tries=1, start_method=method)) as drive:
            for number in range(3):
                drive.offer(*innocents(10 * number, 10))
                drive.settle()
                eventually(lambda: all(waits(thread, "_take") for thread in threads_named("pool-")))
                for pid in worker_pids():
                    slay(pid)
            results = drive.finish()
        assert not drive.lost
        assert_done(results, innocents(0, 30))

    def test_before_any_task_costs_none_a_try(self):
        with Drive(perform, PoolOptions(2, tries=1)) as drive:
            eventually(lambda: [waits(thread, "_take") for thread in threads_named("pool-")] == [True, True])
            for pid in worker_pids():
                slay(pid)
            drive.offer(*innocents(0, 10))
            results = drive.finish()
        assert not drive.lost
        assert_done(results, innocents(0, 10))

    def test_at_the_end_is_no_error(self):
        with Drive(perform, PoolOptions(2)) as drive:
            drive.offer(*innocents(0, 10))
            drive.settle()
            eventually(lambda: all(waits(thread, "_take") for thread in threads_named("pool-")))
            for pid in worker_pids():
                slay(pid)
            assert_done(drive.finish(), innocents(0, 10))


class TestDeathBeforeReady:
    @pytest.mark.parametrize(
        ("method", "trick"),
        [("forkserver", "kill"), ("forkserver", "exit"), ("forkserver", "raise"), ("spawn", "kill")],
    )
    def test_a_few_cost_no_task_a_try(self, tmp_path, method, trick):
        (folder := tmp_path / "deaths").mkdir()
        for number in range(4):
            (folder / str(number)).touch()
        with Bell(tmp_path) as bell:
            initializer = tasks.Initializer(bell.path, str(folder), trick)
            options = PoolOptions(2, tries=1, initializer=initializer, start_method=method)
            with Drive(perform, options) as drive:
                drive.offer(*innocents(0, 10))
                results = drive.finish()
        assert not drive.lost
        assert_done(results, innocents(0, 10))
        assert not list(folder.iterdir())

    @pytest.mark.parametrize(
        ("method", "initializer", "processes"),
        [
            ("forkserver", tasks.fail_to_start, 1),
            ("forkserver", tasks.exit_at_start, 3),
            ("spawn", tasks.exit_at_start, 1),
        ],
    )
    def test_again_and_again_breaks_the_pool(self, method, initializer, processes):
        options = PoolOptions(processes, initializer=initializer, start_method=method)
        with Drive(perform, options) as drive:
            drive.offer(*innocents(0, 5))
            with pytest.raises(PoolBroken, match=r"ended with exit code .*__main__") as broken:
                drive.finish()
        assert int(str(broken.value).split()[0]) == 4 * processes + 1
        assert not worker_pids()

    def test_breaks_the_pool_even_where_there_is_no_task(self):
        options = PoolOptions(2, initializer=tasks.exit_at_start)
        with Drive(perform, options) as drive, pytest.raises(PoolBroken):
            drive.finish()

    def test_by_a_function_that_cannot_be_found_breaks_the_pool(self):
        with Drive(tasks.NotThere(), PoolOptions(1)) as drive, pytest.raises(PoolBroken):
            drive.finish()

    def test_count_starts_again_with_each_task_done(self, tmp_path):
        (folder := tmp_path / "deaths").mkdir()
        with Bell(tmp_path) as bell:
            initializer = tasks.Initializer(bell.path, str(folder), "exit")
            with Drive(perform, PoolOptions(1, tries=1, initializer=initializer)) as drive:
                for number in range(4):
                    drive.offer(*innocents(number, 1))
                    drive.settle()
                    eventually(lambda: all(waits(thread, "_take") for thread in threads_named("pool-")))
                    for name in "abc":
                        (folder / name).touch()
                    (pid,) = worker_pids()
                    slay(pid)
                drive.offer(*innocents(4, 1))
                assert_done(drive.finish(), innocents(0, 5))


@pytest.mark.usefixtures("far_ahead")
def test_source_that_fails_ends_the_pool_although_a_worker_hangs(tmp_path):
    """The worker has one task more when its owner learns of the failure, and does not hear that it is let go."""
    source = Channel(Capacity(10))
    with Bell(tmp_path) as bell, pool_stage(perform, source, PoolOptions(1, Capacity(1))) as results:
        first = Task(1, trick="wait", bell=bell.path, go=str(tmp_path / "go"))
        source.put(first)
        bell.wait()
        source.put(Task(2))
        source.put(Task(3, trick="hang", bell=bell.path))
        (tmp_path / "go").touch()
        assert bell.wait()[1] == 3  # the second result waits for the first one to be taken, and its owner with it
        source.fail(KeyError("disk"))
        assert [next(results).number, next(results).number] == [1, 2]
        with pytest.raises(KeyError):
            next(results)
        eventually(lambda: not threads_named("pool-"))
        assert not worker_pids()


def others_are_idle(count):
    """Whether so many owners wait for a task."""
    return sum(waits(thread, "_take") for thread in threads_named("pool-")) == count


class TestDeadline:
    @pytest.mark.parametrize(("method", "trick"), [("forkserver", "sleep"), ("forkserver", "hang"), ("spawn", "hang")])
    def test_kills_what_is_not_done_and_nothing_else(self, tmp_path, method, trick, time):
        with Bell(tmp_path) as bell, Drive(perform, PoolOptions(2, deadline=1.0, start_method=method)) as drive:
            slow = Task(99, trick=trick, bell=bell.path)
            drive.offer(*innocents(0, 20), slow, *innocents(20, 20))
            bell.wait()
            eventually(lambda: others_are_idle(1))
            while not drive.lost:  # its owner may not have seen yet what was answered before it
                time.now += 0.3
                asked = time.asked
                eventually(lambda asked=asked: drive.lost or time.asked > asked + 1)
            results = drive.finish()
            assert not bell.rung()
        (lost,) = drive.lost
        assert lost.task is slow
        assert isinstance(lost.error, DeadlineExpired)
        assert str(lost.error) == "not done after 1 s"
        assert_done(results, innocents(0, 40))

    @pytest.mark.usefixtures("far_ahead")
    def test_does_not_count_against_tasks_ahead(self, tmp_path, time):
        """Three tasks at one worker, each of which hangs: each has its own deadline, and is tried once."""
        with Bell(tmp_path) as bell, Drive(perform, PoolOptions(1, deadline=0.4)) as drive:
            drive.offer(*innocents(0, 5), *[Task(number, trick="hang", bell=bell.path) for number in range(50, 53)])
            drive.offer(*innocents(5, 5))
            for came, number in enumerate(range(50, 53), 5):
                assert bell.wait()[1] == number
                # What was answered before it is seen, so it is the first of its worker's tasks for the owner as well.
                eventually(lambda came=came: len(drive.results) == came)
                eventually(lambda: any(waits(thread, "receive") for thread in threads_named("pool-")))
                time.now += 0.41
            results = drive.finish()
            assert not bell.rung()
        assert_done(results, innocents(0, 10))
        assert {type(lost.error) for lost in drive.lost} == {DeadlineExpired}

    @pytest.mark.parametrize(("trick", "raw"), [("hang", True), ("hang", False)])
    @pytest.mark.usefixtures("far_ahead")
    def test_holds_while_a_large_task_is_handed_over(self, tmp_path, monkeypatch, time, trick, raw):
        """The worker hangs in C and does not read: neither may the owner hang, nor may the large task be charged."""
        monkeypatch.setattr(tools, "make_arena", lambda size: None)  # else what is raw would not go through the pipe
        large = [Task(number, bytes(20_000_000), raw=raw) for number in (10, 11)]
        first = Task(1, trick="wait", bell=str(tmp_path / "bell"), go=str(tmp_path / "go"))
        second = replace(first, number=2, go=str(tmp_path / "go on"))
        with Bell(tmp_path) as bell, Drive(perform, PoolOptions(1, deadline=1.0, tries=1)) as drive:
            drive.offer(first)
            bell.wait()
            drive.offer(second, Task(3, trick=trick, bell=bell.path))  # in one message, behind the first
            (tmp_path / "go").touch()
            assert bell.wait()[1] == 2
            drive.offer(*large)
            (tmp_path / "go on").touch()
            assert bell.wait()[1] == 3
            eventually(lambda: any(waits(thread, "send") for thread in threads_named("pool-")))
            time.now += 1.05
            results = drive.finish()
        (lost,) = drive.lost
        assert lost.task.number == 3
        assert isinstance(lost.error, DeadlineExpired)
        assert_done(results, [first, second, *large])

    def test_of_a_first_task_that_the_worker_never_reads(self, time):
        """The worker is stopped before it gets a large task."""
        with Drive(perform, PoolOptions(1, deadline=0.5)) as drive:
            drive.offer(*innocents(0, 1))
            drive.settle()
            eventually(lambda: all(waits(thread, "_take") for thread in threads_named("pool-")))
            (pid,) = worker_pids()
            os.kill(pid, signal.SIGSTOP)
            drive.offer(Task(5, bytes(20_000_000)))
            eventually(lambda: any(waits(thread, "send") for thread in threads_named("pool-")))
            time.now += 0.55
            drive.offer(*innocents(6, 1))
            results = drive.finish()
        (lost,) = drive.lost
        assert lost.task.number == 5
        assert isinstance(lost.error, DeadlineExpired)
        assert_done(results, [*innocents(0, 1), *innocents(6, 1)])

    def test_of_many_hanging_tasks_does_not_break_the_pool(self, tmp_path, time):
        with Bell(tmp_path) as bell, Drive(perform, PoolOptions(2, deadline=0.2)) as drive:
            drive.offer(*[Task(number, trick="sleep", bell=bell.path) for number in range(10)])
            rung = []
            for _ in range(5):
                rung += [bell.wait()[1], bell.wait()[1]]
                time.now += 0.25
            drive.finish()
            assert sorted(rung) == list(range(10))
        assert {type(lost.error) for lost in drive.lost} == {DeadlineExpired}
        assert len(drive.lost) == 10

    @pytest.mark.usefixtures("far_ahead")
    def test_is_for_each_task_not_for_all_that_are_ahead(self, tmp_path, time):
        """Four tasks in one message, each with one second, of which it takes most."""
        wanted = [
            Task(number, trick="wait", bell=str(tmp_path / "bell"), go=str(tmp_path / f"go {number}"))
            for number in range(5)
        ]
        with Bell(tmp_path) as bell, Drive(perform, PoolOptions(1, deadline=1.0)) as drive:
            drive.offer(*wanted)
            for number in range(5):
                assert bell.wait()[1] == number
                eventually(lambda number=number: len(drive.results) == number)
                eventually(lambda: any(waits(thread, "receive") for thread in threads_named("pool-")))
                if number:
                    assert drive.source.depth == 0
                time.now += 0.9
                asked = time.asked
                eventually(lambda asked=asked: time.asked > asked + 1)
                (tmp_path / f"go {number}").touch()
            assert_done(drive.finish(), wanted)

    def test_that_is_generous_changes_nothing(self):
        wanted = [Task(number, bytes(300_000), answer=300_000) for number in range(30)]
        with Drive(perform, PoolOptions(2, deadline=1000)) as drive:
            drive.offer(*wanted)
            assert_done(drive.finish(), wanted)
