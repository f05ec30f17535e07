"""A worker queue with threads: 20 jobs, 10 workers, and one global that all of them see."""

import queue
import threading

STOP = None
done = 0
lock = threading.Lock()


def work(jobs, results):
    global done
    while (job := jobs.get()) is not STOP:
        results.put(job * job)
        with lock:
            done += 1


if __name__ == "__main__":
    jobs, results = queue.Queue(), queue.Queue()
    workers = [threading.Thread(target=work, args=(jobs, results)) for _ in range(10)]
    for worker in workers:
        worker.start()
    for job in range(20):
        jobs.put(job)
    for _ in workers:
        jobs.put(STOP)
    for worker in workers:
        worker.join()
    print("squares:", sorted(results.get() for _ in range(20)))
    print("the workers counted", done, "jobs in the global, and the main thread sees", done)
