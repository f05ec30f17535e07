import os
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgpipe.codecs import Encoding
from imgpipe.errors import ImgpipeError, RecipeError
from imgpipe.recipe import Colour, Recipe, Rendition
from imgpipe.recipe.reading import load, parse, shipped

SEVERAL = """
filters = ["sharpen:amount=0.8", { name = "blur", sigma = 2 }]
srgb = false
quality = 60

[[output]]
filters = ["resize:width=320"]
format = "webp"
name = "{stem}-{width}{ext}"

[[output]]
format = "jpeg"
quality = 90
progressive = true
background = [1, 2, 3]
"""


def complaint(text):
    """What is wrong with a recipe, empty where nothing is; any other error goes through."""
    try:
        parse(text)
    except RecipeError as error:
        return str(error)
    return ""


def test_all_that_a_recipe_can_say_is_read():
    webp = Rendition(["resize:width=320"], "webp", 60, name="{stem}-{width}{ext}")
    jpeg = Rendition([], "jpeg", 90, Encoding(progressive=True, background=(1, 2, 3)))
    expected = Recipe(["sharpen:amount=0.8", "blur:2"], colour=Colour(srgb=False), outputs=[webp, jpeg])
    assert parse(SEVERAL) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Recipe()),
        ("\ufeff# nothing", Recipe()),
        ('filters = ["flip"]\nformat = "JPG"', Recipe(["flip"], "jpeg")),
        ("lossless = true\r\neffort = 3\r\n", Recipe(encoding=Encoding(lossless=True, effort=3))),
        ('[[filters]]\nname = "resize"\nwidth = 320\n', Recipe(["resize:width=320"])),
        ('[[filters]]\nname = "smart-crop"\naspect = "1:1"\n', Recipe(["smart-crop:aspect=1:1"])),
        ("[[output]]", Recipe()),
    ],
)
def test_a_recipe_of_one_output_needs_no_table_for_it(text, expected, tmp_path):
    (tmp_path / "a.toml").write_text(text, encoding="utf-8", newline="")
    assert load(str(tmp_path / "a.toml")).digest == expected.digest


def test_a_background_is_a_colour_as_the_option_takes_it():
    for said in ('"#336699"', '"#369"', "[51, 102, 153]"):
        assert parse(f"background = {said}").encoding.background == (0x33, 0x66, 0x99)
        (one,) = parse(f"[[output]]\nbackground = {said}").renditions
        assert one.encoding.background == (0x33, 0x66, 0x99)
    above = parse('background = "teal"\n[[output]]\nname = "a-{stem}{ext}"\n[[output]]\nbackground = "red"').renditions
    assert [one.encoding.background for one in above] == [(0, 128, 128), (255, 0, 0)]


def test_a_filter_as_text_and_as_table_are_the_same():
    texts = ['["resize:320x240,fit=cover"]', '[{ name = "resize", size = "320x240", fit = "cover" }]']
    assert len({parse(f"filters = {text}").digest for text in texts}) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("quality = 120", "r: quality=120 is not valid; it goes from 1 to 100"),
        ("[[output]]\n[[output]]\nquality = 120", "r: output 2: quality=120 is not valid; it goes from 1 to 100"),
        ('quality = "high"', "r: quality: expected a whole number, got text"),
        (
            'max_size = "200KB"',
            "r: max_size: expected a whole number, got text; it is in bytes: 200_000 for 200KB",
        ),
        (
            '[[output]]\nresize = "80x80"',
            'r: output 1: there is no resize; a filter stands in the list of them: filters = ["resize:..."]',
        ),
        ("[[output]]\nlossless = 1", "r: output 1: lossless: expected true or false, got a whole number"),
        ("[[output]]\nqualty = 80", "r: output 1: there is no qualty; did you mean quality?"),
        ("fliters = []", "r: there is no fliters; did you mean filters?"),
        ("outputs = []", "r: there is no outputs; did you mean output?"),
        ("[output]\nquality = 3", "r: each output begins with [[output]], in double brackets"),
        ("output = 3", "r: output: expected a list, got a whole number"),
        ("output = [3]", "r: output 1: expected a table, got a whole number"),
        ('filters = "flip"', "r: filters: expected a list, got text"),
        ('filters = ["flip", "blurr:3"]', "r: filter 2: there is no filter blurr; did you mean blur?"),
        ('[[output]]\nfilters = ["blur:sigm=3"]', "r: output 1: filter 1: filter blur has no option sigm"),
        ('filters = [{ name = "blur", sigma = -1 }]', "r: filter 1: filter blur: sigma=-1 is not valid; sigma takes"),
        ('filters = [{ name = "blur", sigma = true }]', "r: filter 1: filter blur: sigma=True is not valid"),
        ('filters = [{ name = "blur", sigma = [1] }]', "r: filter 1: expected"),
        ("filters = [{ sigma = 1 }]", "r: filter 1: a table has the name of its filter"),
        ("filters = [{ name = 3 }]", "r: filter 1: a table has the name of its filter"),
        ("filters = [[]]", "r: filter 1: expected text or a table, got a list"),
        ('format = "wepb"', "r: there is no format wepb; did you mean webp?"),
        ('subsampling = "4:1:0"', "r: subsampling=4:1:0 is not valid; it is one of 4:4:4"),
        ("background = [1, 2]", "r: background: expected a list of length 3, got 2"),
        ("background = 3", "r: background: expected text or a list, got a whole number"),
        ("background = 'rd'", "r: background: 'rd' is no colour; did you mean red?"),
        ("background = '#0008'", "r: background: #0008 is transparent itself"),
        ("[[output]]\nbackground = 'rd'", "r: output 1: background: 'rd' is no colour"),
        ("background = [1, 2, 300]", "r: background=(1, 2, 300) is not valid"),
        ("quality = nan", "r: quality: expected a whole number, got a number"),
        ("quality = 2020-01-01", "r: quality: expected a whole number, got"),
        (
            '[[output]]\nname = "{stm}{ext}"',
            "r: output 1: the name '{stm}{ext}': there is no {stm}; did you mean stem?",
        ),
        ('name = "../{stem}{ext}"', "r: the name '../{stem}{ext}': an output's name is a path below OUTPUT"),
        ("[[output]]\n[[output]]", "r: outputs 1 and 2 would have one name; give each its own"),
        ("quality = 1\nquality = 2", "r: it is no TOML: Cannot overwrite a value (at "),
        ("quality = ", "r: it is no TOML: Invalid value (at end of document)"),
        ("\0", "r: it is no TOML"),
        ('filters = ["os:system"]', "r: filter 1: "),
    ],
)
def test_what_is_wrong_is_named_with_its_place_and_the_way_out(text, message):
    with pytest.raises(RecipeError) as caught:
        parse(text, "r")
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    "text",
    [
        "filters = " + "[" * 100_000,
        "filters = " + "[\n" * 20_000,
        "filters = " + "{a=\n" * 20_000,
        "a" + ".a" * 4_000 + " = 1",
        "\n".join("a" + ".a" * 2_000 + f".b{number} = 1" for number in range(24)),
        "[[output]]\n" * 8_000,
        "[" + ".".join("a" * 4_000) + "]",
        "quality = " + "9" * 5_000,
        "quality = 0x" + "f" * 5_000,
        'name = "' + "{stem}" * 1_500 + '{ext}"',
        'name = "' + "{" * 5_000 + '"',
        'filters = [{ name = "blur", sigma = 0x' + "f" * 5_000 + " }]",
        'filters = ["' + "a:" * 4_000 + '"]',
        "filters = [" + '"blur",' * 1_200 + "]",
    ],
    ids=lambda text: ascii(text[:16]),
)
def test_hostile_recipes_are_read_or_refused_in_a_moment(text):
    began = time.process_time()
    assert len(complaint(text)) < 20_000
    assert time.process_time() - began < 20


@given(st.text())
def test_any_text_is_a_recipe_or_a_recipe_error(text):
    complaint(text)


values = st.recursive(
    st.one_of(
        st.integers(), st.booleans(), st.floats(), st.sampled_from(["blur:3", "webp", "{stem}{ext}", "4:4:4", "\u2603"])
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["name", "sigma", "x"]), inner, max_size=2)
    ),
    max_leaves=6,
)
tables = st.dictionaries(
    st.sampled_from(["filters", "output", "quality", "format", "name", "background", "srgb", "subsampling", "x"]),
    values,
    max_size=4,
)


def toml(value):
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {toml(inner)}' for key, inner in value.items())} }}"
    return repr(value)


@given(tables)
def test_values_of_any_type_anywhere_are_read_or_refused(table):
    text = "\n".join(f"{key} = {toml(value)}" for key, value in table.items())
    assert complaint(text)[:8] in ("", "recipe: ")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"#" * 10_000_000, "this is no recipe: it has more than 100 kB"),
        (b"#" * 50_000, "this is no recipe: a line has more than"),
        (b"\xff\xfe", "it is not in UTF-8, at byte 1"),
        (b"# caf\xe9", "it is not in UTF-8, at byte 6"),
    ],
)
def test_a_file_that_is_no_recipe_is_refused_by_its_name(data, message, tmp_path):
    path = tmp_path / "r.toml"
    path.write_bytes(data)
    with pytest.raises(RecipeError) as caught:
        load(str(path))
    assert str(caught.value).startswith(f"{path}: {message}")


@pytest.mark.parametrize("name", ["missing.toml", "folder.toml", "x/missing", "\0.toml"])
def test_a_file_that_cannot_be_read_is_named(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(RecipeError, match="cannot read the recipe"):
        load(name)


def test_a_pipe_that_never_ends_is_no_recipe():
    if not os.path.exists("/dev/zero"):
        pytest.skip("there is no /dev/zero")
    with pytest.raises(RecipeError, match="more than 100 kB"):
        load("/dev/zero")


@pytest.mark.parametrize("step", ['"watermark:logo.png"', '{ name = "watermark", image = "logo.png" }'])
def test_files_that_a_recipe_names_are_beside_it(step, tmp_path, monkeypatch):
    from PIL import Image

    (tmp_path / "brand").mkdir()
    Image.new("RGBA", (8, 8), "red").save(tmp_path / "brand" / "logo.png")
    (tmp_path / "brand" / "r.toml").write_text(f"filters = [{step}]")
    monkeypatch.chdir(tmp_path)
    (operation,) = load("brand/r.toml").operations
    assert operation.arguments["image"] == str(tmp_path / "brand" / "logo.png")
    assert load(str(tmp_path / "brand" / "r.toml")) == load("brand/r.toml")
    with pytest.raises(RecipeError, match=r"r: filter 1: .*logo\.png"):
        parse(f"filters = [{step}]", "r")


def test_an_unknown_name_gives_the_nearest(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RecipeError, match="there is no recipe thumbnail, and no such file; did you mean thumbnails"):
        load("thumbnail")
    (tmp_path / "thumbnail").write_text("quality = 7")
    assert load("thumbnail").encoding.quality == 7


def test_a_folder_of_the_name_of_a_recipe_does_not_hide_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "web").mkdir()
    assert load("web").format == "webp"


def test_a_path_object_is_taken():
    from pathlib import Path

    with pytest.raises(RecipeError, match="cannot read"):
        Recipe.load(Path("x") / "missing.toml")
    assert Recipe.load("web").digest == load("web").digest


def test_names_and_filters_may_be_in_any_script():
    recipe = parse('name = "\u732b-{stem}\U0001f408{ext}"')
    assert recipe.renditions[0].name == "\u732b-{stem}\U0001f408{ext}"


def test_a_recipe_imports_no_library_of_pictures():
    import subprocess

    code = "from imgpipe import Recipe; Recipe.load('srcset'); import sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"numpy", "PIL", "cv2", "cykooz_resizer"} & {name.partition(".")[0] for name in done.stdout.split()}


def test_a_recipe_error_is_an_error_of_usage():
    with pytest.raises(ImgpipeError):
        parse("x = 1")
    assert shipped() == ("archive", "ml-224", "privacy", "srcset", "thumbnails", "web")
