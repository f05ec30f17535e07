import pytest

from imgpipe.errors import RecipeError
from imgpipe.metadata import Metadata
from imgpipe.recipe import Recipe
from imgpipe.recipe.reading import load, parse
from imgpipe.recipe.writing import write


def test_one_policy_is_one_however_it_is_written():
    assert Metadata(keep=["xmp", "exif", "xmp"]) == Metadata(keep=("exif", "xmp"))
    assert Metadata(keep=["all"]).keep == ("exif", "xmp", "icc", "iptc")


def test_strip_gps_alone_keeps_all_else_but_the_profile():
    assert Metadata(strip_gps=True).kept == ("exif", "xmp", "iptc")
    assert Metadata(keep=["icc"], strip_gps=True).kept == ("icc",)
    assert Metadata(strip=True, strip_gps=True).kept == Metadata().kept == ()


@pytest.mark.parametrize("wrong", [{"keep": ["exfi"]}, {"keep": "exif"}, {"keep": ["exif"], "strip": True}])
def test_what_means_nothing_is_refused(wrong):
    with pytest.raises(RecipeError):
        Metadata(**wrong)


def test_every_policy_has_a_digest_of_its_own():
    policies = [Metadata(), Metadata(strip=True), Metadata(strip_gps=True), Metadata(["exif"]), Metadata(["xmp"])]
    assert len({Recipe(metadata=policy).digest for policy in policies}) == len(policies)


def test_recipes_say_it_at_the_top():
    recipe = parse('keep = ["xmp", "exif"]\nstrip_gps = true')
    assert recipe.metadata == Metadata(["exif", "xmp"], strip_gps=True)
    assert parse(write(recipe)).digest == recipe.digest
    assert load("privacy").metadata == Metadata(strip=True)


@pytest.mark.parametrize("text", ['keep = ["exfi"]', 'keep = "exif"', 'keep = ["exif"]\nstrip = true', "strip = 1"])
def test_recipes_that_say_it_wrong_are_refused_by_name(text):
    with pytest.raises(RecipeError, match=r"^my\.toml: "):
        parse(text, "my.toml")
