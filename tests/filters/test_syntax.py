import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgpipe.errors import RecipeError
from imgpipe.filters import Operation, parse
from imgpipe.filters.registry import Filter
from imgpipe.filters.traits import Traits


def own(picture: "Picture", first: str = "", second: str = "", number: float = 0.0): ...  # noqa: F821


OWN = Filter(own, "own", Traits())


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("flip", {}),
        ("flip:", {}),
        (" blur : 3 ", {"sigma": 3.0}),
        ("blur:3", {"sigma": 3.0}),
        ("blur:sigma=3", {"sigma": 3.0}),
        ("blur: sigma = 3 ", {"sigma": 3.0}),
        ("blur:1", {}),
        ('resize:"800x600",fit=cover', {"size": "800x600", "fit": "cover"}),
        ("resize:long-edge=800", {"long_edge": 800}),
        ("resize:width=800,upscale=no,", {"width": 800, "upscale": False}),
        ("rotate:-90", {"angle": -90.0}),
    ],
)
def test_text_becomes_options(text, arguments):
    assert parse(text).arguments == arguments


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "there is no filter"),
        ("./mine.py:sepia", "there is no filter ./mine.py; in the folder of the file write mine:FUNCTION"),
        ("blurr", "did you mean blur"),
        ("reszie:800x600", "did you mean resize"),
        ("blur:sgima=2", "did you mean sigma"),
        ("flip:a=1", "it has none"),
        ("flip:3", "has no key"),
        ("blur:3,4", "has no key"),
        ("blur:3,sigma=4", "twice"),
        ("resize:large", "cannot read the size"),
        ("resize:long-edge=3,long_edge=4", "twice"),
        ('blur:"3', "cannot read"),
        ('blur:"3"4', "cannot read"),
        ("blur:,", "has no key"),
        ("rotate", "needs angle"),
        ("no.such:function", "there is no module no.such"),
    ],
)
def test_mistakes_are_named(text, message):
    with pytest.raises(RecipeError, match=message):
        parse(text)


@pytest.mark.parametrize(("text", "message"), [
    ("text:a,size=0", "filter text: '0' is no length here; write 0.1 to 10000 px"),
    ("round-corners:51%", "filter round-corners: '51%' is no length"),
    ("flatten:bleu", "filter flatten: 'bleu' is no colour; did you mean blue?"),
    ("crop:aspect=x", "filter crop: cannot read the aspect 'x'"),
    ("convolve:1 2", "filter convolve: kernel '1 2' is 2x1"),
    ("watermark:image=sample_images/alpha.png,x=-101%", "px, or -100% to 100%"),
    ("resize:0x5", "resize: the size '0x5'"),
    ("levels:white=0", "filter levels: black=0"),
])  # fmt: skip
def test_of_several_steps_the_wrong_one_is_named(text, message):
    with pytest.raises(RecipeError) as caught:
        parse(text)
    assert message in str(caught.value)
    assert str(caught.value).count("filter") < 2


def test_operations_show_themselves_as_text():
    operation = parse("resize:800x600,kernel=lanczos3,fit=cover")
    assert str(operation) == "resize:size=800x600,fit=cover"
    assert repr(operation) == "Operation('resize:size=800x600,fit=cover')"


def test_defaults_are_left_out_so_that_equal_steps_are_equal():
    assert parse("blur:sigma=1") == parse("blur") == parse("blur:1.0")
    assert hash(parse("blur:2")) == hash(parse("blur:2.0"))
    assert parse("blur:2") != parse("blur:3")


@given(st.text(max_size=12), st.text(max_size=12), st.floats(allow_nan=False, allow_infinity=False))
def test_any_value_survives_the_way_through_text(first, second, number):
    operation = OWN.operation({"first": first, "second": second, "number": number})
    written = str(operation).removeprefix(OWN.reference).removeprefix(":")
    assert Operation(OWN, OWN.operation(_read(written)).options) == operation


def _read(written):
    from imgpipe.filters.syntax import _read_options

    return _read_options(OWN, written)
