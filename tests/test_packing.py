"""OUTPUT as shards: in the order of the inputs, the same bytes always, each whole or not there."""

import errno
import io
import itertools
import json
import os
import random
import sys
import tarfile
import tracemalloc
from contextlib import closing
from types import SimpleNamespace

import pytest
from PIL import Image

from imgpipe import Options, Recipe, Rendition, process
from imgpipe.engines import Workforce
from imgpipe.errors import CollisionError, RunError, UsageError
from imgpipe.existing import Existing
from imgpipe.job import Item, Output, Source, Status
from imgpipe.naming import Naming
from imgpipe.packing import Packing
from imgpipe.run import execute, prepare
from imgpipe.storage import indexes, open_storage
from imgpipe.storage.archive import Part, write_tar
from imgpipe.storage.calls import SYSTEM
from imgpipe.storage.ranges import ShardSize
from imgpipe.storage.shard_folder import ShardFolder
from imgpipe.storage.shards import Shards
from tests.disk import Disk, Recorder
from tests.folders import WatchedCalls, contents, traces, write

NAMES = [f"{folder}/{number:02}.png" for folder in ("cats", "dogs") for number in range(6)]
RECIPE = Recipe(["grayscale"])


@pytest.fixture
def pictures(tmp_path):
    for number, name in enumerate(NAMES):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (20 + number, 30), (number * 20, 99, 0)).save(path)
    return tmp_path / "in"


def run(source, target, count=5, recipe=RECIPE, **options):
    options = {"engine": "serial", "shards": ShardSize(count)} | options
    return process(source, target, recipe, cores=1, options=Options(**options))


def shards(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.tar"))}


def members(folder):
    """Names in each shard."""
    found = {}
    for path in sorted(folder.glob("*.tar")):
        with tarfile.open(path) as tar:
            found[path.name] = tar.getnames()
    return found


def samples(folder):
    """Keys of the samples in each shard, of which each is a picture and its JSON."""
    found = {}
    for name, files in members(folder).items():
        keys = [file.removesuffix(".png") for file in files[::2]]
        assert files == [f"{key}{ending}" for key in keys for ending in (".png", ".json")]
        found[name] = keys
    return found


def waiting(folder):
    return [name for name in contents(folder / ".imgpipe", hidden=True) if name.endswith((".png", ".json", ".new"))]


KEYS = [name.removesuffix(".png") for name in NAMES]


def in_fives(keys):
    parts = [keys[at : at + 5] for at in range(0, len(keys), 5)]
    return {f"{number:03}.tar": part for number, part in enumerate(parts)}


def test_a_folder_becomes_shards_in_the_order_of_its_pictures(pictures, tmp_path):
    out = tmp_path / "out"
    report = run(pictures, f"{out}/{{000..099}}.tar")
    assert str(report) == "12 written, 0 unchanged, 0 failed, 0 skipped"
    assert samples(out) == in_fives(KEYS)
    assert not waiting(out)
    with tarfile.open(out / "001.tar") as tar:
        (first, second) = tar.getmembers()[:2]
        assert {(found.mtime, found.uid, found.gid, found.uname, found.mode) for found in (first, second)} == {
            (0, 0, 0, "", 0o644)
        }
        said = json.load(tar.extractfile("cats/05.json"))
        assert said == {"key": "cats/05", "source": "cats/05.png", "width": 25, "height": 30}
        assert Image.open(tar.extractfile("cats/05.png")).size == (25, 30)


def test_a_text_whose_name_is_too_long_for_the_disk_is_in_its_shard(pictures, tmp_path):
    """The picture's own name is not, so it is no reason to leave it out."""
    longest = "x" * 251
    (pictures / NAMES[3]).rename(pictures / "cats" / f"{longest}.png")
    keys = sorted([*KEYS[:3], *KEYS[4:6], f"cats/{longest}"]) + KEYS[6:]
    for status in ("written", "unchanged"):
        assert run(pictures, f"{tmp_path}/out/{{000..099}}.tar").count(status) == 12
        assert samples(tmp_path / "out") == in_fives(keys)
    (pictures / NAMES[0]).unlink()
    assert run(pictures, f"{tmp_path}/out/{{000..099}}.tar").count("unchanged") == 11
    assert samples(tmp_path / "out") == in_fives(keys[1:])
    assert not waiting(tmp_path / "out")


@pytest.mark.parametrize(("engine", "cores"), [("threads", 2), ("processes", 1), ("processes", 2), ("processes", 3)])
def test_shards_are_the_same_whatever_the_engine(pictures, tmp_path, engine, cores):
    run(pictures, f"{tmp_path}/expected/{{000..099}}.tar")
    run(pictures, f"{tmp_path}/out/{{000..099}}.tar", engine=engine, workforce=Workforce(cores=cores))
    assert shards(tmp_path / "out") == shards(tmp_path / "expected")


def test_what_is_done_last_comes_in_its_place(pictures, tmp_path):
    """Items that are settled in any order."""
    run(pictures, f"{tmp_path}/expected/{{000..099}}.tar")
    Image.effect_noise((2000, 2000), 99).convert("RGB").save(pictures / NAMES[0])
    run(pictures, f"{tmp_path}/expected/{{000..099}}.tar")
    items = process(
        pictures, f"{tmp_path}/out/{{000..099}}.tar", RECIPE, cores=2, options=Options(shards=ShardSize(5))
    ).items
    assert [item.source.name for item in items] != NAMES
    assert shards(tmp_path / "out") == shards(tmp_path / "expected")


def test_shards_and_back_are_the_pictures_of_a_plain_run(pictures, tmp_path):
    run(pictures, f"{tmp_path}/out/{{000..099}}.tar")
    process(pictures, tmp_path / "plain", RECIPE, cores=1)
    back = process(
        f"{tmp_path}/out/{{000..002}}.tar",
        tmp_path / "back",
        Recipe(["flip", "flip"]),
        cores=1,
        options=Options("serial"),
    )
    assert back.count("written") == 12
    plain, found = contents(tmp_path / "plain"), contents(tmp_path / "back")
    texts = [name.replace(".png", ".json") for name in plain]
    assert sorted(name.partition("/")[2] for name in found) == sorted([*plain, *texts])
    for name in found:
        if name.endswith(".json"):
            continue
        again, first = Image.open(tmp_path / "back" / name), Image.open(tmp_path / "plain" / name.partition("/")[2])
        assert again.tobytes() == first.tobytes()


def test_shards_to_shards_keep_keys_and_texts(pictures, tmp_path):
    first = tmp_path / "first"
    first.mkdir()
    with tarfile.open(first / "0.tar", "w") as tar:
        for name in NAMES:
            tar.add(pictures / name, name)
            for ending, text in ((".json", b'{"own": 1}'), (".cls", b"7"), (".seg.txt", b"x")):
                path = tmp_path / "text"
                path.write_bytes(text)
                tar.add(path, name.removesuffix(".png") + ending)
    run(f"{first}/{{0..0}}.tar", f"{tmp_path}/out/{{000..099}}.tar")
    endings = (".png", ".json", ".cls", ".seg.txt")
    expected = {shard: [key + end for key in keys for end in endings] for shard, keys in in_fives(KEYS).items()}
    assert members(tmp_path / "out") == expected
    with tarfile.open(tmp_path / "out" / "002.tar") as tar:
        assert tar.extractfile("dogs/05.json").read() == b'{"own": 1}'
        assert tar.extractfile("dogs/05.seg.txt").read() == b"x"


def test_what_lies_beside_a_picture_goes_from_shard_to_shard_in_pieces_however_large(pictures, tmp_path, monkeypatch):
    video = random.Random(1).randbytes(10_001)
    tar_of(tmp_path / "0.tar", pictures, NAMES[:3], [(".mp4", video)])
    run(f"{tmp_path}/0.tar", f"{tmp_path}/whole/x.tar", shards=None)
    monkeypatch.setattr(indexes, "_PIECE", 1000)
    monkeypatch.setattr(Shards, "read", lambda self, name: self._indexes.read(*self._member(name)) * (".png" in name))
    run(f"{tmp_path}/0.tar", f"{tmp_path}/pieces/x.tar", shards=None, existing=Existing(known_by="content"))
    assert shards(tmp_path / "pieces") == shards(tmp_path / "whole")
    with tarfile.open(tmp_path / "pieces/x.tar") as tar:
        assert tar.extractfile("cats/01.mp4").read() == video


def test_a_shard_that_changes_between_two_pieces_is_seen(pictures, tmp_path):
    tar_of(tmp_path / "0.tar", pictures, NAMES[:1], [(".mp4", bytes(3 << 20))])
    pieces = Shards(f"{tmp_path}/0.tar").pieces("cats/00.mp4")
    assert len(next(pieces)) == 1 << 20
    os.truncate(tmp_path / "0.tar", 4 << 20)
    with pytest.raises(OSError, match=r"the shard 0\.tar changed while it was read"):
        list(pieces)


def test_a_second_run_makes_nothing(pictures, tmp_path):
    out = tmp_path / "out"
    run(pictures, f"{out}/{{000..099}}.tar")
    before = {path: path.stat().st_mtime_ns for path in out.glob("*.tar")}
    assert run(pictures, f"{out}/{{000..099}}.tar").count("unchanged") == 12
    assert {path: path.stat().st_mtime_ns for path in out.glob("*.tar")} == before


@pytest.mark.parametrize("change", ["insert", "remove", "replace", "count", "recipe", "half"])
def test_after_a_change_shards_are_as_of_a_first_run(pictures, tmp_path, change):
    out, recipe, count = tmp_path / "out", RECIPE, 5
    run(pictures, f"{out}/{{000..099}}.tar")
    if change == "insert":
        Image.new("RGB", (9, 9), "red").save(pictures / "cats" / "000.png")
    elif change == "remove":
        (pictures / NAMES[1]).unlink()
    elif change == "half":
        for name in NAMES[3:]:
            (pictures / name).unlink()
    elif change == "replace":
        Image.new("RGB", (21, 30), "blue").save(pictures / NAMES[7])
    elif change == "count":
        count = 3
    else:
        recipe = Recipe(["flip"])
    report = run(pictures, f"{out}/{{000..099}}.tar", count, recipe)
    assert report.count("written") == {"insert": 1, "replace": 1, "recipe": 12}.get(change, 0)
    run(pictures, f"{tmp_path}/anew/{{000..099}}.tar", count, recipe)
    assert shards(out) == shards(tmp_path / "anew")
    assert not waiting(out)


def test_a_picture_that_fails_is_left_out(pictures, tmp_path):
    (pictures / NAMES[2]).write_bytes(b"no picture")
    report = run(pictures, f"{tmp_path}/out/{{000..099}}.tar")
    assert report.count("failed") == 1
    assert samples(tmp_path / "out") == in_fives([key for key in KEYS if key != KEYS[2]])


def test_a_picture_of_which_not_all_outputs_can_be_put_is_left_out(pictures, tmp_path, monkeypatch):
    put = ShardFolder.put

    def refuse_one(folder, name, data, *attributes, **more):
        if name == "cats/01-2.png":
            raise OSError(errno.EISDIR, "Is a directory")
        put(folder, name, data, *attributes, **more)

    recipe = Recipe(["grayscale"], outputs=[Rendition(), Rendition(name="{dir}/{stem}-2{ext}")])
    out = tmp_path / "out"
    with monkeypatch.context() as here:
        here.setattr(ShardFolder, "put", refuse_one)
        report = run(pictures, f"{out}/{{000..999}}.tar", count=100, recipe=recipe)
    assert report.count("failed") == 1
    assert "cats/01" not in samples(out)["000.tar"]
    assert run(pictures, f"{out}/{{000..999}}.tar", count=100, recipe=recipe).count("written") == 1


def test_a_shard_has_no_more_bytes_than_it_may(pictures, tmp_path):
    run(pictures, f"{tmp_path}/out/{{000..099}}.tar", shards=ShardSize(bytes=7 * 1024))
    found = samples(tmp_path / "out")
    assert [key for keys in found.values() for key in keys] == KEYS
    # A header, a block of content, for a picture and for its JSON, and two blocks at the end: three of these are 7 kB.
    assert [len(keys) for keys in found.values()] == [3, 3, 3, 3]


def test_what_is_larger_than_a_shard_is_one_of_its_own(pictures, tmp_path):
    run(pictures, f"{tmp_path}/out/{{000..099}}.tar", shards=ShardSize(bytes=1))
    assert [len(keys) for keys in samples(tmp_path / "out").values()] == [1] * 12


def test_a_range_that_is_full_is_an_error_and_a_larger_one_goes_on(pictures, tmp_path):
    with pytest.raises(RunError, match=r"000\.tar to 001\.tar are full"):
        run(pictures, f"{tmp_path}/out/{{000..001}}.tar")
    assert samples(tmp_path / "out") == dict(list(in_fives(KEYS).items())[:2])
    assert run(pictures, f"{tmp_path}/out/{{000..099}}.tar").count("unchanged") == 12
    assert samples(tmp_path / "out") == in_fives(KEYS)


def test_keys_have_no_dots_but_those_of_folders(tmp_path):
    for name in ("in/a.b/c.v1.png", "in/a.b/c.v2.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (4, 4)).save(tmp_path / name)
    run(tmp_path / "in", f"{tmp_path}/out/x.tar", shards=None)
    assert samples(tmp_path / "out") == {"x.tar": ["a.b/c_v1", "a.b/c_v2"]}


def test_two_pictures_that_would_be_one_sample_are_refused(pictures, tmp_path):
    Image.new("RGB", (9, 9)).save(pictures / "cats" / "00.jpg")
    with pytest.raises(CollisionError, match=r"cats/00 <- cats/00\.jpg, cats/00\.png"):
        run(pictures, f"{tmp_path}/out/{{000..099}}.tar")
    assert not (tmp_path / "out").exists()


def test_shards_of_others_are_left_unless_they_may_be_replaced(pictures, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "002.tar").write_bytes(b"of somebody")
    with pytest.raises(UsageError, match=r"002\.tar exists and was not made by imgpipe"):
        run(pictures, f"{out}/{{000..099}}.tar")
    assert contents(out, hidden=True) == {"002.tar": b"of somebody"}
    run(pictures, f"{out}/{{000..099}}.tar", existing=Existing("always"))
    assert samples(out) == in_fives(KEYS)


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"preserve": True}, "--preserve"),
        ({"prune": True}, "--prune"),
        ({"existing": Existing("never")}, "--overwrite never"),
        ({"naming": Naming(template="{stem}-{width}{ext}")}, "width"),
        ({"existing": Existing(in_place=True)}, "--in-place"),
    ],
    ids=str,
)
def test_what_shards_cannot_hold_is_refused(pictures, tmp_path, options, what):
    with pytest.raises(UsageError, match=what):
        run(pictures, f"{tmp_path}/out/{{000..099}}.tar", **options)
    assert not (tmp_path / "out").exists()


def test_sizes_of_shards_are_for_shards(pictures, tmp_path):
    with pytest.raises(UsageError, match="--shard-count"):
        run(pictures, tmp_path / "out")


class Killed(BaseException):
    pass


def test_killed_before_any_call_and_run_again_is_as_undisturbed(pictures, tmp_path):
    """What a kill leaves is what was done before a call of the system."""
    run(pictures, f"{tmp_path}/expected/{{000..099}}.tar")
    expected = shards(tmp_path / "expected")
    options = Options("serial", shards=ShardSize(5))
    for call in itertools.count(1, 7):
        out = tmp_path / f"out{call}"
        plan = prepare(str(pictures), f"{out}/{{000..099}}.tar", RECIPE, options)

        def kill(number, call=call):
            # Once dead, nothing more is done.
            if number >= call:
                raise Killed

        plan.target.calls = WatchedCalls(kill)
        try:
            for _ in execute(plan, RECIPE, options):
                pass
        except Killed:
            for name, data in shards(out).items():
                assert data == expected[name]
            run(pictures, f"{out}/{{000..099}}.tar")
            assert shards(out) == expected
            assert not waiting(out)
        else:
            assert call > 100
            break


@pytest.mark.parametrize(("engine", "enough"), [("serial", 7), ("threads", 1), ("processes", 1), ("processes", 6)])
def test_a_stop_publishes_full_shards_only_and_the_next_run_goes_on(pictures, tmp_path, engine, enough):
    run(pictures, f"{tmp_path}/expected/{{000..099}}.tar")
    options, done = Options(engine, shards=ShardSize(5)), set()
    plan = prepare(str(pictures), f"{tmp_path}/out/{{000..099}}.tar", RECIPE, options)
    for item in execute(plan, RECIPE, options, lambda: len(done) >= enough):
        done.add(item.source.name)
    expected = shards(tmp_path / "expected")
    assert all(data == expected[name] for name, data in shards(tmp_path / "out").items())
    if engine == "serial":
        assert list(shards(tmp_path / "out")) == ["000.tar"]
    assert run(pictures, f"{tmp_path}/out/{{000..099}}.tar").count("unchanged") == len(done)
    assert shards(tmp_path / "out") == shards(tmp_path / "expected")


def test_no_input_leaves_shards_alone(pictures, tmp_path):
    run(pictures, f"{tmp_path}/out/{{000..099}}.tar")
    before = shards(tmp_path / "out")
    for name in NAMES:
        os.unlink(pictures / name)
    run(pictures, f"{tmp_path}/out/{{000..099}}.tar")
    assert shards(tmp_path / "out") == before


@pytest.mark.parametrize("target", ["s/{0..9}.tar", "s/{2..4}.tar", "s/3.tar", "link/{0..9}.tar"])
def test_a_shard_is_not_read_and_written_at_once(pictures, tmp_path, target):
    run(pictures, tmp_path / "s/{0..9}.tar")
    (tmp_path / "link").symlink_to("s")
    before = shards(tmp_path / "s")
    with pytest.raises(UsageError, match="is both INPUT and OUTPUT"):
        run(tmp_path / "s/{0..3}.tar", tmp_path / target, existing=Existing("always"))
    assert shards(tmp_path / "s") == before


def test_a_shard_to_which_a_link_leads_is_not_read_and_written_at_once(pictures, tmp_path):
    run(pictures, tmp_path / "s/{0..9}.tar")
    before = shards(tmp_path / "s")
    (tmp_path / "mine.tar").symlink_to("s/2.tar")
    for target in ("s/2.tar", "s/{0..3}.tar"):
        with pytest.raises(UsageError, match=r"mine\.tar is both INPUT and OUTPUT"):
            run(tmp_path / "mine.tar", tmp_path / target, existing=Existing("always"))
    assert shards(tmp_path / "s") == before


def tar_of(path, pictures, names=NAMES, texts=((".json", b'{"own": 1}'), (".cls", b"7"))):
    """A shard of these pictures, each with texts."""
    path.parent.mkdir(exist_ok=True)
    with tarfile.open(path, "w") as tar:
        for name in names:
            tar.add(pictures / name, name)
            for ending, text in texts:
                header = tarfile.TarInfo(name.removesuffix(".png") + ending)
                header.size = len(text)
                tar.addfile(header, io.BytesIO(text))


def test_texts_go_beside_the_pictures_of_a_folder(pictures, tmp_path):
    tar_of(tmp_path / "first" / "0.tar", pictures, NAMES[:2])
    source, out = f"{tmp_path}/first/{{0..0}}.tar", tmp_path / "out"
    report = run(source, out, shards=None)
    assert str(report) == "2 written, 0 unchanged, 0 failed, 0 skipped"
    assert sorted(contents(out)) == sorted(f"0/cats/0{n}{end}" for n in (0, 1) for end in (".png", ".json", ".cls"))
    assert contents(out)["0/cats/01.cls"] == b"7"
    before = traces(out / "0")
    assert run(source, out, shards=None).count("unchanged") == 2
    assert traces(out / "0") == before
    tar_of(tmp_path / "first" / "0.tar", pictures, NAMES[:2], [(".cls", b"8")])
    run(source, out, shards=None, engine="processes")
    assert contents(out)["0/cats/01.cls"] == b"8"


@pytest.mark.parametrize("target", ["out", "out/x.tar"])
def test_a_text_that_changes_is_carried_over_where_sources_are_known_by_their_content(pictures, tmp_path, target):
    known = Existing(known_by="content")
    for text in (b"7", b"8"):
        tar_of(tmp_path / "0.tar", pictures, NAMES[:2], [(".cls", text)])
        run(f"{tmp_path}/0.tar", tmp_path / target, shards=None, existing=known)
    run(f"{tmp_path}/0.tar", tmp_path / "anew" / target, shards=None, existing=known)
    assert contents(tmp_path / "out") == contents(tmp_path / "anew/out")
    tar_of(tmp_path / "0.tar", pictures, NAMES[:2], [(".cls", b"8")])
    assert run(f"{tmp_path}/0.tar", tmp_path / target, shards=None, existing=known).count("unchanged") == 2


def test_texts_of_two_inputs_that_would_be_one_file_are_refused(pictures, tmp_path):
    with tarfile.open(tmp_path / "0.tar", "w") as tar:
        for number, name in enumerate(("a/00.png", "b/00.jpg")):
            Image.new("RGB", (8, 8)).save(tmp_path / name[2:])
            tar.add(tmp_path / name[2:], name)
            header = tarfile.TarInfo(f"{name[:4]}.cls")
            header.size = 1
            tar.addfile(header, io.BytesIO(bytes([number])))
    with pytest.raises(CollisionError, match=r"00\.cls <- a/00\.png, b/00\.jpg"):
        run(f"{tmp_path}/0.tar", tmp_path / "out", shards=None, naming=Naming(flat=True))
    assert not (tmp_path / "out").exists()


def test_a_text_of_somebody_is_left_with_its_picture(pictures, tmp_path):
    tar_of(tmp_path / "0.tar", pictures, NAMES[:2])
    (tmp_path / "out/cats").mkdir(parents=True)
    (tmp_path / "out/cats/00.cls").write_bytes(b"of somebody")
    report = run(f"{tmp_path}/0.tar", tmp_path / "out", shards=None)
    assert (report.count("written"), report.count("skipped")) == (1, 1)
    assert contents(tmp_path / "out")["cats/00.cls"] == b"of somebody"


def test_texts_go_with_names_that_are_known_late(pictures, tmp_path):
    tar_of(tmp_path / "0.tar", pictures, NAMES[:1])
    run(f"{tmp_path}/0.tar", tmp_path / "out", shards=None, naming=Naming(template="{stem}-{width}{ext}"))
    assert sorted(contents(tmp_path / "out")) == ["cats/00-20.png", "cats/00.cls", "cats/00.json"]


def test_of_two_pictures_in_a_sample_the_first_takes_the_texts(pictures, tmp_path):
    tar_of(tmp_path / "0.tar", pictures, ["cats/00.png"])
    with tarfile.open(tmp_path / "0.tar", "a") as tar:
        tar.add(pictures / NAMES[1], "cats/00.seg.png")
    run(f"{tmp_path}/0.tar", tmp_path / "out", shards=None)
    assert sorted(contents(tmp_path / "out")) == [f"cats/00{end}" for end in (".cls", ".json", ".png", ".seg.png")]
    run(f"{tmp_path}/0.tar", f"{tmp_path}/shards/x.tar", shards=None)
    (found,) = members(tmp_path / "shards").values()
    assert sorted(found) == [f"cats/00{end}" for end in (".cls", ".json", ".png", ".seg.png")]


def test_samples_of_one_key_in_two_shards_are_refused_and_may_be_told_apart(pictures, tmp_path):
    for shard in range(2):
        tar_of(tmp_path / "first" / f"{shard}.tar", pictures, ["cats/00.png"])
    source, target = f"{tmp_path}/first/{{0..1}}.tar", f"{tmp_path}/out/{{000..099}}.tar"
    with pytest.raises(CollisionError, match=r"cats/00\.png <- 0/cats/00\.png, 1/cats/00\.png"):
        run(source, target)
    run(source, target, naming=Naming(template="{stem}-{index}{ext}"))
    found = [name for files in members(tmp_path / "out").values() for name in files if name.endswith(".png")]
    assert len(set(found)) == 2


def test_several_outputs_of_a_picture_are_several_samples(pictures, tmp_path):
    recipe = Recipe(
        outputs=[
            Rendition(name="{stem}-a{ext}"),
            Rendition(name="{stem}-b{ext}"),
            Rendition(format="webp", name="{stem}-a{ext}"),
        ]
    )
    run(pictures, f"{tmp_path}/out/{{000..099}}.tar", 2, recipe)
    assert members(tmp_path / "out")["000.tar"] == [
        f"cats/00-{name}" for name in ("a.png", "a.webp", "a.json", "b.png", "b.json")
    ]


def test_a_single_tar_takes_all_there_is(pictures, tmp_path):
    run(pictures, f"{tmp_path}/out/x.tar", shards=None)
    assert samples(tmp_path / "out") == {"x.tar": KEYS}
    with pytest.raises(UsageError, match=r"x\.tar is one shard; give a range, as x-\{0000"):
        run(pictures, f"{tmp_path}/out/x.tar")


def test_shards_that_survive_a_power_loss_are_the_same(pictures, tmp_path):
    run(pictures, f"{tmp_path}/expected/{{000..099}}.tar")
    for change in range(2):
        run(pictures, f"{tmp_path}/out/{{000..099}}.tar", durability="fsync")
        assert change or shards(tmp_path / "out") == shards(tmp_path / "expected")
        (pictures / NAMES[3]).unlink(missing_ok=True)
    run(pictures, f"{tmp_path}/expected/{{000..099}}.tar")
    assert shards(tmp_path / "out") == shards(tmp_path / "expected")


def test_an_output_is_where_it_waits_or_in_its_shard_after_a_power_cut_at_any_step(tmp_path):
    calls = Recorder()
    folder = ShardFolder(f"{tmp_path}/{{0..2}}.tar", "fsync", calls)
    write(os.path.join(folder.root, ".imgpipe/lock"))
    folder.put("a.png", b"content")
    disk = Disk(tmp_path, contents(tmp_path, hidden=True))
    calls.log.clear()
    folder.publish("0.tar", [Part("a.png", 7, b"content")])
    whole = (tmp_path / "0.tar").read_bytes()
    for number, step in enumerate(calls.log):
        disk.apply(step)
        for seed in range(10):
            left = disk.cut(random.Random(seed) if seed else None)
            waits = os.path.relpath(os.path.join(folder.root, "a.png"), tmp_path)
            assert left.get(waits) == b"content" or left.get("0.tar") == whole, (number, step, seed)
    assert disk.cut()["0.tar"] == whole


def test_a_text_that_cannot_be_read_ends_the_run_with_a_word(pictures, tmp_path):
    tar_of(tmp_path / "0.tar", pictures, NAMES[:2])
    options = Options("serial")
    plan = prepare(f"{tmp_path}/0.tar", f"{tmp_path}/out/x.tar", RECIPE, options)
    with closing(execute(plan, RECIPE, options)) as items:
        next(items)
        (tmp_path / "0.tar").write_bytes(b"")
        with pytest.raises(RunError, match=r"cannot read|cannot write"):
            list(items)
    assert not shards(tmp_path / "out")


def test_a_folder_that_cannot_be_listed_costs_no_shards(pictures, tmp_path):
    out = tmp_path / "out"
    tar_of(tmp_path / "first" / "0.tar", pictures, NAMES[:4], [])
    tar_of(tmp_path / "first" / "1.tar", pictures, NAMES[4:], [])
    run(f"{tmp_path}/first/{{0..1}}.tar", f"{out}/{{000..099}}.tar")
    (tmp_path / "first" / "1.tar").write_bytes(b"broken now")
    assert run(f"{tmp_path}/first/{{0..1}}.tar", f"{out}/{{000..099}}.tar").count("failed") == 1
    assert set(shards(out)) == {"000.tar", "001.tar", "002.tar"}


@pytest.mark.parametrize("data", [b"four", b"longer"])
def test_a_file_that_changed_since_its_size_was_told_makes_no_broken_shard(tmp_path, data):
    with pytest.raises(OSError, match=r"a\.txt changed while it was put into a shard"):
        write_tar(SYSTEM, str(tmp_path / "0.tar"), [Part("a.txt", 5, lambda _: [data])], durable=False)


def test_a_tar_holds_files_of_any_length_and_is_as_long_as_was_reckoned(tmp_path):
    """Behind a file that fills its last block nothing is padded: a block of zeros is where a tar ends."""
    contents = {f"{size}.bin": b"x" * size for size in (0, 1, 511, 512, 513, 1024, 5)}
    parts = [Part(name, len(data), data) for name, data in contents.items()]
    write_tar(SYSTEM, str(tmp_path / "0.tar"), parts, durable=False)
    with tarfile.open(tmp_path / "0.tar") as tar:
        assert {member.name: tar.extractfile(member).read() for member in tar.getmembers()} == contents
        assert tar.offset == sum(part.room for part in parts)


def test_of_what_a_killed_run_left_in_two_shards_the_first_is_the_newer(tmp_path):
    """A shard is published before the next one, which still holds what was moved out of it."""
    for shard, data in (("0.tar", b"newer"), ("1.tar", b"old")):
        write_tar(SYSTEM, str(tmp_path / shard), [Part("a.png", len(data), data)], durable=False)
    folder = ShardFolder(f"{tmp_path}/{{0..2}}.tar")
    assert (folder.size("a.png"), folder.read("a.png")) == (5, b"newer")


def test_of_a_sample_half_a_kilobyte_is_kept_until_its_shard_is_full(tmp_path):
    """A single tar is full when the run ends."""
    count = 2000

    def found():
        for number in range(count):
            name = f"folder/{number:07}.jpg"
            yield Item(Source(name, "jpeg", 1), Status.UNCHANGED, (Output(name, 20_000, 800, 600),))

    plan = SimpleNamespace(source=open_storage(str(tmp_path)))
    packed = Packing(plan, ShardFolder(f"{tmp_path}/x.tar"), None, ShardSize(sys.maxsize, sys.maxsize))
    items = packed.ordered(found())
    packed.settle(next(items))
    tracemalloc.start()
    for item in items:
        packed.settle(item)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept / count < 600


def test_what_a_shard_is_to_hold_no_more_waits_again_and_is_not_held_as_a_whole(tmp_path):
    large = bytes(range(256)) * (1 << 15)
    parts = [Part(name, len(data), data) for name, data in (("a.txt", large), ("a.png", b"a"))]
    folder = ShardFolder(f"{tmp_path}/{{0..2}}.tar")
    os.makedirs(f"{folder.root}/.imgpipe")
    write_tar(SYSTEM, str(tmp_path / "0.tar"), parts, durable=False)
    tracemalloc.start()
    folder.publish("0.tar", [Part("b.png", 1, b"b")])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < len(large) / 2
    assert folder.read("a.txt") == large
