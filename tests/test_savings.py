"""Outputs that must save something, and sources that are copied in their place."""

import pytest
from PIL import Image

from imgpipe.engines import ENGINES
from imgpipe.errors import CollisionError, UsageError
from imgpipe.existing import Existing
from imgpipe.metadata import Metadata
from imgpipe.recipe import Recipe, Rendition
from imgpipe.savings import Savings
from tests.folders import contents, paint
from tests.runs import HERE, ends, run

pytestmark = pytest.mark.usefixtures("nothing_left_behind")

AGAIN = Recipe(format="jpeg", quality=80)


@pytest.fixture
def pictures(tmp_path):
    """A JPEG that was made small already, and one that was not."""
    folder = tmp_path / "in"
    folder.mkdir()
    noise = Image.effect_noise((120, 80), 90).convert("RGB")
    noise.save(folder / "large.jpg", quality=99)
    noise.save(folder / "small.jpeg", quality=30)
    return folder


@pytest.mark.parametrize(
    ("savings", "before", "after", "enough"),
    [
        (Savings(0.1), 1000, 900, True),
        (Savings(0.1), 1000, 901, False),
        (Savings(bytes=100), 1000, 900, True),
        (Savings(bytes=100), 1000, 901, False),
        (Savings(), 1000, 999, True),
        (Savings(), 1000, 1000, False),
        (Savings(), 1000, 2000, False),
        (Savings(0.1), 0, 0, False),
    ],
)
def test_what_is_enough(savings, before, after, enough):
    assert savings.are_made(before, after) == enough


@pytest.mark.parametrize("engine", ENGINES)
def test_what_saves_too_little_is_skipped_with_the_reason(pictures, out, engine):
    report = run(pictures, out, AGAIN, engine, savings=Savings(0.1))
    assert ends(report) == {"large.jpg": "written", "small.jpeg": "skipped"}
    reason = next(item.reason for item in report.items if item.source.name == "small.jpeg")
    assert reason == "jpeg saves nothing, less than 10 %"
    assert list(contents(out)) == ["large.jpg"]


def test_how_much_was_saved_is_told(pictures, out):
    report = run(pictures / "large.jpg", out, Recipe(quality=98), savings=Savings(0.9))
    (item,) = report.items
    assert item.reason.startswith("jpeg saves ")
    assert item.reason.endswith(" %, less than 90 %")


@pytest.mark.parametrize("engine", HERE)
def test_or_the_source_is_copied_byte_for_byte(pictures, out, engine):
    report = run(pictures, out, AGAIN, engine, savings=Savings(0.1, copy=True))
    assert set(ends(report).values()) == {"written"}
    assert contents(out)["small.jpeg"] == (pictures / "small.jpeg").read_bytes()
    assert contents(out)["large.jpg"] != (pictures / "large.jpg").read_bytes()
    item = next(item for item in report.items if item.source.name == "small.jpeg")
    assert item.warnings == ("the original is kept, with its metadata: jpeg saves nothing, less than 10 %",)
    assert [(output.width, output.height) for output in item.outputs] == [(120, 80)]


def test_a_copy_has_the_size_of_the_source_and_not_of_what_was_not_worth_it(pictures, out):
    (item,) = run(pictures / "small.jpeg", out, Recipe(["resize:60x"], "bmp"), savings=Savings(0.1, copy=True)).items
    assert [(output.name, output.width, output.height) for output in item.outputs] == [("small.jpeg", 120, 80)]


def test_a_copy_in_another_format_keeps_its_own_extension(pictures, out):
    recipe = Recipe(outputs=[Rendition(format="png", name="x/{stem}-{width}{ext}")])
    savings = Savings(copy=True)
    assert set(ends(run(pictures, out, recipe, savings=savings)).values()) == {"written"}
    assert {name: data[:2] for name, data in contents(out).items()} == {
        "x/large-120.jpg": b"\xff\xd8",
        "x/small-120.jpeg": b"\xff\xd8",
    }
    assert set(ends(run(pictures, out, recipe, savings=savings)).values()) == {"unchanged"}


@pytest.mark.parametrize("metadata", [Metadata(strip=True), Metadata(strip_gps=True)])
def test_no_original_is_copied_where_its_metadata_is_to_go(pictures, out, metadata):
    with pytest.raises(UsageError, match="with all its metadata"):
        run(pictures, out, Recipe(metadata=metadata), savings=Savings(copy=True))
    assert not out.exists()


def test_what_is_worth_it_has_the_extension_of_its_format(pictures, out):
    run(pictures, out, Recipe(["resize:width=20"], "webp"), savings=Savings(copy=True))
    assert set(contents(out)) == {"large.webp", "small.webp"}


def test_two_inputs_that_may_become_one_output_are_found_before_any_work_whatever_is_copied(pictures, out):
    paint(pictures / "large.png")
    with pytest.raises(CollisionError, match=r"large\{ext\} <- large\.jpg, large\.png"):
        run(pictures, out, Recipe(format="webp"), savings=Savings(copy=True))
    assert not out.exists()


def test_of_several_outputs_each_is_judged_and_those_left_out_are_told(pictures, out):
    recipe = Recipe(outputs=[Rendition(format="bmp"), Rendition(["resize:width=20"], "webp")])
    (item,) = run(pictures / "large.jpg", out, recipe, savings=Savings(0.1)).items
    assert list(contents(out)) == ["large.webp"]
    assert item.warnings == ("bmp saves nothing, less than 10 %",)
    (item,) = run(pictures / "large.jpg", out, recipe, savings=Savings(0.1)).items
    assert item.status == "unchanged"


def test_what_was_not_worth_it_is_not_tried_again_until_something_changes(pictures, out):
    def end(**more):
        return next(item for item in run(pictures, out, AGAIN, **more).items if item.source.name == "small.jpeg")

    assert end(savings=Savings(0.1)).seconds.process > 0
    again = end(savings=Savings(0.1))
    assert (again.status, again.seconds.process) == ("skipped", 0)
    assert "as was seen before" in again.reason
    assert end(savings=Savings(0.1), existing=Existing(force=True)).seconds.process > 0
    assert end(savings=Savings(0.2)).seconds.process > 0
    assert end(savings=Savings(0.2)).seconds.process == 0
    with Image.open(pictures / "large.jpg") as image:
        image.save(pictures / "small.jpeg", quality=99)
    assert end(savings=Savings(0.2)).status == "written"
    assert end().status == "written"


def test_in_place_what_is_not_worth_it_stays_as_it_is(pictures):
    before = contents(pictures)
    report = run(pictures, pictures, Recipe(quality=80), existing=Existing(in_place=True), savings=Savings(0.1))
    assert ends(report) == {"large.jpg": "written", "small.jpeg": "skipped"}
    after = contents(pictures)
    assert after["small.jpeg"] == before["small.jpeg"]
    assert len(after["large.jpg"]) < 0.9 * len(before["large.jpg"])


def test_what_is_asked_for_is_said_as_a_share_or_in_bytes():
    assert [str(Savings(0.1)), str(Savings(bytes=1000)), str(Savings(copy=True))] == ["10 %", "1000 bytes", "1 byte"]
