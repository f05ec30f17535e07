"""A pipe: two ends, one for each process; messages keep their order, and the end of one side is seen at the other."""

import multiprocessing


def serve(connection):
    try:
        while True:
            connection.send(connection.recv().upper())
    except EOFError:
        print("worker: the other end has gone, so do I", flush=True)


if __name__ == "__main__":
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    worker = spawn.Process(target=serve, args=(theirs,))
    worker.start()
    theirs.close()  # else the worker's end would stay open here, and its death never be noticed
    for word in ("read", "resize", "write"):
        ours.send(word)
        print("parent:", word, "->", ours.recv())
    ours.close()
    worker.join()
    print("parent: the worker ended with", worker.exitcode)
