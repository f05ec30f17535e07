"""What every codec in the table keeps to. A new format is tested here by being in the table."""

import struct
import subprocess
import sys
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from imgpipe import codecs
from imgpipe.codecs import Encoding, Limits
from imgpipe.errors import DamagedPicture, EncodingFailed, LimitExceeded, NotAPicture, PictureError, UsageError
from imgpipe.metadata import Metadata
from imgpipe.orientation import inverse, settled, upright_frame
from imgpipe.picture import Picture, frame_size, is_deep
from imgpipe.recipe import Colour, Recipe
from tests.codecs.pictures import exif_block
from tests.codecs.raws import dng

CODECS = codecs.all_codecs()
NAMES = [codec.name for codec in CODECS]
WRITERS = [codec for codec in CODECS if codec.encode and not codec.missing]
READERS = [codec for codec in CODECS if not codec.encode and not codec.missing]
SIZE = (61, 43)


def samples_to_read(codec):
    """Files of formats that are only read, made by Pillow where it writes them."""
    images = {"ppm": [still(), still("L"), still("L").convert("1")], "ico": [still("RGBA", (48, 48))]}
    for image in images.get(codec.name, [still(), still("RGBA")]):
        if codec.name == "psd":
            yield photoshop(image)
        elif codec.name == "raw":
            light = np.asarray(image.convert("RGB")) / 255
            yield dng(light, orientation=1)
        else:
            file = BytesIO()
            image.save(file, codec.pillow_formats[0])
            yield file.getvalue()


def photoshop(image):
    """A document that has nothing but the picture of all its layers."""
    bands = image.split()
    head = b"8BPS" + struct.pack(">H6xHIIHH", 1, len(bands), *image.size[::-1], 8, 3)
    return head + bytes(12) + bytes(2) + b"".join(band.tobytes() for band in bands)


def still(mode="RGB", size=SIZE):
    x, y = np.meshgrid(np.linspace(0, 255, size[0]), np.linspace(0, 255, size[1]))
    bands = np.stack([x, y, (x + y) / 2, 200 - x / 2], axis=2)
    chosen = {"L": [0], "LA": [0, 3], "RGB": [0, 1, 2], "RGBA": [0, 1, 2, 3]}[mode]
    samples = bands[:, :, chosen].astype(np.uint8)
    return Image.fromarray(samples[:, :, 0] if mode == "L" else samples)


def picture(*frames, **more):
    return Picture(frames, frame_size(frames[0]), "png", **more)


def encode(codec, *frames, **more):
    return codecs.encode(picture(*frames, **more), codec.name, Encoding(quality=95))


def read(data, limits=None):
    return codecs.decode(data, codecs.probe(data, limits or Limits()))


def samples_of(codec):
    """Files of every kind that the codec writes."""
    yield encode(codec, still()).data
    yield encode(codec, still("L")).data
    yield encode(codec, still("RGBA")).data
    frames = [still().rotate(angle) for angle in (0, 90, 180)]
    if codec.animation:
        yield encode(codec, *frames, durations=(100, 100, 100)).data
    if codec.pages:
        yield encode(codec, *frames).data
    if codec.deep:
        yield encode(codec, np.arange(61 * 43 * 3, dtype=np.uint16).reshape(43, 61, 3) * 8).data


@pytest.mark.parametrize("codec", WRITERS, ids=lambda codec: codec.name)
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_a_picture_comes_back(codec, mode):
    for size in (SIZE, (1, 1), (1, 17), (17, 1)):
        image = still(mode, size)
        encoded = encode(codec, image)
        back = read(encoded.data)
        assert encoded.size == back.size == frame_size(back.frames[0]) == size
        assert back.format == codec.name, size
        if not mode.endswith("A"):
            difference = np.asarray(back.frames[0].convert("RGB")).astype(int) - np.asarray(image.convert("RGB"))
            assert np.abs(difference).mean() < 8, size
        flattened = any("flattened" in word for word in encoded.warnings)
        assert flattened == (mode.endswith("A") and not codec.alpha), size


@pytest.mark.parametrize("codec", WRITERS, ids=lambda codec: codec.name)
def test_frames_that_are_still_to_be_turned_are_encoded_upright(codec):
    for frames in ([still()], [still("RGBA"), still("RGBA").rotate(180)], [np.full((43, 61, 3), 9000, np.uint16)]):
        stored = replace(
            picture(*frames), size=SIZE[::-1], orientation=6, durations=(40, 60) if len(frames) > 1 else ()
        )
        made, expected = (codecs.encode(each, codec.name, Encoding()) for each in (stored, settled(stored)))
        assert made.size == SIZE[::-1]
        assert made.data == expected.data


def looks_like(data, image):
    made = Image.open(BytesIO(data)).convert("RGB")
    return made.size == image.size and np.abs(np.asarray(made).astype(int) - np.asarray(image)).mean() < 8


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    "codec", [codec for codec in WRITERS if "exif" in codec.metadata], ids=lambda codec: codec.name
)
def test_an_orientation_in_exif_is_applied_or_kept(codec, orientation):
    meant = still()
    stored = upright_frame(meant, inverse(orientation))
    keep = Metadata(keep=["exif"])
    alone = Recipe(format="png", metadata=keep, colour=Colour(auto_orient=False))
    for frame in [stored, np.array(stored).astype(np.uint16) * 257][: 1 + codec.deep]:
        data = encode(codec, frame, exif=exif_block(orientation)).data
        upright = Recipe(format="png", metadata=keep).apply(data)
        assert looks_like(upright, meant)
        assert Image.open(BytesIO(upright)).getexif().get(274, 1) == 1
        left = alone.apply(data)
        if codec.name in ("heic", "jxl"):
            assert looks_like(left, meant)  # its turn is no matter of EXIF: no reader may leave it out
            continue
        assert looks_like(left, stored)
        assert Image.open(BytesIO(left)).getexif().get(274, 1) == orientation
        again = replace(alone, format=codec.name).apply(left)
        assert looks_like(Recipe(format="png").apply(again), meant)


@pytest.mark.parametrize("codec", WRITERS, ids=lambda codec: codec.name)
def test_the_signature_recognises_own_output_and_no_other(codec):
    for data in samples_of(codec):
        assert [other.name for other in CODECS if other.signature(data[:64])] == [codec.name]
        assert codecs.sniff(data[:64]) == codec.name


@pytest.mark.parametrize("codec", READERS, ids=lambda codec: codec.name)
def test_formats_that_are_only_read_are_recognised_limited_and_whole(codec):
    for data in samples_to_read(codec):
        assert codecs.identify(data) == codec.name
        assert len([other for other in CODECS if other.signature(data[:64])]) == 1
        back = read(data)
        assert back.format == codec.name
        assert back.size == frame_size(back.frames[0]) in (SIZE, (48, 48))
        pixels = back.size[0] * back.size[1]
        with pytest.raises(LimitExceeded, match="--max-pixels"):
            codecs.probe(data, Limits(max_pixels=pixels - 1))
        for cut in {*range(18, len(data) - 64, max(1, len(data) // 37)), len(data) - 65}:
            with pytest.raises((DamagedPicture, NotAPicture)):
                read(data[:cut])


@pytest.mark.parametrize("codec", [*WRITERS, *READERS], ids=lambda codec: codec.name)
def test_what_lies_in_memory_of_others_is_read_alike_and_copied_only_where_it_must_be(codec):
    for data in samples_of(codec) if codec.encode else samples_to_read(codec):
        view = memoryview(bytearray(data))
        held = codecs.in_hand(view)
        assert (held is view) == codec.in_place
        assert type(held) is (memoryview if codec.in_place else bytes)
        assert list(map(samples, read(held).frames)) == list(map(samples, read(data).frames))
    assert codecs.in_hand(data) is data


def samples(frame):
    return (frame.mode, frame.tobytes()) if isinstance(frame, Image.Image) else frame.tobytes()


@pytest.mark.parametrize("codec", WRITERS, ids=lambda codec: codec.name)
def test_truncation_is_always_found(codec):
    for data in samples_of(codec):
        # Some formats end in padding that nothing can miss.
        for cut in {*range(0, len(data) - 16, max(1, len(data) // 97)), len(data) - 17}:
            with pytest.raises(NotAPicture if cut < 12 and not codecs.sniff(data[:cut]) else DamagedPicture):
                read(data[:cut])


@pytest.mark.parametrize("codec", [*WRITERS, *READERS], ids=lambda codec: codec.name)
def test_changed_bytes_never_raise_anything_else(codec):
    random = np.random.default_rng(1)
    for data in samples_of(codec) if codec.encode else samples_to_read(codec):
        for _ in range(60):
            damaged = bytearray(data)
            for offset in random.integers(0, min(len(data), 400), 3):
                damaged[offset] = random.integers(256)
            try:
                read(bytes(damaged), Limits(max_pixels=10**6))
            except PictureError as error:
                assert str(error)  # noqa: PT017


@pytest.mark.parametrize("codec", WRITERS, ids=lambda codec: codec.name)
def test_pixels_are_limited(codec):
    data = encode(codec, still()).data
    codecs.probe(data, Limits(max_pixels=61 * 43))
    with pytest.raises(LimitExceeded, match=r"61 x 43 = 2623 pixels are more than 2622: raise --max-pixels"):
        codecs.probe(data, Limits(max_pixels=61 * 43 - 1))


@pytest.mark.parametrize("codec", [codec for codec in WRITERS if codec.animation or codec.pages], ids=lambda c: c.name)
def test_frames_are_limited(codec):
    frames = [still().rotate(angle) for angle in (0, 90, 180)]
    data = encode(codec, *frames, durations=(100, 100, 100) if codec.animation else ()).data
    assert codecs.probe(data, Limits(max_frames=3)).frames == 3
    with pytest.raises(LimitExceeded, match=r"than 2(: raise| pages: raise) --max-frames"):
        codecs.probe(data, Limits(max_frames=2))


@pytest.mark.parametrize("codec", [codec for codec in WRITERS if codec.animation], ids=lambda codec: codec.name)
def test_animations_keep_frames_durations_and_loop(codec):
    frames = [still().rotate(angle) for angle in (0, 90, 180)]
    encoded = encode(codec, *frames, durations=(100, 250, 40), loop=4)
    back = read(encoded.data)
    assert (len(back.frames), back.durations) == (3, (100, 250, 40))
    assert back.loop == 4 or any("how often it plays" in word for word in encoded.warnings)
    assert {frame_size(frame) for frame in back.frames} == {SIZE}


@pytest.mark.parametrize("codec", WRITERS, ids=lambda codec: codec.name)
def test_depth_is_kept_or_said_to_be_lost(codec):
    deep = np.arange(61 * 43 * 3, dtype=np.uint16).reshape(43, 61, 3) * 8
    encoded = encode(codec, deep)
    assert is_deep(read(encoded.data).frames[0]) is codec.deep
    assert ("16 bits a sample converted to 8" in encoded.warnings) is not codec.deep


@pytest.mark.parametrize("codec", WRITERS, ids=lambda codec: codec.name)
def test_animation_is_kept_or_said_to_be_lost(codec):
    encoded = encode(codec, still(), still().rotate(90), durations=(100, 100))
    assert ("animation of 2 frames: only the first is kept" in encoded.warnings) is not codec.animation


@pytest.mark.parametrize("codec", WRITERS, ids=lambda codec: codec.name)
def test_encoding_twice_gives_the_same_bytes(codec):
    assert list(samples_of(codec)) == list(samples_of(codec))


@pytest.mark.parametrize("codec", WRITERS, ids=lambda codec: codec.name)
def test_frames_carry_nothing_of_the_old_file(codec):
    for data in samples_of(codec):
        assert all(is_deep(frame) or frame.info == {} for frame in read(data).frames)


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.name)
def test_extensions_are_lower_case_and_found(codec):
    assert codecs.extensions(codec.name)
    for extension in codecs.extensions(codec.name):
        assert extension == extension.lower()
        assert extension.startswith(".")
        assert codecs.by_extension(f"a.b/IMG{extension.upper()}") == codec.name
        assert codecs.by_extension(b"\xff\xfe" + extension.encode()) == codec.name


def test_names_and_extensions_are_unique():
    extensions = [extension for codec in CODECS for extension in codecs.extensions(codec.name)]
    assert len(set(extensions)) == len(extensions)
    assert len(set(NAMES)) == len(NAMES)


@pytest.mark.parametrize("name", ["notes.txt", "jpg", ".jpg", "", "archive.jpg.zip"])
def test_other_names_claim_no_format(name):
    assert codecs.by_extension(name) is None


def test_names_are_found_by_their_usual_spelling():
    assert [codecs.by_name(name).name for name in (*NAMES, "JPG", ".tif")] == [*NAMES, "jpeg", "tiff"]


@pytest.mark.parametrize(("name", "hint"), [("wepb", "did you mean webp?"), ("xyzzy", "valid are avif, bmp, dds")])
def test_an_unknown_name_is_answered_with_the_nearest(name, hint):
    with pytest.raises(UsageError, match=hint.replace("?", r"\?")):
        codecs.by_name(name)


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"", "it is empty"), (b"hello, I am a letter", "it is text"), (b"%!PS-Adobe-3.0 EPSF", "PostScript")],
)
def test_what_is_no_picture_is_said_in_words(data, words):
    with pytest.raises(NotAPicture, match=words):
        codecs.probe(data, Limits())


def test_a_format_that_is_only_read_is_not_written(monkeypatch):
    monkeypatch.setattr(codecs, "_load", lambda name: CODECS[0]._replace(encode=None))
    with pytest.raises(EncodingFailed, match="only read"):
        codecs.encode(picture(still()), "jpeg", Encoding())


def test_a_bomb_is_stopped_before_it_is_decoded():
    from imgpipe.codecs.png_chunks import SIGNATURE, chunk_bytes

    header = (30_000).to_bytes(4, "big") * 2 + b"\x08\x02\0\0\0"
    data = SIGNATURE + chunk_bytes(b"IHDR", header) + chunk_bytes(b"IDAT", b"") + chunk_bytes(b"IEND", b"")
    with pytest.raises(LimitExceeded, match="900000000"):
        codecs.probe(data, Limits())


def test_nothing_heavy_is_imported_to_answer_what_formats_there_are():
    script = (
        "import sys; from imgpipe import codecs; codecs.by_extension('a.jpg'); codecs.sniff(b'GIF89a'); "
        "codecs.all_codecs(); print(sorted({'PIL', 'numpy', 'cv2'} & sys.modules.keys()))"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_nothing_but_the_formats_of_the_files_is_imported():
    script = (
        "import sys; from imgpipe import codecs; codecs.by_extension('a.avif'); codecs.sniff(b'\\xff\\xd8\\xff'); "
        "print(*[name for name in codecs._EXTENSIONS if 'imgpipe.codecs.' + name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["jpeg"]


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.name)
def test_formats_are_in_the_module_of_their_name(codec):
    assert codecs._load(codec.name).name == codec.name
    assert codec.plugin


@pytest.mark.parametrize("codec", [codec for codec in CODECS if codec.extra], ids=lambda codec: codec.name)
def test_a_format_whose_extra_is_missing_says_what_to_install(codec, monkeypatch):
    advice = f"pip install 'imgpipe-cli\\[{codec.extra}\\]'"
    data = encode(codec, still()).data if codec.encode and not codec.missing else b""
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(UsageError, match=advice):
        codecs.by_name(codec.name)
    if data:
        with pytest.raises(NotAPicture, match=advice):
            codecs.probe(data, Limits())


EXTREMES = {
    "quality": (20, 90),
    "progressive": (False, True),
    "subsampling": ("4:4:4", "4:2:0"),
    "effort": (0, 9),
    "palette": (False, True),
    "background": ((255, 255, 255), (0, 0, 0)),
}


@pytest.mark.parametrize("option", EXTREMES)
@pytest.mark.parametrize("codec", WRITERS, ids=lambda codec: codec.name)
def test_it_heeds_the_options_that_it_names_and_no_other(codec, option):
    """A call that names another one is refused."""
    if (codec.name, option) == ("gif", "palette"):
        return  # it always has one
    frames = [still(), still("RGBA").quantize(16).convert("RGBA")]
    if codec.deep:
        frames.append(np.arange(61 * 43 * 3, dtype=np.uint16).reshape(43, 61, 3) * 8)
    made = [
        [codecs.encode(picture(frame), codec.name, Encoding(**{option: value})).data for frame in frames]
        for value in EXTREMES[option]
    ]
    assert (made[0] != made[1]) is codec.heeds(option)
