import subprocess
import sys
import threading
import warnings
from io import BytesIO

import pytest
from PIL import Image

from imgpipe.codecs.pillow import opened, raise_pillow_limit, silence
from imgpipe.errors import DamagedPicture, LimitExceeded

from .pictures import gradient, saved

DATA = saved(gradient(), "PNG")
FAULTS = [OSError, SyntaxError, ValueError, RuntimeError, NotImplementedError, EOFError, ZeroDivisionError, KeyError]


@pytest.fixture(autouse=True)
def _pillow_limit(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", Image.MAX_IMAGE_PIXELS)


def fail_with(error):
    with opened(DATA, ("PNG",)):
        raise error


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_of_pillow_is_damage(fault):
    with pytest.raises(DamagedPicture, match=r"damaged PNG: .?broken"):
        fail_with(fault("broken"))


def test_a_fault_without_words_is_named():
    with pytest.raises(DamagedPicture, match="damaged PNG: EOFError"):
        fail_with(EOFError())


def test_too_little_memory_is_not_the_files_fault():
    with pytest.raises(MemoryError):
        fail_with(MemoryError())


def test_formats_that_are_not_asked_for_are_not_opened():
    with (
        pytest.raises(DamagedPicture, match=r"or of a kind .+: its header cannot be read"),
        opened(DATA, ("JPEG",)),
    ):
        pass


def test_what_pillow_refuses_is_over_the_limit(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with (
        pytest.raises(LimitExceeded, match="3072 pixels are more than allowed: raise --max-pixels"),
        opened(DATA, ("PNG",)),
    ):
        pass


def test_what_pillow_logs_reaches_no_terminal():
    script = (
        "import logging\n"
        "from imgpipe.codecs.pillow import silence\n"
        "with silence:\n    logging.getLogger('PIL.any').error('broken')\n"
        "with silence:\n    assert len(logging.getLogger('PIL').handlers) == 1"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout + done.stderr == ""


def test_pillows_limit_follows_a_higher_one_only(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    raise_pillow_limit(200)
    assert Image.MAX_IMAGE_PIXELS == 100
    raise_pillow_limit(5000)
    assert Image.MAX_IMAGE_PIXELS == 5000
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    raise_pillow_limit(5000)
    assert Image.MAX_IMAGE_PIXELS is None


def test_pillows_warnings_stay_inside(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 2000)  # a warning from there, an error from twice that
    with opened(DATA, ("PNG",)):
        pass
    with pytest.warns(Image.DecompressionBombWarning):
        Image.open(_file())


def test_pillows_warnings_are_heard_again_when_the_outermost_block_is_left():
    def warn():
        warnings.warn_explicit("from Pillow", UserWarning, "any.py", 1, module="PIL.any")

    with warnings.catch_warnings():
        warnings.resetwarnings()
        warnings.simplefilter("error")
        with silence:
            with silence:
                warn()
            warn()
        with pytest.raises(UserWarning):
            warn()


def _file():
    from io import BytesIO

    return BytesIO(DATA)


def test_warnings_of_others_come_through():
    with pytest.warns(UserWarning, match="not Pillow's"), opened(DATA, ("PNG",)):
        warnings.warn("not Pillow's", stacklevel=1)


def test_other_threads_hear_pillow_while_one_is_silent(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 2000)
    heard = []

    def listen():
        try:
            Image.open(_file())
        except Image.DecompressionBombWarning as warning:
            heard.append(warning)

    with opened(DATA, ("PNG",)):
        thread = threading.Thread(target=listen)
        thread.start()
        thread.join()
    assert len(heard) == 1


@pytest.fixture
def reads(monkeypatch):
    """How many bytes were copied out of a file at a time."""
    counts = []

    class Listening(BytesIO):
        def read(self, size=-1):
            began = self.tell()
            data = super().read(size)
            counts.append(len(data) if began else 0)  # what is read whole is no copy
            return data

    monkeypatch.setattr("imgpipe.codecs.pillow.BytesIO", Listening)
    return counts


@pytest.mark.parametrize("format", ["TIFF", "BMP", "PPM", "JPEG"])
def test_samples_are_not_copied_as_a_whole_to_be_decoded(reads, format):
    data = saved(Image.effect_noise((2000, 1500), 90).convert("RGB"), format)
    assert len(data) > 3 << 19
    with opened(data, (format,)) as image:
        image.load()
    assert max(reads) <= 1 << 20
