"""`imgpipe recipe` and `-c` as a person calls them."""

import json

import pytest
from PIL import Image

from imgpipe.cli.treatment import unheeded
from imgpipe.recipe.reading import load, parse
from tests.command import imgpipe


@pytest.fixture
def pictures(tmp_path):
    (tmp_path / "in").mkdir()
    Image.effect_noise((500, 300), 40).convert("RGB").save(tmp_path / "in" / "a.jpg")
    return tmp_path / "in"


@pytest.fixture
def recipe(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('[[output]]\nfilters = ["resize:width=320"]\nname = "{width}/{stem}{ext}"\n')
    return file


def test_check_says_that_a_recipe_is_valid_and_names_what_is_not(recipe):
    done = imgpipe("recipe", "check", recipe, "srcset")
    assert (done.returncode, done.stdout) == (0, f"{recipe}: valid, 1 output\nsrcset: valid, 8 outputs\n")
    recipe.write_text(recipe.read_text() + "[[output]]\nquality = 120\n")
    done = imgpipe("recipe", "check", recipe)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"imgpipe: {recipe}: output 2: quality=120 is not valid; it goes from 1 to 100\n"


def test_what_no_format_of_a_recipe_heeds_is_told_by_check_and_by_a_run(tmp_path):
    several = '[[output]]\nformat = "jpeg"\n[[output]]\nformat = "webp"\n'
    quality, progressive = "jpeg, webp, avif, heic, jpeg2000, jxl", "jpeg"
    for text, said in (
        ('format = "png"\nquality = 80\n', [f"png has no quality; formats that have it: {quality}"]),
        (f"{several}progressive = true\n", [f"webp has no progressive; formats that have it: {progressive}"]),
        (f"progressive = true\n{several}", []),
        ('background = "white"\nformat = "webp"\nprogressive = false\n', []),
        ("quality = 80\n", []),
    ):
        assert list(unheeded(parse(text))) == said
    (tmp_path / "mine.toml").write_text('format = "png"\nquality = 80\n')
    (tmp_path / "in").mkdir()
    for call in (("recipe", "check", "mine.toml"), ("process", "in", "out", "-c", "mine.toml")):
        done = imgpipe(*call, cwd=tmp_path)
        assert done.returncode == 0
        assert "png has no quality; formats that have it" in done.stdout


def test_a_message_does_not_move_the_cursor(recipe):
    recipe.write_text('"\\u001b[2J" = 1')
    done = imgpipe("recipe", "check", recipe)
    assert "\x1b" not in done.stderr
    assert r"there is no \x1b[2J" in done.stderr


def test_schema_prints_json():
    done = imgpipe("recipe", "schema")
    assert json.loads(done.stdout)["$schema"].endswith("2020-12/schema")


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["-c", "srcset"],
        ["-c", "srcset", "-q", "70", "-F", "sharpen", "--effort", "7"],
        ["--resize", "800x600>", "--fit", "cover", "-f", "jpg", "--no-srgb", "--no-auto-orient", "--effort", "3"],
        ["--lossless", "--baseline", "--subsampling", "4:4:4"],
    ],
)
def test_what_show_prints_is_the_recipe_that_a_run_uses(options, tmp_path):
    shown = imgpipe("recipe", "show", *options)
    assert shown.returncode == 0, shown.stderr
    (tmp_path / "shown.toml").write_text(shown.stdout)
    assert imgpipe("recipe", "show", "-c", tmp_path / "shown.toml").stdout == shown.stdout
    parse(shown.stdout)


def test_options_after_a_recipe_refine_it():
    recipe = parse(imgpipe("recipe", "show", "-c", "srcset", "-q", "7", "-F", "sharpen", "--no-srgb").stdout)
    assert not recipe.colour.srgb
    assert {output.encoding.quality for output in recipe.renditions} == {7}
    assert all(str(output.operations[-1]).startswith("sharpen") for output in recipe.renditions)
    assert [output.name for output in recipe.renditions] == [output.name for output in load("srcset").renditions]
    assert parse(imgpipe("recipe", "show", "-c", "web", "-f", "png").stdout).format == "png"


def test_a_recipe_is_run_by_its_file(pictures, tmp_path, recipe):
    done = imgpipe("process", pictures, tmp_path / "out", "-c", recipe)
    assert done.returncode == 0, done.stderr
    with Image.open(tmp_path / "out" / "320" / "a.jpg") as image:
        assert image.size == (320, 192)
    assert "web-ready" not in done.stdout


def test_a_recipe_is_run_by_its_name_and_each_output_is_told(pictures, tmp_path):
    done = imgpipe("process", pictures, tmp_path / "out", "-c", "srcset", "--json", "-")
    item = json.loads(done.stdout.splitlines()[0])
    assert [(output["path"], output["width"]) for output in item["outputs"]] == [
        ("a-500.webp", 500),
        ("a-320.webp", 320),
        ("a-500.avif", 500),
        ("a-320.avif", 320),
    ]
    assert {path.name for path in (tmp_path / "out").glob("a*")} == {output["path"] for output in item["outputs"]}


def test_a_dry_run_shows_what_is_known_of_the_names(pictures, tmp_path):
    done = imgpipe("process", pictures, tmp_path / "out", "-c", "srcset", "--dry-run")
    assert "a.jpg -> a-{width}.webp, a-{width}.avif" in done.stdout
    assert not (tmp_path / "out").exists()


def test_an_unknown_recipe_gives_the_nearest(pictures, tmp_path):
    done = imgpipe("process", pictures, tmp_path / "out", "-c", "thumbnail")
    assert done.returncode == 2
    assert "did you mean thumbnails?" in done.stderr
    assert not (tmp_path / "out").exists()


def test_filters_of_ones_own_are_found_where_one_stands(tmp_path, recipe):
    (tmp_path / "mine.py").write_text(
        "import numpy as np\n\ndef negative(pixels: np.ndarray) -> np.ndarray:\n    return ~pixels\n"
    )
    recipe.write_text('filters = ["mine:negative"]')
    assert imgpipe("recipe", "check", recipe, cwd=tmp_path).returncode == 0
    assert imgpipe("recipe", "show", "-F", "mine:negative", cwd=tmp_path).stdout == 'filters = ["mine:negative"]\n'


def test_help_names_only_what_every_installation_has(tmp_path):
    said = imgpipe("recipe", "--help").stdout
    assert "docs/" not in said
    mine = imgpipe("recipe", "show", "-c", "srcset")
    assert "imgpipe recipe show -c srcset > mine.toml" in said
    (tmp_path / "mine.toml").write_text(mine.stdout)
    assert imgpipe("recipe", "check", tmp_path / "mine.toml").returncode == 0
