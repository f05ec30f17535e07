"""Names, lists of files and policies as a person asks for them."""

import json
import os
import sys
from types import SimpleNamespace

import pytest
from PIL import Image

from imgpipe.cli import listed
from imgpipe.errors import UsageError
from tests.command import imgpipe
from tests.folders import contents, write


@pytest.fixture
def pictures(tmp_path):
    for name in ("a.jpg", "b.png", "x/c.jpg"):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.effect_noise((60, 40), 40).convert("RGB").save(path)
    return tmp_path / "in"


def process(pictures, out, *options, **more):
    return imgpipe("process", pictures, out, "--engine", "serial", *options, **more)


def items(done):
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {line["source"]: line for line in lines if line["type"] == "item"}


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["--name", "{stem}-{width}x{height}{ext}"], {"a-60x40.jpg", "b-60x40.png", "x/c-60x40.jpg"}),
        (["--name", "{index:3}{ext}", "--flat"], {"001.jpg", "002.png", "003.jpg"}),
        (["--name", "{width}/{dir}/{stem}{ext}"], {"60/a.jpg", "60/b.png", "60/x/c.jpg"}),
        (["--suffix=-small"], {"a-small.jpg", "b-small.png", "x/c-small.jpg"}),
        (["--name", "{stem}-{width}{ext}", "--suffix={}"], {"a-60{}.jpg", "b-60{}.png", "x/c-60{}.jpg"}),
        (["--flat", "-f", "webp"], {"a.webp", "b.webp", "c.webp"}),
    ],
)
def test_outputs_are_called_as_asked_for(pictures, out, options, names):
    done = process(pictures, out, *options)
    assert done.returncode == 0, done.stderr
    assert set(contents(out)) == names
    assert "3 unchanged" in process(pictures, out, *options).stdout


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--name", "{stm}{ext}"], "there is no {stm}; did you mean stem?"),
        (["--name", "{stem}"], "it must end in {ext}"),
        (["--name", "../{stem}{ext}"], "a path below OUTPUT"),
        (["--suffix", "/x"], "the suffix '/x' cannot be part of a file name"),
        (["--name", "all{ext}"], "all.jpg <- a.jpg"),
        (["--min-savings", "much"], "'much' is neither a share nor a size"),
        (["--min-savings", "100%"], "no output saves 100%"),
        (["--overwrite", "sometimes"], "there is no sometimes; valid are always, never"),
        (["--files-from", "missing.txt"], "cannot read the names in missing.txt: No such file or directory"),
    ],
)
def test_what_cannot_be_is_refused_before_any_work(pictures, out, options, message):
    write(pictures / "x" / "all.jpg")
    write(pictures / "x" / "a.jpg")
    done = process(pictures, out, *options, "--include", "*.jpg", "--flat" if "all{ext}" in options else "--recursive")
    assert done.returncode == 2
    assert message in done.stderr
    assert not out.exists()


def test_a_collision_names_both_inputs_also_where_only_sizes_would_tell_them_apart(pictures, out):
    Image.new("RGB", (10, 10)).save(pictures / "a.gif")
    done = process(pictures, out, "-f", "webp", "--name", "{stem}-{width}{ext}")
    assert done.returncode == 2
    assert "a-{width}.webp <- a.gif, a.jpg" in done.stderr
    assert not out.exists()


def test_only_named_files_are_processed_in_their_order(pictures, out, tmp_path):
    (tmp_path / "names.txt").write_text("\ufeffx/c.jpg\n\n./a.jpg\r\nx//c.jpg\n", encoding="utf-8")
    done = process(pictures, out, "--files-from", tmp_path / "names.txt", "--name", "{index}{ext}", "--json", "-")
    assert list(items(done)) == ["x/c.jpg", "a.jpg"]
    assert set(contents(out)) == {"x/1.jpg", "2.jpg"}


def test_names_come_from_standard_input(pictures, out):
    done = process(pictures, out, "--files-from", "-", "--json", "-", stdin=None, input="b.png\na.jpg")
    assert list(items(done)) == ["b.png", "a.jpg"]


def test_names_ended_by_nul_may_hold_anything(pictures, out, tmp_path):
    odd = os.fsdecode(b"new\nline\xff\r")
    os.rename(pictures / "b.png", pictures / (odd + ".png"))
    (tmp_path / "names").write_bytes(os.fsencode(odd) + b".png\0a.jpg\0")
    done = process(pictures, out, "--files-from", tmp_path / "names", "-0", "--json", "-")
    assert (done.returncode, list(items(done))) == (0, [odd + ".png", "a.jpg"])


def test_a_name_that_is_not_there_is_a_failed_item_by_its_name(pictures, out):
    os.symlink("nowhere", pictures / "dangling.jpg")
    names = "a.jpg\nmissing.jpg\nx\ndangling.jpg\nx/c.jpg/d.jpg\n.imgpipe/journal.jsonl\n"
    as_find_has_it = f"{pictures.name}/a.jpg"
    names += f"{as_find_has_it}\n"
    done = process(pictures, out, "--files-from", "-", "--json", "-", stdin=None, input=names)
    found = items(done)
    assert done.returncode == 1
    assert {name: item["status"] for name, item in found.items()} == {"a.jpg": "written"} | dict.fromkeys(
        ["missing.jpg", "x", "dangling.jpg", "x/c.jpg/d.jpg", ".imgpipe/journal.jsonl", as_find_has_it], "failed"
    )
    assert found["missing.jpg"]["error"]["message"] == "there is no such input: No such file or directory"
    assert found["x"]["error"]["message"] == "is a folder"
    assert found[as_find_has_it]["error"]["message"].endswith(
        "No such file or directory; names are relative to INPUT: a.jpg"
    )


@pytest.mark.parametrize("name", ["../secret.jpg", "/etc/passwd", "x/../../secret.jpg", "x/..", "a\0.jpg"])
def test_a_name_outside_of_the_input_is_refused(pictures, out, name):
    Image.new("RGB", (10, 10)).save(pictures.parent / "secret.jpg")
    done = process(pictures, out, "--files-from", "-", stdin=None, input=f"a.jpg\n{name}\n")
    assert done.returncode == 2
    assert "names are relative to INPUT" in done.stderr
    assert not out.exists()


def test_names_that_end_with_nul_are_pointed_out_and_not_all_shown(pictures, out):
    done = process(pictures, out, "--files-from", "-", stdin=None, input="a.jpg\0b.png\0" * 10_000)
    assert done.returncode == 2
    assert done.stderr.endswith("names are relative to INPUT; where they end with NUL, as of find -print0, add -0\n")
    assert done.stderr.startswith("imgpipe: --files-from: a.jpg\\x00b.png\\x00a.jpg")
    assert len(done.stderr) < 600


class Endless:
    """A pipe of which the same line comes again and again."""

    def __init__(self, line):
        self.line = line
        self.left = 9

    def read(self, size):
        assert self.left, "it is read to no end"
        self.left -= 1
        return (self.line * size)[:size]


@pytest.mark.parametrize(
    ("line", "null", "said"),
    [
        (b"y\n", False, "more than 1,200 names, if they end at all; give them in several runs"),
        (b"\0", True, "more than 1,200 names"),
        (b"y", False, r"y\.\.\. is no name below INPUT; names are relative to INPUT$"),
        (b"\0", False, "add -0"),
    ],
)
def test_names_that_do_not_come_to_an_end_are_refused(line, null, said, monkeypatch):
    for bound, value in (("_PART", 1000), ("_LONGEST", 3000), ("_MOST", 1200)):
        monkeypatch.setattr(listed, bound, value)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=Endless(line)))
    with pytest.raises(UsageError, match=said):
        listed.read_names("-", null=null)


@pytest.mark.parametrize("part", range(1, 9))
def test_names_are_the_same_however_a_pipe_cuts_them(part, tmp_path, monkeypatch):
    monkeypatch.setattr(listed, "_PART", part)
    (tmp_path / "names").write_bytes("\ufeffa.jpg\r\n\n./b.png\nx//c.jpg".encode())
    assert listed.read_names(str(tmp_path / "names"), null=False) == ("a.jpg", "b.png", "x/c.jpg")
    (tmp_path / "names").write_bytes(b"a\n.jpg\r\0\0b.png\0")
    assert listed.read_names(str(tmp_path / "names"), null=True) == ("a\n.jpg\r", "b.png")


def test_a_name_behind_a_linked_folder_is_refused_like_the_folder(pictures, out, tmp_path):
    write(tmp_path / "secret" / "s.jpg")
    os.symlink(tmp_path / "secret", pictures / "link")
    done = process(pictures, out, "--files-from", "-", "--json", "-", stdin=None, input="link/s.jpg\n")
    assert "behind a linked folder" in items(done)["link/s.jpg"]["error"]["message"]


def test_outputs_inside_the_input_are_no_inputs_even_by_name(pictures):
    process(pictures, pictures / "out")
    done = process(pictures, pictures / "out", "--files-from", "-", "--json", "-", stdin=None, input="out/a.jpg\n")
    assert "is in the output folder" in items(done)["out/a.jpg"]["error"]["message"]


def test_named_files_are_what_a_listing_finds(pictures, out):
    process(pictures, out)
    done = process(pictures, out, "--files-from", "-", stdin=None, input="a.jpg\nb.png\nx/c.jpg\n")
    assert "3 unchanged" in done.stdout


def test_names_need_a_folder(pictures, out):
    done = process(pictures / "a.jpg", out, "--files-from", "-", stdin=None, input="a.jpg\n")
    assert done.returncode == 2
    assert "names of --files-from are below INPUT" in done.stderr


def test_include_and_exclude_choose_among_named_files_too(pictures, out):
    names = "a.jpg\nb.png\nx/c.jpg\n"
    process(pictures, out, "--files-from", "-", "--include", "*.jpg", "--exclude", "x/*", stdin=None, input=names)
    assert set(contents(out)) == {"a.jpg"}


def test_what_is_not_worth_it_is_told_or_copied(pictures, out):
    done = process(pictures, out, "-f", "bmp", "--min-savings", "10%", "--json", "-")
    assert {item["status"] for item in items(done).values()} == {"skipped"}
    assert items(done)["a.jpg"]["reason"] == "bmp saves nothing, less than 10 %"
    done = process(pictures, out, "-f", "bmp", "--min-savings", "1KB", "--copy-skipped")
    assert done.returncode == 0, done.stderr
    assert contents(out) == contents(pictures)
    assert "the original is kept, with its metadata: bmp saves nothing, less than 1000 bytes" in done.stdout


def test_times_and_modes_are_preserved(pictures, out):
    os.utime(pictures / "a.jpg", (1_000_000_000, 1_000_000_000))
    process(pictures, out, "-p")
    assert (out / "a.jpg").stat().st_mtime == 1_000_000_000
