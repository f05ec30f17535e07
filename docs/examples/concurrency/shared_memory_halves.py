"""Shared memory: two processes invert one half each of the same million bytes, and nothing is copied."""

import multiprocessing
from multiprocessing.shared_memory import SharedMemory

SIZE = 1_000_000
INVERTED = bytes(range(255, -1, -1))


def invert(name, start, stop):
    memory = SharedMemory(name)
    memory.buf[start:stop] = bytes(memory.buf[start:stop]).translate(INVERTED)
    memory.close()


if __name__ == "__main__":
    spawn = multiprocessing.get_context("spawn")
    memory = SharedMemory(create=True, size=SIZE)
    try:
        memory.buf[:SIZE] = bytes(SIZE)
        halves = [(memory.name, 0, SIZE // 2), (memory.name, SIZE // 2, SIZE)]
        workers = [spawn.Process(target=invert, args=half) for half in halves]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        print("before: 0, now:", sorted(set(memory.buf[:SIZE])))
    finally:
        memory.close()
        memory.unlink()  # nobody else frees it
