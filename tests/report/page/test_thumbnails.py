import io
import sys
import zlib

import pytest
from PIL import Image

from imgpipe.report.page.thumbnails import TOO_LATE, Wanted, thumbnails
from imgpipe.storage.local import LocalFolder
from tests.conftest import no_more_threads
from tests.folders import paint, write

module = sys.modules[thumbnails.__module__]

pytestmark = pytest.mark.usefixtures("nothing_left_behind")


def wanted(folder, *names):
    return [Wanted(f"key of {name}", LocalFolder(str(folder)), name, (folder / name).stat().st_size) for name in names]


def opened(thumbnail):
    return Image.open(io.BytesIO(thumbnail.data))


def test_they_are_small_webp_pictures_that_look_like_what_they_show(tmp_path):
    Image.new("RGB", (1200, 800), (200, 30, 60)).save(tmp_path / "red.jpg")
    Image.new("RGBA", (500, 1000), (0, 60, 200, 128)).save(tmp_path / "blue.png")
    Image.new("RGB", (7, 3), "white").save(tmp_path / "tiny.bmp")
    made = thumbnails(wanted(tmp_path, "red.jpg", "blue.png", "tiny.bmp"), cores=1)
    red, blue, tiny = (opened(made[f"key of {name}"]) for name in ("red.jpg", "blue.png", "tiny.bmp"))
    assert (red.format, red.size) == ("WEBP", (320, 213))
    assert red.getpixel((5, 5)) == pytest.approx((200, 30, 60), abs=6)
    assert (blue.size, blue.mode, blue.getpixel((5, 5))[3]) == ((160, 320), "RGBA", 128)
    assert tiny.size == (7, 3)


def test_an_animation_shows_its_first_frame_and_a_turned_picture_stands_upright(tmp_path):
    frames = [Image.new("RGB", (60, 30), colour) for colour in ("red", "lime", "blue")]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:], duration=50)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (60, 30), "red").save(tmp_path / "turned.jpg", exif=exif)
    made = thumbnails(wanted(tmp_path, "moving.gif", "turned.jpg"), cores=1)
    moving, turned = opened(made["key of moving.gif"]), opened(made["key of turned.jpg"])
    assert (getattr(moving, "n_frames", 1), moving.convert("RGB").getpixel((5, 5))[0] > 240) == (1, True)
    assert turned.size == (30, 60)


def test_a_bad_picture_costs_its_thumbnail_only(tmp_path):
    paint(tmp_path / "good.png")
    write(tmp_path / "bad.png", b"no picture")
    missing = Wanted("gone", LocalFolder(str(tmp_path)), "gone.png", 100)
    other = Wanted("other", LocalFolder(str(tmp_path)), "good.png", 100)
    outside = Wanted("outside", LocalFolder(str(tmp_path)), "../good.png", 100)
    made = thumbnails([*wanted(tmp_path, "good.png", "bad.png"), missing, other, outside], cores=2)
    assert made["key of good.png"].data
    assert made["key of bad.png"].reason == "not a picture: it is text"
    assert made["gone"].reason == "gone since the run"
    assert made["other"].reason == "changed since the run"
    assert "is no name below a folder" in made["outside"].reason


def test_many_share_three_megabytes(tmp_path, monkeypatch):
    """A tenth as many share a tenth of that."""
    assert module._BYTES < 3_000_000
    monkeypatch.setattr(module, "_BYTES", module._BYTES // 10)
    count = 30
    for number in range(3):
        paint(tmp_path / f"{number}.png", size=(480, 320), seed=number)
    names = [f"{number % 3}.png" for number in range(count)]
    sizes = {name: (tmp_path / name).stat().st_size for name in set(names)}
    storage = LocalFolder(str(tmp_path))
    made = thumbnails([Wanted(str(key), storage, name, sizes[name]) for key, name in enumerate(names)], cores=2)
    assert len(made) == count
    assert all(thumbnail.data for thumbnail in made.values())
    assert sum(len(thumbnail.data) for thumbnail in made.values()) < 300_000


def test_what_needs_too_much_memory_has_none(tmp_path):
    Image.new("L", (16_000, 12_000)).save(tmp_path / "large.png")
    made = thumbnails(wanted(tmp_path, "large.png"), cores=1)
    assert "pixels are more than" in made["key of large.png"].reason


def test_what_is_checked_is_the_memory_that_a_picture_says_it_takes_and_how_long_its_file_is(tmp_path):
    paint(tmp_path / "plain.png")
    data = (tmp_path / "plain.png").read_bytes()
    size = (9_990).to_bytes(4, "big") * 2 + b"\x08\x06\0\0\0"
    says = data[:16] + size + zlib.crc32(b"IHDR" + size).to_bytes(4, "big") + data[33:]
    (tmp_path / "says.png").write_bytes(says)
    with open(tmp_path / "long.png", "wb") as file:
        file.write(says)
        file.truncate(256_000_001)
    made = thumbnails(wanted(tmp_path, "says.png", "long.png"), cores=1)
    assert "of memory" in made["key of says.png"].reason
    assert "of one file" in made["key of long.png"].reason


def test_after_a_minute_no_more_are_made_and_it_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules[Wanted.__module__], "_SECONDS", -1.0)
    for number in range(5):
        paint(tmp_path / f"{number}.png")
    made = thumbnails(wanted(tmp_path, *(f"{number}.png" for number in range(5))), cores=1)
    assert sorted(thumbnail.reason for thumbnail in made.values()) == ["", *[TOO_LATE] * 4]


def test_where_there_is_no_room_for_threads_it_is_said_and_none_is_made(tmp_path, monkeypatch):
    paint(tmp_path / "a.png")
    no_more_threads(monkeypatch, after=2)
    made = thumbnails(wanted(tmp_path, "a.png"), cores=1)
    assert "ulimit -u" in made["key of a.png"].reason


def test_none_is_made_where_none_is_wanted():
    assert thumbnails([], cores=1) == {}
