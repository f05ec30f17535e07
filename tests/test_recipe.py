import io
import mmap
import os
import pickle
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from imgpipe import filters
from imgpipe.codecs import Encoding, Limits
from imgpipe.errors import DamagedPicture, LimitExceeded, NotAPicture, RecipeError, UsageError
from imgpipe.filters import filter
from imgpipe.metadata import Metadata
from imgpipe.recipe import WEB_READY, Colour, Recipe, Rendition

SPELLED = """Recipe(["resize:1024x768", "sharpen:amount=0.8"], format="webp", quality=80,
                    encoding=Encoding(effort=3, background=(1, 2, 3)), colour=Colour(srgb=False))"""
BASE = Recipe(["resize:width=100", "blur:2"], format="png", quality=80)
VARIATIONS = {
    "another value": Recipe(["resize:width=101", "blur:2"], format="png", quality=80),
    "another option": Recipe(["resize:height=100", "blur:2"], format="png", quality=80),
    "another order": Recipe(["blur:2", "resize:width=100"], format="png", quality=80),
    "a filter less": Recipe(["resize:width=100"], format="png", quality=80),
    "a filter twice": Recipe(["resize:width=100", "blur:2", "blur:2"], format="png", quality=80),
    "another format": replace(BASE, format="webp"),
    "the format of the source": replace(BASE, format=None),
    "another quality": replace(BASE, quality=81),
    "lossless": replace(BASE, encoding=Encoding(lossless=True)),
    "progressive": replace(BASE, encoding=Encoding(progressive=True)),
    "subsampling": replace(BASE, encoding=Encoding(subsampling="4:4:4")),
    "effort": replace(BASE, encoding=Encoding(effort=1)),
    "background": replace(BASE, encoding=Encoding(background=(0, 0, 0))),
    "not turned": replace(BASE, colour=Colour(auto_orient=False)),
    "not converted": replace(BASE, colour=Colour(srgb=False)),
}


@filter
def invert_red(image: "Image.Image", amount: int = 3) -> "Image.Image":
    """Do nothing of interest."""
    return image


@filter(name="blur")
def impostor(image: "Image.Image", radius: float = 1.0) -> "Image.Image":
    """Bear the name of another filter."""
    return image


def png(size=(64, 48), color="teal"):
    file = io.BytesIO()
    Image.new("RGB", size, color).save(file, "png")
    return file.getvalue()


def opened(data):
    return Image.open(io.BytesIO(data))


def test_the_digest_is_the_same_in_every_process():
    program = f"from imgpipe.recipe import *; from imgpipe.recipe import Colour, Encoding; print({SPELLED}.digest)"
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert digests == {eval(SPELLED).digest}


def test_the_digest_is_the_same_where_only_hashlib_knows_the_hash(monkeypatch):
    digest = Recipe(["blur:3"]).digest
    for lean in ("_sha2", "_sha256"):
        monkeypatch.setitem(sys.modules, lean, None)
    assert Recipe(["blur:3"]).digest == digest


def test_the_digest_does_not_depend_on_how_the_recipe_is_spelled():
    spellings = [
        BASE,
        Recipe(["resize:fit=inside,width=100", "blur:2.0"], "PNG", 80),
        Recipe(("resize:width=100", "blur:2"), format=".png", encoding=Encoding(quality=80)),
        Recipe([filters.resize(width=100), filters.blur(sigma=2.0)], format="png", quality=80),
        Recipe(["resize: width = 100 , fit=inside", "blur:sigma=2"], format="png", encoding=Encoding(5), quality=80),
        pickle.loads(pickle.dumps(BASE)),
    ]
    assert {recipe.digest for recipe in spellings} == {BASE.digest}


@pytest.mark.parametrize("variation", VARIATIONS)
def test_the_digest_differs_wherever_the_bytes_may(variation):
    assert VARIATIONS[variation].digest != BASE.digest


def test_no_two_variations_have_the_same_digest():
    assert len({recipe.digest for recipe in VARIATIONS.values()}) == len(VARIATIONS)


def test_a_version_that_gives_other_bytes_makes_all_anew(monkeypatch):
    before = BASE.digest
    monkeypatch.setattr("imgpipe.recipe._VERSION", -1)
    assert BASE.digest != before


SRCSET = Recipe(["flip"], outputs=[Rendition(["blur:2"], "webp", 70, name="{stem}-{width}{ext}"), Rendition()])
OTHERS = [
    replace(SRCSET, outputs=SRCSET.outputs[::-1]),
    replace(SRCSET, outputs=SRCSET.outputs[:1]),
    replace(SRCSET, filters=[]),
    *(
        replace(SRCSET, outputs=[replace(SRCSET.outputs[0], **change), Rendition()])
        for change in (
            {"filters": ["blur:3"]},
            {"format": "jpeg"},
            {"quality": 71},
            {"encoding": Encoding(quality=70, effort=1)},
            {"name": "{stem}-{height}{ext}"},
        )
    ),
    SRCSET.refined(["flop"]),
    SRCSET.refined(format="png"),
    SRCSET.refined(quality=1),
    SRCSET.refined(progressive=True),
]


def test_all_that_is_said_of_several_outputs_counts_in_the_digest():
    assert len({recipe.digest for recipe in [SRCSET, *OTHERS]}) == len(OTHERS) + 1


def test_one_output_in_the_list_of_outputs_is_the_one_output():
    assert Recipe(["flip"], outputs=[Rendition((), "webp", 5)]).digest == Recipe(["flip"], "webp", 5).digest


@pytest.mark.parametrize("more", [{"format": "webp"}, {"quality": 5}, {"encoding": Encoding(effort=1)}])
def test_what_belongs_to_an_output_is_not_said_beside_several(more):
    with pytest.raises(RecipeError, match="belong to each of the outputs"):
        Recipe(outputs=[Rendition()], **more)


def test_a_refined_recipe_ends_with_the_filters_that_were_added():
    assert [str(step) for step in Recipe(["flip"]).refined(["flop"]).operations] == ["flip", "flop"]
    refined = SRCSET.refined(["flop"])
    assert [str(step) for step in refined.operations] == ["flip"]
    assert [[str(step) for step in output.operations] for output in refined.renditions] == [
        ["blur:sigma=2", "flop"],
        ["flop"],
    ]


def test_filters_of_one_name_from_two_places_have_two_digests():
    assert Recipe([impostor.operation({})]).digest != Recipe(["blur"]).digest


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_recipes_have_the_same_digest_only_when_they_are_equal(one, other):
    digests = [Recipe([f"resize:width={width}"]).digest for width in (one, other)]
    assert (digests[0] == digests[1]) == (one == other)


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ("blurr:3", "no filter blurr; did you mean blur?"),
        ("sharpen:amout=1", "filter sharpen has no option amout; did you mean amount?"),
        ("sharpen:amount=-1", r"amount=-1 is not valid; amount takes 0 to"),
        ("sharpen:amount=much", r"amount=much is not valid; amount takes 0 to"),
        ("resize:width=0", "width=0 is not valid"),
        ("resize:fit=insid", "fit=insid is not valid; did you mean inside?"),
        ("", "no filter"),
        (":", "no filter"),
    ],
)
def test_what_does_not_exist_is_refused_with_the_nearest_name_or_the_range(step, message):
    with pytest.raises(RecipeError, match=message.replace("?", r"\?")):
        Recipe([step])


@pytest.mark.parametrize(
    ("name", "message"), [("wepb", "did you mean webp?"), ("xyzzy", "valid are"), ("", "valid are")]
)
def test_an_unknown_format_is_refused(name, message):
    with pytest.raises(UsageError, match=message.replace("?", r"\?")):
        Recipe(format=name)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"filters": None}, "filters is a list, one entry for each filter"),
        ({"format": 3}, "format=3 is not valid; it is text or None"),
        ({"encoding": None}, "encoding=None is not valid; it is an Encoding"),
        ({"encoding": Encoding(lossless="no")}, "lossless='no' is not valid; it is True or False"),
        ({"encoding": Encoding(background="red")}, "background='red' is not valid; it is a tuple of whole numbers"),
        ({"colour": Colour(srgb="no")}, "srgb='no' is not valid; it is True or False"),
        ({"metadata": "exif"}, "metadata='exif' is not valid; it is a Metadata"),
        ({"outputs": Rendition()}, "outputs is a list, one Rendition for each output"),
        ({"outputs": [{}]}, "outputs[0]={} is not valid; it is a Rendition"),
    ],
)
def test_what_is_of_a_wrong_type_is_named(given, said):
    """A text that says no would be taken for a yes, and the rest fail with each picture."""
    with pytest.raises(RecipeError) as caught:
        Recipe(**given)
    assert str(caught.value) == said


def test_a_name_of_a_recipe_or_limits_of_a_wrong_type_are_named():
    with pytest.raises(RecipeError, match=r"^path_or_name=b'web' is not valid; it is a path"):
        Recipe.load(b"web")
    with pytest.raises(UsageError, match=r"^limits=3 is not valid; it is a Limits or None"):
        Recipe().apply(b"", 3)


@pytest.mark.parametrize("quality", [0, 101, -5, "80", 80.5, True])
def test_a_quality_out_of_range_is_refused(quality):
    for make in (lambda: Recipe(quality=quality), lambda: Recipe(encoding=Encoding(quality=quality))):
        with pytest.raises(RecipeError, match="goes from 1 to 100"):
            make()


@pytest.mark.parametrize(
    ("encoding", "message"),
    [
        (Encoding(effort=10), "effort=10 is not valid; it goes from 0 to 9"),
        (Encoding(effort=-1), "effort=-1 is not valid"),
        (Encoding(subsampling="4:1:0"), "subsampling=4:1:0 is not valid; it is one of 4:4:4, 4:2:2, 4:2:0"),
    ],
)
def test_other_values_of_the_encoding_out_of_range_are_refused(encoding, message):
    with pytest.raises(RecipeError, match=message):
        Recipe(encoding=encoding)


@pytest.mark.parametrize("given", ["resize:width=10", filters.resize(width=10), {"blur": 2}], ids=str)
def test_filters_are_a_list(given):
    with pytest.raises(RecipeError, match="filters is a list"):
        Recipe(given)


@pytest.mark.parametrize("step", [filters.grayscale, len, None, ("blur", 2)], ids=str)
def test_what_is_no_step_is_refused_when_the_recipe_is_made(step):
    """A filter that was not called, above all."""
    for made in (lambda: Recipe([step]), lambda: Rendition([step]), lambda: Recipe().refined([step])):
        with pytest.raises(RecipeError, match=f"^{re.escape(repr(step))} is no step.*when it is called"):
            made()


@pytest.mark.parametrize("given", [["webp"], Rendition(format="webp"), "webp"])
def test_outputs_are_a_list_of_renditions(given):
    with pytest.raises(RecipeError, match=r"^outputs(\[0\]='webp')? is (a list|not valid)"):
        Recipe(outputs=given)


@pytest.mark.parametrize(("name", "format"), [("jpg", "jpeg"), ("JPEG", "jpeg"), (".tif", "tiff"), ("apng", "png")])
def test_usual_other_names_of_formats_are_understood(name, format):
    assert Recipe(format=name).format == format


def test_a_recipe_does_not_change_with_the_list_it_was_made_of():
    steps = ["resize:width=10"]
    recipe = Recipe(steps)
    steps.append("blur:2")
    assert recipe == Recipe(["resize:width=10"])


def test_the_quality_of_the_recipe_goes_before_that_of_the_encoding():
    assert Recipe(quality=50, encoding=Encoding(quality=60, effort=2)).encoding == Encoding(quality=50, effort=2)


def test_a_changed_quality_of_a_copy_counts():
    assert replace(BASE, quality=50).encoding.quality == 50


def test_one_picture_is_made_of_bytes():
    made = opened(Recipe(["resize:width=32"], format="webp").apply(png()))
    assert (made.format, made.size) == ("WEBP", (32, 24))


def test_the_format_is_that_of_the_source_where_none_is_asked_for():
    assert opened(Recipe().apply(png())).format == "PNG"


def test_filters_run_in_their_order():
    assert opened(Recipe(["resize:width=32", "crop:width=10,height=10"]).apply(png())).size == (10, 10)


@pytest.mark.parametrize(
    ("data", "limits", "error"),
    [
        (b"no picture", None, NotAPicture),
        (png()[:60], None, DamagedPicture),
        (png(), Limits(max_pixels=100), LimitExceeded),
    ],
)
def test_a_picture_that_cannot_be_processed_raises(data, limits, error):
    with pytest.raises(error):
        Recipe().apply(data, limits)


def test_a_filter_made_by_the_user_is_a_step():
    assert opened(Recipe([invert_red.operation({"amount": 1})]).apply(png())).size == (64, 48)


def test_a_web_ready_copy_is_inside_2048_px_and_never_enlarged():
    assert opened(WEB_READY.apply(png((3000, 30)))).size == (2048, 20)
    assert opened(WEB_READY.apply(png((30, 20)))).size == (30, 20)
    assert WEB_READY.encoding.quality == 82


@pytest.mark.parametrize("name", ["tga", "psd", "qoi"])
def test_a_format_that_is_only_read_is_refused_before_anything_is_done(name):
    with pytest.raises(UsageError, match=f"format {name} is only read"):
        Recipe(format=name)


@pytest.mark.parametrize("format", ["jpeg", "avif"])
def test_lossless_is_refused_where_the_format_cannot(format):
    with pytest.raises(RecipeError, match=f"lossless: {format} cannot hold every pixel exactly"):
        Recipe(format=format, encoding=Encoding(lossless=True))


def test_the_digest_tells_what_becomes_of_metadata():
    policies = [Metadata(), Metadata(strip=True), Metadata(strip_gps=True), Metadata(keep=["exif"])]
    assert len({Recipe(metadata=policy).digest for policy in policies}) == len(policies)


def test_a_background_may_be_a_list_too():
    given, meant = (
        Recipe(["resize:width=8"], format="jpeg", encoding=Encoding(background=rgb)) for rgb in ([1, 2, 3], (1, 2, 3))
    )
    assert given.plans == meant.plans
    # What is reckoned once for equal plans must be able to tell that they are equal.
    assert hash(given.plans) == hash(meant.plans)


@pytest.mark.parametrize("background", [(), (1, 2), (1, 2, 3, 4), [1, 2, 256]])
def test_a_background_that_is_no_colour_is_refused(background):
    with pytest.raises(RecipeError, match="is not valid; red, green and blue"):
        Recipe(format="jpeg", encoding=Encoding(background=background))


@pytest.mark.parametrize("name", ["a.jpg", Path("a.jpg")], ids=str)
def test_the_name_of_a_file_is_no_picture(name):
    for apply in (Recipe().apply, Recipe().apply_all):
        with pytest.raises(TypeError, match="is the name of a file; give what is in it"):
            apply(name)


def test_a_picture_may_be_in_any_memory():
    file = io.BytesIO()
    Image.new("RGB", (16, 12), "teal").save(file, "tiff")
    content = file.getvalue() + bytes(-len(file.getvalue()) % 8)
    every_other = memoryview(b"".join(bytes([byte, 0]) for byte in content))[::2]
    recipe = Recipe(format="png")
    with mmap.mmap(-1, len(content)) as mapped:
        mapped[:] = content
        for data in (
            bytearray(content),
            memoryview(content),
            memoryview(content).cast("I"),
            memoryview(content).cast("B", (8, len(content) // 8)),
            every_other,
            mapped,
        ):
            assert recipe.apply(data) == recipe.apply(content)
            assert recipe.apply_all(data) == recipe.apply_all(content)


@pytest.mark.parametrize("given", [io.BytesIO(b"x"), None, 3], ids=["a file", "nothing", "a number"])
def test_what_has_no_bytes_is_no_picture(given):
    for apply in (Recipe().apply, Recipe().apply_all):
        with pytest.raises(TypeError, match="is not what is in a file; give bytes"):
            apply(given)
