"""A race: five threads pay one coin into an account 200 times each, and most of the money is lost."""

import threading
import time

balance = 0


def deposit():
    global balance
    for _ in range(200):
        seen = balance
        time.sleep(0.0001)  # anything that lets another thread run: a read from disk, a query, a print
        balance = seen + 1


if __name__ == "__main__":
    threads = [threading.Thread(target=deposit) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print("paid in: 1000, balance:", balance, "lost:", 1000 - balance)
