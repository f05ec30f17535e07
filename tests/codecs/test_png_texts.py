"""A text in a PNG costs itself at most: neither the picture, nor memory, nor what Pillow found out."""

import functools
import tracemalloc
import zlib

import pytest

from imgpipe import codecs
from imgpipe.codecs import Encoding, Limits
from imgpipe.codecs.png_chunks import chunk_bytes
from imgpipe.codecs.png_texts import PROFILE_TOO_LONG, TOO_LONG, without_texts_and_words
from imgpipe.recipe import Recipe

from .pictures import deep_gradient, gradient, picture_of, pixels, read, wide_gamut_profile

XMP = b"XML:com.adobe.xmp\0"


def png(*chunks, frames=None, **more):
    data = codecs.encode(picture_of(*(frames or [gradient()]), **more), "png", Encoding()).data
    return data[:33] + b"".join(chunk_bytes(kind, content) for kind, content in chunks) + data[33:]


@functools.cache
def bomb():
    """Made where it is needed, as it takes a second: each process of the tests reads this file."""
    return zlib.compress(bytes(200 << 20), 9)


BOMBS = {
    "zTXt": lambda: [(b"zTXt", b"Comment\0\0" + bomb())],
    "iTXt": lambda: [(b"iTXt", b"Comment\0\1\0\0\0" + bomb())],
    "XMP": lambda: [(b"iTXt", XMP + b"\1\0\0\0" + bomb())],
    "long XMP": lambda: [(b"iTXt", XMP + b"\0\0\0\0" + b"x" * (2 << 20))],
    "many": lambda: [(b"tEXt", b"Comment\0" + b"x" * (1 << 20))] * 70,
    "profile": lambda: [(b"iCCP", b"bomb\0\0" + bomb())],
}


@pytest.mark.parametrize("kind", BOMBS)
@pytest.mark.parametrize(
    "frames", [None, [deep_gradient()], [gradient(), gradient().rotate(90)]], ids=["8", "16", "many"]
)
def test_a_bomb_costs_itself_with_a_word(kind, frames):
    more = {"durations": (50, 50)} if frames and len(frames) == 2 else {}
    plain, hostile = read(png(frames=frames, **more)), read(png(*BOMBS[kind](), frames=frames, **more))
    for one, other in zip(plain.frames, hostile.frames, strict=True):
        assert (pixels(one) == pixels(other)).all()
    assert hostile.warnings == {"XMP": (TOO_LONG,), "long XMP": (TOO_LONG,), "profile": (PROFILE_TOO_LONG,)}.get(
        kind, ()
    )
    assert (hostile.xmp, hostile.profile) == (None, None)


def test_no_more_of_a_bomb_is_unpacked_than_may_be_kept():
    data = png(*BOMBS["XMP"](), *BOMBS["profile"](), *BOMBS["zTXt"]())
    tracemalloc.start()
    without_texts_and_words(data)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 8 << 20


@pytest.mark.parametrize("packed", [False, True])
def test_xmp_and_profiles_of_ordinary_length_stay(packed):
    packet = b"<x:xmpmeta>" + b"word " * 9_000 + b"</x:xmpmeta>"
    text = b"\1\0\0\0" + zlib.compress(packet) if packed else b"\0\0\0\0" + packet
    profile = wide_gamut_profile()
    picture = read(png((b"iTXt", XMP + text), (b"iCCP", b"wide\0\0" + zlib.compress(profile))))
    assert (picture.xmp, picture.profile, picture.warnings) == (packet, profile, ())


@pytest.mark.parametrize(
    "name",
    ["icc_profile", "exif", "transparency", "dpi", "loop", "default_image", "duration", "gamma", "xmp", "photoshop"],
)
@pytest.mark.parametrize("kind", [b"tEXt", b"iTXt"])
def test_a_text_is_not_taken_for_what_it_is_called(name, kind):
    content = name.encode() + (b"\0" if kind == b"tEXt" else b"\0\0\0\0\0") + b"nonsense"
    for data in (png((kind, content)), png((kind, content), frames=[gradient(), gradient()], durations=(9, 9))):
        assert codecs.probe(data, Limits()).size == (64, 48)
        assert Recipe(["resize:9x"], format="jpeg").apply(data)
        assert read(data).profile is read(data).exif is read(data).xmp is None


def test_a_file_without_texts_is_not_copied():
    data = png()
    assert without_texts_and_words(data)[0] is data
