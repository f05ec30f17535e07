"""The memory of the client does not grow with the number of keys; a child that was forked too late is told so."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from imgpipe.storage import Listing, open_storage
from tests.hostile.pictures import png
from tests.hostile.watch import run

SMALL = png(2, 2)
OPTIONS = ["--resize", "9x9", "--cores", "1", "--memory", "100MB"]


def up_to_date(url, count):
    """So many inputs of which the journal says that all is done; written by the journal's own words for one of them."""
    source, target = open_storage(f"{url}/in"), open_storage(f"{url}/out")
    source.put("0.png", SMALL)
    assert run(f"{url}/in", f"{url}/out", *OPTIONS).count("written") == 1
    (segment,) = [
        entry.name for entry in target.own("journal") if b'"done"' in target.read(f".imgpipe/journal/{entry.name}")
    ]
    line = json.loads(target.read(f".imgpipe/journal/{segment}"))
    output = target.read("0.png")

    def put(number):
        source.put(f"{number % 100}/{number}.png", SMALL)
        target.put(f"{number % 100}/{number}.png", output)

    with ThreadPoolExecutor(16) as threads:
        for start in range(0, count, 1000):
            list(threads.map(put, range(start, min(start + 1000, count))))
    lines = []
    for entry in source.list(Listing()):
        if entry.name != "0.png":
            rows = [[entry.name, *line["outputs"][0][1:]]]
            more = {"done": entry.name, "size": entry.bytes, "mtime": entry.modified, "inode": entry.inode}
            lines.append(json.dumps(line | more | {"outputs": rows}) + "\n")
    for number, start in enumerate(range(0, len(lines), 5000), 100):
        data = "".join(lines[start : start + 5000]).encode()
        target.put(f".imgpipe/journal/000000/{number:09d}.jsonl", data)


def own_memory(url, count):
    up_to_date(url, count)
    again = run(f"{url}/in", f"{url}/out", *OPTIONS, timeout=1500, huge_pages=False)
    assert again.count("unchanged") == count + 1
    assert again.own, "memory is looked up in /proc"
    print(f"{count}: {again.own / 1e6:.1f} MB")
    return again.own


def test_of_ten_times_as_many_keys_it_is_hardly_more(bucket):
    assert own_memory(f"{bucket.url}/many", 2_000) < own_memory(f"{bucket.url}/few", 200) + 15e6


@pytest.mark.chaos
def test_of_a_hundred_thousand_keys_it_is_hardly_more(bucket):
    assert own_memory(f"{bucket.url}/many", 100_000) < own_memory(f"{bucket.url}/few", 1_000) + 50e6


def test_a_child_that_was_forked_after_the_first_use_is_told_so(bucket):
    code = (
        "import os, sys\nfrom imgpipe.storage import open_storage\n"
        f"storage = open_storage({bucket.url!r})\nstorage.put('a', b'x')\n"
        "if child := os.fork():\n    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
        "for each in (storage, open_storage(storage.root)):\n"
        "    try:\n        each.read('a')\n        os._exit(1)\n    except Exception as error:\n        print(error)\n"
        "sys.stdout.flush()\nos._exit(0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("before this process was forked") == 2


def test_a_command_forks_its_fork_server_before_the_library_is_there(tmp_path, bucket):
    """Workers are forked off that one, so what they have loaded is what it had."""
    (tmp_path / "looking.py").write_text(
        "import sys\nimport numpy as np\n\n"
        "def check(pixels: np.ndarray) -> np.ndarray:\n    assert 'obstore' not in sys.modules\n    return pixels\n"
    )
    open_storage(f"{bucket.url}/in").put("0.png", SMALL)
    command = [
        sys.executable,
        "-m",
        "imgpipe",
        "process",
        f"{bucket.url}/in",
        f"{bucket.url}/out",
        "-F",
        "looking:check",
    ]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": os.getcwd()},
    )
    assert done.returncode == 0, done.stderr
