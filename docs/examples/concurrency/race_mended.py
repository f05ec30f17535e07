"""The race, mended: from reading the balance to writing it back, only one thread at a time."""

import threading
import time

balance = 0
lock = threading.Lock()


def deposit():
    global balance
    for _ in range(200):
        with lock:  # released also when an exception leaves the block
            seen = balance
            time.sleep(0.0001)
            balance = seen + 1


if __name__ == "__main__":
    threads = [threading.Thread(target=deposit) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print("paid in: 1000, balance:", balance, "lost:", 1000 - balance)
