"""What every storage promises; a new one is a line in `STORAGES`."""

import errno
import itertools
import os
import pickle
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgpipe.storage import Attributes, Listing, open_storage
from imgpipe.storage.abilities import read_into
from imgpipe.storage.calls import SYSTEM
from tests.folders import WatchedCalls, contents, failing_calls, opened_below, temporaries

# name: how it is made, of a folder of its own and what fixtures are there
STORAGES = {
    "local": lambda request: open_storage(str(request.getfixturevalue("tmp_path") / "root")),
    "local, synced": lambda request: open_storage(str(request.getfixturevalue("tmp_path") / "root"), "fsync"),
    "s3": lambda request: open_storage(request.getfixturevalue("bucket").url + "/root"),
    "gs": lambda request: open_storage(request.getfixturevalue("gs_bucket").url + "/root"),
}
LOCAL = ("local", "local, synced")

ODD_NAMES = [
    "x" * 251 + ".jpg",
    "é" * 125 + "x.jpg",
    "-rf",
    "..jpg",
    "...",
    " ",
    "100%25 +.jpg",
    "a:b?*<>|#&=.jpg",
    "one/two/three/four/\N{CAMERA}.jpg",
]
NAMES_OF_DISKS = [
    os.fsdecode(b"\xff\xfe-latin-\xe9.jpg"),
    "new\nline\t\x1b[31m.jpg",
    "\\",
]
REFUSED_NAMES = ["", ".", "..", "/", "/etc/passwd", "a//b", "a/", "a/../b", "../a", "a/..", "./a", "a/./b", "nul\0"]
OUTPUT_ERRORS = [errno.ENOSPC, errno.EIO, errno.EACCES, errno.EROFS, errno.EDQUOT]


@pytest.fixture(params=STORAGES)
def storage(request):
    return STORAGES[request.param](request)


@pytest.fixture(params=LOCAL)
def local(request):
    """Where publishing is a sequence of system calls."""
    return STORAGES[request.param](request)


def error_of(call):
    """The errno that a call raised, None where it raised nothing."""
    try:
        call()
    except OSError as error:
        return error.errno
    return None


def names(storage, **listing):
    return [entry.name for entry in storage.list(Listing(**listing))]


def test_a_view_of_memory_can_be_put(storage):
    """What a worker has made lies in memory that it shares."""
    storage.put("a.jpg", memoryview(b"0123456789")[2:])
    assert storage.read("a.jpg") == b"23456789"


def test_what_was_put_can_be_read_headed_and_listed(storage):
    storage.put("a/b.jpg", b"0123456789")
    assert storage.read("a/b.jpg") == b"0123456789"
    assert storage.head("a/b.jpg", 4) == b"0123"
    assert storage.head("a/b.jpg", 64) == b"0123456789"
    memory = bytearray(20)
    assert read_into(storage, "a/b.jpg", lambda size: memoryview(memory)[:size]) == b"0123456789" == memory[:10]
    assert read_into(storage, "a/b.jpg", lambda size: None) == b"0123456789"
    (entry,) = storage.list(Listing())
    assert (entry.name, entry.bytes, entry.error) == ("a/b.jpg", 10, "")
    assert entry.modified > 0
    assert storage.stat("a/b.jpg") == entry


@pytest.mark.parametrize("data", [b"", b"x", bytes(3 << 20)], ids=len)
def test_content_of_any_length_comes_back(storage, data):
    storage.put("a", data)
    assert storage.read("a") == data
    assert storage.stat("a").bytes == len(data)


def test_put_replaces_what_stood_there(storage):
    storage.put("a.jpg", b"a long one before")
    storage.put("a.jpg", b"after")
    assert storage.read("a.jpg") == b"after"
    assert names(storage) == ["a.jpg"]


def test_nothing_stands_under_an_unknown_name(storage):
    storage.put("file", b"")
    for name in ("unknown", "unknown/a.jpg", "file/a.jpg", "x" * 300, "x" * 300 + "/a.jpg"):
        assert storage.stat(name) is None
        assert storage.size(name) is None
        with pytest.raises(OSError, match=r"\[Errno \d+\]"):
            storage.read(name)
        with pytest.raises(OSError, match=r"\[Errno \d+\]"):
            storage.head(name, 8)


@pytest.mark.parametrize("name", ODD_NAMES, ids=ascii)
def test_odd_names_are_kept_as_they_are(storage, name):
    storage.put(name, b"content")
    assert names(storage, hidden=True) == [name]
    assert storage.read(name) == storage.head(name, 99) == b"content"
    assert (storage.stat(name).name, storage.stat(name).bytes, storage.size(name)) == (name, 7, 7)


@pytest.mark.parametrize("name", NAMES_OF_DISKS, ids=ascii)
def test_a_name_that_only_disks_can_have_is_kept_there_and_refused_elsewhere_before_any_work(storage, name):
    if storage.remote and name != "\\":  # which some servers take, and some take for a slash
        assert storage.obstacle(name)
    if not storage.remote:
        test_odd_names_are_kept_as_they_are(storage, name)


@given(st.binary(min_size=1, max_size=255).filter(lambda name: not {0, ord("/")} & set(name)))
@settings(max_examples=40, deadline=None)
def test_any_bytes_but_slash_and_nul_are_a_name(name):
    text = os.fsdecode(name)
    if text in (".", "..") or text.startswith(".imgpipe-"):
        return
    for durability in ("rename", "fsync"):
        with tempfile.TemporaryDirectory() as folder:
            storage = open_storage(folder, durability)
            storage.put(text, name)
            assert names(storage, hidden=True) == [text]
            assert storage.read(text) == name


def test_composed_and_decomposed_names_stay_apart(storage):
    storage.put("\u00e9.jpg", b"composed")
    storage.put("e\u0301.jpg", b"decomposed")
    if len(names(storage)) == 1:
        pytest.skip("this file system takes them for one name")
    assert storage.read("\u00e9.jpg") == b"composed"
    assert storage.read("e\u0301.jpg") == b"decomposed"


@pytest.mark.parametrize("name", REFUSED_NAMES, ids=ascii)
def test_names_that_lead_out_or_are_none_are_refused(storage, tmp_path, name):
    storage.put("a/b", b"")
    before = contents(tmp_path, hidden=True)
    for call in (lambda: storage.put(name, b"x"), lambda: storage.read(name), lambda: storage.head(name, 1)):
        with pytest.raises(OSError, match=r"\[Errno \d+\]"):
            call()
    assert contents(tmp_path, hidden=True) == before


def test_a_name_that_is_too_long_is_an_os_error(local, tmp_path):
    with pytest.raises(OSError, match=r"\[Errno \d+\]"):
        local.put("x" * 256, b"x")
    assert not contents(tmp_path, hidden=True)


def test_a_listing_goes_folder_by_folder_in_order_of_names(local):
    for name in ("b/2.jpg", "b/1.jpg", "a/z/1.jpg", "z.jpg", "a/2.jpg", "B.jpg", "c.jpg"):
        local.put(name, b"")
    expected = ["B.jpg", "c.jpg", "z.jpg", "a/2.jpg", "a/z/1.jpg", "b/1.jpg", "b/2.jpg"]
    assert names(local) == expected
    assert names(local) == expected


def test_a_listing_has_every_name_once_and_always_in_the_same_order(storage):
    expected = {"b/2.jpg", "b/1.jpg", "a/z/1.jpg", "z.jpg", "a/2.jpg", "B.jpg", "c.jpg", "a!.jpg", "a.jpg"}
    for name in expected:
        storage.put(name, b"")
    found = names(storage)
    assert sorted(found) == sorted(expected)
    assert names(storage) == found


def test_a_storage_travels_to_another_process(storage):
    storage.put("a.jpg", b"content")
    there = pickle.loads(pickle.dumps(storage))
    assert (there.root, there.durability, there.identity) == (storage.root, storage.durability, storage.identity)
    assert there.read("a.jpg") == b"content"
    assert open_storage(storage.root).read("a.jpg") == b"content"


def test_a_name_without_a_file_is_no_single_file_and_one_with_a_file_is(storage):
    storage.put("a/b.jpg", b"content")
    assert open_storage(storage.root + "/a").single() is None
    folder, name = open_storage(storage.root + "/a/b.jpg").single()
    assert (name, open_storage(folder).read(name)) == ("b.jpg", b"content")


def test_a_file_is_removed_only_where_it_has_the_size(storage):
    storage.put("a.jpg", b"content")
    assert not storage.remove("a.jpg", 6)
    assert storage.read("a.jpg") == b"content"
    assert storage.remove("a.jpg", 7)
    assert not storage.remove("a.jpg", 7)
    assert storage.size("a.jpg") is None


def test_an_output_folder_inside_is_left_out(storage):
    for name in ("a.jpg", "out/b.jpg", "outer/c.jpg"):
        storage.put(name, b"")
    inside = open_storage(storage.root + "/out").identity
    assert names(storage, leave_out=inside) == ["a.jpg", "outer/c.jpg"]
    assert storage.find("out/b.jpg", Listing(leave_out=inside)).error


def test_a_listing_may_stay_at_the_top(storage):
    storage.put("a/1.jpg", b"")
    storage.put("2.jpg", b"")
    assert names(storage, recursive=False) == ["2.jpg"]


def test_hidden_files_and_folders_are_listed_only_when_asked_for(storage):
    for name in (".a.jpg", ".b/c.jpg", "d.jpg"):
        storage.put(name, b"")
    assert names(storage) == ["d.jpg"]
    assert sorted(names(storage, hidden=True)) == [".a.jpg", ".b/c.jpg", "d.jpg"]


@pytest.mark.parametrize("name", [*ODD_NAMES, ".hidden/.a.jpg"], ids=ascii)
def test_what_is_found_by_its_name_is_what_a_listing_has(storage, name):
    storage.put(name, b"content")
    (entry,) = storage.list(Listing(hidden=True))
    assert storage.find(name, Listing()) == entry


@pytest.mark.parametrize("name", [*REFUSED_NAMES, "missing", "missing/too", "folder", "folder/file/x", "y" * 300])
def test_what_is_not_there_is_found_with_a_reason(storage, name):
    storage.put("folder/file", b"")
    found = storage.find(name, Listing())
    assert found.name == name
    assert found.error


def test_a_file_may_get_times_and_mode_of_another(local):
    like = Attributes(0o604, 1_234_567_890 * 10**9, 1_234_567_800 * 10**9)
    local.put("a.jpg", b"content", like)
    found = local.attributes("a.jpg")
    assert (found.mode, found.modified) == (like.mode, like.modified)
    assert local.stat("a.jpg").modified == like.modified
    assert error_of(lambda: local.attributes("missing")) == errno.ENOENT


def test_an_empty_root_lists_nothing(local):
    local.put("a", b"")
    os.unlink(os.path.join(local.root, "a"))
    assert names(local) == []


def test_a_missing_root_is_one_entry_with_an_error(local):
    (entry,) = local.list(Listing())
    assert entry.error


@pytest.mark.parametrize("for_good", [False, True], ids=["once", "for-good"])
@pytest.mark.parametrize("before", [{}, {"a/b.jpg": b"before"}], ids=["new", "standing"])
@pytest.mark.parametrize("error", OUTPUT_ERRORS, ids=errno.errorcode.get)
def test_put_that_fails_at_any_call_publishes_nothing(local, error, before, for_good):
    for call in itertools.count(1):
        shutil.rmtree(local.root, ignore_errors=True)
        for name, data in before.items():
            local.put(name, data)
        local.calls = failing_calls(error, call, for_good=for_good)
        raised = error_of(lambda: local.put("a/b.jpg", b"after"))
        local.calls = SYSTEM
        if raised is None:
            break
        assert raised == error
        assert contents(local.root, hidden=True) == before
    assert call > 4
    assert contents(local.root, hidden=True) == {"a/b.jpg": b"after"}
    assert opened_below(local.root) == 0


def test_the_first_error_is_told_where_the_temporary_cannot_be_removed(local):
    local.put("a.jpg", b"before")
    for call in (2, 3, 4):
        first, later = errno.ENOSPC, errno.EIO
        failing = failing_calls(first, call)
        failing.unlink = failing_calls(later, 1, names=("unlink",)).unlink
        local.calls = failing
        with pytest.raises(OSError, match="No space"):
            local.put("a.jpg", b"after")
        local.calls = SYSTEM
        assert local.read("a.jpg") == b"before"
        assert names(local, hidden=True) == ["a.jpg"]


def test_at_no_moment_stands_anything_partial_under_the_name(local, tmp_path):
    local.put("a.jpg", b"before")
    seen = []

    def look(call):
        seen.append(contents(local.root)["a.jpg"])

    local.calls = WatchedCalls(look)
    local.put("a.jpg", b"after")
    local.calls = SYSTEM
    seen.append(local.read("a.jpg"))
    assert len(seen) > 4
    assert seen == [b"before"] * (len(seen) - 1) + [b"after"]


def test_short_writes_are_gone_on_with(local):
    data = bytes(range(256)) * 4

    class ShortCalls(WatchedCalls):
        def write(self, descriptor, data):
            return os.write(descriptor, bytes(data[:100]))

    local.calls = ShortCalls(lambda call: None)
    local.put("a.jpg", data)
    local.calls = SYSTEM
    assert local.read("a.jpg") == data


def test_an_interrupted_put_leaves_nothing(local):
    local.put("a.jpg", b"before")

    class Interrupt(BaseException):
        pass

    for call in itertools.count(1):

        def before(number, call=call):
            if number == call:
                raise Interrupt

        local.calls = WatchedCalls(before, ("write", "replace"))
        try:
            local.put("a.jpg", b"after")
        except Interrupt:
            pass
        else:
            break
        finally:
            local.calls = SYSTEM
        assert contents(local.root, hidden=True) == {"a.jpg": b"before"}
    assert call == 3


def test_many_threads_may_put_into_one_new_folder(storage):
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: storage.put(f"new/deep/{number}.jpg", b"%d" % number), range(64)))
        list(threads.map(lambda number: storage.put("same.jpg", b"%d" % number * 9999), range(8)))
    assert [storage.read(f"new/deep/{number}.jpg") for number in range(64)] == [b"%d" % n for n in range(64)]
    assert storage.read("same.jpg") in [b"%d" % number * 9999 for number in range(8)]
    assert storage.remote or not temporaries(storage.root)
