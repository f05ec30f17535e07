from xml.etree import ElementTree as ET

from benchmarks.plot import plot
from benchmarks.table import Outcome
from tests.benchmarks.test_table import WORK, measured

SVG = "{http://www.w3.org/2000/svg}"


def test_each_peer_has_a_bar_as_long_as_imgpipe_is_times_as_fast():
    peers = [measured("imgpipe", 1.0), measured("twice", 2.0), measured("faster", 0.5), measured("far <off>", 100.0)]
    drawing = ET.fromstring(plot([Outcome("W1: work & more", "copies", WORK, peers)]))
    texts = [text.text for text in drawing.iter(f"{SVG}text")]
    assert texts[1:] == ["W1: work & more", "twice", "2.00", "faster", "0.50", "far <off>", "100.00"]
    lengths = [float(bar.get("width")) for bar in drawing.iter(f"{SVG}rect")]
    assert abs(lengths[0] / lengths[1] - 4) < 0.1
    assert abs(lengths[2] / lengths[0] - 4) < 0.1, "cut where the scale ends"


def test_without_imgpipe_there_is_nothing_to_compare():
    drawing = ET.fromstring(plot([Outcome("W1", "copies", WORK, [measured("other", 1.0)])]))
    assert list(drawing.iter(f"{SVG}rect")) == []


def test_commands_of_all_work_can_be_told():
    """Every workload's steps have words in imgpipe."""
    from benchmarks.wording import filter_of
    from benchmarks.workloads import WORKLOADS
    from imgpipe.recipe import Recipe

    for workload in WORKLOADS.values():
        assert len(Recipe([filter_of(step) for step in workload.task.steps]).operations) == len(workload.task.steps)


def test_reference_steps_keep_their_own_sizes():
    import numpy as np

    from benchmarks.workloads import WORKLOADS

    for workload in WORKLOADS.values():
        band = np.zeros((600, 900), np.float32)
        size = (900, 600)
        for step in workload.task.steps:
            band, size = step.apply(band), step.size(size)
            assert band.shape[::-1] == size, step
