"""Which files of a watched folder are whole and new, by a clock and by words of the system that are the test's own."""

import os
import sys
import time
from types import SimpleNamespace

import pytest

from imgpipe import watching
from imgpipe.discovery import Selection
from imgpipe.errors import RunError
from imgpipe.storage import Entry, Listing
from imgpipe.storage.local import LocalFolder
from imgpipe.watching import Batch, Patience, Settling, Watch
from tests.folders import write


def entry(name, size=10, modified=1, inode=7):
    return Entry(name, size, modified, inode=inode)


@pytest.fixture
def settling():
    settling = Settling(1.0)
    settling.take([entry("old")])
    return settling


def test_what_was_there_and_is_as_it_was_is_not_taken_again(settling):
    assert settling.look([entry("old")], 0.0) == ([], False)
    assert settling.look([entry("old")], 9.0) == ([], False)
    assert not settling


def test_a_file_is_taken_once_when_it_was_as_it_is_for_long_enough(settling):
    entries = [entry("old"), entry("new")]
    assert settling.look(entries, 0.0) == ([], False)
    assert settling
    assert settling.look(entries, 0.99) == ([], False)
    assert settling.look(entries, 1.0) == (["new"], False)
    assert not settling
    assert settling.look(entries, 5.0) == ([], False)


@pytest.mark.parametrize("later", [entry("new", size=11), entry("new", modified=2), entry("new", inode=8)])
def test_a_change_of_size_time_or_inode_begins_the_waiting_anew(settling, later):
    settling.look([entry("old"), entry("new")], 0.0)
    assert settling.look([entry("old"), later], 1.5) == ([], False)
    assert settling.look([entry("old"), later], 2.4) == ([], False)
    assert settling.look([entry("old"), later], 2.5) == (["new"], False)


def test_a_file_that_changes_after_it_was_taken_is_taken_again(settling):
    assert settling.look([entry("old", size=99)], 0.0) == ([], False)
    assert settling.look([entry("old", size=99)], 1.0) == (["old"], False)


def test_what_has_gone_is_said_once_and_is_new_when_it_comes_back(settling):
    assert settling.look([], 0.0) == ([], True)
    assert settling.look([], 1.0) == ([], False)
    assert settling.look([entry("old")], 2.0) == ([], False)
    assert settling.look([entry("old")], 3.0) == (["old"], False)


def test_what_was_taken_has_gone_also_where_it_goes_while_a_change_of_it_settles(settling):
    # Where it goes between the listing of its folder and the look at it, its entry is empty, which is such a change.
    assert settling.look([entry("old", size=0, modified=0, inode=0)], 0.0) == ([], False)
    assert settling.look([], 0.1) == ([], True)
    assert settling.look([], 0.2) == ([], False)
    assert not settling


def test_what_could_not_be_worked_on_has_gone_also_before_it_comes_again(settling):
    settling.again(["old"])
    assert settling.look([entry("old")], 0.0) == ([], False)
    assert settling.look([], 0.1) == ([], True)


def test_a_file_that_goes_while_it_is_waited_for_is_forgotten(settling):
    settling.look([entry("old"), entry("temporary")], 0.0)
    assert settling.look([entry("old")], 0.5) == ([], False)
    assert not settling


def test_names_that_could_not_be_worked_on_come_again(settling):
    entries = [entry("old"), entry("new")]
    settling.look(entries, 0.0)
    assert settling.look(entries, 1.0)[0] == ["new"]
    settling.again(["new"])
    assert settling
    assert settling.look(entries, 1e12)[0] == ["new"]


class Folder(LocalFolder):
    """Counts how often it is listed."""

    listed = 0

    def list(self, listing):
        self.listed += 1
        return super().list(listing)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "in/out").mkdir(parents=True)
    return Folder(str(tmp_path / "in"))


@pytest.fixture
def watched(folder, monkeypatch):
    """watched(words): the batches of a folder whose output is in it, where the system says this."""

    def watch(words, stop=lambda: False, **patience):
        monkeypatch.setattr(watching, "_check_extra", lambda: None)
        monkeypatch.setattr(watching, "_watched", lambda *_: words)
        selection = Selection(listing=Listing(leave_out=f"{folder.root}/out"))
        return Watch(folder, selection, Patience(settle=0.0, **patience), stop)

    return watch


def test_what_came_before_the_system_began_to_tell_is_found(folder, watched):
    def words():
        write(f"{folder.root}/early.png")
        yield set()

    assert list(watched(words())) == [Batch(("early.png",))]


def test_outputs_are_no_reason_to_look_and_a_folder_that_is_only_called_like_theirs_is(folder, watched):
    def words():
        yield set()
        before = folder.listed
        write(f"{folder.root}/out/a.png")
        yield {(1, f"{folder.root}/out"), (1, f"{folder.root}/out/a.png")}
        yield set()
        assert folder.listed == before
        write(f"{folder.root}/out-takes/b.png")
        yield {(1, f"{folder.root}/out-takes/b.png")}

    assert list(watched(words())) == [Batch(("out-takes/b.png",))]


def test_nothing_is_begun_once_it_is_to_stop(folder, watched):
    stopped = []

    def words():
        yield set()
        write(f"{folder.root}/late.png")
        stopped.append(True)
        yield {(1, f"{folder.root}/late.png")}

    assert list(watched(words(), lambda: bool(stopped))) == []


def removing(folder, *names, then=()):
    """What the system says where these files go one after the other, and then others come."""
    for name in names:
        os.unlink(f"{folder.root}/{name}")
        yield {(3, name)}
    for name in then:
        write(f"{folder.root}/{name}")
        yield {(1, name)}


def test_where_files_go_one_is_told_that_has_stayed_and_none_to_be_processed(folder, watched):
    for name in ("a.png", "b.png", "c.png"):
        write(f"{folder.root}/{name}")
    batches = watched(removing(folder, "a.png", "c.png"), prune=True)
    assert list(batches) == [Batch((), "b.png")] * 2


def test_where_all_have_gone_that_is_told_with_the_next_one_that_comes(folder, watched):
    write(f"{folder.root}/a.png")
    batches = watched(removing(folder, "a.png", then=["b.png", "c.png"]), prune=True)
    assert list(batches) == [Batch(("b.png",), "b.png"), Batch(("c.png",))]


def test_without_prune_it_does_not_matter_what_goes(folder, watched):
    for name in ("a.png", "b.png"):
        write(f"{folder.root}/{name}")
    assert list(watched(removing(folder, "a.png", then=["c.png"]))) == [Batch(("c.png",))]


def test_that_files_have_gone_is_told_again_where_it_could_not_be_worked_on(folder, watched):
    for name in ("a.png", "b.png"):
        write(f"{folder.root}/{name}")

    def words():
        yield from removing(folder, "a.png")
        yield set()
        yield set()

    batches = watched(words(), prune=True)
    told = iter(batches)
    batch = next(told)
    batches.again(batch)
    assert [batch, *told] == [Batch((), "b.png")] * 2


def test_where_nothing_is_left_of_what_could_not_be_worked_on_the_folder_is_let_alone(folder, watched):
    for name in ("a.png", "b.png"):
        write(f"{folder.root}/{name}")
    looks = []

    def words():
        yield from removing(folder, "a.png", "b.png")
        looks.append(folder.listed)
        yield set()
        yield set()
        looks.append(folder.listed)

    batches = watched(words(), prune=True)
    for batch in batches:
        batches.again(batch)
    assert looks[0] == looks[1]


def test_between_two_looks_a_file_that_may_have_settled_is_looked_at(folder, monkeypatch):
    clock = SimpleNamespace(now=0.0)

    def sleep(seconds):
        clock.now += seconds

    monkeypatch.setattr(watching, "time", SimpleNamespace(monotonic=lambda: clock.now, sleep=sleep))
    watch = Watch(folder, Selection(), Patience(settle=1.0, poll=60.0), lambda: False)
    write(f"{folder.root}/new.png")
    assert next(iter(watch)) == Batch(("new.png",))
    assert 1 <= clock.now < 2


def test_after_a_name_that_is_no_utf_8_the_system_is_asked_anew(folder, monkeypatch):
    """watchfiles ends at one."""
    names = [os.fsdecode(b"\xff.png"), "meanwhile.png", "later.png"]
    asked = []

    def words(*_):
        asked.append(True)
        if len(asked) == 1:
            yield set()
            write(f"{folder.root}/{names[0]}")
            raise watching.NotUtf8
        write(f"{folder.root}/{names[1]}")
        yield set()
        write(f"{folder.root}/{names[2]}")
        yield {(1, f"{folder.root}/{names[2]}")}

    monkeypatch.setattr(watching, "_check_extra", lambda: None)
    monkeypatch.setattr(watching, "_watched", words)
    monkeypatch.setattr(watching, "time", SimpleNamespace(monotonic=time.monotonic, sleep=lambda seconds: None))
    watch = Watch(folder, Selection(), Patience(settle=0.0), lambda: False)
    assert list(watch) == [Batch((name,)) for name in names]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_names_that_are_no_utf_8_are_known_by_what_watchfiles_says(tmp_path):
    pytest.importorskip("watchfiles")
    root = os.fsencode(tmp_path) + b"/\xfe"
    os.mkdir(root)
    words = (write(os.fsdecode(root + b"/a.png")) for _ in watching._watched(str(tmp_path), 0.0, lambda: False))
    with pytest.raises(watching.NotUtf8):
        list(words)
    with pytest.raises(RunError, match="its name is no UTF-8; --poll"):
        next(watching._watched(os.fsdecode(root), 0.0, lambda: False))
