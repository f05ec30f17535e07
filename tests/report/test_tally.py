from hypothesis import given
from hypothesis import strategies as st

from imgpipe.job import Failure, Item, Output, Source, Status
from imgpipe.report.tally import Tally

OUTPUTS = (Output("a.webp", 30, 1, 1), Output("b.webp", 4, 1, 1))


def item(status, name="a.jpg", **more):
    failure = Failure("OSError", "broken") if status is Status.FAILED else None
    return Item(Source(name, "jpeg", 100), status, failure=failure, **more)


@given(st.lists(st.sampled_from(Status)), st.integers(0, 20))
def test_discovered_is_the_sum_of_the_four_ends_however_the_run_ended(statuses, not_begun):
    tally = Tally(len(statuses) - statuses.count(Status.PRUNED) + not_begun)
    for status in statuses:
        tally.add(item(status))
    inputs = len(statuses) - statuses.count(Status.PRUNED)
    assert tally.done == inputs
    assert tally.not_begun == not_begun
    assert tally.skipped == statuses.count(Status.SKIPPED) + not_begun
    ends = [tally.counts[status] for status in (Status.WRITTEN, Status.UNCHANGED, Status.FAILED)]
    assert tally.discovered == sum(ends) + tally.skipped == inputs + not_begun


def test_files_that_came_while_the_run_went_on_are_counted():
    tally = Tally(1)
    tally.add(item(Status.WRITTEN))
    tally.add(item(Status.WRITTEN))
    assert (tally.discovered, tally.not_begun, tally.skipped) == (2, 0, 0)


def test_inputs_that_a_run_did_not_come_to_are_gone_only_where_it_came_to_its_end():
    tally = Tally(3)
    tally.add(item(Status.WRITTEN))
    assert (tally.not_begun, tally.gone) == (2, 0)
    tally.ended = True
    assert (tally.gone, tally.skipped, tally.discovered) == (2, 2, 3)


def test_bytes_are_those_of_written_pictures_only():
    tally = Tally(4)
    for status in Status:
        tally.add(item(status, outputs=OUTPUTS if status in (Status.WRITTEN, Status.UNCHANGED) else ()))
    assert (tally.bytes_in, tally.bytes_out) == (100, 34)


def test_what_a_person_must_hear_of_is_kept_in_order_and_nothing_else():
    tally = Tally(6)
    tally.add(item(Status.WRITTEN))
    tally.add(item(Status.UNCHANGED))
    for number in range(12):
        tally.add(item(Status.FAILED, f"f{number}"))
        tally.add(item(Status.SKIPPED, f"s{number}", reason="no picture"))
        tally.add(item(Status.WRITTEN, f"w{number}", warnings=("alpha dropped", "grey")))
    assert tally.failures == [(f"f{number}", "broken", "") for number in range(12)]
    assert tally.left_alone == [(f"s{number}", "no picture", "") for number in range(10)]
    assert tally.warnings == [(f"w{number}", "alpha dropped; grey", "") for number in range(10)]
    assert (tally.counts[Status.SKIPPED], tally.warned) == (12, 12)


def test_a_verbose_one_keeps_them_all():
    tally = Tally(12, verbose=True)
    for number in range(12):
        tally.add(item(Status.SKIPPED, f"s{number}", reason="no picture"))
        tally.add(item(Status.WRITTEN, f"w{number}", warnings=("grey",)))
    assert (len(tally.left_alone), len(tally.warnings)) == (12, 12)


def test_a_traceback_is_kept_only_where_it_is_shown():
    broken = Item(Source("a", "jpeg", 1), Status.FAILED, failure=Failure("OSError", "broken", "Traceback"))
    for verbose, kept in ((False, ""), (True, "Traceback")):
        tally = Tally(1, verbose)
        tally.add(broken)
        assert tally.failures == [("a", "broken", kept)]


def test_two_tallies_share_nothing():
    Tally(1).add(item(Status.FAILED))
    assert Tally(1).done == 0
    assert Tally(1).failures == []


def test_time_goes_on():
    tally = Tally(0)
    assert 0 <= tally.seconds <= tally.seconds


def test_pruned_outputs_are_counted_and_no_input_for_them():
    tally = Tally(0)
    tally.add(item(Status.PRUNED, outputs=OUTPUTS))
    assert (tally.pruned, tally.discovered, tally.left_alone) == (len(OUTPUTS), 0, [])
