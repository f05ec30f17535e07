"""Run io_bound.py and cpu_bound.py five times each, and print the least seconds as a table."""

import os
import platform
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
WAYS = ("one after the other", "5 threads", "5 processes")


def seconds(program):
    """For each way, the seconds that the program says."""
    said = subprocess.run([sys.executable, HERE / program], check=True, capture_output=True, text=True).stdout
    return [float(re.search(rf"^{way} +([\d.]+) s", said, re.MULTILINE)[1]) for way in WAYS]


def row(name, program, times):
    best = [min(column) for column in zip(*(seconds(program) for _ in range(times)), strict=True)]
    return f"| {name} | " + " | ".join(f"{seconds:.2f} s" for seconds in best) + " |"


if __name__ == "__main__":
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    print("| | " + " | ".join(WAYS) + " |\n|---|---:|---:|---:|")
    print(row("I/O-bound: 20 pages of 0.1 s", "io_bound.py", times))
    print(row("CPU-bound: the primes to 500,000", "cpu_bound.py", times))
    print(f"\nThe least of {times}, {os.cpu_count()} cores, Python {platform.python_version()}.")
