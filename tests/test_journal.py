import errno
import itertools
import json
import os
import re
import subprocess
import sys
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgpipe.errors import OutputError, UsageError
from imgpipe.job import Item, Job, Output, Source, Status, Target
from imgpipe.journal import Making, open_journal, peek, writer
from imgpipe.journal import file as files
from imgpipe.storage import Entry
from imgpipe.storage.calls import Calls
from imgpipe.storage.local import LocalFolder
from tests.concurrency.tools import eventually
from tests.conftest import no_more_threads
from tests.folders import WatchedCalls, contents, failing_calls, traces, write

RECIPE = "0123456789abcdef"


@pytest.fixture
def out(tmp_path):
    return str(tmp_path / "out")


def source(name, bytes=100, modified=5):
    return Source(name, "jpeg", bytes, modified)


def job(name, *outputs):
    return Job(source(name), tuple(Target(output, "webp") for output in outputs or [name + ".webp"]))


def item(name, *outputs, status=Status.WRITTEN, **more):
    outputs = outputs or [Output(name + ".webp", 7, 4, 3)]
    return Item(source(name, **more), status, tuple(outputs) if status is Status.WRITTEN else ())


def opened(out, recipe=RECIPE, **more):
    return open_journal(LocalFolder(out, **more), Making(recipe))


def make(out, *names, recipe=RECIPE, **more):
    """As a run does: begin, publish 7 bytes, record."""
    with opened(out, recipe, **more) as journal:
        for name in names:
            journal.begin([job(name)])
            write(os.path.join(out, name + ".webp"), b"content")
            journal.record(item(name))


def begin(out, *names):
    """As a run that was killed before it published anything."""
    with opened(out) as journal:
        for name in names:
            journal.begin([job(name)])


def unchanged(out, name, recipe=RECIPE, **more):
    return peek(out, Making(recipe)).unchanged(source(name, **more), LocalFolder(out))


def made(out, name, output=None):
    return peek(out, Making(RECIPE)).made(output or name + ".webp", source(name))


def journal_of(out):
    return os.path.join(out, ".imgpipe", "journal.jsonl")


def read(path):
    with open(path, "rb") as file:
        return file.read()


def append(out, data):
    with open(journal_of(out), "ab") as file:
        file.write(data)


def test_what_was_recorded_is_unchanged_in_the_next_run(out):
    make(out, "a.jpg", "x/b.jpg")
    assert unchanged(out, "a.jpg") == (Output("a.jpg.webp", 7, 4, 3),)
    with opened(out) as journal:
        assert journal.unchanged(source("x/b.jpg"), LocalFolder(out)) == (Output("x/b.jpg.webp", 7, 4, 3),)


@pytest.mark.parametrize(
    "change",
    [
        {"bytes": 101},
        {"modified": 6},
        {"modified": 4},
        {"recipe": "another"},
        {"name": "b.jpg"},
    ],
    ids=str,
)
def test_another_source_or_recipe_is_not_unchanged(out, change):
    make(out, "a.jpg")
    assert not unchanged(out, **{"name": "a.jpg", **change})


def test_an_output_that_is_missing_or_has_another_size_is_not_unchanged(out):
    make(out, "a.jpg", "b.jpg")
    os.unlink(os.path.join(out, "a.jpg.webp"))
    write(os.path.join(out, "b.jpg.webp"), b"other content")
    assert not unchanged(out, "a.jpg")
    assert not unchanged(out, "b.jpg")


def test_of_several_outputs_all_must_stand(out):
    outputs = [Output(name, 7, 4, 3) for name in ("one.webp", "two.webp")]
    with opened(out) as journal:
        journal.record(item("a.jpg", *outputs))
    write(os.path.join(out, "one.webp"), b"content")
    assert not unchanged(out, "a.jpg")
    write(os.path.join(out, "two.webp"), b"content")
    assert unchanged(out, "a.jpg") == tuple(outputs)


def test_the_last_record_of_a_source_counts(out):
    make(out, "a.jpg")
    with opened(out, "another") as journal:
        journal.record(item("a.jpg", Output("a.jpg.webp", 7, 1, 1), bytes=555))
    assert unchanged(out, "a.jpg", recipe="another", bytes=555) == (Output("a.jpg.webp", 7, 1, 1),)
    assert not unchanged(out, "a.jpg")


@pytest.mark.parametrize(
    "name", [os.fsdecode(b"\xff\xe9.jpg"), "new\nline.jpg", "\N{CAMERA}\u2028.jpg", 'q"\\.jpg'], ids=ascii
)
def test_odd_names_are_recorded_as_they_are(out, name):
    make(out, name)
    assert unchanged(out, name)
    assert read(journal_of(out)).isascii()
    assert len(read(journal_of(out)).splitlines()) == 2


def test_a_job_that_begins_once_the_journal_is_closed_is_refused(out):
    """In a thread that a hard stop could not wait for: no later run would know whose its outputs are."""
    with opened(out) as journal:
        pass
    with pytest.raises(OutputError, match="cannot write the journal"):
        journal.begin([job("a.jpg")])


@pytest.mark.parametrize("late", [True, False])
def test_a_job_that_is_left_claims_no_output_but_what_a_killed_run_may_have_put(out, late):
    begin(out, "killed.jpg")
    with opened(out) as journal:
        jobs = [job("a.jpg"), job("killed.jpg")]
        if late:
            jobs = [one._replace(targets=(Target("{width}.webp", "webp", late=True),)) for one in jobs]
        journal.begin(jobs)
        journal.withdraw(jobs)
    assert peek(out, Making(RECIPE)).ours("a.jpg") == set()
    assert made(out, "killed.jpg")


@pytest.mark.parametrize("is_there", [True, False])
def test_only_a_folder_that_is_still_there_loses_its_outputs_to_one_with_the_same_names(out, tmp_path, is_there):
    """Else it was moved, and a file in it changed."""
    if is_there:
        write(tmp_path / "one/a.jpg", b"other")
    write(tmp_path / "two/a.jpg", b"anew")
    with open_journal(LocalFolder(out), Making(RECIPE, str(tmp_path / "one"))) as journal:
        journal.record(item("a.jpg"))
    here, now = peek(out, Making(RECIPE, str(tmp_path / "two"))), source("a.jpg", 4)
    assert here.replaced(now, item("a.jpg").outputs) == (str(tmp_path / "one/a.jpg") if is_there else "")
    assert here.replaced(now, [Output("a-small.webp", 7, 4, 3)]) == "", "under another name it replaces nothing"


def test_a_begun_job_is_ours_and_not_unchanged(out):
    begin(out, "a.jpg")
    write(os.path.join(out, "a.jpg.webp"), b"content")
    assert made(out, "a.jpg")
    assert not unchanged(out, "a.jpg")
    assert not made(out, "a.jpg", "other.webp")
    assert not made(out, "b.jpg", "a.jpg.webp")


def test_a_job_begun_anew_is_not_unchanged_until_it_is_done(out):
    make(out, "a.jpg")
    begin(out, "a.jpg")
    assert not unchanged(out, "a.jpg")
    make(out, "a.jpg")
    assert unchanged(out, "a.jpg")


def test_what_a_killed_run_put_in_the_place_of_its_source_is_done_for_its_recipe_alone(out):
    with opened(out) as journal:
        journal.begin([job("a.jpg", "a.jpg")])
        journal.place(Entry("a.jpg", 7, 9), "digest")
    assert unchanged(out, "a.jpg", bytes=7, modified=9) == (Output("a.jpg", 7, 0, 0),)
    assert not unchanged(out, "a.jpg", bytes=7, modified=8)
    assert not unchanged(out, "a.jpg", recipe="another", bytes=7, modified=9)
    for recipe, size, may_be in ((RECIPE, 7, True), (RECIPE, 8, False), ("another", 7, False)):
        assert peek(out, Making(recipe)).may_be_result(source("a.jpg", bytes=size)) == may_be


def test_what_was_put_in_the_place_of_a_source_counts_until_the_source_is_done(out):
    with opened(out) as journal:
        journal.begin([job("a.jpg", "a.jpg")])
        journal.place(Entry("a.jpg", 7, 9), "digest")
    assert peek(out, Making(RECIPE)).index.counting == 2
    with opened(out) as journal:
        journal.record(item("a.jpg", Output("a.jpg", 5, 4, 3), bytes=5))
    assert peek(out, Making(RECIPE)).index.counting == 1
    assert not unchanged(out, "a.jpg", bytes=7, modified=9)


@pytest.mark.parametrize("status", [Status.FAILED, Status.SKIPPED])
def test_a_job_that_came_to_nothing_claims_no_output(out, status):
    with opened(out) as journal:
        journal.begin([job("a.jpg")])
        journal.record(item("a.jpg", status=status))
    assert not made(out, "a.jpg")


@pytest.mark.parametrize("status", [Status.FAILED, Status.SKIPPED])
def test_a_job_that_came_to_nothing_leaves_what_was_done_before(out, status):
    make(out, "a.jpg")
    with opened(out, "another") as journal:
        journal.begin([job("a.jpg")])
        journal.record(item("a.jpg", status=status))
    assert unchanged(out, "a.jpg")
    assert not unchanged(out, "a.jpg", recipe="another")


def test_a_claim_of_a_killed_run_outlives_a_later_failure(out):
    begin(out, "a.jpg")
    with opened(out) as journal:
        journal.begin([job("a.jpg", "a.png")])
        journal.record(item("a.jpg", status=Status.FAILED))
    assert made(out, "a.jpg")
    assert not made(out, "a.jpg", "a.png")
    assert not unchanged(out, "a.jpg")


def test_an_output_of_an_earlier_recipe_stays_ours(out):
    make(out, "a.jpg")
    with opened(out, "another") as journal:
        journal.begin([job("a.jpg", "a.png")])
        journal.record(item("a.jpg", Output("a.png", 7, 4, 3)))
    assert made(out, "a.jpg", "a.png")
    assert made(out, "a.jpg", "a.jpg.webp")


@pytest.mark.parametrize("status", [Status.UNCHANGED, Status.FAILED, Status.SKIPPED])
def test_what_was_not_begun_is_not_noted(out, status):
    with opened(out) as journal:
        journal.record(item("a.jpg", status=status))
    assert read(journal_of(out)) == b""


def test_a_journal_torn_at_any_byte_gives_all_whole_lines_and_can_be_gone_on_with(out):
    make(out, "a.jpg")
    first = len(read(journal_of(out)))
    make(out, "b.jpg")
    whole = read(journal_of(out))
    write(os.path.join(out, "c.jpg.webp"), b"content")
    for length in range(len(whole) + 1):
        write(journal_of(out), whole[:length])
        assert bool(unchanged(out, "a.jpg")) == (length >= first - 1)
        assert bool(unchanged(out, "b.jpg")) == (length >= len(whole) - 1)
        with opened(out) as journal:
            journal.begin([job("c.jpg")])
            assert bool(journal.unchanged(source("a.jpg"), LocalFolder(out))) == (length >= first - 1)
        assert made(out, "c.jpg")
        make(out, "c.jpg")
        assert unchanged(out, "c.jpg")


def test_a_last_line_that_lost_its_end_alone_is_kept_whole_where_the_journal_is_written_anew(out, monkeypatch):
    make(out, *["a.jpg"] * 3)
    begin(out, "b.jpg")
    make(out, "c.jpg")
    os.truncate(journal_of(out), os.path.getsize(journal_of(out)) - 1)
    monkeypatch.setattr(files, "_FEW_LINES", 0)
    with opened(out):
        pass
    assert len(read(journal_of(out)).splitlines()) == 3
    assert unchanged(out, "a.jpg")
    assert made(out, "b.jpg")
    assert unchanged(out, "c.jpg")


GARBAGE = [
    b"",
    b"\0\0\0\0",
    b"\xff\xfe\xfd",
    b"{",
    b"null",
    b"5",
    b'"begun"',
    b"[]",
    b"{}",
    b"[" * 50_000,
    b'{"begun":"a.jpg"}',
    b'{"begun":5,"outputs":[7]}',
    b'{"begun":"z","outputs":[7,null]}',
    b'{"begun":"z","outputs":7}',
    b'{"begun":["a.jpg"],"outputs":[]}',
    b'{"undone":["a.jpg"]}',
    b'{"undone":"never-begun"}',
    b'{"done":"a.jpg"}',
    b'{"done":"z","size":"1","mtime":1,"inode":1,"digest":"","recipe":"r","origin":"","outputs":[["z",1,1,1]]}',
    b'{"done":"z","size":1,"mtime":1,"inode":1,"digest":"","recipe":"r","origin":"","outputs":[["z"]]}',
    b'{"done":"z","size":1,"mtime":1,"inode":1,"digest":"","recipe":"r","origin":"","outputs":[[5,1,1,1]]}',
    b'{"done":"z","size":1,"mtime":1,"inode":1,"digest":"","recipe":"r","origin":"","outputs":[["z",null,1,1]]}',
    b'{"done":"z","size":1,"mtime":1,"inode":1,"digest":"","recipe":"r","origin":"","outputs":[["../../z",1,1,1]]}',
    b'{"done":"z","size":1,"mtime":1,"inode":1,"digest":"","recipe":"r","origin":"","outputs":[["/etc/passwd",1,1,1]]}',
    b'{"done":{},"size":1,"mtime":1,"inode":1,"digest":"","recipe":"r","origin":"","outputs":[]}',
    b'{"done":"z","size":1,"mtime":1,"inode":1,"digest":"","recipe":"r","origin":"","outputs":[["z",1,1,1]]}{"done',
    b'{"done":"z","size":1,"mtime":1,"inode":1,"digest":"","recipe":"r","origin":"","outputs":[],"earlier":7}',
    b'{"done":"z","size":1,"mtime":1,"inode":1,"digest":"","recipe":"r","origin":"","outputs":[],"earlier":["../z"]}',
    b'{"done":"z","size":1,"mtime":1,"inode":1,"digest":"","recipe":"r","origin":"","outputs":[],"earlier":0}',
    b'{"done":"z","size":1,"mtime":1,"inode":1,"digest":"","recipe":"r","origin":"","outputs":[],"earlier":null}',
    b'{"done":"z","size":1,"mtime":1,"inode":1,"digest":"","recipe":"r","origin":"","outputs":[["\\ud800",1,1,1]]}',
    b'{"begun":"z","outputs":["\\ud800/z"]}',
]


@pytest.mark.parametrize("line", GARBAGE, ids=lambda line: ascii(line[:60]))
def test_a_line_that_is_no_record_is_passed_over(out, line):
    make(out, "a.jpg")
    append(out, line + b"\n")
    make(out, "b.jpg")
    for name in ("a.jpg", "b.jpg"):
        assert unchanged(out, name)
    assert not unchanged(out, "z", bytes=1, modified=1, recipe="r")
    assert peek(out, Making(RECIPE)).ours("z") == set()


def test_a_record_without_outputs_says_nothing(out):
    make(out, "a.jpg")
    append(
        out,
        b'{"done":"z","size":100,"mtime":5,"inode":0,"digest":"","recipe":"%s","origin":"","outputs":[]}\n'
        % RECIPE.encode(),
    )
    assert unchanged(out, "z") == ()


@given(st.lists(st.binary(max_size=60), max_size=6))
@settings(max_examples=60, deadline=None)
def test_no_bytes_break_a_journal(tmp_path_factory, lines):
    out = str(tmp_path_factory.mktemp("journal"))
    make(out, "a.jpg")
    append(out, b"\n".join(lines) + b"\n")
    make(out, "b.jpg")
    assert unchanged(out, "a.jpg")
    assert unchanged(out, "b.jpg")


@pytest.mark.parametrize("count", [0, 1, 7, 5000])
def test_what_is_written_anew_in_parts_is_all_there(count):
    lines = [b"%d" % number + b"x" * 600 + b"\n" for number in range(count)]
    parts = list(files.joined(lines))
    assert b"".join(parts) == b"".join(lines)
    assert max(map(len, parts)) < 1100 << 10


def test_temporaries_are_swept_where_a_run_died_and_only_there(out):
    make(out, "done/a.jpg")
    begin(out, "died/b.jpg", "c.jpg")
    kept = ["done/.imgpipe-1-a", "died/.hidden", "died/imgpipe-1-a", "died/x.jpg", "died/below/.imgpipe-1-a"]
    for name in [*kept, "died/.imgpipe-1-aa", "died/.imgpipe-1-zz", ".imgpipe-22-b"]:
        write(os.path.join(out, name), b"partial")
    os.mkdir(os.path.join(out, "died/.imgpipe-1-folder"))
    with opened(out):
        pass
    own = {f".imgpipe/{name}" for name in ("journal.jsonl", "lock", "origins")}
    left = contents(out, hidden=True).keys() - own - {"done/a.jpg.webp"}
    assert left == set(kept)


@pytest.mark.parametrize(("dead", "alive"), [(".", "in/it"), ("in/it", ".")], ids=["in ours", "around ours"])
def test_temporaries_of_a_living_run_to_a_folder_in_the_output_or_around_it_are_left(tmp_path, dead, alive):
    dead, alive = str(tmp_path / dead), str(tmp_path / alive)
    written = os.path.relpath(tmp_path / "in/it/a.webp", dead)
    write(journal_of(dead), json.dumps({"begun": "a.jpg", "outputs": [written]}).encode() + b"\n")
    temporary = tmp_path / "in/it/.imgpipe-1-a"
    write(temporary, b"being written")
    with opened(alive), opened(dead):
        assert temporary.exists()
    with opened(dead):
        assert not temporary.exists()


def test_a_journal_cannot_make_a_run_sweep_outside_of_its_folder(out, tmp_path):
    make(out, "a.jpg")
    write(tmp_path / ".imgpipe-1-a", b"of another run")
    names = ["../x.webp", "sub/../../x.webp", str(tmp_path / "x.webp")]
    for name in names:
        append(out, json.dumps({"begun": "x.jpg", "outputs": [name]}).encode() + b"\n")
    with opened(out) as journal:
        assert not any(journal.made(name, source("x.jpg")) for name in names)
    assert (tmp_path / ".imgpipe-1-a").exists()


def test_a_second_run_into_the_same_folder_is_refused_and_sweeps_nothing(out):
    begin(out, "a.jpg")
    with opened(out) as journal:
        write(os.path.join(out, ".imgpipe-1-live"), b"being written")
        before = traces(out)
        with pytest.raises(UsageError, match="another run is writing to"), opened(out):
            pass
        assert traces(out) == before
        journal.begin([job("b.jpg")])
    with opened(out):
        pass


def test_a_killed_run_holds_no_lock(out):
    program = f"""
import sys
from imgpipe.journal import Making, open_journal
from imgpipe.storage.calls import Calls
from imgpipe.storage.local import LocalFolder
with open_journal(LocalFolder({out!r}), Making("recipe")):
    print("open", flush=True)
    sys.stdin.read()
"""
    with subprocess.Popen([sys.executable, "-c", program], stdin=-1, stdout=-1, text=True) as run:
        assert run.stdout.readline() == "open\n"
        with pytest.raises(UsageError), opened(out):
            pass
        run.kill()
    with opened(out):
        pass


def test_a_peek_makes_nothing_and_notes_nothing(out):
    journal = peek(out, Making(RECIPE))
    assert not os.path.exists(out)
    assert not journal.made("a.jpg.webp", source("a.jpg"))
    make(out, "a.jpg")
    begin(out, "b.jpg")
    append(out, b'{"begun":"torn')
    write(os.path.join(out, ".imgpipe-1-left"))
    before = traces(out)
    journal = peek(out, Making(RECIPE))
    journal.begin([job("c.jpg")])
    journal.withdraw([job("b.jpg")])
    assert journal.unchanged(source("a.jpg"), LocalFolder(out))
    assert journal.made("b.jpg.webp", source("b.jpg"))
    assert traces(out) == before


def test_a_peek_does_not_wait_for_a_run(out):
    with opened(out) as journal:
        journal.begin([job("a.jpg")])
        assert peek(out, Making(RECIPE)).made("a.jpg.webp", source("a.jpg"))


@pytest.mark.parametrize("name", [".imgpipe/journal.jsonl", ".imgpipe/lock", ".imgpipe/origins"])
def test_what_is_in_the_way_of_its_files_is_named(out, name):
    os.makedirs(os.path.join(out, name))
    with pytest.raises(OutputError, match=rf"{re.escape(name)} is in the way \(Is a directory\)"), opened(out):
        pytest.fail("it went on")


def test_what_is_in_the_way_of_its_folder_is_named(out):
    write(os.path.join(out, ".imgpipe"))
    with pytest.raises(OutputError, match=rf"{re.escape(out)}/.imgpipe is in the way"), opened(out):
        pytest.fail("it went on")


@pytest.mark.parametrize("name", [".imgpipe/journal.jsonl", ".imgpipe/lock", ".imgpipe/origins"])
def test_which_of_its_files_belongs_to_somebody_else_is_named(out, name):
    """The output folder itself may well be written."""

    class Denied(Calls):
        @staticmethod
        def open(path, *more):
            if path.endswith(name):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
            return os.open(path, *more)

    said = rf"^cannot write .*: {re.escape(os.path.join(out, name))}: Permission denied; mend that"
    with pytest.raises(OutputError, match=said), open_journal(LocalFolder(out, calls=Denied()), Making(RECIPE)):
        pytest.fail("it went on")


def test_a_folder_that_cannot_be_made_is_an_output_error(tmp_path):
    write(tmp_path / "file")
    with pytest.raises(OutputError, match="cannot write to"), opened(str(tmp_path / "file/out")):
        pass


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EROFS, errno.EIO, errno.EACCES], ids=errno.errorcode.get)
def test_a_journal_that_cannot_be_written_is_an_output_error(out, error):
    calls = 0
    make(out, "a.jpg")
    append(out, b"torn")
    torn = read(journal_of(out))
    for call in itertools.count(1):
        write(journal_of(out), torn)
        failing = failing_calls(error, call, for_good=True, names=("mkdir", "open", "write"))
        try:
            make(out, "b.jpg", calls=failing)
        except OutputError as raised:
            calls += os.strerror(error) in str(raised)
        else:
            break
        assert unchanged(out, "a.jpg")
    assert calls == call - 1 >= 4


@pytest.fixture
def soon(monkeypatch):
    """Records that wait for others are to be written after a moment."""
    monkeypatch.setattr(writer, "_GROUP_SECONDS", 0.001)


def test_records_that_wait_for_others_are_written_in_time_also_where_none_come(out, soon):
    with opened(out, durability="fsync") as journal:
        journal.begin([job("a.jpg"), job("b.jpg")])
        write(os.path.join(out, "a.jpg.webp"), b"content")
        journal.record(item("a.jpg"))
        eventually(lambda: unchanged(out, "a.jpg"), seconds=10)


@pytest.mark.parametrize("next_comes", [True, False])
def test_an_error_in_writing_them_then_ends_the_run(out, soon, next_comes):
    failed = threading.Event()

    class Failing(WatchedCalls):
        def fdatasync(self, descriptor):
            if journal_is_open.is_set():
                failed.set()
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            os.fdatasync(descriptor)

    def run():
        with opened(out, durability="fsync", calls=Failing(lambda call: None)) as journal:
            journal.begin([job("a.jpg"), job("b.jpg")])
            journal_is_open.set()
            journal.record(item("a.jpg"))
            assert failed.wait(10)
            if next_comes:
                journal.record(item("b.jpg"))
                pytest.fail("it went on")

    journal_is_open = threading.Event()
    with pytest.raises(OutputError, match="cannot write the journal: Input/output error; mend that and run the same"):
        run()


def test_where_there_is_no_thread_to_write_them_in_time_a_run_is_refused(out, monkeypatch):
    with monkeypatch.context() as here:
        no_more_threads(here)
        with pytest.raises(OutputError, match="ulimit -u"), opened(out, durability="fsync"):
            pass
    make(out, "a.jpg")


def test_a_journal_that_cannot_be_closed_is_an_output_error_that_names_it(out, monkeypatch):
    """A network disk may say only then that it had no room for what was written."""
    close = os.close

    def close_badly(descriptor):
        name = os.path.join(out, ".imgpipe/journal.jsonl")
        is_journal = os.path.exists(name) and os.path.samestat(os.fstat(descriptor), os.stat(name))
        close(descriptor)
        if is_journal:
            raise OSError(errno.EDQUOT, "Disk quota exceeded")

    monkeypatch.setattr(os, "close", close_badly)
    with pytest.raises(OutputError, match="cannot write the journal: Disk quota exceeded"), opened(out):
        pass


def test_a_lock_that_the_file_system_does_not_have_is_an_output_error(out, monkeypatch):
    import fcntl

    def refuse(descriptor, how):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(OutputError, match="No locks available"), opened(out):
        pass


def test_short_writes_of_a_line_are_gone_on_with(out):
    class ShortCalls(WatchedCalls):
        def write(self, descriptor, data):
            return os.write(descriptor, bytes(data[:10]))

    make(out, "a.jpg", calls=ShortCalls(lambda call: None))
    assert unchanged(out, "a.jpg")


def test_each_line_is_one_write_so_that_threads_do_not_mix_theirs(out):
    written = []

    class Watching(WatchedCalls):
        def write(self, descriptor, data):
            if not data.startswith(b"\n"):  # of where it was made of
                written.append(bytes(data))
            return os.write(descriptor, data)

    make(out, "a.jpg", calls=Watching(lambda call: None))
    assert b"".join(written) == read(journal_of(out))
    assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in written)


def test_the_journal_is_closed_also_when_the_run_fails(out):
    with pytest.raises(RuntimeError), opened(out):
        raise RuntimeError
    with opened(out):
        pass


@pytest.mark.parametrize("durability", ["rename", "fsync"])
@pytest.mark.parametrize("instead", [None, "file", "link", "folder of another run"])
def test_a_run_whose_output_folder_is_another_by_now_does_not_go_on(out, tmp_path, instead, durability):
    """What it made is gone or elsewhere, and what it makes would come to lie where nobody looks for it."""
    make(str(tmp_path / "folder of another run"), "b.jpg")
    write(tmp_path / "file")
    os.symlink("folder of another run", tmp_path / "link")

    def go_on():
        with opened(out, durability=durability) as journal:
            journal.begin([job("a.jpg")])
            os.rename(out, tmp_path / "away")
            if instead:
                os.rename(tmp_path / instead, out)
            journal.record(item("a.jpg"))

    with pytest.raises(OutputError, match="removed or replaced during the run"):
        go_on()


def test_a_pipe_in_the_place_of_a_new_journal_is_not_waited_for(out, monkeypatch):
    make(out, *["a.jpg"] * 3)
    monkeypatch.setattr(files, "_FEW_LINES", 0)
    os.mkfifo(os.path.join(out, ".imgpipe/journal.new"))
    with opened(out):
        assert unchanged(out, "a.jpg")


def test_a_pipe_in_the_place_of_the_journal_is_not_waited_for(out):
    os.makedirs(os.path.dirname(journal_of(out)))
    os.mkfifo(journal_of(out))
    assert not unchanged(out, "a.jpg")
    with pytest.raises(OutputError, match=r"journal\.jsonl is no regular file"), opened(out):
        pass
