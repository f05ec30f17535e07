"""A worker queue with processes: 20 jobs, 10 workers, and a global of which each process has its own."""

import multiprocessing

STOP = None
done = 0


def work(jobs, results, counts):
    global done
    while (job := jobs.get()) is not STOP:
        results.put(job * job)
        done += 1
    counts.put(done)


if __name__ == "__main__":
    spawn = multiprocessing.get_context("spawn")
    jobs, results, counts = spawn.Queue(), spawn.Queue(), spawn.Queue()
    workers = [spawn.Process(target=work, args=(jobs, results, counts)) for _ in range(10)]
    for worker in workers:
        worker.start()
    for job in range(20):
        jobs.put(job)
    for _ in workers:
        jobs.put(STOP)
    # Taken before the workers are joined: one with unread results in its queue does not end.
    print("squares:", sorted(results.get() for _ in range(20)))
    counted = [counts.get() for _ in workers]
    for worker in workers:
        worker.join()
    print("the workers counted", sum(counted), "jobs in their globals, and the parent sees", done)
