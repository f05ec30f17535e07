"""What a local folder must bear besides what every storage promises: links, pipes, devices, changing files."""

import errno
import inspect
import os
import re
import socket
import stat
import sys
import tracemalloc
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import pytest

from imgpipe.errors import UsageError
from imgpipe.storage import Listing, listing, local, open_storage, open_target, reading
from imgpipe.storage.calls import Calls
from imgpipe.storage.local import LocalFolder
from tests.folders import WatchedCalls, WatchedOs, contents, opened_below, temporaries, traces, write


@pytest.fixture
def storage(tmp_path):
    (tmp_path / "root").mkdir()
    return LocalFolder(str(tmp_path / "root"))


def names(storage, **listing):
    return [entry.name for entry in storage.list(Listing(**listing))]


def test_the_more_of_a_folder_was_listed_the_less_of_it_is_in_memory(storage):
    for number in range(500):
        write(Path(storage.root, f"{number}.png"))
    tracemalloc.start()
    entries = storage.list(Listing())
    next(entries)
    first, _ = tracemalloc.get_traced_memory()
    assert sum(1 for _ in islice(entries, 498)) == 498
    last, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert last < first / 2


@pytest.fixture
def socket_in(monkeypatch):
    """socket_in(folder, name): a socket; its path is taken relative, for such paths are short."""

    def make(folder, name):
        monkeypatch.chdir(folder)
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(name)

    return make


def test_a_location_without_a_scheme_is_a_local_folder(tmp_path):
    assert open_storage(str(tmp_path)).root == str(tmp_path)


@pytest.mark.parametrize(
    ("location", "meant"),
    [
        (Path("s3://bucket/x"), "s3://bucket/x"),
        ("S3:/bucket/x", "S3://bucket/x"),
        (Path("https://name:word@host/a.jpg"), "https://***@host/a.jpg"),
        ("gs:/bucket/{000..009}.tar", "gs://bucket/{000..009}.tar"),
    ],
    ids=str,
)
def test_a_url_that_has_lost_a_slash_is_no_local_folder(location, meant):
    """As `pathlib.Path` makes them: all would be written to a folder `s3:` in this one, and nobody would know."""
    for opened in (open_storage, open_target):
        with pytest.raises(UsageError, match=re.escape(f"did you mean {meant}?")):
            opened(str(location))


def test_a_folder_whose_name_looks_like_a_scheme_is_a_folder(tmp_path):
    for name in ("s3:", "x/s3:/y", "C:/x", "a:/b", "s3:x"):
        assert open_storage(name).root == os.path.abspath(name)
    assert open_storage(f"{tmp_path}/s3:/x").root == f"{tmp_path}/s3:/x"
    assert open_storage("./s3:/x").root == os.path.abspath("s3:/x")


def test_a_scheme_without_a_storage_is_refused_by_name():
    with pytest.raises(UsageError, match=r"ftp://host/in: there is no storage for ftp://"):
        open_storage("ftp://host/in")


@pytest.mark.parametrize("opens", [open_storage, open_target])
def test_no_name_is_not_the_folder_that_we_are_in(opens):
    with pytest.raises(UsageError, match="the name of a folder is empty"):
        opens("")


def test_the_root_stays_where_it_was_when_the_working_directory_changes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    storage = LocalFolder("root")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    storage.put("a", b"x")
    assert contents(tmp_path) == {"root/a": b"x"}


@pytest.mark.parametrize("call", ["read", "head"])
def test_nothing_but_a_regular_file_is_read_and_no_writer_is_waited_for(storage, socket_in, call):
    os.mkfifo(os.path.join(storage.root, "pipe.jpg"))
    os.mkdir(os.path.join(storage.root, "folder.jpg"))
    os.symlink("/dev/zero", os.path.join(storage.root, "device.jpg"))
    socket_in(storage.root, "socket.jpg")
    for name in ("pipe.jpg", "folder.jpg", "device.jpg", "socket.jpg"):
        with pytest.raises(OSError, match=r"no regular file|No such device"):
            storage.read(name) if call == "read" else storage.head(name, 64)


@pytest.mark.parametrize("call", ["read", "head", "digest"])
def test_no_descriptor_stays_open_behind_what_was_read_or_refused(storage, call):
    write(os.path.join(storage.root, "a.jpg"), b"x")
    os.mkfifo(os.path.join(storage.root, "pipe.jpg"))
    arguments = [64] if call == "head" else []
    getattr(storage, call)("a.jpg", *arguments)
    assert opened_below(storage.root) == 0
    with pytest.raises(OSError, match="no regular file"):
        getattr(storage, call)("pipe.jpg", *arguments)
    assert opened_below(storage.root) == 0


@pytest.mark.parametrize("change", ["put", "putting", "remove"])
def test_a_folder_in_which_a_name_changed_is_synced_once(tmp_path, change):
    write(os.path.join(tmp_path, "x/a.jpg"), b"1")
    storage = LocalFolder(str(tmp_path), "fsync", WatchedCalls(lambda call: None, ("fsync",)))
    if change == "put":
        storage.put("x/a.jpg", b"2")
    elif change == "remove":
        storage.remove("x/a.jpg", 1)
    else:
        with storage.putting("x/a.jpg", b"2"):
            pass
    storage.sync()
    storage.sync()
    assert storage.calls.calls == 1


def test_a_folder_that_another_thread_makes_in_the_same_moment_is_as_good(tmp_path):
    class Overtaken(Calls):
        def mkdir(self, path):
            os.mkdir(path)
            os.mkdir(path)

    storage = LocalFolder(str(tmp_path), "fsync", Overtaken())
    storage.put("x/y/a.jpg", b"1")
    assert contents(tmp_path) == {"x/y/a.jpg": b"1"}


def test_pipes_sockets_and_devices_are_listed(storage, socket_in):
    os.mkfifo(os.path.join(storage.root, "pipe.jpg"))
    os.symlink("/dev/zero", os.path.join(storage.root, "device.jpg"))
    socket_in(storage.root, "socket.jpg")
    assert names(storage) == ["device.jpg", "pipe.jpg", "socket.jpg"]


def test_dangling_and_looping_links_are_listed_and_cannot_be_read(storage):
    os.symlink("nowhere", os.path.join(storage.root, "dangling.jpg"))
    os.symlink("b.jpg", os.path.join(storage.root, "a.jpg"))
    os.symlink("a.jpg", os.path.join(storage.root, "b.jpg"))
    assert names(storage) == ["a.jpg", "b.jpg", "dangling.jpg"]
    for name in names(storage):
        with pytest.raises(OSError, match=r"No such file|Too many levels"):
            storage.read(name)


def test_a_linked_file_is_listed_with_the_size_and_time_of_its_target(storage, tmp_path):
    write(tmp_path / "elsewhere.jpg", b"12345")
    os.symlink(tmp_path / "elsewhere.jpg", os.path.join(storage.root, "a.jpg"))
    (entry,) = storage.list(Listing())
    assert (entry.bytes, entry.modified) == (5, (tmp_path / "elsewhere.jpg").stat().st_mtime_ns)
    assert storage.read("a.jpg") == b"12345"


def test_linked_folders_are_entered_only_when_asked_for(storage, tmp_path):
    write(tmp_path / "elsewhere/a.jpg")
    os.symlink(tmp_path / "elsewhere", os.path.join(storage.root, "linked"))
    assert names(storage) == []
    assert names(storage, follow_symlinks=True) == ["linked/a.jpg"]


@pytest.mark.parametrize(("link", "to"), [("a/up", ".."), ("a/b/self", "."), ("a/b/top", "../..")])
def test_followed_links_that_lead_back_up_end(storage, link, to):
    write(os.path.join(storage.root, "a/b/1.jpg"))
    os.symlink(to, os.path.join(storage.root, link))
    assert names(storage, follow_symlinks=True) == ["a/b/1.jpg"]


def test_a_tree_may_be_deeper_than_the_stack(storage):
    name = "a/" * 300 + "x"
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + 120)
    try:
        storage.put(name, b"content")
        found = list(storage.list(Listing()))
        named = storage.find(name, Listing())
    finally:
        sys.setrecursionlimit(limit)
    assert [entry.name for entry in found] == [name]
    assert named == found[0]


def test_the_real_path_of_each_folder_is_not_looked_up_anew(storage, monkeypatch):
    """That would take the third power of their depth."""
    storage.put("a/b/c/d/x", b"content")
    asked = []
    real = os.path.realpath
    monkeypatch.setattr(os.path, "realpath", lambda path: asked.append(path) or real(path))
    assert len(list(storage.list(Listing(leave_out="/nowhere")))) == 1
    assert len(asked) == 1


def test_a_folder_that_is_left_out_is_not_entered_however_it_is_reached(storage, tmp_path):
    write(os.path.join(storage.root, "a.jpg"))
    write(os.path.join(storage.root, "out/b.jpg"))
    write(os.path.join(storage.root, "outer/c.jpg"))
    out = os.path.realpath(os.path.join(storage.root, "out"))
    assert names(storage, leave_out=out) == ["a.jpg", "outer/c.jpg"]
    os.symlink(storage.root, tmp_path / "link")
    assert names(LocalFolder(str(tmp_path / "link")), leave_out=out) == ["a.jpg", "outer/c.jpg"]
    os.symlink("out", os.path.join(storage.root, "also-out"))
    assert names(storage, leave_out=out, follow_symlinks=True) == ["a.jpg", "outer/c.jpg"]


def refuse_to_list(monkeypatch, unreadable):
    class Refusing(WatchedOs):
        def scandir(self, path):
            if str(path).rstrip("/").endswith(unreadable):
                raise PermissionError(errno.EACCES, "Permission denied")
            return os.scandir(path)

    monkeypatch.setattr(listing, "os", Refusing(lambda call: None))


def test_a_folder_that_cannot_be_listed_is_an_entry_with_an_error_and_the_rest_is_listed(storage, monkeypatch):
    for name in ("a/1.jpg", "private/2.jpg", "z/3.jpg"):
        write(os.path.join(storage.root, name))
    refuse_to_list(monkeypatch, "private")
    entries = list(storage.list(Listing()))
    assert [entry.name for entry in entries] == ["a/1.jpg", "private", "z/3.jpg"]
    assert [entry.error for entry in entries] == ["", "cannot list the folder: Permission denied", ""]


def test_a_folder_without_permission_is_an_entry_with_an_error(storage):
    folder = os.path.join(storage.root, "private")
    write(os.path.join(folder, "a.jpg"))
    os.chmod(folder, 0)
    try:
        if os.access(folder, os.R_OK):
            pytest.skip("root may read everything")
        (entry,) = storage.list(Listing())
    finally:
        os.chmod(folder, 0o700)
    assert entry.error


class Changing(WatchedOs):
    """Another program writes to the file after we have opened it, the first `times` times."""

    def __init__(self, path, times, write):
        super().__init__(lambda call: None)
        self.left, self.path, self.write = times, path, write

    def read(self, descriptor, count):
        data = os.read(descriptor, count)
        if self.left and os.path.samestat(os.fstat(descriptor), os.stat(self.path)):
            self.left -= 1
            self.write(self.path)
        return data


def lengthen(path):
    with open(path, "ab") as file:
        file.write(b"more")


def rewrite(path):
    with open(path, "r+b") as file:
        file.write(b"other")
    os.utime(path, ns=(0, os.stat(path).st_mtime_ns + 1))


@pytest.mark.parametrize("change", [lengthen, rewrite, lambda path: os.truncate(path, 2)])
def test_a_file_that_changes_while_it_is_read_is_read_once_more(storage, monkeypatch, change):
    path = os.path.join(storage.root, "a.jpg")
    write(path, b"content")
    monkeypatch.setattr(reading, "os", Changing(path, 1, change))
    data = storage.read("a.jpg")
    monkeypatch.undo()
    assert data == storage.read("a.jpg") != b"content"


def test_of_a_file_that_grows_faster_than_it_is_read_no_more_is_read_than_it_had(storage, monkeypatch):
    path = os.path.join(storage.root, "a.jpg")
    write(path, b"content")
    given = []

    class Outrunning(WatchedOs):
        def read(self, descriptor, count):
            lengthen(path)
            given.append(os.read(descriptor, min(count, 4)))
            return given[-1]

    monkeypatch.setattr(reading, "os", Outrunning(lambda call: None))
    with pytest.raises(OSError, match="changed while it was read"):
        storage.read("a.jpg")
    assert len(b"".join(given)) == len(b"content") + 1 + len(b"contentmoremore") + 1


@pytest.mark.parametrize("change", [lengthen, rewrite])
def test_a_file_that_keeps_changing_while_it_is_read_is_refused(storage, monkeypatch, change):
    path = os.path.join(storage.root, "a.jpg")
    write(path, b"content")
    monkeypatch.setattr(reading, "os", Changing(path, 99, change))
    with pytest.raises(OSError, match="changed while it was read"):
        storage.read("a.jpg")


class ChangingMeanwhile(Changing):
    """As `Changing`, where it is read into memory."""

    def readv(self, descriptor, buffers):
        # A part at a time, so that there is something to change.
        count = os.readv(descriptor, [buffers[0][:3]])
        if self.left and os.path.samestat(os.fstat(descriptor), os.stat(self.path)):
            self.left -= 1
            self.write(self.path)
        return count


def test_a_file_is_read_into_the_memory_that_is_given_for_it(storage):
    write(os.path.join(storage.root, "a.jpg"), b"content")
    memory = bytearray(20)
    data = storage.read_into("a.jpg", lambda size: memoryview(memory)[:size])
    assert data == b"content" == memory[:7]
    assert data.obj is memory


def test_where_no_memory_is_given_a_file_is_read_as_ever(storage):
    write(os.path.join(storage.root, "a.jpg"), b"content")
    assert type(storage.read_into("a.jpg", lambda size: None)) is bytes


@pytest.mark.parametrize("change", [lengthen, rewrite, lambda path: os.truncate(path, 2)])
def test_a_file_that_changes_while_it_is_read_into_memory_is_read_once_more(storage, monkeypatch, change):
    path = os.path.join(storage.root, "a.jpg")
    write(path, b"content")
    monkeypatch.setattr(reading, "os", ChangingMeanwhile(path, 1, change))
    data = storage.read_into("a.jpg", lambda size: memoryview(bytearray(size)))
    monkeypatch.undo()
    assert data == storage.read("a.jpg") != b"content"


@pytest.mark.parametrize("change", [lengthen, rewrite])
def test_a_file_that_keeps_changing_while_it_is_read_into_memory_is_refused(storage, monkeypatch, change):
    path = os.path.join(storage.root, "a.jpg")
    write(path, b"content")
    monkeypatch.setattr(reading, "os", ChangingMeanwhile(path, 99, change))
    with pytest.raises(OSError, match="changed while it was read"):
        storage.read_into("a.jpg", lambda size: memoryview(bytearray(size)))


def test_a_byte_behind_the_size_that_a_file_had_is_seen(storage, monkeypatch):
    """Its time may be the same, where the clock is coarse."""
    path = os.path.join(storage.root, "a.jpg")
    write(path, b"content")
    fstat = os.fstat

    class Short:
        def __init__(self, status):
            self.st_mode, self.st_mtime_ns, self.st_size = status.st_mode, status.st_mtime_ns, 6

    monkeypatch.setattr(reading.os, "fstat", lambda descriptor: Short(fstat(descriptor)))
    with pytest.raises(OSError, match="changed while it was read"):
        storage.read_into("a.jpg", lambda size: memoryview(bytearray(size)))


@pytest.mark.parametrize(("age", "waits"), [(0, True), (5_000_000, True), (12_000_000, False), (10**12, False)])
def test_a_file_younger_than_the_tick_of_the_clock_is_read_a_tick_later(storage, monkeypatch, age, waits):
    """Else what is written right after it was read could have the same time, and would never be seen."""
    path = os.path.join(storage.root, "a.jpg")
    write(path, b"content")
    slept = []
    monkeypatch.setattr(reading.time, "time_ns", lambda: os.stat(path).st_mtime_ns + age)
    monkeypatch.setattr(reading.time, "sleep", slept.append)
    assert storage.read("a.jpg") == b"content"
    assert slept == ([pytest.approx((12_000_000 - age) / 1e9)] if waits else [])


def test_a_file_of_which_the_system_tells_no_size_is_refused_rather_than_cut(storage):
    if not os.path.exists("/proc/self/status"):
        pytest.skip("needs /proc")
    os.symlink("/proc/self/status", os.path.join(storage.root, "a.jpg"))
    with pytest.raises(OSError, match="changed while it was read"):
        storage.read("a.jpg")


def test_the_digest_is_of_the_content_alone(storage):
    for name, data in (("a", b"content"), ("b", b"content"), ("c", b"other"), ("d", b"")):
        storage.put(name, data)
    digests = [storage.digest(name) for name in "abcd"]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3
    os.mkfifo(os.path.join(storage.root, "pipe"))
    with pytest.raises(OSError, match="no regular file"):
        storage.digest("pipe")


def test_the_folder_of_the_journal_is_never_listed(storage):
    write(os.path.join(storage.root, ".imgpipe/journal.jsonl"))
    write(os.path.join(storage.root, "x/.imgpipe/journal.jsonl"))
    write(os.path.join(storage.root, "x/.hidden.jpg"))
    assert names(storage, hidden=True) == ["x/.hidden.jpg"]


def test_an_obstacle_is_seen_before_anything_is_written(storage, tmp_path):
    write(os.path.join(storage.root, "file"))
    before = traces(tmp_path)
    assert storage.obstacle("new/deep/" + "x" * 255) == ""
    assert "(256 bytes of at most 255); shorten it with --name" in storage.obstacle("a/" + "x" * 256)
    assert "too long (256 bytes" in storage.obstacle("\N{CAMERA}" * 64)
    assert "too long (256 bytes" in storage.obstacle("a/" + "x" * 256 + "/b/c.jpg")
    assert storage.obstacle("file/a.jpg").endswith("root/file is no folder")
    assert LocalFolder(str(tmp_path / "not/there")).obstacle("a/b") == ""
    assert traces(tmp_path) == before


@pytest.mark.parametrize(("call", "more"), [("stat", []), ("size", []), ("remove", [1])])
def test_what_cannot_be_looked_at_is_not_taken_for_nothing(storage, monkeypatch, call, more):
    class Refusing(WatchedOs):
        def lstat(self, path):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)

    monkeypatch.setattr(local, "os", Refusing(lambda call: None))
    with pytest.raises(PermissionError):
        getattr(storage, call)("a.jpg", *more)


def test_a_folder_without_permission_is_an_obstacle(storage, monkeypatch):
    class Denying(WatchedOs):
        def access(self, path, mode):
            return "private" not in path and "disk" not in path

        def statvfs(self, path):
            return SimpleNamespace(f_flag=os.ST_RDONLY if "disk" in path else 0)

    write(os.path.join(storage.root, "disk/a"))
    write(os.path.join(storage.root, "private/a"))
    monkeypatch.setattr(local, "os", Denying(lambda call: None))
    private = os.path.join(storage.root, "private")
    assert storage.obstacle("private/new/b.jpg") == f"no permission to write to the folder {private}"
    assert storage.obstacle("disk/b.jpg").startswith("the disk is read-only")
    assert storage.obstacle("b.jpg") == ""
    assert storage.writable()
    assert not LocalFolder(os.path.join(storage.root, "private")).writable()


def test_a_root_that_folds_names_is_recognised_by_its_own_folder(storage, monkeypatch):
    monkeypatch.setattr(local, "_FOLDS_NAMES", True)
    assert storage.folds_names(), "as the system is used to, while nothing stands there"
    os.mkdir(os.path.join(storage.root, ".imgpipe"))
    assert not storage.folds_names()
    os.mkdir(os.path.join(storage.root, ".IMGPIPE"))
    assert not storage.folds_names(), "another folder"
    os.rmdir(os.path.join(storage.root, ".IMGPIPE"))

    class Folding(WatchedOs):
        def lstat(self, path):
            return os.lstat(path.replace(".IMGPIPE", ".imgpipe"))

    monkeypatch.setattr(local, "os", Folding(lambda call: None))
    assert storage.folds_names()


def test_reads_in_small_pieces_are_put_together(storage, monkeypatch):
    data = bytes(range(256)) * 10
    storage.put("a.jpg", data)

    class Slow(WatchedOs):
        def read(self, descriptor, count):
            return os.read(descriptor, min(count, 100))

    monkeypatch.setattr(reading, "os", Slow(lambda call: None))
    assert storage.read("a.jpg") == data


def test_only_a_regular_file_of_the_size_that_was_told_is_removed(storage, tmp_path):
    write(tmp_path / "precious", b"precious")
    storage.put("a", b"1234")
    os.symlink(tmp_path / "precious", os.path.join(storage.root, "link"))
    os.mkdir(os.path.join(storage.root, "folder"))
    for name in ("link", "folder", "nothing", "a/below"):
        for size in (os.lstat(os.path.join(storage.root, "link")).st_size, 4096, 8, 0):
            assert not storage.remove(name, size)
    assert not storage.remove("a", 5)
    assert storage.remove("a", 4)
    assert sorted(os.listdir(storage.root)) == ["folder", "link"]
    assert (tmp_path / "precious").exists()


def test_putting_over_a_link_replaces_the_link_and_not_what_it_leads_to(storage, tmp_path):
    write(tmp_path / "precious.jpg", b"precious")
    os.symlink(tmp_path / "precious.jpg", os.path.join(storage.root, "a.jpg"))
    storage.put("a.jpg", b"new")
    assert (tmp_path / "precious.jpg").read_bytes() == b"precious"
    assert storage.read("a.jpg") == b"new"
    assert not os.path.islink(os.path.join(storage.root, "a.jpg"))


def test_a_link_is_looked_at_itself(storage):
    os.symlink("nowhere", os.path.join(storage.root, "a.jpg"))
    assert storage.stat("a.jpg") is not None


@pytest.mark.parametrize("name", ["file/a.jpg", "folder"])
def test_a_file_where_a_folder_is_needed_and_the_reverse_are_errors_that_change_nothing(storage, name):
    write(os.path.join(storage.root, "file"), b"content")
    write(os.path.join(storage.root, "folder/a.jpg"), b"content")
    before = contents(storage.root, hidden=True)
    with pytest.raises(OSError, match=r"Not a directory|Is a directory|File exists"):
        storage.put(name, b"new")
    assert contents(storage.root, hidden=True) == before


def test_a_published_file_and_its_folder_have_the_modes_that_any_new_ones_have(storage):
    before = os.umask(0o027)
    try:
        for name in ("a.jpg", "new/first.jpg", "new/second.jpg"):
            storage.put(name, b"")
    finally:
        os.umask(before)
    modes = {name: stat.S_IMODE(os.stat(os.path.join(storage.root, name)).st_mode) for name in contents(storage.root)}
    assert modes == {"a.jpg": 0o640, "new/first.jpg": 0o640, "new/second.jpg": 0o640}
    assert stat.S_IMODE(os.stat(os.path.join(storage.root, "new")).st_mode) == 0o750


def test_a_temporary_is_never_written_through_a_link_that_waits_there(storage, tmp_path, monkeypatch):
    write(tmp_path / "precious", b"precious")
    monkeypatch.setattr(os, "urandom", lambda count: b"\xde\xad")
    storage = LocalFolder(storage.root)
    os.symlink(tmp_path / "precious", os.path.join(storage.root, f".imgpipe-{os.getpid():x}-dead0"))
    with pytest.raises(FileExistsError):
        storage.put("a.jpg", b"new")
    assert (tmp_path / "precious").read_bytes() == b"precious"


def test_a_temporary_stands_in_the_folder_of_its_file_and_is_never_listed(storage):
    found = []

    def look(call):
        found.extend(os.path.join(folder, name) for folder, _, files in os.walk(storage.root) for name in files)
        assert names(storage, hidden=True) == []

    storage.calls = WatchedCalls(look, ("write", "close"))
    storage.put("a/b.jpg", b"x")
    assert found
    assert all(re.fullmatch(r".*/root/a/\.imgpipe-[0-9a-f]+-[0-9a-f]{9,}", path) for path in found)
    assert not temporaries(storage.root)


def test_of_a_folder_it_is_found_out_once_whether_its_files_may_be_named(tmp_path, monkeypatch):
    """A list of a hundred thousand names: to ask for the real path of each would take most of its time."""
    (tmp_path / "behind").mkdir()
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link").symlink_to(tmp_path / "behind")
    for number in range(20):
        (tmp_path / "in" / f"{number}.png").touch()
        (tmp_path / "behind" / f"{number}.png").touch()
    storage = open_storage(str(tmp_path / "in"))
    asked = []
    realpath = os.path.realpath
    monkeypatch.setattr(os.path, "realpath", lambda path, **more: asked.append(path) or realpath(path, **more))
    found = [storage.find(f"{folder}{number}.png", Listing()) for folder in ("", "link/") for number in range(20)]
    assert [bool(entry.error) for entry in found] == [False] * 20 + [True] * 20
    assert len(asked) <= 6
    assert not storage.find("link/0.png", Listing(follow_symlinks=True)).error
