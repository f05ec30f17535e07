import errno
import pickle

import pytest
from PIL import Image

from imgpipe import steps as steps_module
from imgpipe.codecs.codec import Encoded, Limits
from imgpipe.concurrency.owner import Lost
from imgpipe.concurrency.worker import DeadlineExpired, WorkerDied
from imgpipe.errors import DamagedPicture, EncodingFailed, ImgpipeError, OutputError, UsageError
from imgpipe.filters import filter, parse
from imgpipe.job import Item, Job, Source, Status, Target
from imgpipe.steps import Loaded, Made, Seconds, Treatment, make_steps, ran_short, weight
from imgpipe.storage import open_storage
from imgpipe.storage.local import LocalFolder
from imgpipe.transform import OutputPlan, Settings
from tests.folders import contents, paint, write

JOB = Job(Source("a.png", "png", 9), (Target("b.png", "png"), Target("x/c.jpg", "jpeg")))
SETTLED = Item(JOB.source, Status.SKIPPED, reason="for a reason")


class Broken:
    """A storage on which every call raises; what cannot be reached is never called."""

    root = "/out"
    remote = False

    def __init__(self, error, writable=True):
        self._error = error
        self._writable = writable

    def writable(self):
        return self._writable

    def read(self, name):
        raise self._error

    def put(self, name, data, like=None, **more):
        raise self._error


@filter
def failing(image: "Image.Image") -> "Image.Image":
    """Fail as a broken plug-in does."""
    raise ZeroDivisionError("by zero, in a filter")


class Mute(ImgpipeError):
    """An error that cannot say what it is."""

    def __str__(self):
        raise RuntimeError


@filter
def muttering(image: "Image.Image") -> "Image.Image":
    """Fail, and fail to say why."""
    raise Mute


@filter
def quoting(image: "Image.Image") -> "Image.Image":
    """Fail with all that it was given."""
    raise ValueError("x" * 1_000_000)


@filter
def starving(image: "Image.Image") -> "Image.Image":
    """Ask for more memory than there is."""
    raise MemoryError


@pytest.fixture
def steps(tmp_path):
    paint(tmp_path / "in/a.png")
    return make(tmp_path)


def make(tmp_path, *filters, limits=None, source=None, target=None, stopping=lambda: False):
    operations = tuple(parse(one) if isinstance(one, str) else one.operation({}) for one in filters)
    treatment = Treatment(operations, (OutputPlan(), OutputPlan()), Settings(limits or Limits()))
    source = source or open_storage(str(tmp_path / "in"))
    return make_steps(source, target or open_storage(str(tmp_path / "out")), treatment, stopping)


def os_error(number):
    return OSError(number, errno.errorcode[number].lower())


def through(steps, job=JOB):
    return steps.write(steps.apply(steps.read(job)))


def made(job=JOB):
    return Made(job, tuple(Encoded(b"12345", (4, 3)) for _ in job.targets), Seconds())


def test_a_job_becomes_an_item_with_all_of_its_outputs(steps, tmp_path):
    item = through(steps)
    assert (item.source, item.status, item.failure) == (JOB.source, Status.WRITTEN, None)
    files = contents(tmp_path / "out")
    assert [(output.name, output.bytes, output.width, output.height) for output in item.outputs] == [
        ("b.png", len(files["b.png"]), 24, 16),
        ("x/c.jpg", len(files["x/c.jpg"]), 24, 16),
    ]
    assert min(item.seconds.read, item.seconds.process, item.seconds.write) > 0


def test_warnings_of_several_outputs_are_told_once(steps):
    outputs = (Encoded(b"", (1, 1), ("alpha dropped", "one")), Encoded(b"", (1, 1), ("alpha dropped", "two")))
    assert steps.write(Made(JOB, outputs, Seconds())).warnings == ("alpha dropped", "one", "two")


def test_a_settled_item_passes_through_all_steps_untouched(tmp_path):
    steps = make(tmp_path, source=Broken(AssertionError()), target=Broken(AssertionError()))
    for step in (steps.read, steps.apply, steps.apply_here, steps.write):
        assert step(SETTLED) is SETTLED


@pytest.mark.parametrize(
    "number", [errno.EACCES, errno.ENOENT, errno.EIO, errno.EISDIR, errno.EMFILE], ids=errno.errorcode.get
)
def test_a_source_that_cannot_be_read_fails_alone(tmp_path, number):
    item = through(make(tmp_path, source=Broken(os_error(number))))
    assert item.status is Status.FAILED
    assert item.failure.message == f"cannot read it: {errno.errorcode[number].lower()}"
    assert "Traceback" in item.failure.traceback


def test_a_source_larger_than_memory_fails_alone(tmp_path):
    item = through(make(tmp_path, source=Broken(MemoryError())))
    assert item.status is Status.FAILED
    assert "memory" in item.failure.message


@pytest.mark.parametrize(
    ("content", "type"),
    [
        (b"", "NotAPicture"),
        (b"no picture", "NotAPicture"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "DamagedPicture"),
    ],
)
def test_a_picture_that_cannot_be_decoded_fails_with_its_error(tmp_path, content, type):
    write(tmp_path / "in/a.png", content)
    item = through(make(tmp_path))
    assert (item.status, item.failure.type) == (Status.FAILED, type)
    assert not (tmp_path / "out").exists()


def test_a_truncated_picture_fails(steps, tmp_path):
    whole = contents(tmp_path / "in")["a.png"]
    write(tmp_path / "in/a.png", whole[: len(whole) // 2])
    assert through(steps).failure.type == "DamagedPicture"


def test_a_picture_beyond_a_limit_fails_and_names_the_option(steps, tmp_path):
    item = through(make(tmp_path, limits=Limits(max_pixels=100)))
    assert item.failure.type == "LimitExceeded"
    assert "--max-pixels" in item.failure.message


def test_a_filter_that_fails_costs_its_picture_only(steps, tmp_path):
    item = through(make(tmp_path, failing))
    assert item.status is Status.FAILED
    assert "by zero, in a filter" in item.failure.message
    assert "raise ZeroDivisionError" in item.failure.traceback


def test_an_error_that_cannot_say_what_it_is_is_told_by_its_class(steps, tmp_path):
    assert through(make(tmp_path, muttering)).failure.message == "Mute"


def test_of_an_error_that_quotes_all_that_it_was_given_the_beginning_is_kept(steps, tmp_path):
    failure = through(make(tmp_path, quoting)).failure
    assert failure.message.startswith("filter quoting failed: ValueError: xxx")
    assert failure.message.endswith("xxx... (1,000,035 characters)")
    assert len(failure.message) + len(failure.traceback) < 20_000


def test_a_rule_of_a_filter_that_fails_costs_its_picture_only(tmp_path):
    (tmp_path / "in").mkdir()
    Image.new("L", (6000, 6000)).save(tmp_path / "in/a.png", compress_level=1)
    steps = make(tmp_path, filter(least_size=lambda size: 1 / 0)(muttering.function))
    assert steps.cost(steps.read(JOB)) == 0
    assert through(steps).failure.message.startswith("filter muttering: its least_size failed: ZeroDivisionError")


def test_a_picture_without_enough_memory_says_so(steps, tmp_path):
    item = through(make(tmp_path, starving))
    assert item.status is Status.FAILED
    assert "memory" in item.failure.message


@pytest.mark.parametrize(
    "error",
    [SyntaxError("s"), ValueError("v"), RuntimeError("r"), NotImplementedError("n"), KeyError("k"), OSError("o"),
     RecursionError("d"), EOFError("e"), AssertionError("a"), DamagedPicture("p"), EncodingFailed("f"),
     UsageError("u")],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
def test_whatever_a_codec_raises_becomes_a_failed_item(steps, monkeypatch, error):
    def raise_it(*arguments):
        raise error

    monkeypatch.setattr(steps_module, "transform", raise_it)
    item = through(steps)
    assert (item.status, item.failure.type) == (Status.FAILED, type(error).__name__)
    assert error.args[0] in item.failure.message
    assert "raise error" in item.failure.traceback


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_is_no_fault_of_the_picture_is_let_out(steps, monkeypatch, error):
    def raise_it(*arguments):
        raise error

    monkeypatch.setattr(steps_module, "transform", raise_it)
    with pytest.raises(error):
        through(steps)


@pytest.mark.parametrize(
    "number",
    [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ESTALE, errno.ENODEV],
    ids=errno.errorcode.get,
)
def test_an_output_error_that_would_repeat_ends_the_run(tmp_path, number):
    with pytest.raises(OutputError, match=rf"cannot write b\.png to /out: {errno.errorcode[number].lower()}") as caught:
        make(tmp_path, target=Broken(os_error(number))).write(made())
    assert caught.value.__cause__.errno == number


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM], ids=errno.errorcode.get)
def test_no_permission_ends_the_run_where_nothing_at_all_can_be_written(tmp_path, number):
    with pytest.raises(OutputError):
        make(tmp_path, target=Broken(os_error(number), writable=False)).write(made())
    assert make(tmp_path, target=Broken(os_error(number))).write(made()).status is Status.FAILED


@pytest.mark.parametrize(
    "number", [errno.ENAMETOOLONG, errno.EISDIR, errno.ENOTDIR, errno.EINVAL], ids=errno.errorcode.get
)
def test_an_output_error_of_one_name_fails_its_picture(tmp_path, number):
    item = make(tmp_path, target=Broken(os_error(number))).write(made())
    assert item.status is Status.FAILED
    assert item.failure.message == f"cannot write b.png: {errno.errorcode[number].lower()}"
    assert not item.outputs


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (WorkerDied("was killed by SIGSEGV", 2), ["SIGSEGV", "2 tries", "--retries"]),
        (WorkerDied("was killed by SIGKILL", 2), ["SIGKILL", "2 tries", "--memory"]),
        (WorkerDied("ended with exit code 1", 1), ["exit code 1", "1 try", "--retries"]),
        (DeadlineExpired(2.5), ["2.5 s", "--timeout"]),
    ],
    ids=["crashed", "killed", "ended", "deadline"],
)
def test_a_picture_that_costs_its_worker_fails_by_name_with_the_cause(steps, tmp_path, error, words):
    item = steps.write(Lost(Loaded(JOB, b"", Seconds()), error))
    assert (item.source, item.status, item.failure.type) == (JOB.source, Status.FAILED, type(error).__name__)
    assert all(word in item.failure.message for word in words)
    assert not (tmp_path / "out").exists()


def test_what_was_read_when_a_stop_was_asked_for_is_left_out_and_accounted_for(steps, tmp_path):
    stopping = False
    steps = make(tmp_path, stopping=lambda: stopping)
    loaded = steps.read(JOB)
    assert not steps.bypass(loaded)
    stopping = True
    assert steps.bypass(loaded)
    item = steps.write(steps.apply_here(loaded))
    assert (item.source, item.status, bool(item.reason)) == (JOB.source, Status.SKIPPED, True)
    assert not (tmp_path / "out").exists()


def test_what_was_made_when_a_stop_was_asked_for_is_written(steps, tmp_path):
    assert make(tmp_path, stopping=lambda: True).write(made()).status is Status.WRITTEN


def test_apply_can_be_sent_to_another_process_and_so_can_what_it_gives(steps, tmp_path):
    steps = make(tmp_path, "resize:width=12", "blur:2")
    apply = pickle.loads(pickle.dumps(steps.apply))
    loaded = pickle.loads(pickle.dumps(steps.read(JOB)))
    made = pickle.loads(pickle.dumps(apply(loaded)))
    assert steps.write(made).status is Status.WRITTEN
    failed = apply(Loaded(JOB, b"no picture", Seconds()))
    assert pickle.loads(pickle.dumps(failed)) == failed


def test_weight_is_that_of_the_encoded_bytes():
    assert weight(Loaded(JOB, b"123", Seconds())) == 3
    assert weight(made()) == 10
    assert weight(SETTLED) == 0


def test_file_larger_than_allowed_is_not_read(tmp_path):
    item = make(tmp_path, source=Broken(AssertionError("read")), limits=Limits(max_file=JOB.source.bytes - 1)).read(JOB)
    assert item.failure.type == "LimitExceeded"
    assert "--memory" in item.failure.message


@pytest.mark.parametrize("size", [9, 100_000], ids=["small", "shared"])
def test_a_file_that_has_grown_beyond_what_is_allowed_since_it_was_listed_is_not_read(tmp_path, size):
    write(tmp_path / "in/a.png", bytes(size + 1))
    job = JOB._replace(source=JOB.source._replace(bytes=size))
    read, given = make(tmp_path, limits=Limits(max_file=size)).read, []
    item = read(job, given.append)
    assert (item.failure.type, given) == ("LimitExceeded", [])
    assert "--memory" in item.failure.message


def test_what_is_beside_a_file_and_larger_than_allowed_is_not_read_either(tmp_path):
    """A video, say, in the sample of a picture."""
    write(tmp_path / "in/a.mp4", bytes(JOB.source.bytes + 1))
    steps = make(tmp_path, limits=Limits(max_file=JOB.source.bytes))
    item = steps.read(JOB._replace(copies=(Target("b.mp4", "", copied="a.mp4"),)))
    assert item.failure.type == "LimitExceeded"
    assert item.failure.message.startswith("a.mp4, which is beside it: ")
    assert "--memory" in item.failure.message


def test_what_is_beside_a_file_and_cannot_be_read_any_more_fails_its_picture_alone(tmp_path):
    source = Broken(os_error(errno.ENOENT))
    item = make(tmp_path, source=source).write(made(JOB._replace(copies=(Target("b.txt", "", copied="a.txt"),))))
    assert item.status is Status.FAILED
    assert item.failure.message == "cannot read what is beside it: enoent"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("remote", [True, False])
@pytest.mark.parametrize("size", [9, 100_000], ids=["small", "shared"])
def test_a_file_that_just_fits_is_read_also_where_there_is_no_memory_to_read_it_into(tmp_path, size, remote):
    class Source(LocalFolder):
        pass

    Source.remote = remote
    write(tmp_path / "in/a.png", bytes(size))
    job = JOB._replace(source=JOB.source._replace(bytes=size))
    read = make(tmp_path, source=Source(str(tmp_path / "in")), limits=Limits(max_file=size)).read
    for room in (None, lambda size: None, lambda size: memoryview(bytearray(size))):
        assert read(job, room).data == bytes(size)


def test_of_a_remote_file_no_more_is_taken_than_it_was_admitted_for(tmp_path):
    class Remote(LocalFolder):
        remote = True

        def read_at_most(self, name, most):
            raise OSError(errno.EFBIG, f"{name}, {most}")

    large = JOB._replace(source=JOB.source._replace(bytes=1 << 30))
    item = make(tmp_path, source=Remote(str(tmp_path / "in"))).read(large)
    assert f"{JOB.source.name}, {1 << 30}" in item.failure.message


def test_too_little_memory_is_told_from_other_failures(tmp_path, monkeypatch):
    for error, short in [(MemoryError(), True), (OSError(), False), (DamagedPicture(), False)]:
        monkeypatch.setattr(steps_module, "transform", lambda *arguments, error=error: throw(error))
        item = make(tmp_path).apply(Loaded(JOB, b"", Seconds()))
        assert ran_short(item) == short
        assert ("--memory" in item.failure.message) == short
    assert not ran_short(SETTLED)
    assert not ran_short(Loaded(JOB, b"", Seconds()))


def throw(error):
    raise error


def test_a_storage_is_told_what_nobody_may_have_put_there_meanwhile(tmp_path):
    told = []

    class Told(Broken):
        def put(self, name, data, like=None, *, fresh=False):
            told.append(fresh)

    targets = tuple(target._replace(fresh=not number) for number, target in enumerate(JOB.targets))
    make(tmp_path, target=Told(None)).write(made(JOB._replace(targets=targets)))
    assert told == [True, False]


@pytest.mark.parametrize(("fresh", "status"), [(True, Status.SKIPPED), (False, Status.FAILED)])
def test_only_what_was_to_be_fresh_is_left_to_whoever_was_there_first(tmp_path, fresh, status):
    """Where it was not, a file in the way (of a folder, say) is a failure and is called so."""
    paint(tmp_path / "in/a.png")
    job = JOB._replace(targets=tuple(target._replace(fresh=fresh) for target in JOB.targets))
    item = make(tmp_path, target=Broken(FileExistsError(errno.EEXIST, "in the way"))).write(made(job))
    assert item.status is status
    assert (item.failure is None) == fresh
