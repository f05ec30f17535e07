"""A bounded queue: a fast producer waits for a slow consumer, and a sentinel says that nothing follows."""

import queue
import threading
import time

END = object()
longest = 0


def produce(items):
    global longest
    for number in range(20):
        items.put(number)  # waits while the queue is full
        longest = max(longest, items.qsize())
    items.put(END)


if __name__ == "__main__":
    items = queue.Queue(maxsize=3)
    producer = threading.Thread(target=produce, args=(items,))
    producer.start()
    consumed = []
    while (item := items.get()) is not END:
        time.sleep(0.005)
        consumed.append(item)
    producer.join()
    print("consumed", len(consumed), "in order:", consumed == sorted(consumed), "- waiting at most:", longest)
