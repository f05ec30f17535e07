"""Why a re-entrant lock: `move` holds the lock of the account and calls `add`, which takes it too."""

import threading


class Account:
    def __init__(self, lock):
        self.lock = lock
        self.balance = 0

    def add(self, amount):
        # A plain `with self.lock` would wait for ever; a timeout shows it.
        if not self.lock.acquire(timeout=0.2):
            raise TimeoutError("waiting for a lock that this very thread holds")
        try:
            self.balance += amount
        finally:
            self.lock.release()

    def move(self, amount, other):
        with self.lock:
            self.add(-amount)
            other.add(amount)


if __name__ == "__main__":
    for name, kind in {"Lock": threading.Lock, "RLock": threading.RLock}.items():
        mine, yours = Account(kind()), Account(kind())
        try:
            mine.move(10, yours)
            print(f"{name}: moved, {mine.balance} and {yours.balance}")
        except TimeoutError as error:
            print(f"{name}: {error}")
