import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgpipe import codecs, naming
from imgpipe.errors import CollisionError, UsageError
from imgpipe.job import Item, Job, Source, Status, Target
from imgpipe.naming import Naming, count_inputs, key_of, named, printable, targets
from imgpipe.recipe import Recipe


def target(source, format, naming=None):
    naming = naming or Naming()
    return targets(source, named(Recipe(format=format).renditions, naming), 1, flat=naming.flat)[0]


FORMATS = [codec.name for codec in codecs.all_codecs()]
WRITTEN = [codec.name for codec in codecs.all_codecs() if codec.encode and not codec.missing]


def source(name, format=None):
    return Source(name, format or codecs.by_extension(name), 1)


def jobs_to(format, *names):
    return lambda: iter(
        [
            Job(
                source(name, codecs.by_extension(name) or "png"),
                (target(source(name, codecs.by_extension(name) or "png"), format),),
            )
            for name in names
        ]
    )


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


def test_flat_outputs_are_in_one_folder_and_may_clash():
    assert target(source("x/y/a.jpg"), "webp", Naming(flat=True)).name == "a.webp"
    inputs = [source("x/a.jpg"), source("y/a.jpg")]
    flat = [Job(one, (target(one, None, Naming(flat=True)),)) for one in inputs]
    with pytest.raises(CollisionError, match=r"a\.jpg <- x/a\.jpg, y/a\.jpg"):
        count_inputs(lambda: flat)


def test_all_inputs_are_counted_also_those_that_become_nothing():
    skipped = Item(source("notes.txt"), Status.SKIPPED)
    jobs = [*jobs_to(None, "a.jpg", "b.jpg")(), skipped, skipped]
    assert count_inputs(lambda: jobs).total == 4
    assert count_inputs(list).total == 0


def test_outputs_with_one_input_each_are_looked_at_once():
    asked = []

    def jobs():
        asked.append(1)
        return jobs_to("webp", "a.jpg", "b.jpg", "x/a.jpg")()

    assert count_inputs(jobs).total == 3
    assert len(asked) == 1


def test_a_clash_names_the_output_and_all_of_its_inputs():
    with pytest.raises(CollisionError) as caught:
        count_inputs(jobs_to("webp", "a.jpg", "x/a.png", "x/a.jpg", "b.jpg", "x/a.gif"))
    assert "x/a.webp <- x/a.png, x/a.jpg, x/a.gif" in str(caught.value)
    assert str(caught.value).startswith("1 output would be made from")
    assert "b.jpg" not in str(caught.value)


def test_an_input_without_an_extension_may_clash_with_one_that_has_it():
    with pytest.raises(CollisionError, match=r"photo\.png <- photo, photo\.png"):
        count_inputs(jobs_to(None, "photo", "photo.png"))


def test_the_first_ten_clashes_are_shown_and_the_others_counted():
    names = [f"{number:02}{extension}" for number in range(13) for extension in (".jpg", ".png")]
    with pytest.raises(CollisionError) as caught:
        count_inputs(jobs_to("webp", *names))
    lines = str(caught.value).splitlines()
    assert sum("<-" in line for line in lines) == 10
    assert "and 3 more" in lines[-2]
    assert "--include" in lines[-1]


def test_names_in_a_clash_do_not_move_the_cursor():
    with pytest.raises(CollisionError) as caught:
        count_inputs(jobs_to("webp", "\x1b[2J\udcff.jpg", "\x1b[2J\udcff.png"))
    assert str(caught.value).replace("\n", "").isprintable()
    assert r"\x1b[2J\xff.webp <- \x1b[2J\xff.jpg, \x1b[2J\xff.png" in str(caught.value)


def test_names_that_differ_in_case_or_composition_are_two_where_the_file_system_keeps_them_apart():
    assert count_inputs(jobs_to(None, "a.jpg", "A.jpg", "\u00e9.jpg", "e\u0301.jpg")).total == 4


@pytest.mark.parametrize(("one", "other"), [("a.jpg", "A.JPG"), ("\u00e9.jpg", "e\u0301.jpg"), ("ß.jpg", "SS.jpg")])
def test_names_that_differ_in_case_or_composition_clash_where_the_file_system_folds_them(one, other):
    with pytest.raises(CollisionError) as caught:
        count_inputs(jobs_to(None, one, other), folded=True)
    assert one in str(caught.value)
    assert other in str(caught.value)


@pytest.mark.parametrize("folded", [True, False])
def test_names_known_before_the_work_are_in_order_and_one_in_any_case_where_the_file_system_folds_them(folded):
    keys = count_inputs(jobs_to(None, "B.jpg", "a.jpg", "\xe9.jpg", "C.jpg"), folded=folded).keys
    assert list(keys) == sorted(keys)
    for name in ("b.jpg", "A.JPG", "e\u0301.jpg"):
        assert (key_of(name, folded=folded) in keys) == folded
    assert key_of("C.jpg", folded=folded) in keys
    assert key_of("d.jpg", folded=folded) not in keys


def test_a_file_whose_name_looks_like_a_template_does_not_clash_with_one():
    name = "a-{width}.jpg"
    jobs = [Job(source(name), (Target(name, "jpeg"),)), Job(source("a.jpg"), (Target(name, "jpeg", late=True),))]
    assert count_inputs(lambda: jobs).total == 2
    with pytest.raises(CollisionError):
        count_inputs(lambda: [*jobs, jobs[0]])


def test_names_that_only_share_a_hash_do_not_clash(monkeypatch):
    monkeypatch.setattr(naming, "hash", lambda name: 1, raising=False)
    assert count_inputs(jobs_to("webp", "a.jpg", "b.jpg")).total == 2
    with pytest.raises(CollisionError) as caught:
        count_inputs(jobs_to("webp", "a.jpg", "b.jpg", "b.png"))
    assert "a.jpg" not in str(caught.value)


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
