"""What a table must say of the machine, and nothing that would name it."""

from __future__ import annotations

import os
import platform


def describe(cores: int) -> str:
    """One line: cores used, processor, memory, system, Python."""
    system = f"{platform.system()} {platform.release().split('-')[0]}"
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{cores} of {os.cpu_count()} cores, {_processor()}, {_memory()}, {system}, {python}"


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as file:
            names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.processor() or platform.machine()


def _memory() -> str:
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return f"{pages * size / 2**30:.0f} GiB"
