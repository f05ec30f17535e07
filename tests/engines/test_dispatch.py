"""The client's side of a cluster, against a client in memory that does what the test says."""

import pickle
from dataclasses import replace
from types import SimpleNamespace

import pytest

pytest.importorskip("distributed")

from distributed.comm import CommClosedError

from imgpipe.concurrency.channel import Capacity, Channel
from imgpipe.engines import Workforce
from imgpipe.engines.asking import _SECONDS_TO_ANSWER
from imgpipe.engines.dispatch import Dispatch, _Group
from imgpipe.engines.order import Done, Order
from imgpipe.errors import RunError
from imgpipe.job import Item, Job, Source, Status, Target
from imgpipe.publishing import NOT_BEGUN, write
from imgpipe.steps import Steps

TRIES = 2


class Future:
    """What a worker has made of a group."""

    def __init__(self, done):
        self._done = done

    def result(self, timeout):
        return self._done


class Client:
    """Two workers of one thread; a group is done when somebody asks what is done."""

    loop = None
    status = "running"

    def __init__(self):
        self.workers = {"one": 1, "two": 1}
        self.groups = []
        self.ready = []
        self.most = self.looks = 0
        self.halted = []
        self.cancelled = []
        self.asked = 0
        self.answers = True

    def sync(self, question, *words, callback_timeout, **more):
        self.asked += 1
        if not self.answers:
            raise TimeoutError(f"timed out after {callback_timeout} s.")
        return question(*words, **more)

    def nthreads(self):
        return dict(self.workers)

    def submit(self, _work, _order, packed, **options):
        self.groups.append((pickle.loads(packed), options["apart"]))
        return Future(Done([done(job) for job in self.groups[-1][0]], 1.0))

    def add(self, future):
        self.ready.append(future)
        self.most = max(self.most, len(self.ready))

    def next_batch(self, block):
        assert not block
        self.looks += 1
        # Slower than they could be sent.
        return [self.ready.pop(0)] if self.ready and self.looks % 8 == 0 else []

    def run(self, function, run, **_):
        self.halted.append(run)

    def cancel(self, futures, **_):
        self.cancelled += futures


def job(number):
    return Job(Source(f"{number}.png", "png", 1), (Target(f"{number}/a.webp", "webp"),))


def done(job):
    return Item(job.source, Status.WRITTEN)


@pytest.fixture
def client(monkeypatch):
    client = Client()
    monkeypatch.setattr("distributed.as_completed", lambda **_: client)
    return client


@pytest.fixture
def litter():
    return set()


@pytest.fixture
def dispatch(client, litter):
    steps = Steps(None, None, lambda made: write(None, None, made))
    return Dispatch(client, Order("run", (), b"", Workforce(tries=TRIES)), steps, litter)


def test_no_more_groups_are_sent_than_workers_can_have_ahead(client, dispatch, monkeypatch):
    monkeypatch.setattr("imgpipe.engines.dispatch._SECONDS_A_POLL", 0)
    found = Channel(Capacity(1000))
    for number in range(500):
        found.put(job(number))
    found.end()
    items = list(dispatch.items(found))
    assert {item.source.name for item in items} == {f"{number}.png" for number in range(500)}
    assert len(items) == 500
    assert client.most <= 2 * len(client.workers)


def test_a_connection_that_closes_while_a_result_is_fetched_is_a_scheduler_that_is_gone(client, dispatch):
    class Cut:
        def result(self, timeout):
            raise CommClosedError("Connection reset by peer")

    client.scheduler = SimpleNamespace(address="tcp://host:8786")
    with pytest.raises(RunError, match=r"the Dask scheduler at tcp://host:8786 is gone; what is done is kept"):
        list(dispatch._settled(Cut(), _Group((job(0),))))


def test_a_client_that_the_program_closes_during_the_run_is_named(client, dispatch):
    client.status, client.scheduler = "closed", None
    with pytest.raises(RunError, match="the Dask client was closed during the run; what is done is kept"):
        dispatch._check_connection()


def bereaved(dispatch, group):
    death = SimpleNamespace(last_worker=SimpleNamespace(address="tcp://host:1"))
    return list(dispatch._bereaved(group, death))


def test_jobs_whose_worker_died_are_done_apart_then_in_halves_then_alone_and_tried_again(client, dispatch):
    jobs = tuple(map(job, range(3)))
    assert bereaved(dispatch, _Group(jobs)) == []
    assert client.groups == [(jobs, True)]
    assert bereaved(dispatch, _Group(jobs, apart=True)) == []
    assert [group for group, _ in client.groups[1:]] == [jobs[:1], jobs[1:]]
    group, times = _Group(jobs[:1], apart=True), 0
    while not (items := bereaved(dispatch, group)):
        group = [*dispatch._sent.values()][-1]
        times += 1
        assert (group.jobs, group.apart, group.deaths) == (jobs[:1], True, times)
    assert TRIES <= times <= 2 * TRIES
    (item,) = items
    assert (item.source, item.status, item.failure.type) == (jobs[0].source, Status.FAILED, "WorkerDied")
    assert "tcp://host:1" in item.failure.message


def test_folders_where_a_worker_that_is_gone_may_have_written_are_swept(client, dispatch, litter):
    dispatch._look_at_workers()
    dispatch._send(_Group((job(7),)))
    dispatch._look_at_workers()
    assert litter == set()
    del client.workers["one"]
    dispatch._look_at_workers()
    assert litter == {"7"}


def test_a_stop_halts_the_run_at_the_workers_once(client, dispatch, monkeypatch):
    monkeypatch.setattr("imgpipe.engines.dispatch._SECONDS_A_POLL", 0)
    dispatch._steps = replace(dispatch._steps, stopping=lambda: len(client.groups) > 1)
    found = Channel(Capacity(1000))
    for number in range(50):
        found.put(job(number))
    found.end()
    assert len(list(dispatch.items(found))) == 50
    assert client.halted == ["run"]


def test_a_stop_while_there_are_no_workers_is_the_end(client, dispatch, monkeypatch):
    """What was sent, perhaps to one that has died, would wait for a minute for others to come."""
    monkeypatch.setattr("imgpipe.engines.dispatch._SECONDS_A_POLL", 0)
    client.next_batch = lambda block: []
    client.workers.clear()
    dispatch._steps = replace(dispatch._steps, stopping=lambda: client.groups)
    found = Channel(Capacity(1000))
    for number in range(5):
        found.put(job(number))
    with dispatch:
        items = list(dispatch.items(found))
        assert [item.reason for item in items] == [NOT_BEGUN] * sum(len(jobs) for jobs, _ in client.groups)
    assert (client.halted, len(client.cancelled)) == (["run"], len(client.groups))


def test_workers_that_all_went_are_waited_for_a_minute_from_then_on(client, dispatch, monkeypatch):
    clock = SimpleNamespace(now=dispatch._looked)
    monkeypatch.setattr("imgpipe.engines.dispatch.time", SimpleNamespace(monotonic=lambda: clock.now))
    clock.now += 1000
    dispatch._look_at_workers()
    client.workers.clear()
    clock.now += 59
    dispatch._look_at_workers()
    clock.now += 2
    with pytest.raises(RunError, match="has had no workers for 60 s"):
        dispatch._look_at_workers()


def test_a_scheduler_that_says_nothing_for_a_minute_is_one_error_and_is_not_asked_again(client, dispatch):
    client.scheduler = SimpleNamespace(address="tcp://host:8786")
    client.answers = False
    dispatch._send(_Group((job(7),)))
    asked = round(60 / _SECONDS_TO_ANSWER)
    with dispatch:
        for _ in range(asked - 1):
            dispatch._look_at_workers()
        with pytest.raises(RunError, match=r"tcp://host:8786 has not answered for 60 s; what is done is kept"):
            dispatch._look_at_workers()
    assert (client.asked, client.halted, client.cancelled) == (asked, [], [])


def test_a_scheduler_that_answers_again_is_waited_for_anew(client, dispatch):
    for _ in range(40):
        client.answers = not client.answers
        dispatch._look_at_workers()
    assert dispatch._threads == 2


class Late:
    """A result that does not come while the scheduler says nothing."""

    status = "finished"

    def __init__(self, *came):
        self._came = list(came)

    def result(self, timeout):
        if isinstance(came := self._came.pop(0), Exception):
            raise came
        return came


def test_a_result_is_waited_for_while_the_scheduler_answers(client, dispatch):
    late = Late(TimeoutError(), TimeoutError(), Done([done(job(0))], 1.0))
    assert list(dispatch._settled(late, _Group((job(0),)))) == [done(job(0))]


def test_while_a_result_does_not_come_either_the_minute_is_no_longer(client, dispatch, monkeypatch):
    monkeypatch.setattr("imgpipe.engines.dispatch._SECONDS_BETWEEN_LOOKS", 0)
    client.scheduler = SimpleNamespace(address="tcp://host:8786")
    client.answers = False
    late = Late(*[TimeoutError()] * 7)
    with pytest.raises(RunError, match="has not answered for 60 s"):
        list(dispatch._settled(late, _Group((job(0),))))
    assert client.asked + 7 - len(late._came) == 60 / _SECONDS_TO_ANSWER


def test_a_task_that_ends_with_a_timeout_of_its_own_is_not_waited_for(client, dispatch):
    late = Late(TimeoutError("its own"))
    late.status = "error"
    with pytest.raises(RunError, match="could not go on with a task: TimeoutError: its own"):
        list(dispatch._settled(late, _Group((job(0),))))


def test_a_run_that_is_left_cancels_what_it_has_sent_and_sweeps_behind_it(client, dispatch, litter):
    dispatch._send(_Group((job(7),)))
    (future,) = dispatch._sent
    with dispatch:
        pass
    assert (litter, client.cancelled, client.halted) == ({"7"}, [future], ["run"])


def test_what_a_worker_did_not_begin_is_sent_again_unless_the_run_is_halted(client, dispatch):
    group = _Group(tuple(map(job, range(3))))
    left = Item(job(1).source, Status.SKIPPED, reason=NOT_BEGUN)
    came = [done(job(0)), left, done(job(2))]
    assert list(dispatch._begun(came, group)) == [came[0], came[2]]
    assert client.groups == [((job(1),), False)]
    dispatch._halt()
    assert list(dispatch._begun(came, group)) == came
    assert len(client.groups) == 1
