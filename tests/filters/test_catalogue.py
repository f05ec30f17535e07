import subprocess
import sys

import pytest

import imgpipe.filters
from imgpipe.errors import RecipeError
from imgpipe.filters import Filter, builtin, catalogue, find


def test_parsing_a_recipe_imports_nothing_heavy():
    script = (
        "import sys, imgpipe.filters as f\n"
        "for t in ('resize:8x8,background=white,fit=contain', 'crop:aspect=1:1', 'smart-crop:aspect=1:1',"
        "'trim:background=white', 'pad:3', 'round-corners:3', 'rotate:3', 'blur:2', 'grayscale'):\n"
        "    str(f.parse(t)); f.least_size([f.parse(t)], (100, 100))\n"
        "f.builtin()\n"
        "print([m for m in ('numpy', 'PIL', 'cv2', 'cykooz_resizer', 'importlib.metadata') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_recipe_imports_the_families_of_its_filters_only():
    script = (
        "import sys, imgpipe.filters as f\n"
        "f.parse('resize:8x8'), f.flip\n"
        f"print(*[family for family in {list(catalogue.FAMILIES)} if 'imgpipe.filters.' + family in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["resizing", "geometry"]


@pytest.mark.parametrize("family", catalogue.FAMILIES)
def test_families_define_what_the_table_says(family):
    assert tuple(catalogue._load_family(family)) == catalogue.FAMILIES[family]


def test_every_built_in_filter_is_an_attribute_of_the_package():
    for name, each in builtin().items():
        assert getattr(imgpipe.filters, name.replace("-", "_")) is each
        assert name.replace("-", "_") in dir(imgpipe.filters)


def test_family_modules_do_not_hide_filters():
    assert not set(catalogue.FAMILIES) & set(builtin())


def test_unknown_attributes_are_attribute_errors():
    with pytest.raises(AttributeError, match="zepia"):
        _ = imgpipe.filters.zepia


def test_find_by_name_reference_and_entry_point(monkeypatch):
    monkeypatch.setattr(catalogue, "plugins", lambda: {"mirror": ("imgpipe.filters.geometry:flop",)})
    assert find("flop") is find("imgpipe.filters.geometry:flop") is find("mirror")
    assert isinstance(find("blur"), Filter)
    with pytest.raises(RecipeError, match="did you mean mirror"):
        find("miror")


@pytest.fixture
def install(tmp_path, monkeypatch):
    """install(name, lines): a package on the path that announces filters."""

    def write(name, *lines):
        info = tmp_path / f"{name}-1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
        (info / "entry_points.txt").write_text("\n".join(["[imgpipe.filters]", *lines, ""]))

    monkeypatch.syspath_prepend(tmp_path)
    catalogue.plugins.cache_clear()
    yield write
    catalogue.plugins.cache_clear()


def test_other_packages_filters_are_looked_up_in_their_group(install):
    install("other", "other-blur = imgpipe.filters.detail:blur")
    assert catalogue.plugins() == {"other-blur": ("imgpipe.filters.detail:blur",)}
    assert imgpipe.filters.parse("other-blur:3") == imgpipe.filters.parse("blur:3")


def test_a_name_of_two_packages_must_be_told_apart(install):
    install("one", "same = imgpipe.filters.detail:blur")
    install("two", "same = imgpipe.filters.detail:sharpen")
    with pytest.raises(RecipeError, match=r"several packages; write one of imgpipe\.filters\.detail:blur, imgpipe\.f"):
        find("same")


def test_a_package_seen_twice_is_one(install):
    install("one", "same = imgpipe.filters.detail:blur")
    install("one-again", "same = imgpipe.filters.detail : blur [extra]")
    assert find("same") is find("blur")


def test_the_name_of_a_built_in_filter_stays_its_own(install):
    install("other", "blur = no_such_module:blur")
    assert find("blur").reference == "imgpipe.filters.detail:blur"


@pytest.mark.parametrize("value", ["no module", "9:x", "", "no_such_module", "json:nothing", "json:dumps"])
def test_an_announcement_that_leads_nowhere_costs_only_whoever_asks_for_it(install, value):
    install("other", f"broken = {value}")
    assert find("blur")
    assert "broken" in catalogue.plugins()
    with pytest.raises(RecipeError, match="no filter"):
        find("broken")
