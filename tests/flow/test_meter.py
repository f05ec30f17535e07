"""A run says how its time went, whatever its engine."""

import os
import threading
import time
from itertools import pairwise

import pytest

from imgpipe.api import process
from imgpipe.concurrency.channel import Capacity, Channel, Statistics
from imgpipe.concurrency.waited import Waited
from imgpipe.flow import Flow, Meter, Station
from imgpipe.flow import meter as meters
from imgpipe.job import Item, Seconds, Source, Status
from tests.flow.slow import flow_of, make_pictures

pytestmark = pytest.mark.usefixtures("nothing_left_behind")

engines = pytest.mark.parametrize("engine", ["serial", "threads", "processes"])

COUNT = 9


@pytest.fixture
def pictures(tmp_path):
    folder = make_pictures(tmp_path / "in", COUNT)
    (folder / "broken.png").write_bytes(b"\x89PNG no picture")
    return folder


@engines
def test_every_stage_tells_its_hands_items_and_work(engine, pictures, tmp_path):
    before = time.monotonic()
    flow, items = flow_of(pictures, tmp_path / "out", engine, cores=2)
    whole = time.monotonic() - before
    read, work, write = flow.stages
    assert [stage.name for stage in flow.stages] == ["read", "process", "write"]
    # What failed was worked on as well, but not written.
    assert [stage.items for stage in flow.stages] == [COUNT + 1, COUNT + 1, COUNT]
    hands = [1, 1, 1] if engine == "serial" else [2, 2, 2]
    assert [read.hands, work.hands, write.hands] == hands
    assert work.worked == pytest.approx(sum(item.seconds.process for item in items))
    for stage in flow.stages:
        assert 0 < stage.worked <= stage.hands * flow.seconds
        waited = stage.waited_for_input + stage.waited_for_room + stage.waited_for_memory + stage.starting
        # After the last item they wait until the workers have gone.
        assert 0 <= waited <= stage.hands * whole


@engines
def test_items_say_when_and_where_the_recipe_was_applied(engine, pictures, tmp_path):
    before = time.monotonic()
    flow, items = flow_of(pictures, tmp_path / "out", engine, cores=2)
    after = time.monotonic()
    for item in items:
        began, ended = item.seconds.began, item.seconds.began + item.seconds.process
        assert before <= flow.began <= began <= ended <= flow.began + flow.seconds <= after
    workers = {item.seconds.worker for item in items}
    here = threading.get_native_id()
    assert workers == {here} if engine == "serial" else here not in workers
    lanes = [sorted((i.seconds.began, i.seconds.process) for i in items if i.seconds.worker == w) for w in workers]
    for lane in lanes:
        ends = [began + seconds for began, seconds in lane]
        assert all(end <= began for end, (began, _) in zip(ends, lane[1:], strict=False)), "one thing at a time"


@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="needs the native numbers of Linux")
def test_with_processes_a_worker_is_the_process(pictures, tmp_path):
    _, items = flow_of(pictures, tmp_path / "out", "processes")
    (worker,) = {item.seconds.worker for item in items}
    assert worker != os.getpid()
    assert not os.path.exists(f"/proc/self/task/{worker}")


def test_what_is_up_to_date_takes_no_part(pictures, tmp_path):
    flow_of(pictures, tmp_path / "out", "serial")
    (pictures / "broken.png").unlink()
    flow, items = flow_of(pictures, tmp_path / "out", "serial")
    assert flow == Flow()
    assert {item.seconds for item in items} == {Seconds()}


def test_a_stage_counts_only_the_items_that_came_to_it():
    meter = Meter()
    meter.begin("threads", 1)
    for seconds in (Seconds(read=1.0), Seconds(1.0, 2.0, 0.0, 5.0, 7), Seconds(1.0, 2.0, 3.0, 5.0, 7)):
        meter.add(Item(Source("a.png", "png", 1), Status.FAILED, seconds=seconds))
    assert [(stage.items, stage.worked) for stage in meter.flow().stages] == [(3, 3.0), (2, 4.0), (1, 3.0)]


class Noted(Channel):
    """A channel whose figures are the test's."""

    statistics = None


def test_what_hands_and_channels_waited_adds_up():
    waited = Waited()
    for what, seconds in (("input", 1.0), ("room", 2.0), ("memory", 4.0), ("start", 8.0)):
        waited.add(what, seconds)
    before, behind = Noted(Capacity(1)), Noted(Capacity(1))
    before.statistics = Statistics(0, seconds_full=32.0, seconds_empty=16.0)
    behind.statistics = Statistics(0, seconds_full=128.0, seconds_empty=64.0)
    meter = Meter()
    meter.begin("threads", 1)
    meter.watch(Station("process", 3, waited, before, behind), Station("read", 3, Waited(), None, before))
    read, process, _ = meter.flow().stages
    assert (process.waited_for_input, process.waited_for_room) == (17.0, 130.0)
    assert (process.waited_for_memory, process.starting) == (4.0, 8.0)
    assert (read.waited_for_input, read.waited_for_room) == (0.0, 32.0)


def test_the_report_of_the_library_has_it(pictures, tmp_path):
    report = process(pictures, tmp_path / "out", cores=1)
    assert report.flow.engine == "processes"
    assert report.flow.stages[1].items == COUNT + 1
    assert report.flow.stages[1].starting > 0


def test_a_run_that_is_left_early_has_told_what_it_did(pictures, tmp_path):
    def first(run):
        item = next(run)
        run.close()
        return item

    flow, item = flow_of(pictures, tmp_path / "out", "threads", consume=first)
    assert [stage.items for stage in flow.stages] == [1, 1, 1]
    assert flow.stages[1].worked == item.seconds.process


def test_depths_of_the_channels_are_seen_behind_a_slow_stage(tmp_path):
    pictures = make_pictures(tmp_path / "in", 20)
    flow, _ = flow_of(pictures, tmp_path / "out", "threads", "process")
    before, after, _ = flow.queues
    assert [queue.behind for queue in flow.queues] == ["read", "process", "write"]
    assert max(depth for _, depth in before.depths) == before.capacity
    assert max(depth for _, depth in after.depths) < before.capacity
    times = [seconds for seconds, _ in before.depths]
    assert times == sorted(times)
    assert times[0] >= 0
    assert times[-1] <= flow.seconds


def test_a_long_run_keeps_some_hundred_depths_at_even_distances(monkeypatch):
    now = 0.0
    monkeypatch.setattr(meters.time, "monotonic", lambda: now)
    channel: Channel[int] = Channel(Capacity(4))
    meter = Meter()
    meter.begin("threads", 1)
    meter.watch(Station("read", 1, Waited(), None, channel))
    item = Item(Source("a", "png", 1), Status.WRITTEN)
    for tick in range(200_000):
        now = tick / 64
        meter.add(item)
    (queue,) = meter.flow().queues
    times = [seconds for seconds, _ in queue.depths]
    assert 150 <= len(times) <= 400
    assert times[0] == 0
    assert times[-1] > 0.97 * now
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert max(gaps) <= 1.5 * min(gaps)
