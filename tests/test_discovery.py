import os

import pytest

from imgpipe.discovery import Selection, find
from imgpipe.job import Item, Source, Status
from imgpipe.storage import Entry, Listing
from imgpipe.storage.local import LocalFolder
from tests.folders import paint, write

PNG = b"\x89PNG\r\n\x1a\n" + bytes(60)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "in"


def found(folder, **selection):
    return list(find(LocalFolder(str(folder)), Selection(**selection)))


def told(folder, **selection):
    """Of each input, its name and its format where it is a source, its status where it is an item."""
    return {
        one.source.name if isinstance(one, Item) else one.name: one.status if isinstance(one, Item) else one.format
        for one in found(folder, **selection)
    }


class Unreadable:
    """A storage in which one folder cannot be listed."""

    root = "/"

    def __init__(self, name):
        self._name = name

    def list(self, listing):
        yield Entry("a.jpg", 1, 1)
        yield Entry(self._name, 0, 0, error="cannot list the folder: Permission denied")


def test_what_was_listed_and_is_there_no_more_is_no_input_and_what_is_there_and_cannot_be_read_is_one(folder):
    paint(folder / "a.png")
    os.symlink("nowhere", folder / "dangling.png")
    names = ("gone.png", "a.png", "a.png/gone.png", "dangling.png")
    assert told(folder, names=names, listed=True) == {"a.png": "png", "dangling.png": Status.FAILED}
    assert told(folder, names=names)["gone.png"] is Status.FAILED


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("a.jpg", "jpeg"),
        ("a.JPEG", "jpeg"),
        ("a.b.png", "png"),
        ("a.tif", "tiff"),
        ("a.webp", "webp"),
        ("a.Gif", "gif"),
    ],
)
def test_a_known_extension_makes_a_source_whatever_the_content(folder, name, format):
    write(folder / name, b"no picture at all")
    status = (folder / name).stat()
    assert found(folder) == [Source(name, format, 17, status.st_mtime_ns, status.st_ino)]


@pytest.mark.parametrize("name", ["photo", "photo.bak", "photo.", ".photo", ".jpg"])
def test_a_picture_without_a_known_extension_is_found_by_its_content(folder, name):
    write(folder / name, PNG)
    assert told(folder, listing=Listing(hidden=True)) == {name: "png"}


@pytest.mark.parametrize("content", [b"", b"hello", b"%!PS-Adobe-3.0 EPSF-3.0", b"<svg/>"])
def test_what_is_no_picture_is_skipped_with_the_reason(folder, content):
    write(folder / "notes.txt", content)
    (item,) = found(folder)
    assert item.status is Status.SKIPPED
    assert item.reason == "no picture, by its name and by its content"
    assert item.source.bytes == len(content)


def test_of_tar_files_in_a_folder_it_is_said_how_they_are_read(folder):
    write(folder / "0.tar", b"\0" * 1024)
    (item,) = found(folder)
    assert item.status is Status.SKIPPED
    assert "INPUT is x.tar, or several as 'x-{0000..0099}.tar'" in item.reason


def test_what_cannot_be_looked_into_is_accounted_for(folder):
    folder.mkdir()
    os.mkfifo(folder / "pipe")
    os.symlink("nowhere", folder / "dangling")
    os.symlink("loop", folder / "loop")
    items = found(folder)
    assert [item.source.name for item in items] == ["dangling", "loop", "pipe"]
    assert {item.status for item in items} == {Status.SKIPPED}
    assert all("cannot be read: " in item.reason for item in items)


def test_what_cannot_be_read_but_claims_to_be_a_picture_is_left_to_the_run_to_fail(folder):
    folder.mkdir()
    os.mkfifo(folder / "pipe.jpg")
    os.symlink("nowhere", folder / "dangling.png")
    assert told(folder) == {"dangling.png": "png", "pipe.jpg": "jpeg"}


@pytest.mark.parametrize(
    "selection",
    [{}, {"include": ("*.jpg",)}, {"exclude": ("*.gif",)}, {"only": frozenset({"a.jpg"})}],
    ids=lambda selection: next(iter(selection), "all"),
)
def test_a_folder_that_cannot_be_listed_fails_by_name_whatever_is_selected(selection):
    item = list(find(Unreadable("private"), Selection(**selection)))[-1]
    assert (item.source.name, item.status) == ("private", Status.FAILED)
    assert item.failure.message == "cannot list the folder: Permission denied"


@pytest.mark.parametrize("glob", ["private/*", "private*", "*", "private", "private/"])
def test_a_folder_whose_files_are_all_excluded_need_not_be_listed(glob):
    assert "private" not in [
        getattr(one, "source", one).name for one in find(Unreadable("private"), Selection(exclude=(glob,)))
    ]


def test_a_missing_folder_fails_by_name(folder):
    (item,) = found(folder)
    assert (item.source.name, item.status) == (".", Status.FAILED)


def test_globs_match_the_whole_name_or_its_last_part(folder):
    for name in ("a.jpg", "b.png", "x/a.jpg", "x/c.jpg", "x/y/a.jpg"):
        write(folder / name)
    assert set(told(folder, include=("a.*",))) == {"a.jpg", "x/a.jpg", "x/y/a.jpg"}
    assert set(told(folder, include=("x/*",))) == {"x/a.jpg", "x/c.jpg", "x/y/a.jpg"}
    assert set(told(folder, include=("*.jpg",), exclude=("x/y/*",))) == {"a.jpg", "x/a.jpg", "x/c.jpg"}
    assert set(told(folder, include=("b.*", "c.*"))) == {"b.png", "x/c.jpg"}
    assert set(told(folder, exclude=("*.jpg", "*.png"))) == set()
    assert set(told(folder, include=("*.JPG",))) == set(), "case counts"


@pytest.mark.parametrize("glob", ["x", "x/", "./x", "./x/*", "x/**", "**/x", "**/x/"])
def test_a_glob_for_a_folder_is_one_for_all_that_lies_in_it(folder, glob):
    for name in ("a.jpg", "x.jpg", "x/a.jpg", "x/y/b.jpg"):
        write(folder / name)
    assert set(told(folder, include=(glob,))) == {"x/a.jpg", "x/y/b.jpg"}
    assert set(told(folder, exclude=(glob,))) == {"a.jpg", "x.jpg"}


def test_two_asterisks_are_any_folders_or_none(folder):
    for name in ("a.jpg", "x/a.jpg", "x/y/a.jpg", "z/xa.jpg"):
        write(folder / name)
    assert set(told(folder, include=("**/a.jpg",))) == {"a.jpg", "x/a.jpg", "x/y/a.jpg"}
    assert set(told(folder, include=("x/**/a.jpg",))) == {"x/a.jpg", "x/y/a.jpg"}
    assert set(told(folder, exclude=("y",))) == {"a.jpg", "x/a.jpg", "z/xa.jpg"}, "at any depth, as names of files"


def test_an_unknown_file_that_is_not_selected_is_not_opened(folder):
    write(folder / "notes.txt")
    paint(folder / "a.png")

    class Watched(LocalFolder):
        def head(self, name, count):
            raise AssertionError(f"looked into {name}")

    (source,) = find(Watched(str(folder)), Selection(include=("*.png",)))
    assert source.name == "a.png"


def test_only_the_named_files_are_taken(folder):
    for name in ("a.jpg", "b.jpg", "x/a.jpg"):
        write(folder / name)
    assert set(told(folder, only=frozenset({"a.jpg"}))) == {"a.jpg"}
    assert set(told(folder, only=frozenset({"a.jpg"}), exclude=("a.*",))) == set()


def test_inputs_come_lazily_and_in_the_order_of_the_listing(folder):
    for name in ("b.jpg", "a.jpg", "x/c.jpg"):
        write(folder / name)
    inputs = find(LocalFolder(str(folder)), Selection())
    assert next(inputs).name == "a.jpg"
    write(folder / "x/b.jpg")
    assert [source.name for source in inputs] == ["b.jpg", "x/b.jpg", "x/c.jpg"]
