"""Several outputs of each picture, and names that are known only once an output is made."""

import hashlib
import io
import os
import tempfile

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from imgpipe import codecs, transform
from imgpipe.codecs import Encoding
from imgpipe.errors import CollisionError, RecipeError, UsageError
from imgpipe.existing import Existing
from imgpipe.naming import Naming
from imgpipe.options import Options
from imgpipe.recipe import Recipe, Rendition
from imgpipe.refusals import check_options
from imgpipe.storage.local import LocalFolder
from tests.folders import contents, paint, paint_all, temporaries, traces, write
from tests.runs import HERE, ends, killed_at, run

pytestmark = pytest.mark.usefixtures("nothing_left_behind")

SIZES = (6, 12, 18)
SRCSET = Recipe(
    outputs=[
        Rendition([f"resize:width={width},upscale=false"], kind, name="{stem}-{width}{ext}")
        for width in SIZES
        for kind in ("webp", "jpeg")
    ]
)
HASHED = Recipe(["resize:width=12"], outputs=[Rendition(format="png", name="{stem}.{hash:8}{ext}")])


@pytest.fixture
def pictures(tmp_path):
    return paint_all(tmp_path / "in", ("a.png", "x/b.png", "x/{width}.png"))


def size(data):
    return Image.open(io.BytesIO(data)).size


def outputs_seen(out):
    return {path: seen for path, seen in traces(out).items() if path != out and ".imgpipe" not in str(path)}


def names_of(stem):
    return {f"{stem}-{width}.{ending}" for width in SIZES for ending in ("webp", "jpg")}


@pytest.mark.parametrize("engine", HERE)
def test_every_picture_becomes_all_outputs_under_their_sizes(pictures, out, engine):
    report = run(pictures, out, SRCSET, engine)
    made = contents(out)
    assert set(made) == names_of("a") | names_of("x/b") | names_of("x/{width}")
    assert all(size(data)[0] == int(name.rpartition("-")[2].partition(".")[0]) for name, data in made.items())
    assert ends(report) == {"a.png": "written", "x/b.png": "written", "x/{width}.png": "written"}
    assert {output.name for item in report.items for output in item.outputs} == set(made)


def test_a_name_that_is_known_before_the_work_stays_as_it_is_beside_one_that_is_not(pictures, out):
    plain, late = Rendition(format="jpeg"), Rendition(["resize:width=12"], "webp", name="{stem}-{width}{ext}")
    assert set(ends(run(pictures, out, Recipe(outputs=[plain, late]))).values()) == {"written"}
    stems = ("a", "x/b", "x/{width}")
    assert set(contents(out)) == {f"{stem}{ending}" for stem in stems for ending in (".jpg", "-12.webp")}


def test_a_run_and_apply_all_give_the_same_bytes(pictures, out):
    run(pictures, out, SRCSET, "threads")
    outputs = SRCSET.apply_all((pictures / "a.png").read_bytes())
    assert [output.size[0] for output in outputs] == [width for width in SIZES for _ in range(2)]
    made = contents(out)
    for output, ending in zip(outputs, ("webp", "jpg") * 3, strict=True):
        assert output.data == made[f"a-{output.size[0]}.{ending}"]
    assert SRCSET.apply((pictures / "a.png").read_bytes()) == outputs[0].data


def test_a_picture_is_decoded_once_for_all_outputs(pictures, monkeypatch):
    decoded = []
    decode = codecs.decode
    monkeypatch.setattr(
        transform.codecs, "decode", lambda *arguments: (decoded.append(arguments), decode(*arguments))[1]
    )
    SRCSET.apply_all((pictures / "a.png").read_bytes())
    assert len(decoded) == 1


def test_what_is_done_for_one_output_is_not_done_for_the_next(pictures):
    recipe = Recipe(["resize:width=12"], outputs=[Rendition(["crop:width=3,height=3"], "png"), Rendition(format="bmp")])
    assert [made.size for made in recipe.apply_all((pictures / "a.png").read_bytes())] == [(3, 3), (12, 8)]


def test_where_a_picture_is_too_small_equal_outputs_of_one_name_are_one(pictures, out):
    paint(pictures / "small.png", size=(9, 9))
    report = run(pictures, out, SRCSET)
    small = next(item for item in report.items if item.source.name == "small.png")
    assert [output.name for output in small.outputs] == ["small-6.webp", "small-6.jpg", "small-9.webp", "small-9.jpg"]
    assert {name for name in contents(out) if name.startswith("small")} == {output.name for output in small.outputs}


def test_different_outputs_of_one_name_fail_the_picture(pictures, out):
    sizes = [Rendition([f"resize:width={width}", *more], "png", name="{stem}-{width}{ext}") for width, more in
             ((6, []), (6, ["flip"]))]  # fmt: skip
    report = run(pictures, out, Recipe(outputs=sizes))
    assert set(ends(report).values()) == {"failed"}
    assert "two different outputs would be a-6.png" in report.errors["a.png"]
    assert contents(out) == {}


def two(*encodings, name="{stem}-{width}{ext}", format="webp"):
    return Recipe(outputs=[Rendition(["resize:width=6"], format, encoding=one, name=name) for one in encodings])


@pytest.mark.parametrize(
    ("recipe", "naming"),
    [
        (two(Encoding(80), Encoding(60)), Naming()),
        (two(Encoding(80), Encoding(80, lossless=True)), Naming()),
        (two(Encoding(80), Encoding(80, progressive=True), format="jpeg"), Naming()),
        (two(Encoding(80), Encoding(60), name="{stem}-{hash}{ext}"), Naming(template="{stem}-{width}{ext}")),
        (Recipe.load("srcset").refined(format="jpeg"), Naming(suffix="-small")),
    ],
)
def test_outputs_of_one_name_that_differ_for_every_picture_are_refused_before_any_work(pictures, out, recipe, naming):
    with pytest.raises(
        UsageError, match=r"outputs 1 and [25] of the recipe would be two different \w+ files of one name"
    ):
        run(pictures, out, recipe, naming=naming)
    assert not out.exists()


@pytest.mark.parametrize(
    ("recipe", "naming"),
    [
        (two(Encoding(80), Encoding(60), name="{stem}-{width}-{hash}{ext}"), Naming()),
        (two(Encoding(80), Encoding(60)), Naming(template="{stem}-{hash}{ext}")),
        (two(Encoding(80), Encoding()), Naming()),
        (two(Encoding(), Encoding(lossless=True), format="png"), Naming()),
        (two(Encoding(80), Encoding(60), format="png"), Naming()),
        (two(Encoding(80), Encoding(60, max_size=1 << 20)), Naming()),
    ],
)
def test_outputs_of_one_template_whose_names_or_bytes_may_agree_are_for_the_work_to_see(recipe, naming):
    check_options(recipe, Options(naming=naming))


def test_the_hash_in_a_name_is_that_of_the_output(pictures, out):
    run(pictures, out, HASHED)
    for name, data in contents(out).items():
        assert name.endswith(f".{hashlib.sha256(data).hexdigest()[:8]}.png")


@pytest.mark.parametrize("recipe", [SRCSET, HASHED])
def test_a_second_run_finds_all_up_to_date_and_touches_nothing(pictures, out, recipe):
    run(pictures, out, recipe)
    before = outputs_seen(out)
    assert set(ends(run(pictures, out, recipe)).values()) == {"unchanged"}
    assert outputs_seen(out) == before


def test_a_late_output_that_is_missing_is_made_again(pictures, out):
    run(pictures, out, SRCSET)
    whole = contents(out)
    (out / "a-12.webp").unlink()
    assert ends(run(pictures, out, SRCSET)) == {
        "a.png": "written",
        "x/b.png": "unchanged",
        "x/{width}.png": "unchanged",
    }
    assert contents(out) == whole


def test_a_changed_naming_makes_the_outputs_under_their_new_names(pictures, out):
    recipe = Recipe(["resize:width=12"], format="png")
    run(pictures, out, recipe)
    for naming in (Naming("-small"), Naming(template="{stem}-{width}{ext}"), Naming(template="{stem}-{height}x{ext}")):
        assert set(ends(run(pictures, out, recipe, naming=naming)).values()) == {"written"}
    assert {name for name in contents(out) if name.startswith("a")} == {
        "a.png",
        "a-small.png",
        "a-12.png",
        "a-8x.png",
    }


def test_two_inputs_that_may_become_one_late_output_are_found_before_any_work(pictures, out):
    paint(pictures / "a.gif")
    with pytest.raises(CollisionError, match=r"a-\{width\}\.webp <- a\.gif, a\.png"):
        run(pictures, out, SRCSET)
    assert not out.exists()


def test_outputs_that_would_have_one_name_are_refused(pictures, out):
    with pytest.raises(RecipeError, match="outputs 1 and 2 would have one name"):
        Recipe(outputs=[Rendition(["flip"], "webp"), Rendition(["flop"], "webp")])
    recipe = Recipe(outputs=[Rendition(["flip"]), Rendition(["flop"], "png")])
    with pytest.raises(CollisionError, match=r"a\.png <- a\.png \(output 1\), a\.png \(output 2\)"):
        run(pictures, out, recipe)


@pytest.mark.parametrize("engine", HERE)
def test_a_late_name_that_another_input_has_fails_and_the_other_is_whole(pictures, out, engine):
    paint(pictures / "a-12.png")
    recipe = Recipe(["resize:width=12"], outputs=[Rendition(), Rendition(["flip"], name="{stem}-{width}{ext}")])
    report = run(pictures, out, recipe, engine)
    assert ends(report) == {"a-12.png": "written", "a.png": "failed", "x/b.png": "written", "x/{width}.png": "written"}
    assert "another input became a-12.png in this run" in report.errors["a.png"]
    assert contents(out)["a-12.png"] == recipe.apply((pictures / "a-12.png").read_bytes())


def test_a_late_name_that_another_input_has_in_another_case_fails_where_the_disk_folds_names(
    pictures, out, monkeypatch
):
    paint(pictures / "C.png")
    paint(pictures / "c-12.png")
    recipe = Recipe(["resize:width=12"], outputs=[Rendition(), Rendition(["flip"], name="{stem}-{width}{ext}")])
    monkeypatch.setattr(LocalFolder, "folds_names", lambda self: os.path.isdir(os.path.join(self.root, ".imgpipe")))
    assert ends(run(pictures, out, recipe))["C.png"] == "failed"


def test_a_late_name_in_an_input_that_is_inside_the_output_fails(tmp_path):
    paint(tmp_path / "12/a.png")
    recipe = Recipe(outputs=[Rendition([f"resize:width={width}"], name="{width}/{stem}-x{ext}") for width in (6, 12)])
    report = run(tmp_path / "12", tmp_path, recipe)
    assert "12/a-x.png, and 12/ is INPUT" in report.errors["a.png"]
    assert contents(tmp_path).keys() == {"12/a.png"}


def test_a_late_name_where_something_else_stands_is_left_alone(pictures, out):
    write(out / "a-12.webp", b"precious")
    report = run(pictures, out, SRCSET)
    assert ends(report)["a.png"] == "skipped"
    assert contents(out)["a-12.webp"] == b"precious"
    assert not any(name.startswith("a-") for name in contents(out).keys() - {"a-12.webp"})
    assert ends(run(pictures, out, SRCSET, existing=Existing("always")))["a.png"] == "written"
    assert contents(out)["a-12.webp"] != b"precious"


def test_what_imgpipe_made_under_a_late_name_is_replaced(pictures, out):
    run(pictures, out, SRCSET)
    paint(pictures / "a.png", seed=99)
    assert ends(run(pictures, out, SRCSET))["a.png"] == "written"
    other = SRCSET.refined(["flip"])
    assert set(ends(run(pictures, out, other)).values()) == {"written"}


def test_killed_at_any_call_and_run_again_is_an_undisturbed_run(tmp_path, pictures):
    run(pictures, tmp_path / "whole", SRCSET)
    expected = contents(tmp_path / "whole")
    call = 0
    ended = False
    while not ended:
        call += 1
        out = tmp_path / f"out{call}"
        ended = killed_at(call, pictures, out, SRCSET)
        assert contents(out).items() <= expected.items()
        assert set(ends(run(pictures, out, SRCSET)).values()) <= {"written", "unchanged"}
        assert contents(out) == expected
    assert call > 3 * len(expected)


def test_a_late_name_of_a_killed_run_is_ours_in_the_next_and_a_failed_one_is_not(pictures, out):
    run(pictures, out, SRCSET)
    whole = contents(out)
    assert not killed_at(20, pictures, out, SRCSET.refined(["flip"]))
    run(pictures, out, SRCSET)
    assert contents(out) == whole


def test_an_output_that_was_put_before_another_could_not_be_is_ours_in_the_next_run(pictures, out):
    recipe = Recipe(outputs=[Rendition(format="webp"), Rendition(format="png")])
    (out / "a.png").mkdir(parents=True)
    failed = run(pictures / "a.png", out, recipe, existing=Existing("always")).items[0]
    assert failed.failure.message.startswith("cannot write a.png: ")
    assert [output.name for output in failed.outputs] == ["a.webp"]
    (out / "a.png").rmdir()
    (out / "a.png").write_bytes(b"of somebody")
    assert ends(run(pictures / "a.png", out, recipe)) == {"a.png": "skipped"}
    assert (out / "a.png").read_bytes() == b"of somebody"
    (out / "a.png").unlink()
    assert ends(run(pictures / "a.png", out, recipe)) == {"a.png": "written"}


@pytest.mark.parametrize("name", [".{stem}{ext}", ".{stem}-{width}{ext}"])
def test_a_name_that_imgpipe_keeps_for_itself_fails_its_picture(pictures, out, name):
    paint(pictures / "imgpipe-x.png")
    report = run(pictures, out, Recipe(["resize:width=12"], outputs=[Rendition(name=name)]))
    assert [source for source, end in ends(report).items() if end != "written"] == ["imgpipe-x.png"]
    assert ".imgpipe-x" in report.errors["imgpipe-x.png"]
    assert not temporaries(out)


@pytest.mark.parametrize(("length", "end"), [(255, "written"), (256, "failed")])
def test_a_late_name_may_be_as_long_as_any_other(pictures, out, length, end):
    paint(pictures / ("y" * 251 + ".png"))
    name = "z" * (length - len("12.png")) + "{width}{ext}"
    report = run(pictures / ("y" * 251 + ".png"), out, Recipe(["resize:width=12"], outputs=[Rendition(name=name)]))
    assert list(ends(report).values()) == [end]


stems = st.lists(
    st.sampled_from(["a", "a-12", "a-12-8", "12", "1", "a1", "12/a", "b/a-12"]), min_size=1, max_size=5, unique=True
)
templates = st.lists(
    st.sampled_from(
        (
            "",
            "{stem}-{width}{ext}",
            "{stem}-{width}-{height}{ext}",
            "{stem}{width}{ext}",
            "{width}/{stem}{ext}",
            "{width}{stem}{ext}",
            "{hash:4}{ext}",
            "{stem}-{hash:4}{ext}",
            "{dir}-{width}{ext}",
            "{index}{ext}",
        )
    ),
    min_size=1,
    max_size=3,
    unique=True,
)


@given(stems, templates, st.sampled_from(["serial", "threads"]), st.sampled_from(["ours", "always", "newer"]))
@example(["a", "a-12"], ["{stem}-{width}{ext}", "{stem}-{width}-{height}{ext}"], "serial", "always")
@example(["a-12", "a"], ["{stem}-{width}-{width}{ext}", "{stem}-{width}{ext}"], "threads", "always")
@settings(max_examples=60, deadline=None)
def test_no_two_outputs_of_a_run_have_one_name_whatever_they_are_called(stems, templates, engine, overwrite):
    existing = Existing(overwrite)
    recipe = Recipe(["resize:width=12"], outputs=[Rendition(format="bmp", name=name) for name in templates])
    with tempfile.TemporaryDirectory() as folder:
        for seed, stem in enumerate(stems):
            paint(f"{folder}/in/{stem}.bmp", (24, 24), seed)
        try:
            report = run(f"{folder}/in", f"{folder}/out", recipe, engine, existing=existing)
        except CollisionError:
            assert not os.path.exists(f"{folder}/out")
            return
        assert len(report.items) == len(stems)
        names = [output.name for item in report.items for output in item.outputs]
        assert len(names) == len(set(names))
        made = contents(f"{folder}/out")
        assert set(made) == set(names)
        for item in report.items:
            with open(f"{folder}/in/{item.source.name}", "rb") as file:
                expected = {output.data for output in recipe.apply_all(file.read())}
            assert {made[output.name] for output in item.outputs} <= expected
        again = ends(run(f"{folder}/in", f"{folder}/out", recipe, engine, existing=existing))
        assert contents(f"{folder}/out") == made
        assert all(again[item.source.name] == "unchanged" for item in report.items if item.status == "written")
