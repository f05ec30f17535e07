"""I/O-bound work: 20 pages from a slow server, one after the other, with 5 threads, with 5 processes."""

import http.client
import multiprocessing
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGES = range(20)


class SlowServer(ThreadingHTTPServer):
    """It waits 0.1 s before each answer, and notes how many were asking at the same time."""

    lock = threading.Lock()
    asking = most = 0

    def count(self, more):
        with self.lock:
            self.asking += more
            self.most = max(self.most, self.asking)


class SlowPage(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.count(1)
        time.sleep(0.1)
        self.server.count(-1)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"page " + self.path.encode())

    def log_message(self, *_):
        pass


def fetch(port, page):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", f"/{page}")
    return connection.getresponse().read()


if __name__ == "__main__":
    server = SlowServer(("127.0.0.1", 0), SlowPage)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    work = partial(fetch, server.server_port)
    spawn = multiprocessing.get_context("spawn")
    pools = {"5 threads": ThreadPoolExecutor(5), "5 processes": ProcessPoolExecutor(5, mp_context=spawn)}
    for name, run in [("one after the other", map), *((name, pool.map) for name, pool in pools.items())]:
        server.most, began = 0, time.perf_counter()
        fetched = len(list(run(work, PAGES)))
        took = time.perf_counter() - began
        print(f"{name:20} {took:5.2f} s, {fetched} pages, at most {server.most} at the same time")
    for pool in pools.values():
        pool.shutdown()
    server.shutdown()
    server.server_close()
