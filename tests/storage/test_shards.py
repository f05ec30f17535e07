"""Shards that are read: which files they hold, and what broken and hostile ones cost."""

import io
import os
import pickle
import tarfile
import tracemalloc
from itertools import islice

import pytest
from PIL import Image

from imgpipe import Options, Recipe, process
from imgpipe.errors import UsageError
from imgpipe.storage import Listing, indexes, open_storage, open_target
from imgpipe.storage.abilities import read_into
from imgpipe.storage.members import read_at
from imgpipe.storage.ranges import range_of
from tests.folders import contents


def make_tar(path, files, form=tarfile.PAX_FORMAT):
    """A tar of these: pairs of a name, or a header, and content."""
    path.parent.mkdir(exist_ok=True)
    with tarfile.open(path, "w", format=form) as tar:
        for name, content in files:
            header = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            if header.isreg():
                header.size = len(content)
            tar.addfile(header, io.BytesIO(content))
    return path


def picture(colour="teal"):
    data = io.BytesIO()
    Image.new("RGB", (24, 16), colour).save(data, "PNG")
    return data.getvalue()


def sparse(name):
    """A file of nothing but a hole."""
    found = tarfile.TarInfo(name)
    found.pax_headers = {"GNU.sparse.map": "0,0", "GNU.sparse.size": "9"}
    return found


def header(name, kind):
    found = tarfile.TarInfo(name)
    found.type, found.linkname = kind, "/etc/passwd"
    return found


def listed(storage, **listing):
    return [(entry.name, entry.error) for entry in storage.list(Listing(**listing))]


def test_a_range_counts_with_as_many_digits_as_its_first_number():
    assert range_of("/a/{08..10}.tar").names == ("08.tar", "09.tar", "10.tar")
    assert range_of("/a/x-{8..10}-y.tar").names == ("x-8-y.tar", "x-9-y.tar", "x-10-y.tar")
    assert range_of("/a/x.tar").names == ("x.tar",)


@pytest.mark.parametrize("location", ["{2..1}.tar", "{0..1}-{0..1}.tar", "{0..1}/{0..1}.tar", "{0..1000000}.tar"])
def test_ranges_that_are_none_are_refused(location):
    with pytest.raises(UsageError, match="range"):
        range_of(location)


def test_missing_shards_are_named(tmp_path):
    make_tar(tmp_path / "0.tar", [])
    with pytest.raises(UsageError, match=r"missing: 1\.tar, 2\.tar$"):
        open_storage(f"{tmp_path}/{{0..2}}.tar")


def test_a_folder_that_is_called_like_a_shard_is_a_folder(tmp_path):
    (tmp_path / "x.tar").mkdir()
    assert open_storage(f"{tmp_path}/x.tar").root == f"{tmp_path}/x.tar"
    assert listed(open_storage(f"{tmp_path}/x.tar")) == []


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_files_are_read_in_the_order_of_the_tar(tmp_path, form):
    deep = "/".join(["folder" * 5] * 7) + "/é.png"
    files = {"b.png": b"bb", "./a.png": b"a", deep: bytes(range(256)) * 9, "empty.png": b""}
    make_tar(tmp_path / "0.tar", files.items(), form)
    storage = open_storage(f"{tmp_path}/{{0..0}}.tar")
    expected = {f"0/{name.removeprefix('./')}": content for name, content in files.items()}
    assert listed(storage) == [(name, "") for name in expected]
    again = pickle.loads(pickle.dumps(storage))
    for name, content in expected.items():
        assert storage.read(name) == again.read(name) == content
        assert storage.head(name, 5) == content[:5]
        assert storage.size(name) == len(content)
        assert storage.find(name, Listing()) == storage.stat(name)
    assert storage.stat("0/none.png") is storage.stat("1/b.png") is storage.stat("b.png") is None
    assert storage.find("0/none.png", Listing()).error


def test_in_a_single_tar_names_are_those_of_the_files(tmp_path):
    make_tar(tmp_path / "x.tar", [("a/b.png", b"1"), (".c.png", b"2"), ("__/.d/e.png", b"3")])
    storage = open_storage(f"{tmp_path}/x.tar")
    assert listed(storage) == [("a/b.png", "")]
    assert [name for name, _ in listed(storage, hidden=True)] == ["a/b.png", ".c.png", "__/.d/e.png"]
    assert listed(storage, recursive=False) == []
    assert storage.read("a/b.png") == b"1"


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("../out.png", "leads out"),
        ("/etc/out.png", "leads out"),
        ("a/../../out.png", "leads out"),
        (header("l.png", tarfile.SYMTYPE), "link"),
        (header("h.png", tarfile.LNKTYPE), "link"),
        (header("d.png", tarfile.CHRTYPE), "device"),
        (header("p.png", tarfile.FIFOTYPE), "device"),
        (sparse("s.png"), "sparse"),
        ("good.png", "twice"),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_a_hostile_file_costs_itself_and_names_its_shard(tmp_path, bad, reason):
    make_tar(tmp_path / "0.tar", [("good.png", picture()), (bad, b""), ("after.png", picture("red"))])
    report = process(f"{tmp_path}/{{0..0}}.tar", tmp_path / "out", Recipe(), cores=1, options=Options(engine="serial"))
    assert [message for message in report.errors.values() if reason in message]
    assert list(report.errors) == ["0.tar"]
    assert sorted(contents(tmp_path / "out")) == ["0/after.png", "0/good.png"]


@pytest.mark.parametrize("size", [-512, -1024, -1])
def test_a_header_that_leads_back_costs_what_follows_and_no_eternity(tmp_path, size):
    path = make_tar(tmp_path / "0.tar", [("good.png", picture())])
    back = bytearray(tarfile.TarInfo("back.png").tobuf())
    back[124:136] = size.to_bytes(12, "big", signed=True)
    back[148:156] = b"%06o\0 " % (sum(back) - sum(back[148:156]) + 8 * ord(" "))
    whole = path.read_bytes().rstrip(b"\0")
    path.write_bytes(whole + bytes(-len(whole) % 512) + back + bytes(1024))
    good, broken, *more = islice(open_storage(f"{tmp_path}/0.tar").list(Listing()), 9)
    assert (good.name, good.error, more) == ("good.png", "", [])
    assert "the tar is broken, and what follows is not read" in broken.error


def test_names_upon_names_cost_what_follows(tmp_path):
    path = make_tar(tmp_path / "0.tar", [("good.png", picture())])
    long = header("long", tarfile.GNUTYPE_LONGNAME)
    long.size = 400 << 10
    whole = path.read_bytes().rstrip(b"\0")
    names = (long.tobuf(tarfile.GNU_FORMAT) + b"x" * long.size) * 5
    path.write_bytes(whole + bytes(-len(whole) % 512) + names + bytes(1024))
    report = process(f"{tmp_path}/0.tar", tmp_path / "out", Recipe(), cores=1, options=Options(engine="serial"))
    assert "a header is too long" in report.errors["0.tar"]
    assert sorted(contents(tmp_path / "out")) == ["good.png"]


def test_a_name_that_claims_a_terabyte_costs_what_follows_and_no_memory(tmp_path):
    path = make_tar(tmp_path / "0.tar", [("good.png", picture())])
    long = header("long", tarfile.GNUTYPE_LONGNAME)
    long.size = 1 << 40
    whole = path.read_bytes().rstrip(b"\0")
    path.write_bytes(whole + bytes(-len(whole) % 512) + long.tobuf(tarfile.GNU_FORMAT) + bytes(1024))
    report = process(f"{tmp_path}/0.tar", tmp_path / "out", Recipe(), cores=1, options=Options(engine="serial"))
    assert "a header is too long" in report.errors["0.tar"]
    assert sorted(contents(tmp_path / "out")) == ["good.png"]


def truncated(data):
    return data[:-11_000]


def negative(data):
    """The size of the second file is negative, so that the next header would be the one before."""
    at = data.index(b"b.png") + 124
    return data[:at] + b"\xff" * 11 + b"\x00" + data[at + 12 :]


def huge(data):
    at = data.index(b"b.png") + 124
    return data[:at] + b"\x80" + b"\xff" * 11 + data[at + 12 :]


def garbled(data):
    at = data.index(b"b.png")
    return data[:at] + b"\xee" * 512 + data[at + 512 :]


def long_name(data):
    """A name that says that it has gigabytes."""
    found = tarfile.TarInfo("././@LongLink")
    found.type, found.size = tarfile.GNUTYPE_LONGNAME, 6 << 30
    at = data.index(b"b.png")
    return data[:at] + found.tobuf(tarfile.GNU_FORMAT) + data[at:]


@pytest.mark.parametrize("damage", [truncated, negative, huge, garbled, long_name])
def test_a_broken_tar_costs_its_rest_and_no_other_shard(tmp_path, damage):
    files = [("a.png", picture()), ("b.png", bytes(20_000)), ("c.png", picture())]
    make_tar(tmp_path / "0.tar", files)
    make_tar(tmp_path / "1.tar", [("a.png", picture("red"))])
    (tmp_path / "0.tar").write_bytes(damage((tmp_path / "0.tar").read_bytes()))
    report = process(f"{tmp_path}/{{0..1}}.tar", tmp_path / "out", Recipe(), cores=1, options=Options(engine="serial"))
    assert list(report.errors) == ["0.tar"]
    assert sorted(contents(tmp_path / "out")) == ["0/a.png", "1/a.png"]


@pytest.mark.parametrize("content", [b"", b"no tar at all" * 99, bytes(10_240)], ids=["empty", "text", "zeros"])
def test_what_is_no_tar_is_one_failure_or_an_empty_one(tmp_path, content):
    (tmp_path / "0.tar").write_bytes(content)
    found = listed(open_storage(f"{tmp_path}/{{0..0}}.tar"))
    assert found == [] if content == bytes(10_240) else [name for name, _ in found] == ["0.tar"]


def test_what_a_shard_to_be_written_holds_is_read_into_memory_too(tmp_path):
    make_tar(tmp_path / "x.tar", [("a.png", b"1")])
    target = open_target(f"{tmp_path}/x.tar")
    target.put("b.png", b"2")
    assert [read_into(target, name, lambda size: memoryview(bytearray(size))) for name in ("a.png", "b.png")] == [
        b"1",
        b"2",
    ]


def test_a_shard_that_changes_between_is_read_anew(tmp_path):
    make_tar(tmp_path / "x.tar", [("a.png", b"before")])
    storage = open_storage(f"{tmp_path}/x.tar")
    assert storage.read("a.png") == b"before"
    make_tar(tmp_path / "y.tar", [("b.png", b"first"), ("a.png", b"after")])
    os.replace(tmp_path / "y.tar", tmp_path / "x.tar")
    assert storage.read("a.png") == b"after"


def test_a_digest_is_that_of_the_content_and_of_what_is_beside_it(tmp_path):
    def digest(*files):
        make_tar(tmp_path / "x.tar", files)
        return open_storage(f"{tmp_path}/x.tar").digest("a.png")

    others = [("b.png", b"other"), ("b.cls", b"5")]
    before = digest(("a.png", b"before"), ("a.cls", b"3"), ("a.txt", b"?"), *others)
    assert digest(*others[:1], ("a.png", b"before"), ("a.cls", b"3"), ("a.txt", b"?")) == before
    changed = [
        digest(("a.png", b"behind"), ("a.cls", b"3"), ("a.txt", b"?")),
        digest(("a.png", b"before"), ("a.cls", b"4"), ("a.txt", b"?")),
        digest(("a.png", b"before"), ("a.cls", b"3"), ("a.text", b"?")),
        digest(("a.png", b"before"), ("a.cls", b"3?"), ("a.txt", b"")),
        digest(("a.png", b"before"), ("a.cls", b"3")),
    ]
    assert len({before, *changed}) == len(changed) + 1


@pytest.mark.parametrize("how", ["another file in its place", "written anew", "shorter"])
def test_what_is_read_of_a_shard_while_it_changes_is_refused(tmp_path, monkeypatch, how):
    """Else half of one file and half of another would be a picture."""
    shard = make_tar(tmp_path / "0.tar", [("a.png", picture())])
    storage = open_storage(str(shard))

    def read_meanwhile(path, member, count):
        if how == "another file in its place":
            times = os.stat(path)
            os.rename(make_tar(tmp_path / "new.tar", [("a.png", picture())]), path)
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        elif how == "written anew":
            os.utime(path, ns=(0, os.stat(path).st_mtime_ns + 1))
        else:
            os.truncate(path, member.offset + 9)
        return read_at(path, member, count)

    monkeypatch.setattr(indexes, "read_at", read_meanwhile)
    with pytest.raises(OSError, match="while it was read"):
        storage.read("a.png")


def test_sidecars_are_no_inputs_and_what_is_done_is_not_done_again(tmp_path):
    for shard in range(2):
        files = [("a.png", picture()), ("a.json", b"{}"), ("a.cls", b"3"), ("b.png", picture("red")), ("b.txt", b"?")]
        make_tar(tmp_path / "in" / f"{shard:03}.tar", files)
    source, out = f"{tmp_path}/in/{{000..001}}.tar", tmp_path / "out"
    assert str(process(source, out, Recipe(), cores=2)) == "4 written, 0 unchanged, 0 failed, 0 skipped"
    names = ("a.cls", "a.json", "a.png", "b.png", "b.txt")
    assert sorted(contents(out)) == [f"{shard}/{name}" for shard in ("000", "001") for name in names]
    assert str(process(source, out, Recipe(), cores=2)) == "0 written, 4 unchanged, 0 failed, 0 skipped"


def test_headers_that_are_together_longer_than_one_may_be_are_read(tmp_path):
    make_tar(tmp_path / "0.tar", [(f"{n}.png", b"x") for n in range(2_500)], tarfile.USTAR_FORMAT)
    assert sum(1 for _, error in listed(open_storage(f"{tmp_path}/0.tar")) if not error) == 2_500


def test_many_tiny_files_are_listed_with_flat_memory(tmp_path):
    for shard in range(20):
        make_tar(tmp_path / f"{shard:02}.tar", [(f"{n}.png", b"x") for n in range(500)], tarfile.USTAR_FORMAT)
    storage = open_storage(f"{tmp_path}/{{00..19}}.tar")
    tracemalloc.start()
    try:
        assert sum(1 for _ in storage.list(Listing())) == 10_000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2 << 20
