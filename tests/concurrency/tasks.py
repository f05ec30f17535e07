"""What the tests let worker processes do; a worker finds these functions by name."""

import ctypes
import hashlib
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from multiprocessing.connection import Connection
from multiprocessing.util import Finalize
from pickle import PickleBuffer

from imgpipe.concurrency import wire


@dataclass(frozen=True)
class Task:
    """A number, bytes in, bytes out, and a trick to play before (once, where `once` is the path of a file to make).

    Raw bytes cross as they are, others are pickled.
    """

    number: int
    payload: bytes = b""
    answer: int = 0
    trick: str = ""
    once: str = ""
    bell: str = ""
    go: str = ""
    at: int = 0
    raw: bool = False

    def __reduce_ex__(self, protocol):
        return _with_buffer(self, "payload")


@dataclass(frozen=True)
class Done:
    """What became of a task; two runs over the same tasks must give equal ones."""

    number: int
    size: int
    digest: str
    body: bytes
    raw: bool = False

    def __reduce_ex__(self, protocol):
        return _with_buffer(self, "body")


def _with_buffer(one, name):
    values = {field.name: getattr(one, field.name) for field in fields(one)}
    if one.raw and not isinstance(values[name], memoryview):
        values[name] = PickleBuffer(values[name])
    return type(one), tuple(values.values())


def perform(task):
    """Play the task's trick, then digest what was received into as many bytes as were asked for."""
    if task.trick and _is_to_be_played(task):
        TRICKS[task.trick](task)
    return undisturbed(task)


def undisturbed(task):
    digest = hashlib.sha256(task.payload).hexdigest()
    return Done(task.number, len(task.payload), digest, hashlib.shake_128(task.payload).digest(task.answer), task.raw)


def same(task):
    """As it came; what a worker is shown is its parent's, so that it answers with a copy."""
    shown = isinstance(getattr(task, "payload", None), memoryview)
    return replace(task, payload=bytes(task.payload)) if shown else task


def own_pid(_task):
    return os.getpid()


def ring(task):
    """Tell the test which process is on which task; one short write to a pipe is never torn."""
    descriptor = os.open(task.bell, os.O_WRONLY)
    os.write(descriptor, b"%d %d\n" % (os.getpid(), task.number))
    os.close(descriptor)


def _is_to_be_played(task):
    if not task.once:
        return True
    try:
        os.close(os.open(task.once, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


def _sleep(task):
    ring(task)
    time.sleep(1000)


def _doze(_task):
    time.sleep(0.5)


def _hang(task):
    """Hold the interpreter's lock, so that no other thread of this process moves."""
    ring(task)
    ctypes.PyDLL(None).sleep(1000)


def _spin(task):
    ring(task)
    while True:
        pass


def _ring_and_go_on(task):
    ring(task)


def _wait_for_file(task):
    """Ring, and go on when the test has made the file `go`."""
    ring(task)
    while not os.path.exists(task.go):
        time.sleep(0.001)


def _segfault(_task):
    ctypes.string_at(0)


def _abort(_task):
    os.abort()


def _exit(_task):
    os._exit(3)


def _leave(_task):
    sys.exit(5)


def _kill(_task):
    os.kill(os.getpid(), signal.SIGKILL)


def _die_sending(task):
    """Be killed after so many more bytes went into the pipe."""
    if task.bell:
        ring(task)
    left = task.at

    def send(self, buffer, write=os.write):
        nonlocal left
        part = memoryview(buffer).cast("B")[:left]
        while part:
            sent = write(self.fileno(), part)
            part, left = part[sent:], left - sent
        if left <= 0:
            _kill(task)

    Connection._send = send
    wire._send_buffer = send


def _die_receiving(task):
    """Be killed after so many bytes of the next message, or at its end where it is shorter."""
    if task.bell:
        ring(task)

    def receive(self, size, read=os.read):
        left = min(size, task.at)
        while left:
            left -= len(read(self.fileno(), left))
        _kill(task)

    def receive_head(self, size, read=os.read):
        if not task.raw:
            return receive(self, size, read)
        got = whole(self, size)
        if size > 4:  # the shot falls behind a head, before anybody looks at its buffers
            _kill(task)
        return got

    whole, Connection._recv = Connection._recv, receive_head
    wire._receive_buffer = receive


class Unpicklable(Exception):
    def __init__(self, words):
        super().__init__(words)
        self.lock = threading.Lock()


class PicklesOnly(Exception):
    """Pickles; but it cannot be made again from one argument."""

    def __init__(self, words, more):
        super().__init__(words)


class Wordless(PicklesOnly):
    def __str__(self):
        raise RuntimeError("no words")


class BecomesText(Exception):
    def __reduce__(self):
        return str, ("not even an error",)


class OneWay:
    """Pickles in the worker, and does not unpickle in the parent."""

    def __reduce__(self):
        return _only_in_process, (os.getpid(),)


def _only_in_process(pid):
    if pid != os.getpid():
        raise LookupError("not here")


def _raiser(make: Callable[[], BaseException]):
    def trick(_task):
        raise make()

    return trick


TRICKS = {
    "sleep": _sleep,
    "doze": _doze,
    "hang": _hang,
    "spin": _spin,
    "ring": _ring_and_go_on,
    "wait": _wait_for_file,
    "segfault": _segfault,
    "abort": _abort,
    "exit": _exit,
    "leave": _leave,
    "kill": _kill,
    "die sending": _die_sending,
    "die receiving": _die_receiving,
    "raise": _raiser(lambda: ValueError("as asked")),
    "raise unpicklable": _raiser(lambda: Unpicklable("as asked")),
    "raise pickles only": _raiser(lambda: PicklesOnly("as asked", 1)),
    "raise wordless": _raiser(lambda: Wordless("as asked", 1)),
    "raise text": _raiser(lambda: BecomesText("as asked")),
    "raise StopIteration": _raiser(StopIteration),
}


def give_lambda(_task):
    return lambda: None


def give_one_way(_task):
    return OneWay()


def raise_by_name(name):
    """Raise an error of the pool's own kinds, as a function would that uses a pool or a channel itself."""
    from imgpipe.concurrency import channel, worker

    raise {kind.__name__: kind for kind in (channel.Closed, worker.WorkerDied, worker.DeadlineExpired)}[name](1)


def fork_and_die(task):
    """Leave a process behind that holds the pipe open, and tell the test which."""
    if os.fork() == 0:
        ring(task)
        time.sleep(1000)
    os.kill(os.getpid(), signal.SIGKILL)


class Stopper:
    """A result of so many bytes that stops its process in the midst of being sent."""

    def __init__(self, size):
        self.size = size

    def __reduce__(self):
        if multiprocessing.parent_process() is not None:
            self._stop_while_sending()
        return Stopper, (self.size,), {"body": bytes(self.size)}

    def _stop_while_sending(self):
        send = Connection._send

        def stop_half_way(connection, buffer, write=os.write):
            half = len(buffer) // 2
            send(connection, buffer[:half])
            os.kill(os.getpid(), signal.SIGSTOP)
            send(connection, buffer[half:])

        Connection._send = stop_half_way


class Unloadable:
    """A task that pickles in the parent, and does not unpickle in the worker."""

    def __reduce__(self):
        return _only_in_process, (os.getpid(),)


def fail_to_start():
    raise RuntimeError("no codec here")


def sleep_at_start():
    time.sleep(1000)


def exit_three():
    os._exit(3)


def exit_at_start():
    os._exit(0)


@dataclass(frozen=True)
class Initializer:
    """Plays a trick at as many starts as there are names in `folder`, one less each time."""

    bell: str
    folder: str
    trick: str

    def __call__(self):
        for name in os.listdir(self.folder):
            try:
                os.unlink(os.path.join(self.folder, name))
            except FileNotFoundError:
                continue
            TRICKS[self.trick](Task(-1, bell=self.bell))


@dataclass(frozen=True)
class LeaveLate:
    """Lets a worker, where it ends in order, ring and wait for the file `go` before it makes the file `left`."""

    bell: str
    go: str
    left: str

    def __call__(self):
        Finalize(None, self._leave, exitpriority=0)

    def _leave(self):
        ring(Task(-1, bell=self.bell))
        while not os.path.exists(self.go):
            time.sleep(0.01)
        with open(self.left, "w"):
            pass


@dataclass(frozen=True)
class Heavy:
    """A function with much luggage, more than fits into a pipe."""

    luggage: bytes

    def __call__(self, task):
        return len(self.luggage), task


class NotThere:
    """A function that cannot be had in a worker."""

    def __reduce__(self):
        return _only_in_process, (os.getpid(),)

    def __call__(self, task):
        return task


def ring_and_die(task):
    ring(task)
    _kill(task)


def allocate(megabytes):
    """How many megabytes could be had, or "short"."""
    try:
        return len(bytearray(megabytes << 20)) >> 20
    except MemoryError:
        return "short"


def allocate_in_pieces(megabytes):
    """Touch so many megabytes in pieces that the allocator keeps when they are freed."""
    ctypes.CDLL(None).mallopt(-3, 1 << 30)
    ctypes.CDLL(None).mallopt(-1, 1 << 30)
    return sum(map(len, [bytearray(b"x" * (1 << 20)) for _ in range(megabytes)])) >> 20


def descriptors_of_arenas(_):
    """How many descriptors of arenas this process has."""
    folder = "/proc/self/fd"
    links = []
    for name in os.listdir(folder):
        with suppress(FileNotFoundError):
            links.append(os.readlink(os.path.join(folder, name)))
    return sum("imgpipe-arena" in link for link in links)


def kill_the_server(number):
    """The fork server, where the number says so; else give it back."""
    if number > 2:
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(1000)
    return number


def refuse_threads():
    """For a worker in which the system lets no thread be started."""

    def refuse(_thread):
        raise RuntimeError("can't start new thread")

    threading.Thread.start = refuse


def have_no_memory_to_receive():
    """As where a message is larger than what is left."""

    def receive(*_):
        raise MemoryError

    wire.receive = receive


def is_readonly(task):
    return task.payload.readonly


def answer_in_an_arena(connection, arena, look, offset, size):
    """Say what lies there, and put something as large."""
    digest = hashlib.sha256(look(offset, size)).hexdigest()
    connection.send((arena.put(memoryview(b"y" * size)), digest))


def array_of(number):
    import numpy as np

    return np.full(100_000, number, np.uint8)
