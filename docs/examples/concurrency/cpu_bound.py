"""CPU-bound work: primes counted in 10 ranges, one after the other, with 5 threads, with 5 processes.

To 500,000, or to another number, a multiple of 10, that is given.
"""

import multiprocessing
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

TENTH = int(sys.argv[1] if len(sys.argv) > 1 else 500_000) // 10
RANGES = [range(start, start + TENTH) for start in range(0, 10 * TENTH, TENTH)]


def is_prime(number):
    return number > 1 and all(number % divisor for divisor in range(2, int(number**0.5) + 1))


def count_primes(numbers):
    return sum(map(is_prime, numbers)), os.getpid()


if __name__ == "__main__":
    spawn = multiprocessing.get_context("spawn")
    pools = {"5 threads": ThreadPoolExecutor(5), "5 processes": ProcessPoolExecutor(5, mp_context=spawn)}
    for name, run in [("one after the other", map), *((name, pool.map) for name, pool in pools.items())]:
        began = time.perf_counter()
        counts, processes = zip(*run(count_primes, RANGES), strict=True)
        where = "in this process" if set(processes) == {os.getpid()} else f"in {len(set(processes))} other processes"
        print(f"{name:20} {time.perf_counter() - began:5.2f} s, {sum(counts)} primes, {where}")
    for pool in pools.values():
        pool.shutdown()
