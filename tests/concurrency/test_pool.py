"""A pool gives what a plain `map` gives, raises the first cause, and leaves nothing behind however it is left."""

import re
import threading
from collections import Counter
from contextlib import closing

import pytest

from imgpipe.concurrency import wire, worker
from imgpipe.concurrency.channel import Capacity, Channel, Closed
from imgpipe.concurrency.pool import Pool, pool_stage
from imgpipe.concurrency.roster import PoolBroken, PoolOptions, Roster
from imgpipe.concurrency.serve import RemoteError, RemoteTraceback
from imgpipe.concurrency.stage import Crew, stage
from tests.concurrency import tasks
from tests.concurrency.tasks import Task, perform, undisturbed
from tests.concurrency.tools import Bell, Drive, eventually, in_threads, threads_named, waits, worker_pids

pytestmark = pytest.mark.usefixtures("nothing_left_behind")

METHODS = ["forkserver", "spawn"]


def numbered(count, **more):
    return [Task(number, bytes([number % 256]) * 100, answer=100, **more) for number in range(count)]


class TestResults:
    @pytest.mark.parametrize("method", METHODS)
    @pytest.mark.parametrize("processes", [1, 3])
    def test_are_those_of_map(self, method, processes):
        with Pool(perform, processes, PoolOptions(start_method=method)) as pool:
            done = list(pool.imap_unordered(iter(numbered(200))))
        assert Counter(done) == Counter(map(undisturbed, numbered(200)))

    @pytest.mark.parametrize("raw", [False, True])
    def test_large_ones_in_both_directions_at_once(self, raw):
        wanted = [Task(number, bytes([number]) * 3_000_000, answer=3_000_000, raw=raw) for number in range(8)]
        with Pool(perform, 2) as pool:
            done = list(pool.imap_unordered(iter(wanted)))
        assert Counter(done) == Counter(map(undisturbed, wanted))

    def test_of_nothing_are_none(self):
        with Pool(abs, 2) as pool:
            assert list(pool.imap_unordered([])) == []

    def test_may_be_none(self):
        with Pool(tasks.same, 2) as pool:
            assert list(pool.imap_unordered([None, None, None])) == [None, None, None]

    def test_come_again_from_the_same_pool(self):
        with Pool(abs, 2) as pool:
            for _ in range(3):
                assert sorted(pool.imap_unordered(range(-5, 1))) == list(range(6))

    def test_function_with_much_luggage(self):
        with Pool(tasks.Heavy(bytes(1_000_000)), 2, PoolOptions(start_method="spawn")) as pool:
            assert sorted(pool.imap_unordered([1, 2])) == [(1_000_000, 1), (1_000_000, 2)]

    def test_between_two_thread_stages(self):
        with (
            stage(lambda number: Task(number, b"x" * number), range(100), Crew(4)) as read,
            pool_stage(perform, read, PoolOptions(2, Capacity(2))) as made,
            stage(lambda done: done.number, made, Crew(4)) as written,
        ):
            assert sorted(written) == list(range(100))


def test_bypassed_tasks_come_out_as_they_are():
    odd = [object() for _ in range(10)]
    options = PoolOptions(bypass=lambda task: not isinstance(task, int))
    with Pool(abs, 2, options) as pool:
        done = list(pool.imap_unordered([*range(-10, 0), *odd, *range(-20, -10)]))
    assert sorted(one for one in done if isinstance(one, int)) == list(range(1, 21))
    assert {id(one) for one in done if not isinstance(one, int)} == {id(one) for one in odd}


def test_source_is_not_read_ahead():
    read = []

    def source():
        for number in range(10_000):
            read.append(number)
            yield number

    with (
        stage(tasks.same, source(), Crew(1, Capacity(3))) as fed,
        pool_stage(tasks.same, fed, PoolOptions(2, Capacity(4))) as results,
    ):
        for _ in range(300):
            next(results)
        eventually(lambda: all(waits(thread, "put") for thread in threads_named("pool-")))
        eventually(lambda: all(waits(thread, "put") for thread in threads_named("stage-")))
        in_hand_of_a_worker = 17
        assert len(read) <= 300 + 4 + 2 * in_hand_of_a_worker + 3 + 2


UNPICKLABLE = r"(?i)^can't (pickle|get) (local object )?.*<lambda>"
"""Python says it in other words, by another class, from 3.13 on."""


class TestErrors:
    def raised_by(self, function, given, kind, **options):
        with pytest.raises(kind) as raised, Pool(function, 2, PoolOptions(**options)) as pool:
            list(pool.imap_unordered(given))
        assert not threads_named("pool-")
        return raised.value

    def test_of_the_function_has_its_remote_traceback(self):
        error = self.raised_by(perform, [*numbered(20), Task(20, trick="raise"), *numbered(20)], ValueError)
        assert str(error) == "as asked"
        assert isinstance(error.__cause__, RemoteTraceback)
        assert "in perform" in str(error.__cause__)
        assert "ValueError: as asked" in str(error.__cause__)

    @pytest.mark.parametrize("method", METHODS)
    def test_under_both_start_methods(self, method):
        self.raised_by(perform, [Task(0, trick="raise")], ValueError, start_method=method)

    @pytest.mark.parametrize(
        ("trick", "words"),
        [
            ("raise unpicklable", "Unpicklable: as asked"),
            ("raise pickles only", "PicklesOnly: as asked"),
            ("raise wordless", "Wordless"),
            ("raise text", "BecomesText: as asked"),
        ],
    )
    def test_that_cannot_travel_are_told_in_words(self, trick, words):
        error = self.raised_by(perform, [Task(0, trick=trick)], RemoteError)
        assert words in str(error)
        assert "in perform" in str(error.__cause__)

    def test_that_look_like_an_end_come_out(self):
        error = self.raised_by(perform, [Task(0, trick="raise StopIteration")], RuntimeError)
        assert isinstance(error.__cause__, StopIteration)
        assert "in perform" in str(error.__cause__.__cause__)

    @pytest.mark.parametrize(
        ("name", "kind"), [("Closed", RuntimeError), ("WorkerDied", Exception), ("DeadlineExpired", Exception)]
    )
    def test_of_the_pools_own_kinds_come_out(self, name, kind):
        error = self.raised_by(tasks.raise_by_name, [name], kind)
        assert name in {type(error).__name__, type(error.__cause__).__name__}

    def test_of_an_unpicklable_result(self):
        error = self.raised_by(tasks.give_lambda, [1], Exception)
        assert re.match(UNPICKLABLE, str(error))
        assert isinstance(error.__cause__, RemoteTraceback)

    def test_of_a_result_that_does_not_unpickle(self):
        assert str(self.raised_by(tasks.give_one_way, [1], LookupError)) == "not here"

    def test_of_an_unpicklable_task(self):
        error = self.raised_by(tasks.same, [1, 2, lambda: None], Exception)
        assert re.match(UNPICKLABLE, str(error))

    def test_of_a_task_that_does_not_unpickle(self):
        error = self.raised_by(tasks.same, [tasks.Unloadable()], LookupError)
        assert isinstance(error.__cause__, RemoteTraceback)

    def test_of_an_unpicklable_function_comes_at_once(self):
        error = self.raised_by(lambda task: task, [1], Exception)
        assert re.match(UNPICKLABLE, str(error))

    @pytest.mark.parametrize("method", METHODS)
    def test_of_a_function_that_does_not_unpickle(self, method, capfd):
        error = self.raised_by(tasks.Unloadable(), [1], PoolBroken, start_method=method)
        assert str(error) == "a worker process cannot load what it is to do: not here"
        assert isinstance(error.__cause__.__cause__, RemoteTraceback)
        assert capfd.readouterr().err == ""

    def test_of_the_source_come_out(self):
        def source():
            yield from range(50)
            raise KeyError("disk")

        self.raised_by(tasks.same, source(), KeyError)

    def test_of_the_consumer_go_up_as_they_are(self):
        def consume(results):
            for _ in results:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt), Pool(abs, 2) as pool:
            consume(pool.imap_unordered(range(10**9)))
        assert not threads_named("pool-")

    def test_in_another_stage_end_the_pool(self):
        def write(_done):
            raise OSError("disk full")

        with (
            pytest.raises(OSError, match="disk full"),
            stage(tasks.same, range(10**9), Crew(2)) as read,
            pool_stage(tasks.same, read, PoolOptions(2)) as made,
            stage(write, made, Crew(2)) as written,
        ):
            list(written)
        assert not threads_named("pool-")


class TestLeaving:
    @pytest.mark.parametrize("method", METHODS)
    @pytest.mark.parametrize("trick", ["sleep", "spin", "hang"])
    def test_kills_busy_workers(self, tmp_path, method, trick):
        with Bell(tmp_path) as bell:
            with Drive(perform, PoolOptions(2, start_method=method)) as drive:
                drive.offer(*[Task(number, trick=trick, bell=bell.path) for number in range(2)])
                pids = {bell.wait()[0], bell.wait()[0]}
                assert pids == worker_pids()
            assert not worker_pids()
            assert drive.results == []

    def test_kills_workers_that_are_starting(self, tmp_path):
        (folder := tmp_path / "starts").mkdir()
        for name in "ab":
            (folder / name).touch()
        with Bell(tmp_path) as bell:
            initializer = tasks.Initializer(bell.path, str(folder), "hang")
            with Drive(perform, PoolOptions(2, initializer=initializer)):
                pids = {bell.wait()[0], bell.wait()[0]}
                assert pids == worker_pids()
            assert not worker_pids()

    def test_ends_one_that_nobody_knew_of_yet_when_the_others_were_killed(self):
        """Its owner would wait until it is ready, and that may be never."""
        roster = Roster(wire.dumps((abs, None)), PoolOptions())
        roster.kill_all()
        with pytest.raises(Closed):
            roster.hire()
        assert not worker_pids()

    def test_results_end_before_their_worker_has_and_it_ends_in_order(self, tmp_path):
        source, go, left = Channel(Capacity()), tmp_path / "go", tmp_path / "left"
        source.put(1)
        source.end()
        main = threading.current_thread()

        def let_it_go():
            eventually(lambda: waits(main, "join_thread"))
            go.touch()

        with Bell(tmp_path) as bell, in_threads(let_it_go):
            late = tasks.LeaveLate(bell.path, str(go), str(left))
            with pool_stage(tasks.same, source, PoolOptions(initializer=late)) as results:
                assert list(results) == [1]
                bell.wait()
        assert left.exists()

    @pytest.mark.parametrize("where", ["block", "join"])
    def test_in_a_hurry_does_not_wait_for_a_worker_that_does_not_come_to_its_end(self, where, tmp_path, monkeypatch):
        def interrupted(_thread=None):
            raise KeyboardInterrupt

        # Whoever waited for it would do so for ever.
        monkeypatch.setattr(worker, "_SECONDS_TO_LEAVE", None)
        source = Channel(Capacity())
        source.put(1)
        source.end()
        with Bell(tmp_path) as bell:
            options = PoolOptions(initializer=tasks.LeaveLate(bell.path, str(tmp_path / "never"), ""))
            with (  # noqa: PT012 - it falls into the block, or into its end
                pytest.raises(KeyboardInterrupt),
                pool_stage(tasks.same, source, options) as results,
            ):
                assert list(results) == [1]
                bell.wait()
                if where == "block":
                    interrupted()
                monkeypatch.setattr("imgpipe.concurrency.stage.join_thread", interrupted)
            eventually(lambda: not worker_pids())

    def test_with_no_task_taken(self):
        source = Channel(Capacity())
        with pool_stage(abs, source, PoolOptions(2)):
            pass
        with pytest.raises(Closed):
            source.put(1)

    def test_at_once_while_threads_start(self):
        for _ in range(10):
            with pool_stage(abs, Channel(Capacity()), PoolOptions(3)):
                pass

    def test_while_owners_wait_for_the_consumer(self):
        with Pool(abs, 2, PoolOptions(capacity=Capacity(1))) as pool:
            assert next(pool.imap_unordered(range(10**9))) >= 0
            eventually(lambda: all(waits(thread, "put") for thread in threads_named("pool-")))
        assert not threads_named("pool-")
        assert not worker_pids()

    def test_while_a_large_result_comes(self, tmp_path):
        with Bell(tmp_path) as bell, Drive(perform, PoolOptions(1)) as drive:
            drive.offer(Task(0, answer=200_000_000, trick="ring", bell=bell.path))
            bell.wait()
        assert not worker_pids()

    def test_results_abandoned_half_way_by_closing_them(self):
        with Pool(abs, 2) as pool:
            with closing(pool.imap_unordered(range(10**9))) as results:
                next(results)
            assert not threads_named("pool-")
            assert not worker_pids()

    def test_results_abandoned_half_way_by_forgetting_them(self):
        with Pool(abs, 2) as pool:
            next(pool.imap_unordered(range(10**9)))
            assert not threads_named("pool-")

    def test_terminate_ends_the_results(self):
        pool = Pool(abs, 2)
        results = pool.imap_unordered(range(10**9))
        assert next(results) >= 0
        pool.terminate()
        pool.terminate()
        assert not worker_pids()
        assert sum(1 for _ in results) <= 100

    def test_terminate_from_another_thread(self):
        pool = Pool(tasks.same, 2)
        results = pool.imap_unordered(range(10**9))
        next(results)
        thread = threading.Thread(target=pool.terminate)
        thread.start()
        for _ in results:
            pass
        thread.join()
        assert not worker_pids()
