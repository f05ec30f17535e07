import io

import pytest

from imgpipe.job import Failure, Item, Source, Status
from imgpipe.report.progress import advance, progress
from imgpipe.report.tally import Tally

pytestmark = pytest.mark.usefixtures("nothing_left_behind")


class Terminal(io.StringIO):
    def isatty(self):
        return True


def run(file, total=3, wanted=True):
    tally = Tally(total)
    with progress(tally, file, wanted=wanted) as bar:
        for number in range(total):
            failure = Failure("OSError", "broken") if number == 1 else None
            tally.add(Item(Source("a", None, 1), Status.FAILED if failure else Status.WRITTEN, failure=failure))
            advance(bar, tally)
        if bar is not None:
            bar.refresh()
        return bar, file.getvalue()


@pytest.mark.parametrize(
    ("file", "wanted"), [(io.StringIO(), True), (Terminal(), False)], ids=["no-terminal", "unwanted"]
)
def test_there_is_no_bar_where_nobody_looks_or_wants_it(file, wanted):
    bar, text = run(file, wanted=wanted)
    assert bar is None
    assert text == ""


def test_on_a_terminal_a_bar_counts_the_inputs_and_the_failures():
    bar, text = run(Terminal())
    assert bar.n == bar.total == 3
    assert "3/3" in text
    assert "1 failed" in text


def test_the_bar_is_gone_at_the_end_also_when_the_run_fails():
    file = Terminal()
    with pytest.raises(RuntimeError), progress(Tally(3), file) as bar:
        raise RuntimeError
    assert bar.disable
    assert file.getvalue().rpartition("\r")[2].strip() == ""


def test_a_run_without_inputs_has_a_bar_too():
    bar, _ = run(Terminal(), total=0)
    assert bar.n == 0
