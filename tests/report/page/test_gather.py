import json

import pytest

from imgpipe.job import Failure, Item, Output, Seconds, Source, Status
from imgpipe.report.jsonl import item_line
from imgpipe.report.page.bars import saved_bars, time_bars
from imgpipe.report.page.gather import gather
from imgpipe.report.page.sums import meta, notices, sums


def line(name="a.jpg", status=Status.WRITTEN, made=40, **more):
    failure = Failure("OSError", "broken") if status is Status.FAILED else None
    outputs = (Output(name, made, 8, 8),) if status is Status.WRITTEN else ()
    return item_line(Item(Source(name, "jpeg", 100), status, outputs, failure=failure, **more))


def values(gathered):
    return {one.label: one.value for one in sums(gathered)}


def test_the_sums_are_those_of_the_summary():
    summary = {"type": "summary", "discovered": 9, "written": 1, "unchanged": 5, "failed": 1, "skipped": 2}
    gathered = gather([line(), line("b", Status.FAILED), summary | {"seconds": 2.0, "pruned": 3}])
    assert values(gathered) == {
        "Inputs": "9",
        "Written": "1",
        "Unchanged": "5",
        "Failed": "1",
        "Skipped": "2",
        "Pruned": "3",
        "Time": "2.00 s",
        "Saved": "60 %",
    }
    assert notices(gathered) == []


def test_without_a_summary_they_are_those_of_the_lines_and_it_is_said():
    gathered = gather([{"type": "run", "total": 9}, line(), line("b", Status.FAILED)])
    assert (values(gathered)["Inputs"], values(gathered)["Written"], values(gathered)["Failed"]) == ("9", "1", "1")
    assert notices(gathered)[0].startswith("The run did not come to its end")


def test_a_run_that_was_stopped_or_could_not_go_on_says_so():
    assert "was stopped" in notices(gather([{"type": "summary", "interrupted": True}]))[0]
    assert notices(gather([{"type": "summary", "error": "disk full"}])) == ["The run could not go on: disk full"]


def test_bytes_saved_are_counted_by_tenths():
    gathered = gather(line(str(made), made=made) for made in (1, 5, 15, 99, 100, 101, 500))
    bars = saved_bars(gathered)
    assert {bar.label: bar.values[0] for bar in bars.rows if bar.values[0] != "0"} == {
        "90 to 100 %": "2",
        "80 to 90 %": "1",
        "0 to 10 %": "2",
        "larger": "2",
    }
    assert bars.lead == "700 B became 821 B: 121 B more."
    assert max(bar.share for bar in bars.rows) == 100


def test_time_is_summed_by_step():
    gathered = gather([line(seconds=Seconds(1, 6, 1)), line("b", seconds=Seconds(0, 2, 0))])
    bars = time_bars(gathered)
    assert [(bar.values, bar.share) for bar in bars.rows] == [
        (("1.00 s", "500.0 ms"), 10),
        (("8.00 s", "4000.0 ms"), 80),
        (("1.00 s", "500.0 ms"), 10),
    ]


def test_a_run_of_nothing_has_no_bars():
    gathered = gather([line(status=Status.UNCHANGED)])
    assert saved_bars(gathered) is None
    assert time_bars(gathered) is None


def test_failures_and_warnings_are_listed_all_and_the_others_up_to_ten_thousand():
    lines = [line(f"{number}.jpg") for number in range(10_500)]
    lines += [line(f"bad{number}", Status.FAILED) for number in range(10_500)]
    lines += [line(f"warned{number}", warnings=("w",)) for number in range(10_500)]
    gathered = gather([*lines, {"type": "summary", "discovered": len(lines)}])
    assert len(gathered.listed) == 10_000 + 21_000
    assert gathered.unlisted == 500


@pytest.mark.parametrize("status", [Status.FAILED, Status.SKIPPED, Status.PRUNED])
def test_what_was_not_made_is_listed_beyond_ten_thousand_and_what_is_pruned_is_no_input(status):
    lines = [line(f"{number}", Status.UNCHANGED) for number in range(10_100)] + [line("last", status)]
    inputs = len(lines) - (status is Status.PRUNED)
    gathered = gather([*lines, {"type": "summary", "discovered": inputs}])
    assert [item.source.name for item in gathered.told] == ["last"]
    assert gathered.unlisted == 100


def test_items_are_listed_by_name():
    assert [item.source.name for item in gather([line("b"), line("a"), line("c", Status.FAILED)]).listed] == [
        "a",
        "b",
        "c",
    ]


HUGE = json.loads("1e400"), 10**400, -1, float("nan"), "many", None, [], {}, True


@pytest.mark.parametrize("value", HUGE)
@pytest.mark.parametrize("key", ["discovered", "written", "failed", "seconds", "pruned", "error", "interrupted"])
def test_a_summary_that_lies_breaks_nothing(key, value):
    gathered = gather([line(), {"type": "summary", key: value}])
    assert sums(gathered)
    assert isinstance(notices(gathered), list)


@pytest.mark.parametrize("value", HUGE)
@pytest.mark.parametrize("key", ["type", "began", "total", "cores", "engine", "input", "recipe", "in_place"])
def test_a_line_about_the_run_that_lies_breaks_nothing(key, value):
    gathered = gather([{"type": "run", key: value}, line()])
    assert sums(gathered)
    assert all(isinstance(fact, str) for fact in meta(gathered, "in", "out"))


def test_lines_that_are_none_of_a_record_are_passed_over():
    odd = [{}, {"type": "item"}, {"type": 7}, {"type": []}, line() | {"bytes": "x"}, {"type": "new in a later version"}]
    assert gather([*odd, line()]).counts == {Status.WRITTEN: 1}
