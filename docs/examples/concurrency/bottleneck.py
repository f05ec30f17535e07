"""The way to go: write it without concurrency, find the bottleneck, fix the worst, measure again."""

import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

FILES = range(24)


def read(_number):
    """As a slow disk does it: it waits and computes nothing."""
    time.sleep(0.05)
    return 1_500_000


def work(size):
    return sum(value * value for value in range(size))


def measure(name, reading, working):
    """Seconds of each stage; the processor's own clock says whether the stage computed or waited."""
    began, busy = time.perf_counter(), time.process_time()
    loaded = list(reading(read, FILES))
    middle, busy_middle = time.perf_counter(), time.process_time()
    total = sum(working(work, loaded))
    ended = time.perf_counter()
    waited = 1 - (busy_middle - busy) / (middle - began)
    print(f"{name:28} read {middle - began:.2f} s ({waited:.0%} of it waiting), work {ended - middle:.2f} s")
    return total


if __name__ == "__main__":
    totals = {measure("1 without concurrency", map, map)}
    with ThreadPoolExecutor(8) as threads:
        totals.add(measure("2 reading waits: threads", threads.map, map))
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(mp_context=spawn) as processes:
            totals.add(measure("3 work computes: processes", threads.map, processes.map))
    print("the same result each time:", len(totals) == 1)
