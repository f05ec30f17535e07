"""A stage gives every result, holds its source back, and ends with all its threads whatever goes wrong where."""

import threading
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from imgpipe.concurrency.channel import Capacity, Channel, Closed
from imgpipe.concurrency.stage import Crew, stage
from tests.concurrency.tools import eventually, threads_named, waits

pytestmark = pytest.mark.usefixtures("nothing_left_behind")


class Failure(Exception):
    pass


def crew(threads=1, items=2, name="stage"):
    return Crew(threads, Capacity(items), name=name)


def double(number):
    return 2 * number


def failing_at(number, error, then=double):
    def function(task):
        if task == number:
            raise error
        return then(task)

    return function


def source_failing_at(number, error):
    for task in range(1000):
        if task == number:
            raise error
        yield task


@pytest.mark.parametrize("threads", [1, 2, 16])
class TestResults:
    def test_are_complete(self, threads):
        with stage(double, range(500), crew(threads)) as results:
            assert Counter(results) == Counter(range(0, 1000, 2))

    def test_are_complete_through_three_stages(self, threads):
        with (
            stage(double, range(300), crew(threads, 1)) as doubled,
            stage(str, doubled, crew(threads, 3)) as named,
            stage(len, named, crew(threads, 1)) as lengths,
        ):
            assert Counter(lengths) == Counter(len(str(2 * number)) for number in range(300))

    def test_of_nothing_are_none(self, threads):
        with stage(double, [], crew(threads)) as results:
            assert list(results) == []

    def test_may_be_none_or_false(self, threads):
        with stage(lambda task: task, [None, 0, b"", None], crew(threads)) as results:
            assert Counter(results) == Counter([None, 0, b"", None])


def test_one_thread_keeps_the_order():
    with stage(double, range(50), crew(1)) as results:
        assert list(results) == list(range(0, 100, 2))


@pytest.mark.parametrize("threads", [1, 2, 16])
class TestFailures:
    def test_of_the_function_comes_out_of_the_channel(self, threads):
        error = Failure()
        with stage(failing_at(20, error), range(100), crew(threads)) as results, pytest.raises(Failure) as raised:
            list(results)
        assert raised.value is error

    def test_of_the_function_comes_out_of_the_block(self, threads):
        error = Failure()
        with pytest.raises(Failure) as raised, stage(failing_at(20, error), range(100), crew(threads)) as results:
            list(results)
        assert raised.value is error
        assert not threads_named("stage-")

    def test_of_the_source_comes_after_what_came_before(self, threads):
        error, seen = Failure(), []
        with pytest.raises(Failure) as raised, stage(double, source_failing_at(30, error), crew(threads)) as results:
            seen.extend(results)
        assert raised.value is error
        assert set(seen) <= set(range(0, 60, 2))
        if threads == 1:
            assert seen == list(range(0, 60, 2))

    def test_of_a_source_that_fails_again_and_again_is_the_first(self, threads):
        class Source:
            count = 0

            def __iter__(self):
                return self

            def __next__(self):
                self.count += 1
                raise Failure(self.count)

        with pytest.raises(Failure), stage(double, Source(), crew(threads)) as results:
            list(results)

    @pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, MemoryError, GeneratorExit])
    def test_of_any_kind_come_out(self, threads, kind):
        with pytest.raises(kind), stage(failing_at(3, kind()), range(10), crew(threads)) as results:
            list(results)

    @pytest.mark.parametrize("kind", [StopIteration, Closed])
    def test_that_look_like_an_end_come_out(self, threads, kind):
        with pytest.raises(RuntimeError) as raised, stage(failing_at(3, kind()), range(10), crew(threads)) as results:
            list(results)
        assert isinstance(raised.value.__cause__, kind)

    def test_of_the_consumer_goes_up_as_it_is(self, threads):
        error = Failure()
        with pytest.raises(Failure) as raised, stage(double, range(10**9), crew(threads)) as results:
            list(map(failing_at(200, error), results))
        assert raised.value is error
        assert not threads_named("stage-")


def test_source_is_asked_by_one_thread_at_a_time():
    inside = []

    def source():
        for number in range(20):
            inside.append(number)
            threading.Event().wait(0.001)  # others would come now
            assert inside == [number]
            inside.clear()
            yield number

    with stage(double, source(), crew(8)) as results:
        assert sorted(results) == list(range(0, 40, 2))


def test_source_that_cannot_be_iterated_starts_nothing():
    with pytest.raises(TypeError), stage(double, 7, crew(4)):
        pass


def test_thread_that_cannot_start_leaves_none_behind(monkeypatch):
    start, started = threading.Thread.start, []

    def limited(thread):
        if len(started) == 3:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", limited)
    with pytest.raises(RuntimeError, match="can't start"), stage(double, range(10**9), crew(8)):
        pass
    assert len(started) == 3
    assert not any(thread.is_alive() for thread in started)


class TestBackPressure:
    @pytest.mark.parametrize(("threads", "items"), [(1, 1), (3, 5), (8, 2)])
    def test_source_is_not_read_ahead(self, threads, items):
        read = []

        def source():
            for number in range(1000):
                read.append(number)
                yield number

        with stage(double, source(), crew(threads, items)) as results:
            for taken in range(20):
                eventually(lambda: all(map(waits, threads_named("stage-"))))
                assert len(read) <= taken + items + threads + 1
                next(results)

    def test_three_stages_hold_back_the_first(self):
        read = []

        def source():
            for number in range(1000):
                read.append(number)
                yield number

        with (
            stage(double, source(), crew(2, 3, "one")) as first,
            stage(double, first, crew(1, 1, "two")) as second,
            stage(double, second, crew(4, 2, "three")) as third,
        ):
            next(third)
            eventually(lambda: all(all(map(waits, threads_named(name))) for name in ("one-", "two-", "three-")))
            assert len(read) <= 1 + (3 + 2 + 1) + (1 + 1 + 1) + (2 + 4 + 1)

    def test_bytes_of_results_are_bounded(self):
        made = []

        def make(size):
            made.append(size)
            return bytes(size)

        with stage(make, [100] * 50, Crew(2, Capacity(1000, 500), len)) as results:
            eventually(lambda: all(map(waits, threads_named("stage-"))))
            assert len(made) <= 5 + 2
            assert sum(map(len, results)) == 5000


class TestLeaving:
    def test_early_joins_all_threads(self):
        with stage(double, range(10**9), crew(8)) as results:
            assert next(results) >= 0
            assert len(threads_named("stage-")) == 8
        assert not threads_named("stage-")

    def test_without_having_taken_anything(self):
        with stage(double, range(10**9), crew(4)):
            pass
        assert not threads_named("stage-")

    def test_ends_a_stage_that_waits_for_another(self):
        source = Channel(Capacity())
        with stage(double, source, crew(3)) as first, stage(double, first, crew(3)):
            eventually(lambda: all(map(waits, threads_named("stage-"))))
        with pytest.raises(Closed):
            source.put(1)

    @pytest.mark.parametrize("how", ["close", "forget", "break"])
    def test_abandoned_generator(self, how):
        def engine():
            with (
                stage(double, range(10**9), crew(4, name="one")) as first,
                stage(double, first, crew(4, name="two")) as second,
            ):
                yield from second

        items = engine()
        assert next(items) >= 0
        if how == "close":
            items.close()
        elif how == "break":
            for _ in items:
                break
            items.close()
        else:
            del items
        assert not threads_named("one-")
        assert not threads_named("two-")

    def test_closes_a_source_generator(self):
        closed = []

        def source():
            try:
                yield from range(10**9)
            finally:
                closed.append(True)

        with stage(double, source(), crew(3)) as results:
            next(results)
        assert closed == [True]


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize("place", ["source", "first", "second", "third", "consumer"])
def test_first_cause_comes_out_of_three_stages(place, threads):
    error = Failure(place)
    functions = {name: failing_at(8 if name == place else None, error, lambda task: task) for name in NAMES}
    with (
        pytest.raises(Failure) as raised,
        stage(functions["first"], source_failing_at(8 if place == "source" else -1, error), crew(threads)) as first,
        stage(functions["second"], first, crew(threads)) as second,
        stage(functions["third"], second, crew(threads)) as third,
    ):
        list(map(functions["consumer"], third))
    assert raised.value is error
    assert not threads_named("stage-")


NAMES = ("first", "second", "third", "consumer")


@dataclass(frozen=True)
class Plan:
    """A pipeline and what befalls it: which stage fails at which task, and when the consumer goes, and how."""

    length: int
    crews: tuple[tuple[int, int, int | None], ...]
    source_fails: bool
    taken: int | None
    leaves_by: str


PLANS = st.builds(
    Plan,
    length=st.integers(0, 30),
    crews=st.lists(
        st.tuples(st.integers(1, 4), st.integers(1, 3), st.none() | st.integers(0, 30)), min_size=1, max_size=4
    ).map(tuple),
    source_fails=st.booleans(),
    taken=st.none() | st.integers(0, 10),
    leaves_by=st.sampled_from(["leaving", "raising", "closing"]),
)


def run(plan):
    """The results that came, the error that came out, and all errors that were raised inside."""
    raised = []

    def note(place, number):
        raised.append(Failure(place, number))
        return raised[-1]

    def source():
        yield from range(plan.length)
        if plan.source_fails:
            raise note("source", plan.length)

    def function_failing_at(place, number):
        def function(task):
            if task == number:
                raise note(place, number)
            return task

        return function

    def engine():
        with ExitStack() as block:
            items = source()
            for place, (threads, capacity, fails_at) in enumerate(plan.crews):
                function = function_failing_at(place, fails_at)
                items = block.enter_context(stage(function, items, crew(threads, capacity)))
            yield from items

    came, error, items = [], None, engine()
    try:
        for item in items:
            if plan.taken is not None and len(came) == plan.taken:
                if plan.leaves_by == "raising":
                    raise note("consumer", item)
                break
            came.append(item)
    except Failure as failure:
        error = failure
    items.close()
    return came, error, raised


@settings(max_examples=150, deadline=None)
@given(PLANS)
def test_no_pipeline_hangs_or_loses_what_happened(plan):
    came, error, raised = run(plan)
    event(f"ends with {'an error' if error else 'no error'}")
    assert not threads_named("stage-")
    assert max(Counter(came).values(), default=0) <= 1
    if error is not None:
        assert any(error is one for one in raised)
    elif plan.taken is None or len(came) < plan.taken:
        assert not raised
        assert sorted(came) == list(range(plan.length))


@pytest.mark.chaos
@pytest.mark.timeout(1800)
@settings(max_examples=20_000, derandomize=False)
@given(PLANS)
def test_no_pipeline_hangs_long(plan):
    test_no_pipeline_hangs_or_loses_what_happened.hypothesis.inner_test(plan)
