"""What the programs of peers that are Python libraries share: every file of a folder, in a Pool."""

import json
import os
import sys
from collections.abc import Callable
from functools import partial
from multiprocessing import Pool
from typing import Any


def make_all(make: Callable[[str, str, dict[str, Any]], None]) -> None:
    """Call ``make(source, target, task)`` for each file of the folder that the command line names first."""
    source, target, task = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    sources = [entry.path for entry in os.scandir(source)]
    with Pool(task["cores"]) as pool:
        for _ in pool.imap_unordered(partial(make, target=target, task=task), sources):
            pass
