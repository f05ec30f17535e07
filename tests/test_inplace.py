import errno
import os
import shutil
import stat

import pytest

from imgpipe.errors import OutputError, UsageError
from imgpipe.existing import Existing
from imgpipe.recipe import Recipe
from tests.folders import WatchedCalls, contents, failing_calls, paint, paint_all, temporaries, traces
from tests.runs import ends, killed_at, options, run, run_with

pytestmark = pytest.mark.usefixtures("nothing_left_behind")

NAMES = ["a.png", "b.bmp", "x/c.gif"]
# Applied twice it gives other bytes than once.
HALVED = Recipe(["resize:50%"])
IN_PLACE = Existing(in_place=True)


@pytest.fixture
def pictures(tmp_path):
    return paint_all(tmp_path / "in", NAMES, size=(48, 32))


@pytest.fixture
def expected(pictures, tmp_path):
    run(pictures, tmp_path / "expected", HALVED)
    return contents(tmp_path / "expected")


def in_place(folder, **more):
    return run(folder, folder, HALVED, existing=IN_PLACE, **more)


@pytest.mark.parametrize("durability", ["rename", "fsync"])
def test_each_picture_is_replaced_once(pictures, expected, durability):
    assert set(ends(in_place(pictures, durability=durability)).values()) == {"written"}
    assert contents(pictures) == expected
    before = traces(pictures)
    assert set(ends(in_place(pictures, durability=durability)).values()) == {"unchanged"}
    assert contents(pictures) == expected
    assert not temporaries(pictures)
    assert traces(pictures) == before


def test_another_recipe_processes_the_results_as_it_was_asked_to(pictures):
    in_place(pictures)
    report = run(pictures, pictures, Recipe(["resize:width=6"]), existing=IN_PLACE)
    assert set(ends(report).values()) == {"written"}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("durability", ["rename", "fsync"])
def test_killed_at_any_call_no_picture_is_processed_twice_or_lost(pictures, tmp_path, expected, durability):
    for call in range(1, 200):
        folder = tmp_path / f"at{call}"
        shutil.copytree(pictures, folder)
        originals = contents(folder)
        ended = killed_at(call, folder, folder, HALVED, existing=IN_PLACE, durability=durability)
        there = contents(folder)
        assert all(data in (originals[name], expected[name]) for name, data in there.items())
        assert there.keys() == originals.keys()
        in_place(folder, durability=durability)
        assert contents(folder) == expected
        assert not temporaries(folder)
        if ended:
            break
    assert 6 * len(NAMES) < call < 199


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO], ids=errno.errorcode.get)
def test_when_any_call_fails_each_picture_is_the_old_or_the_new_one_and_the_next_run_completes_it(
    pictures, tmp_path, expected, error
):
    for call in range(1, 200):
        folder = tmp_path / f"at{call}"
        shutil.copytree(pictures, folder)
        try:
            run_with(failing_calls(error, call), folder, folder, HALVED, existing=IN_PLACE)
        except OutputError:
            pass
        else:
            break
        originals = contents(pictures)
        assert all(data in (originals[name], expected[name]) for name, data in contents(folder).items())
        in_place(folder)
        assert contents(folder) == expected
    assert 5 * len(NAMES) < call < 199


def test_results_that_were_copied_without_their_times_are_known_by_their_content(pictures, tmp_path, expected):
    in_place(pictures)
    shutil.copytree(pictures, tmp_path / "copy", copy_function=shutil.copyfile)
    assert set(ends(in_place(tmp_path / "copy")).values()) == {"unchanged"}
    assert contents(tmp_path / "copy") == expected


@pytest.mark.parametrize(("name", "size"), [("a.png", (10, 10)), ("b.bmp", (48, 32))], ids=["in size", "in time"])
def test_a_picture_that_changed_while_it_was_processed_is_left_as_it_is(pictures, name, size):
    """Of the two one alone: a BMP of so many px has its size whatever it shows, and `cp -p` keeps a time."""
    changed = []

    def before(call):
        if not changed and temporaries(pictures):
            time = (pictures / name).stat().st_mtime_ns
            paint(pictures / name, size=size, seed=99)
            if size != (48, 32):
                os.utime(pictures / name, ns=(time, time))
            changed.append((pictures / name).read_bytes())

    report = run_with(WatchedCalls(before), pictures, pictures, HALVED, existing=IN_PLACE)
    assert ends(report) == {other: "failed" if other == name else "written" for other in NAMES}
    assert "changed while it was processed" in report.errors[name]
    assert changed == [(pictures / name).read_bytes()]
    assert ends(in_place(pictures))[name] == "written"


def test_a_linked_picture_is_left_and_what_it_leads_to_too(pictures, tmp_path):
    paint(tmp_path / "elsewhere.png", size=(48, 32))
    os.symlink(tmp_path / "elsewhere.png", pictures / "link.png")
    before = (tmp_path / "elsewhere.png").read_bytes()
    report = in_place(pictures)
    assert "it is a link" in report.errors["link.png"]
    assert os.path.islink(pictures / "link.png")
    assert (tmp_path / "elsewhere.png").read_bytes() == before


def test_modes_are_kept(pictures):
    os.chmod(pictures / "a.png", 0o600)
    in_place(pictures)
    assert stat.S_IMODE((pictures / "a.png").stat().st_mode) == 0o600


def test_an_output_of_another_name_is_refused_before_anything_is_done(pictures):
    before = traces(pictures)
    with pytest.raises(UsageError, match=r"a\.png would become a\.webp; with --in-place"):
        run(pictures, pictures, Recipe(format="webp"), existing=IN_PLACE)
    assert traces(pictures) == before


def test_it_is_asked_for_and_only_for_one_folder(pictures, tmp_path):
    with pytest.raises(UsageError, match="or --in-place to replace each picture"):
        run(pictures, pictures, HALVED)
    with pytest.raises(UsageError, match="INPUT and OUTPUT are the same folder"):
        run(pictures, tmp_path / "out", HALVED, existing=IN_PLACE)


def test_all_engines_do_it(pictures, expected):
    run(pictures, pictures, HALVED, "processes", existing=IN_PLACE)
    assert contents(pictures) == expected


def test_one_file_is_replaced_alone(pictures, expected):
    run(pictures / "a.png", pictures, HALVED, existing=IN_PLACE)
    assert contents(pictures)["a.png"] == expected["a.png"]
    assert contents(pictures)["b.bmp"] != expected["b.bmp"]
    assert options().existing == Existing()
