"""Tasks are admitted in order, the last ones by their cost, and within a budget; none waits for ever."""

import sys
import threading
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgpipe.concurrency import admission as admissions
from imgpipe.concurrency import owner
from imgpipe.concurrency.admission import Admission, Budget
from imgpipe.concurrency.channel import Capacity, Channel, Closed, Empty
from imgpipe.concurrency.roster import PoolOptions
from imgpipe.concurrency.waited import Waited
from tests.concurrency import tasks
from tests.concurrency.tasks import Task, perform
from tests.concurrency.tools import Bell, Drive, eventually, in_threads, slay, threads_named, waits

pytestmark = pytest.mark.usefixtures("nothing_left_behind")


def admission(costs, total=100, fair_share=10, *, more=False):
    """Of tasks that are their own cost; negative ones pass by. Where there may be more, they come in their order."""
    source = Channel(Capacity(1000))
    for cost in costs:
        source.put(cost)
    if not more:
        source.end()
    return Admission(source, lambda cost: cost < 0, abs, Budget(total), fair_share)


def taken(admitted):
    """All that is still to come, each given back at once."""
    found = []
    while True:
        try:
            task, claimed = admitted.take()
        except StopIteration:
            return found
        admitted.budget.release(claimed)
        found.append(task)


class TestAdmission:
    def test_claims_the_cost_but_a_fair_share_at_least_and_the_budget_at_most(self):
        admitted = admission([1, 25, 1000], more=True)
        assert admitted.take() == (1, 10)
        assert admitted.take() == (25, 25)
        admitted.budget.release(35)
        assert admitted.take() == (1000, 100)
        admitted._source.end()
        with pytest.raises(StopIteration):
            admitted.take()

    def test_a_costly_one_waits_and_is_not_overtaken(self):
        admitted = admission([40, 70, 1], more=True)
        came = []
        assert admitted.take() == (40, 40)
        with in_threads(lambda: came.append(admitted.take())) as (waiter,):
            eventually(lambda: waits(waiter, "claim"))
            with pytest.raises(Empty):
                admitted.take_within(40)
            assert not came
            admitted.budget.release(40)
        assert came == [(70, 70)]

    def test_who_is_behind_waits_for_what_the_one_before_waits_for(self, monkeypatch):
        clock = SimpleNamespace(now=50.0)
        monkeypatch.setattr(admissions, "time", SimpleNamespace(monotonic=lambda: clock.now))
        admitted, waited = admission([1, 1]), Waited()

        @contextmanager
        def behind_one_that_waits():
            clock.now += 10
            waited.add("memory", 7.0)
            yield

        admitted._waited, admitted._turn = waited, behind_one_that_waits()
        admitted.take()
        # The seven are those of the one before, and once more of the one behind.
        assert (waited.input, waited.memory) == (3.0, 14.0)

    def test_a_costly_one_that_is_seen_too_early_stays_the_next(self):
        admitted = admission([10, 11, 10], more=True)
        assert admitted.take() == (10, 10)
        for _ in range(3):
            with pytest.raises(Empty):
                admitted.take_within(10)
        assert admitted.take() == (11, 11)
        assert admitted.take_within(11) == 10

    def test_the_costliest_goes_first_once_all_that_are_left_are_here(self):
        admitted = admission([2, 5, 1], more=True)
        assert admitted.take()[0] == 2
        for cost in (3, 9, 4):
            admitted._source.put(cost)
        assert admitted.take()[0] == 5
        admitted._source.end()
        assert (admitted.take()[0], admitted.left) == (9, 3)
        assert taken(admitted) == [4, 3, 1]

    def test_those_of_one_cost_keep_their_order(self):
        source = Channel(Capacity(100))
        for name in ("b1", "a1", "b2", "a2", "a3"):
            source.put(name)
        source.end()
        admitted = Admission(source, lambda _: False, lambda name: 2 if name[0] == "a" else 1, Budget(100), 1)
        assert taken(admitted) == ["a1", "a2", "a3", "b1", "b2"]

    def test_what_passes_by_since_a_moment_ago_needs_no_worker_although_it_was_looked_at_before(self):
        passing = []
        admitted = admission([5, 4, 3])
        admitted._pass_by = lambda task: bool(stopped) and not passing.append(task)
        stopped = []
        assert admitted.take()[0] == 5
        stopped.append(True)
        assert taken(admitted) == []
        assert passing == [4, 3]

    def test_what_passes_by_costs_nothing(self):
        admitted = admission([-1, -1, 100, -1, 5])
        assert admitted.take() == (100, 100)
        assert admitted.take_within(100) == 5
        with pytest.raises(StopIteration):
            admitted.take_within(100)

    def test_who_waits_is_sent_home(self):
        admitted = admission([100, 100])
        admitted.take()
        raised = []

        def take():
            with pytest.raises(Closed):
                admitted.take()
            raised.append(True)

        with in_threads(take) as (waiter,):
            eventually(lambda: waits(waiter, "claim"))
            admitted.budget.close()
        assert raised

    @settings(max_examples=40, deadline=None)
    @given(st.lists(st.integers(0, 150), max_size=30), st.integers(1, 5))
    def test_never_admits_more_than_the_budget_and_always_all(self, costs, owners):
        admitted = admission(costs, fair_share=100 // owners)
        lock = threading.Lock()
        done, claims, most = [], [0] * owners, []

        def own(number):
            while True:
                try:
                    cost, claim = admitted.take()
                except StopIteration:
                    return
                with lock:
                    done.append(cost)
                    claims[number] = claim
                    most.append(sum(claims))
                    claims[number] = 0
                admitted.budget.release(claim)

        with in_threads(*[lambda number=number: own(number) for number in range(owners)]):
            pass
        assert sorted(done) == sorted(costs)
        assert max(most, default=0) <= 100


class TestClaimOfAll:
    def test_does_not_wait_for_who_waits_for_a_task(self):
        """That one may come only when what waits here has been done."""
        admitted = admission([], more=True)
        with in_threads(lambda: taken(admitted)) as (waiter,):
            eventually(lambda: waits(waiter, "_fetch"))
            assert admitted.budget.claim_all() == 100
            admitted.budget.release(100)
            admitted._source.end()

    def test_goes_before_who_came_earlier(self):
        budget, came = Budget(100), []
        budget.claim(60)

        def claim():
            came.append(budget.claim(50))

        def claim_all():
            came.append(budget.claim_all())

        with in_threads(claim) as (early,):
            eventually(lambda: waits(early, "claim"))
            with in_threads(claim_all, claim_all) as alone:
                eventually(lambda: all(waits(thread, "claim_all") for thread in alone))
                budget.release(60)
                for number in (1, 2):
                    eventually(lambda number=number: len(came) == number)
                    assert came == [100] * number
                    assert waits(early, "claim")
                    budget.release(100)
        assert came == [100, 100, 50]

    def test_goes_before_one_for_which_there_is_room(self):
        budget, came = Budget(100), []
        budget.claim(60)
        with in_threads(lambda: came.append(budget.claim_all())) as (alone,):
            eventually(lambda: waits(alone, "claim_all"))
            with in_threads(lambda: came.append(budget.claim(10))) as (small,):
                eventually(lambda: came or waits(small, "claim"))
                assert not came
                budget.release(60)
                eventually(lambda: came)
                budget.release(100)
        assert came == [100, 10]

    def test_ends_the_claims_of_others_although_there_is_more_for_them_to_do(self):
        admitted, came = admission([1, 1, 1], more=True), []
        _, claimed = admitted.take()
        with in_threads(lambda: came.append(admitted.budget.claim_all())) as (waiter,):
            eventually(lambda: waits(waiter, "claim_all"))
            with pytest.raises(Empty):
                admitted.take_within(claimed)
            admitted.budget.release(claimed)
        assert came == [100]
        admitted.budget.release(100)
        assert admitted.take_within(10) == 1

    def test_is_sent_home(self):
        budget, raised = Budget(100), []
        budget.claim(1)

        def claim_all():
            with pytest.raises(Closed):
                budget.claim_all()
            raised.append(True)

        with in_threads(claim_all) as (waiter,):
            eventually(lambda: waits(waiter, "claim_all"))
            budget.close()
        assert raised


def cost_of(task):
    return len(task.payload)


def wait_for_owners(place):
    eventually(lambda: any(waits(thread, place) for thread in threads_named("pool-")))


class TestPool:
    def test_tasks_that_do_not_fit_together_take_turns(self, tmp_path, monkeypatch):
        monkeypatch.setattr(owner, "_SECONDS_OF_A_LONG_TASK", 0)  # none lies ahead at a worker
        options = PoolOptions(3, memory=100, cost=cost_of)
        first, *others = (
            Task(number, bytes(60), trick="wait", bell=str(tmp_path / "bell"), go=str(tmp_path / f"go {number}"))
            for number in range(4)
        )
        with Bell(tmp_path) as bell, Drive(perform, options) as drive:
            drive.offer(first, *others)
            for number in range(4):
                assert bell.wait()[1] == number
                if number < 3:
                    wait_for_owners("claim")
                assert not bell.rung()
                (tmp_path / f"go {number}").touch()
            assert len(drive.finish()) == 4

    def test_tasks_of_a_fair_share_do_not_wait_for_each_other(self, tmp_path):
        options = PoolOptions(3, memory=100, cost=cost_of)
        with Bell(tmp_path) as bell, Drive(perform, options) as drive:
            wanted = [Task(n, bytes(33), trick="wait", bell=bell.path, go=str(tmp_path / "go")) for n in range(3)]
            drive.offer(*wanted)
            assert {bell.wait()[1] for _ in range(3)} == {0, 1, 2}
            (tmp_path / "go").touch()
            drive.finish()

    @pytest.mark.parametrize("processes", [1, 2])
    def test_one_that_costs_more_than_all_runs_alone(self, processes):
        options = PoolOptions(processes, memory=100, cost=cost_of)
        with Drive(perform, options) as drive:
            drive.offer(*[Task(number, bytes(size)) for number, size in enumerate([1, 500, 1, 99, 101, 1])])
            assert len(drive.finish()) == 6

    def test_death_of_a_worker_gives_nothing_away(self, tmp_path):
        options = PoolOptions(2, memory=100, cost=cost_of, tries=2)
        with Bell(tmp_path) as bell, Drive(perform, options) as drive:
            drive.offer(
                Task(0, bytes(90), trick="sleep", bell=bell.path, once=str(tmp_path / "once")), Task(1, bytes(90))
            )
            slay(bell.wait()[0])
            assert sorted(done.number for done in drive.finish()) == [0, 1]

    def test_ending_while_a_task_waits(self, tmp_path):
        options = PoolOptions(2, memory=100, cost=cost_of)
        with Bell(tmp_path) as bell, Drive(perform, options) as drive:
            drive.offer(*[Task(number, bytes(90), trick="sleep", bell=bell.path) for number in range(2)])
            bell.wait()
            wait_for_owners("claim")
        assert not threads_named("pool-")

    def test_error_of_the_cost_comes_out(self):
        with Drive(perform, PoolOptions(2, memory=100, cost=lambda task: 1 // 0)) as drive:
            drive.offer(Task(0))
            with pytest.raises(ZeroDivisionError):
                drive.finish()


MEGABYTE = 1 << 20


@pytest.mark.skipif(sys.platform != "linux", reason="no other system keeps a limit")
class TestShortOfMemory:
    """Results of `tasks.allocate` are the megabytes that could be had, or "short"."""

    @pytest.mark.parametrize("method", ["forkserver", "spawn"])
    def test_a_task_gets_what_was_claimed_and_not_much_more(self, method):
        options = PoolOptions(1, memory=200 * MEGABYTE, start_method=method)
        with Drive(tasks.allocate, options) as drive:
            drive.offer(200, 2000, 200)
            assert drive.finish() == [200, "short", 200]

    def test_one_that_ran_short_is_tried_again_with_all_there_is(self):
        options = PoolOptions(
            4, memory=2000 * MEGABYTE, cost=lambda megabytes: MEGABYTE, ran_short=lambda result: result == "short"
        )
        with Drive(tasks.allocate, options) as drive:
            drive.offer(10, 1250, 10, 1250, 10, 4500, 10)
            assert sorted(map(str, drive.finish())) == ["10", "10", "10", "10", "1250", "1250", "short"]

    def test_what_was_freed_is_given_back(self):
        options = PoolOptions(2, memory=800 * MEGABYTE, cost=lambda megabytes: megabytes * MEGABYTE)
        with Drive(tasks.allocate_in_pieces, options) as drive:
            drive.offer(700)
            drive.settle()
            eventually(lambda: all(rss < 200 * MEGABYTE for rss in resident_memory()))
            drive.finish()

    def test_large_task_arrives_although_the_limit_was_low_before(self):
        options = PoolOptions(2, memory=2500 * MEGABYTE, cost=lambda task: len(task.payload))
        with Drive(perform, options) as drive:
            drive.offer(Task(0), Task(1), Task(2, bytes(900 * MEGABYTE), raw=True), Task(3))
            assert len(drive.finish()) == 4


def resident_memory():
    from tests.concurrency.tools import worker_pids

    for pid in worker_pids():
        with open(f"/proc/{pid}/statm") as file:
            yield int(file.read().split()[1]) * 4096
