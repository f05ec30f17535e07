import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgpipe.job import Failure, Item, Output, Source, Status
from imgpipe.report.summary import failures, human_bytes, summary
from imgpipe.report.tally import Tally

EVIL = os.fsdecode(b"\x1b[31m\xff\n\r\xc2\x9b.jpg")


def failed(name, message="cannot be read", traceback=""):
    return Item(Source(name, "jpeg", 1), Status.FAILED, failure=Failure("OSError", message, traceback))


def skipped(name, reason="no picture"):
    return Item(Source(name, None, 1), Status.SKIPPED, reason=reason)


def written(name, *warnings, bytes=1000):
    return Item(Source(name, "jpeg", bytes), Status.WRITTEN, (Output(name, 500, 1, 1),), warnings)


def tallied(*items, total=None, verbose=False):
    tally = Tally(len(items) if total is None else total, verbose)
    for item in items:
        tally.add(item)
    return tally


def lines(*items, total=None, verbose=False):
    return list(summary(tallied(*items, total=total, verbose=verbose)))


def test_the_sums_come_first():
    unchanged = Item(Source("u", "jpeg", 1), Status.UNCHANGED)
    first, *_ = lines(written("a"), written("b"), unchanged, failed("c"), skipped("d"), skipped("e"), skipped("f"))
    assert first.startswith("7 inputs: 2 written, 1 unchanged, 1 failed, 3 skipped; 2 kB -> 1 kB, ")
    assert first.endswith(" images/s")


def test_sizes_and_speed_are_told_only_where_something_was_written():
    assert lines(failed("a"))[0] == "1 input: 0 written, 0 unchanged, 1 failed, 0 skipped"
    assert lines() == ["0 inputs: 0 written, 0 unchanged, 0 failed, 0 skipped"]


def test_what_was_not_begun_is_told_with_the_way_to_go_on():
    first, second = lines(written("a"), total=5)
    assert "5 inputs: 1 written, 0 unchanged, 0 failed, 4 skipped" in first
    assert second == "4 not begun; run the same command again to go on"


@pytest.mark.parametrize("verbose", [False, True])
def test_every_failure_is_named_with_its_reason(verbose):
    items = [failed(f"{number}.jpg", f"reason {number}") for number in range(300)]
    found = lines(*items, verbose=verbose)
    assert found[1:] == ["failed:", *(f"  {number}.jpg: reason {number}" for number in range(300))]


def test_the_failures_alone_say_nothing_of_the_others():
    others = [written("a.jpg", "16 bits converted"), skipped("b.txt")]
    assert list(failures(tallied(*others))) == []
    all_three = [*others, failed("c.jpg", traceback="Traceback\n  deep\n")]
    assert list(failures(tallied(*all_three))) == ["failed:", "  c.jpg: cannot be read"]
    assert list(failures(tallied(*all_three, verbose=True)))[1].endswith("Traceback\n  deep")


def test_of_skipped_files_and_warnings_ten_are_named_and_the_others_counted():
    items = [skipped(f"s{number}") for number in range(12)] + [
        written(f"w{number}", "one", "two") for number in range(11)
    ]
    found = lines(*items)
    assert found[1:] == [
        "skipped:",
        *(f"  s{number}: no picture" for number in range(10)),
        "  and 2 more; -v shows all",
        "warnings:",
        *(f"  w{number}: one; two" for number in range(10)),
        "  and 1 more; -v shows all",
    ]
    all_of_them = lines(*items, verbose=True)
    assert len(all_of_them) == 1 + 1 + 12 + 1 + 11


def test_tracebacks_are_shown_only_where_they_are_asked_for():
    item = failed("a.jpg", "broken", "Traceback:\n  in a filter\nOSError\n")
    assert not any("Traceback" in line for line in lines(item))
    assert lines(item, verbose=True)[-1] == "  a.jpg: broken\nTraceback:\n  in a filter\nOSError"


@pytest.mark.parametrize("verbose", [False, True])
def test_no_name_or_message_moves_the_cursor_or_cannot_be_encoded(verbose):
    items = [
        failed(EVIL, f"cannot write {EVIL}: no space", f"Traceback:\n  {EVIL}\nOSError: {EVIL}"),
        skipped(EVIL, f"{EVIL} exists already"),
        written(EVIL, f"{EVIL} dropped"),
    ]
    found = lines(*items, verbose=verbose)
    for line in "\n".join(found).split("\n"):
        assert line.isprintable()
        assert line.encode()
    text = "\n".join(found)
    shown = r"\x1b[31m\xff\n\r\x9b.jpg"
    for part in (f"{shown}: cannot write {shown}: no", f"{shown}: {shown} exists", f"{shown}: {shown} dropped"):
        assert part in text


@given(st.integers(0, 10**16))
def test_numbers_of_bytes_are_short_and_near(count):
    number, unit = human_bytes(count).split()
    factor = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}[unit]
    assert float(number) * factor == pytest.approx(count, rel=0.051, abs=0.5 * factor if unit in ("B", "kB") else None)
    assert len(number) <= 7
    assert unit == "TB" or len(number) <= 4


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (999_499, "999 kB"), (999_500, "1.0 MB"), (99_949_999, "99.9 MB"),
     (99_950_000, "100 MB"), (999_500_000, "1.0 GB"), (1_500_000_000_000, "1.5 TB")],
)  # fmt: skip
def test_units_change_where_the_shown_number_would_grow_too_long(count, text):
    assert human_bytes(count) == text
