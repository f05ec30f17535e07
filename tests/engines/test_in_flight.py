"""Files in flight, and pictures where threads work, are admitted against their budgets."""

import threading

import pytest

from imgpipe.concurrency.admission import Budget
from imgpipe.concurrency.waited import Waited
from imgpipe.engines.in_flight import admitting_files, admitting_pictures
from imgpipe.job import Item, Job, Seconds, Source, Status, Target
from imgpipe.steps import Loaded, Steps
from tests.concurrency.tools import PATIENCE, eventually, in_threads, waits

pytestmark = pytest.mark.usefixtures("nothing_left_behind")


def job(name, size):
    return Job(Source(name, "png", size), (Target(name, "png"),))


def settle(passing):
    return passing if isinstance(passing, Item) else Item(passing.job.source, Status.WRITTEN)


def load(passing, room=None):
    return passing if isinstance(passing, Item) else Loaded(passing, b"", Seconds())


STEPS = Steps(load, lambda loaded: loaded, settle, lambda loaded: loaded.job.source.bytes)


def test_file_is_read_when_those_before_it_are_written():
    waited = Waited()
    steps = admitting_files(STEPS, Budget(100), waited)
    first = steps.read(job("a", 60))
    loaded = []
    with in_threads(lambda: loaded.append(steps.read(job("b", 60)))) as (reader,):
        eventually(lambda: waits(reader, "claim"))
        assert not loaded
        steps.write(first)
    assert [one.job.source.name for one in loaded] == ["b"]
    assert 0 < waited.room < PATIENCE


def test_what_failed_or_needed_nothing_holds_nothing():
    budget = Budget(100)
    steps = admitting_files(STEPS, budget, Waited())
    for number in range(5):
        item = Item(Source(str(number), "png", 60), Status.UNCHANGED)
        assert steps.write(steps.read(item)) is item
        steps.read(job(str(number), 100))
        assert steps.write(Item(Source(str(number), "png", 100), Status.FAILED)).status is Status.FAILED
    assert budget._claimed == 0


def test_file_larger_than_the_budget_is_read_alone():
    steps = admitting_files(STEPS, Budget(100), Waited())
    steps.write(steps.read(job("a", 1000)))
    steps.write(steps.read(job("b", 1000)))


def test_pictures_in_threads_take_turns():
    at_work, most, lock = set(), [], threading.Lock()

    def apply(loaded):
        with lock:
            at_work.add(loaded)
            most.append(sum(one.job.source.bytes for one in at_work))
        with lock:
            at_work.discard(loaded)
        return loaded

    steps = Steps(STEPS.read, apply, STEPS.write, STEPS.cost)
    work = admitting_pictures(steps, Budget(100), 25, Waited())
    pictures = [load(job(str(number), size)) for number, size in enumerate([60, 60, 10, 100, 500, 10, 99] * 3)]
    with in_threads(*[lambda picture=picture: work(picture) for picture in pictures]):
        pass
    assert len(most) == len(pictures)
    assert max(total for total in most if total != 500) <= 100


def test_what_was_read_when_a_stop_was_asked_for_waits_for_no_memory_and_is_not_begun():
    pictures = Budget(100)
    steps = Steps(STEPS.read, lambda loaded: pytest.fail("begun"), STEPS.write, STEPS.cost, stopping=lambda: True)
    work = admitting_pictures(steps, pictures, 25, Waited())
    pictures.claim_all()
    loaded = load(job("a", 60))
    assert work(loaded) is loaded


def test_picture_whose_work_fails_gives_its_part_back():
    def fail(loaded):
        raise OSError("as asked")

    work = admitting_pictures(Steps(STEPS.read, fail, STEPS.write, STEPS.cost), Budget(100), 1, Waited())
    for _ in range(3):
        with pytest.raises(OSError, match="as asked"):
            work(load(job("a", 100)))
