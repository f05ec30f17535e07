import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgpipe.errors import UsageError
from imgpipe.template import PLACEHOLDERS, may_be_written, parse, read_template

KNOWN = {
    "dir": "x/y",
    "stem": "cat",
    "ext": ".webp",
    "index": "7",
    "width": "320",
    "height": "240",
    "hash": "0123456789abcdef" * 4,
}

part = st.text(st.characters(exclude_characters="/\0"), min_size=1).filter(lambda text: text not in (".", ".."))
pieces = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "{stem}",
                "{width}",
                "{height}",
                "{index}",
                "{index:4}",
                "{hash}",
                "{hash:12}",
                "{dir}",
                "/",
                "-",
                "_",
                "@",
            ]
        ),
        st.text(st.characters(exclude_characters="/\0{}", exclude_categories=["Cs"]), max_size=4),
    ),
    max_size=6,
)


def name(text, **changed):
    return read_template(text).fill(KNOWN | changed).name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{stem}{ext}", "x/y/cat.webp"),
        ("{stem}-{width}x{height}{ext}", "x/y/cat-320x240.webp"),
        ("{width}/{stem}{ext}", "x/y/320/cat.webp"),
        ("{width}/{dir}/{stem}{ext}", "320/x/y/cat.webp"),
        ("{dir}/{stem}{ext}", "x/y/cat.webp"),
        ("{index}{ext}", "x/y/7.webp"),
        ("{index:4}{ext}", "x/y/0007.webp"),
        ("{stem}.{hash}{ext}", "x/y/cat.01234567.webp"),
        ("{stem}.{hash:12}{ext}", "x/y/cat.0123456789ab.webp"),
        ("{{{stem}}}{ext}", "x/y/{cat}.webp"),
        ("a b\N{CAMERA}{ext}", "x/y/a b\N{CAMERA}.webp"),
        ("{stem}{stem}{ext}", "x/y/catcat.webp"),
    ],
)
def test_placeholders_are_filled(text, expected):
    assert name(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{stem}{ext}", "cat.webp"),
        ("{width}/{dir}/{stem}{ext}", "320/cat.webp"),
        ("{dir}-{stem}{ext}", "-cat.webp"),
        ("{width}/{stem}{ext}", "320/cat.webp"),
        ("{dir}/{width}/{height}/{stem}{ext}", "320/240/cat.webp"),
    ],
)
def test_at_the_top_the_folder_is_empty_and_takes_its_slash_with_it(text, expected):
    assert name(text, dir="") == expected
    early = {key: KNOWN[key] for key in ("stem", "ext", "index")} | {"dir": ""}
    assert read_template(text).fill(early).fill(KNOWN).name == expected, "also where the size is known only later"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{stm}{ext}", "there is no {stm}; did you mean stem?"),
        ("{WIDTH}{ext}", "there is no {WIDTH}; valid are"),
        ("{}{ext}", "there is no {}"),
        ("{0}{ext}", "there is no {0}"),
        ("{stem.__class__}{ext}", "there is no {stem.__class__}; valid are"),
        ("{stem[0]}{ext}", "there is no {stem[0]}"),
        ("{stem!r}{ext}", "{stem!r} is nothing; write {stem}"),
        ("{stem:>9}{ext}", "{stem} takes no '>9' after a colon"),
        ("{hash:3}{ext}", "{hash:3}: its number of digits goes from 4 to 64"),
        ("{hash:65}{ext}", "goes from 4 to 64"),
        ("{hash:08x}{ext}", "goes from 4 to 64"),
        ("{hash:\u0668}{ext}", "goes from 4 to 64"),
        ("{hash:{width}}{ext}", "goes from 4 to 64"),
        ("{index:99999999999}{ext}", "goes from 1 to 20"),
        ("{stem{ext}", "unexpected '{'"),
        ("{stem}}{ext}", "Single '}'"),
        ("{", "Single '{'"),
        ("", "it must end in {ext}"),
        ("{stem}", "it must end in {ext}"),
        ("{stem}.webp", "it must end in {ext}"),
        ("{stem}.{ext}", "begins with a dot itself"),
        ("/etc/{stem}{ext}", "a path below OUTPUT"),
        ("../{stem}{ext}", "a path below OUTPUT"),
        ("a/../{stem}{ext}", "a path below OUTPUT"),
        ("./{stem}{ext}", "a path below OUTPUT"),
        ("a//{stem}{ext}", "a path below OUTPUT"),
        ("{dir}./../{stem}{ext}", "a path below OUTPUT"),
        (".{dir}./{stem}{ext}", "a path below OUTPUT"),
        ("a\0{ext}", "a path below OUTPUT"),
        (".imgpipe/{stem}{ext}", "a path below OUTPUT"),
        (".imgpipe-{stem}{ext}", "a path below OUTPUT"),
    ],
)
def test_what_is_no_name_is_refused_with_the_reason(text, message):
    with pytest.raises(UsageError) as caught:
        read_template(text)
    assert str(caught.value).startswith(f"the name {text!r}: ")
    assert message in str(caught.value)


@given(st.text())
def test_any_text_is_a_template_or_a_usage_error(text):
    for written in (text, text + "{ext}"):
        try:
            template = read_template(written)
        except UsageError:
            continue
        assert may_be_written(template.fill(KNOWN).name)


@given(pieces, part, st.sampled_from(["", "x", "x/{width}"]), st.integers(1, 99999))
def test_filling_in_two_steps_is_filling_in_one_and_what_is_left_matches_it(pieces, stem, folder, number):
    known = {"dir": folder, "stem": stem, "ext": ".png", "index": str(number)}
    late = {key: KNOWN[key] for key in ("width", "height", "hash")}
    try:
        template = read_template("".join(pieces) + "{ext}")
    except UsageError:
        return
    half = template.fill(known)
    assert half.complete == (not template.late)
    again = parse(str(half))
    assert str(again) == str(half)
    assert again.fill(late).name == half.fill(late).name == template.fill(known | late).name
    assert again.matches(template.fill(known | late).name)


def test_braces_of_a_source_are_no_placeholders():
    half = read_template("{stem}-{width}{ext}").fill({"dir": "", "stem": "{height}{", "ext": ".png"})
    assert parse(str(half)).fill({"width": "3", "height": "4"}).name == "{height}{-3.png"


@pytest.mark.parametrize(
    ("other", "is_one"),
    [
        ("cat-320.webp", True),
        ("cat-1.webp", True),
        ("cat-.webp", False),
        ("cat-a.webp", False),
        ("x/cat-320.webp", False),
        ("cat-320.webp\n", False),
        ("catx320.webp", False),
        ("cat-320xwebp", False),
    ],
)
def test_a_half_filled_template_knows_what_it_may_become(other, is_one):
    half = read_template("{stem}-{width}{ext}").fill({"dir": "", "stem": "cat", "ext": ".webp"})
    assert half.matches(other) == is_one


def test_bytes_that_are_no_text_go_through():
    stem = os.fsdecode(b"\xff\xfe")
    assert name("{stem}-{width}{ext}", stem=stem) == f"x/y/{stem}-320.webp"


def test_only_width_height_and_hash_are_late():
    late = {field for field in PLACEHOLDERS if read_template(f"{{{field}}}a{{ext}}").late}
    assert late == {"width", "height", "hash"}


def test_a_late_placeholder_behind_the_folder_stays_one_where_that_is_empty():
    half = read_template("{dir}{width}{ext}").fill({"dir": "", "ext": ".png"})
    assert half.fill({"width": "3"}).name == "3.png"


def test_a_name_that_only_says_what_a_placeholder_is_called_has_none():
    assert name("dir{ext}") == "x/y/dir.webp"
    assert read_template("{dir}-{index}{ext}").numbered
    assert not read_template("index{ext}").numbered
