import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgpipe import codecs
from imgpipe.errors import UsageError
from imgpipe.job import Source, Target
from imgpipe.naming import Naming, named, printable, targets
from imgpipe.recipe import Recipe


def target(source, format, naming=None):
    naming = naming or Naming()
    return targets(source, named(Recipe(format=format).renditions, naming), 1, flat=naming.flat)[0]


FORMATS = [codec.name for codec in codecs.all_codecs()]
WRITTEN = [codec.name for codec in codecs.all_codecs() if codec.encode and not codec.missing]


def source(name, format=None):
    return Source(name, format or codecs.by_extension(name), 1)


@pytest.mark.parametrize(
    ("name", "format", "expected"),
    [
        ("a.jpg", None, "a.jpg"),
        ("a.JPEG", None, "a.JPEG"),
        ("x/y/a.Png", None, "x/y/a.Png"),
        ("a.jpeg", "jpeg", "a.jpeg"),
        ("a.tif", "tiff", "a.tif"),
        ("a.jpg", "webp", "a.webp"),
        ("x/a.JPG", "png", "x/a.png"),
        ("a.b.c.jpg", "webp", "a.b.c.webp"),
        ("x.jpg/a.gif", "png", "x.jpg/a.png"),
        (" .jpg", "webp", " .webp"),
        (os.fsdecode(b"\xff.jpg"), "webp", os.fsdecode(b"\xff.webp")),
        ("new\nline.jpg", "webp", "new\nline.webp"),
    ],
)
def test_the_extension_changes_only_where_the_format_does(name, format, expected):
    assert target(source(name), format) == Target(expected, format or codecs.by_extension(name))


@pytest.mark.parametrize(
    ("name", "format", "expected", "written"),
    [
        ("a.tga", None, "a.png", "png"),
        ("x/a.PSD", None, "x/a.png", "png"),
        ("a.qoi", "webp", "a.webp", "webp"),
        ("a.avif", None, "a.avif", "avif"),
    ],
)
def test_what_is_only_read_is_written_as_png(name, format, expected, written):
    assert target(source(name), format) == Target(expected, written)


@pytest.mark.parametrize(
    ("name", "format", "expected"),
    [
        ("photo", None, "photo.png"),
        ("photo", "png", "photo.png"),
        ("photo", "webp", "photo.webp"),
        ("x/photo.bak", None, "x/photo.bak.png"),
        ("x/photo.bak", "webp", "x/photo.bak.webp"),
        (".jpg", "webp", ".jpg.webp"),
        ("v1.2/photo", "webp", "v1.2/photo.webp"),
    ],
)
def test_a_picture_without_a_known_extension_gets_one(name, format, expected):
    assert target(source(name, "png"), format).name == expected


@given(
    st.text(st.characters(exclude_characters="/\0"), min_size=1).filter(lambda name: name not in (".", "..")),
    st.sampled_from(FORMATS),
    st.sampled_from([None, *WRITTEN]),
)
def test_an_output_stays_in_its_folder_and_says_its_format(name, own, format):
    for folder in ("", "a/b.jpg/"):
        made = target(Source(folder + name, own, 1), format)
        assert made.name.startswith(folder)
        assert "/" not in made.name.removeprefix(folder)
        assert made.format == (format or codecs.written_as(own))
        if format is not None and format != own:
            assert codecs.by_extension(made.name) == format
        assert codecs.by_extension(made.name) is not None


@pytest.mark.parametrize(
    ("name", "format", "expected"),
    [
        ("x/a.jpg", None, "x/a-small.jpg"),
        ("x/a.JPG", "webp", "x/a-small.webp"),
        ("x/a.b.jpg", None, "x/a.b-small.jpg"),
        ("x/photo", "png", "x/photo-small.png"),
    ],
)
def test_a_suffix_goes_before_the_extension(name, format, expected):
    one = source(name, codecs.by_extension(name) or "png")
    assert target(one, format, Naming(suffix="-small")).name == expected


@pytest.mark.parametrize("suffix", ["/", "a/../b", "\0"])
def test_a_suffix_that_leads_elsewhere_is_refused(suffix):
    with pytest.raises(UsageError, match="the suffix"):
        Naming(suffix=suffix)


def test_a_name_that_no_file_can_have_here_is_refused_before_any_work():
    """As `ü` where the locale is ASCII; this one is in no encoding."""
    with pytest.raises(UsageError, match=r"the name '\\ud800\{stem\}\{ext\}': names of files are in \S+ here"):
        Naming(template="\ud800{stem}{ext}")


def test_flat_outputs_are_in_one_folder():
    assert target(source("x/y/a.jpg"), "webp", Naming(flat=True)).name == "a.webp"


@given(st.binary())
def test_a_printable_name_is_one_line_that_any_terminal_shows(name):
    shown = printable(os.fsdecode(name))
    assert shown.isprintable()
    assert shown.encode().decode() == shown
    assert printable(shown) == shown


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a b-\u00e9\u4e2d\N{CAMERA}.jpg", "a b-\u00e9\u4e2d\N{CAMERA}.jpg"),
        ("a\nb\r\t", r"a\nb\r\t"),
        ("\x1b[2J\x07\x9b", r"\x1b[2J\x07\x9b"),
        (os.fsdecode(b"\xff\x80.jpg"), r"\xff\x80.jpg"),
        ("gpj.\u202egnp", r"gpj.\u202egnp"),
    ],
)
def test_what_would_move_the_cursor_or_cannot_be_encoded_is_escaped(name, shown):
    assert printable(name) == shown
