import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import resource
from imgpipe.codecs.allocation import tune_allocator
{tune}
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(5):
        b"1" * (64 << 20)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults()
print(faults())
"""


def page_faults(tune):
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(tune=tune)], capture_output=True, text=True, check=True, cwd="."
    )
    return int(run.stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc only")
def test_freed_memory_is_used_again():
    assert page_faults("tune_allocator()") * 10 < page_faults("")


@pytest.mark.parametrize("missing", ["platform", "library"])
def test_nothing_happens_where_there_is_no_glibc(monkeypatch, missing):
    import ctypes

    from imgpipe.codecs import allocation

    def refuse(*_):
        raise OSError("no such library")

    kept = []
    monkeypatch.setattr(allocation, "_tune_pillow", lambda: kept.append(True))
    if missing == "platform":
        monkeypatch.setattr(sys, "platform", "win32")
    else:
        monkeypatch.setattr(ctypes, "CDLL", refuse)
    allocation.tune_allocator()
    assert kept == [True]


def huge_pages_can_be_had():
    try:
        return "[never]" not in Path("/sys/kernel/mm/transparent_hugepage/enabled").read_text()
    except OSError:
        return False


@pytest.mark.skipif(not huge_pages_can_be_had(), reason="this kernel gives no huge pages")
def test_the_first_buffers_are_not_given_page_by_page():
    script = SCRIPT.format(tune="tune_allocator()").replace("faults()\nprint", "print").replace("64 << 20", "16 << 20")
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    pages = (16 << 20) // os.sysconf("SC_PAGE_SIZE")
    assert int(run.stdout) < pages / 4


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc only")
def test_large_images_are_of_one_piece():
    script = """
from PIL import Image
from imgpipe.codecs.allocation import tune_allocator
from imgpipe.filters.memory import memory_of
assert memory_of(Image.new("RGB", (4000, 3000))) is None
tune_allocator()
assert memory_of(Image.new("RGB", (4000, 3000))).shape == (3000, 4000, 4)
"""
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc only")
def test_what_one_thread_has_freed_another_fills_again():
    """Readers free what workers have taken, and the other way round: each with memory of its own would keep it."""
    script = """
import ctypes, threading
from imgpipe.codecs.allocation import tune_glibc
assert tune_glibc()
libc = ctypes.CDLL("libc.so.6")
libc.malloc.restype, libc.malloc.argtypes, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]
places = []
def fill():
    places.append(libc.malloc(32 << 20))
    libc.free(places[-1])
fill()
other = threading.Thread(target=fill)
other.start()
other.join()
assert abs(places[0] - places[1]) < 32 << 20, places
"""
    subprocess.run([sys.executable, "-c", script], check=True)
