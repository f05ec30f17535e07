import io
import os
from types import SimpleNamespace

import pytest

from imgpipe.job import Failure, Item, Source, Status
from imgpipe.report import progress as module
from imgpipe.report.progress import announced, counted, progress
from imgpipe.report.tally import Tally

pytestmark = pytest.mark.usefixtures("nothing_left_behind")


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    """As if each moment lasted long enough to be seen."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("JPY_PARENT_PID", raising=False)
    for name in ("_DELAY", "_LOG_EVERY", "_REDRAW_EVERY"):
        monkeypatch.setattr(module, name, 0.0)


def run(file, total=3, wanted=True):
    tally = Tally(total)
    with progress(tally, file, wanted=wanted) as shown:
        for number in range(total):
            failure = Failure("OSError", "broken") if number == 1 else None
            tally.add(Item(Source("a", None, 1), Status.FAILED if failure else Status.WRITTEN, failure=failure))
            if shown is not None:
                shown.update()
        if hasattr(shown, "refresh"):
            shown.refresh()
        return shown, file.getvalue() if isinstance(file, io.StringIO) else ""


@pytest.mark.parametrize(
    ("file", "wanted"), [(io.StringIO(), True), (Terminal(), False)], ids=["no-terminal", "unwanted"]
)
def test_there_is_nothing_where_nobody_looks_or_wants_it(file, wanted):
    shown, text = run(file, wanted=wanted)
    assert shown is None
    assert text == ""


def test_through_a_pipe_there_is_nothing():
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as end, os.fdopen(writer, "w") as file:
        assert run(file)[0] is None
        file.close()
        assert end.read() == b""


def test_on_a_terminal_a_bar_counts_the_inputs_and_the_failures():
    bar, text = run(Terminal())
    assert bar.n == bar.total == 3
    assert "3/3" in text
    assert "1 failed" in text
    assert "images/s" in text
    assert "B/s" in text


def test_the_bar_is_gone_at_the_end_also_when_the_run_fails():
    file = Terminal()
    bars = []

    def fail():
        with progress(Tally(3), file) as bar:
            bars.append(bar)
            bar.update()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert bars[0].disable
    assert file.getvalue().rpartition("\r")[2].strip() == ""
    assert "\n" not in file.getvalue()


def test_a_run_that_is_over_at_once_shows_nothing(monkeypatch):
    monkeypatch.setattr(module, "_DELAY", 60.0)
    file = Terminal()
    with progress(Tally(2), file) as bar:
        bar.update()
        bar.update()
    assert file.getvalue().strip() == ""


def test_a_run_without_inputs_has_a_bar_too():
    bar, _ = run(Terminal(), total=0)
    assert bar.n == 0


@pytest.mark.parametrize("columns", [30, 40, 59, 60, 79, 80, 120, 200])
def test_the_line_fits_the_terminal_and_keeps_its_numbers(columns, monkeypatch):
    tally = Tally(99_999)
    failure = Failure("OSError", "broken")
    for _ in range(99):
        tally.add(Item(Source("a", None, 1), Status.FAILED, failure=failure))
    with progress(tally, Terminal()) as bar:
        bar.n = 12_345
        # As tqdm measures a terminal: without its last column.
        monkeypatch.setattr(bar, "dynamic_ncols", lambda _: (columns - 1, 24))
        line = bar.format_meter(**bar.format_dict | {"elapsed": 60})
    assert len(line) + len("^C") < columns
    assert "12345/99999" in line
    assert columns < 40 or "99 failed" in line
    assert ("images/s" in line) is (columns >= 60)
    assert ("|" in line) is (columns >= 80)


def test_what_is_announced_is_on_a_terminal_alone_and_taken_away_also_after_an_error():
    file = Terminal()
    seen = []

    def stopped():
        with announced("making...", file):
            seen.append(file.getvalue())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert seen[0].endswith("making...")
    assert file.getvalue().endswith("making...\r\x1b[K")
    with announced("making...", log := io.StringIO()):
        pass
    assert log.getvalue() == ""


def test_in_a_log_file_there_are_whole_lines(tmp_path):
    with open(tmp_path / "log", "w") as file:
        run(file)
    first, second, third = (tmp_path / "log").read_text().splitlines()
    assert first.startswith("imgpipe: 1 of 3, ")
    assert second.endswith("s left, 1 failed")
    assert third.startswith("imgpipe: 3 of 3, ")


@pytest.fixture
def clock(monkeypatch):
    """Time passes as the test wants it to."""
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr("tqdm.std.time", lambda: clock.now)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.now))
    monkeypatch.setattr(module, "_LOG_EVERY", 5.0)
    return clock


def go_on(tally, shown, clock, status, seconds, count):
    """So many inputs come to their end, each after so many seconds."""
    for _ in range(count):
        clock.now += seconds
        tally.add(Item(Source("a", None, 1000), status))
        shown.update()


def test_a_bar_moves_on_where_pictures_follow_many_that_are_up_to_date(clock):
    file, tally = Terminal(), Tally(3000)
    with progress(tally, file) as bar:
        go_on(tally, bar, clock, Status.UNCHANGED, 0.0005, 2000)
        before = file.tell()
        for _ in range(5):
            go_on(tally, bar, clock, Status.WRITTEN, 1.0, 1)
            assert file.tell() > before
            before = file.tell()


def test_what_is_left_is_judged_by_the_last_minute_alone(clock, tmp_path):
    tally = Tally(8000)
    with open(tmp_path / "log", "w") as file, progress(tally, file) as log:
        go_on(tally, log, clock, Status.UNCHANGED, 0.001, 6000)
        go_on(tally, log, clock, Status.WRITTEN, 0.5, 800)
    assert (tmp_path / "log").read_text().splitlines()[-1] == (
        "imgpipe: 6799 of 8000, 2 images/s, 2 kB/s, 10 min 0 s left"
    )


def test_in_a_cell_of_a_notebook_a_pipe_gets_lines_and_a_terminal_a_bar(monkeypatch):
    monkeypatch.setenv("JPY_PARENT_PID", "1")
    reader, writer = os.pipe()
    with os.fdopen(reader) as end:
        with os.fdopen(writer, "w") as file:
            run(file)
        assert [line.partition(",")[0] for line in end] == [f"imgpipe: {done} of 3" for done in (1, 2, 3)]
    assert run(io.StringIO(), wanted=False) == (None, "")
    assert "3/3" in run(Terminal())[1]


def test_a_terminal_that_cannot_draw_gets_lines(monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    text = run(Terminal())[1]
    assert "\r" not in text
    assert text.count("\n") == 3


def test_where_finding_takes_long_the_number_is_shown_and_taken_away():
    file = Terminal()
    assert list(counted(iter(range(200)), file)) == list(range(200))
    assert [part.strip("\x1b[K") for part in file.getvalue().split("\r")] == [
        "", "finding files... 64", "finding files... 128", "finding files... 192", "",
    ]  # fmt: skip


def test_where_finding_is_quick_nothing_is_shown(monkeypatch):
    monkeypatch.setattr(module, "_DELAY", 60.0)
    file = Terminal()
    assert len(list(counted(iter(range(200)), file))) == 200
    assert file.getvalue() == ""
