"""The Dask cluster of a run: one that stands already, or one of this machine that comes and goes with the run."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from imgpipe.concurrency.launch import stop_signals_blocked
from imgpipe.engines.asking import ask, check_answering
from imgpipe.engines.workforce import Workforce
from imgpipe.errors import RunError, UsageError, install_advice

LOCAL = "local"

_SECONDS_TO_CONNECT = 10.0
_SECONDS_TO_TELL = 60.0
_SECONDS_TO_CLOSE = 2.0
_WORKER_ITSELF = 512 << 20
_NO_LOGGING = logging.CRITICAL + 1
_LOGGERS = ("distributed", "distributed.client", "distributed.worker", "tornado", "tornado.application", "asyncio")
_SETTINGS = {
    # A task that cost a worker its life is done apart, at once; see `imgpipe.engines.group`.
    "distributed.scheduler.allowed-failures": 0,
    # Looks of scheduler and workers at themselves, dozens a second.
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.worker.memory.monitor-interval": "500ms",
    # Nothing of size is ever kept in a worker.
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
}


@contextmanager
def connected(workforce: Workforce) -> Iterator[Any]:
    """A client of the cluster that the workforce names.

    Raises:
        UsageError: the name is none, or Dask is not installed.
        RunError: nobody answers, or has other versions.
    """
    cluster = workforce.cluster
    with ExitStack() as stack:
        if isinstance(cluster, str | None):
            address = LOCAL if cluster is None else cluster
            workers = _local_workers(address, workforce.cores)
            _check_installed()
            stack.enter_context(_quiet())
            cluster = stack.enter_context(_local(workers, workforce) if workers else _remote(address))
        else:
            _check_client(cluster)
        _check_versions(cluster)
        yield cluster


def check_name(cluster: Any) -> None:
    """See that a cluster may be called that, or is no name; UsageError where not."""
    if isinstance(cluster, str):
        _local_workers(cluster, 1)


def _local_workers(cluster: str, cores: int) -> int | None:
    """How many workers of this machine a name asks for, None where it is the address of a scheduler.

    Raises:
        UsageError: it is neither.
    """
    kind, _, count = cluster.partition(":")
    if kind == LOCAL:
        if count and not (count.isascii() and count.isdigit() and int(count)):
            raise UsageError(f"no cluster {cluster}; local:4 is one of four workers on this machine")
        return int(count or cores)
    if not cluster.startswith(("tcp://", "tls://")):
        raise UsageError(f"no cluster {cluster}; it is tcp://host:8786, tls://host:8786, or local:4")
    return None


def _check_client(client: Any) -> None:
    """See that what a program gives is a client that can be used from here; UsageError where not."""
    if not hasattr(client, "get_versions"):
        raise UsageError(
            f"cluster={client!r} is not valid; it is text such as local:4 or tcp://host:8786, or a distributed.Client"
        )
    if getattr(client, "asynchronous", False):
        raise UsageError("an asynchronous client cannot be used here; give one with asynchronous=False")
    if client.status != "running":
        raise UsageError(f"the Dask client given is {client.status}; give one that is connected to a scheduler")


def _check_installed() -> None:
    try:
        import distributed  # noqa: F401
    except ImportError as error:
        raise UsageError(f"the engine dask needs Dask: {install_advice('cluster')}") from error


@contextmanager
def _local(workers: int, workforce: Workforce) -> Iterator[Any]:
    import dask
    from distributed import Client, LocalCluster

    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="imgpipe-", ignore_cleanup_errors=True))
        stack.enter_context(dask.config.set(_SETTINGS))
        try:
            # Workers, also those that come later, inherit it: a Ctrl-C is for this process alone to answer.
            with stop_signals_blocked():
                cluster = stack.enter_context(
                    LocalCluster(
                        n_workers=workers,
                        threads_per_worker=1,
                        memory_limit=_WORKER_ITSELF + workforce.memory // workers,
                        dashboard_address="127.0.0.1:0",
                        scheduler_kwargs={"dashboard": False},
                        local_directory=folder,
                        silence_logs=_NO_LOGGING,
                    )
                )
                client = stack.enter_context(_closed(Client(cluster, set_as_default=False)))
        except (OSError, RuntimeError, ValueError) as error:
            raise RunError(
                f"the workers of a local Dask cluster do not start: {_told(error)}; a script that processes pictures "
                'needs `if __name__ == "__main__":`'
            ) from error
        yield client


@contextmanager
def _remote(address: str) -> Iterator[Any]:
    from distributed import Client

    try:
        check_answering(address, _SECONDS_TO_CONNECT)
        client = Client(address, timeout=_SECONDS_TO_CONNECT, set_as_default=False, name="imgpipe")
    except (OSError, ValueError, TypeError) as error:
        raise RunError(
            f"no Dask scheduler answers at {address} ({_told(error)}); is it running, and may this machine reach it?"
        ) from error
    with _closed(client):
        yield client


@contextmanager
def _closed(client: Any) -> Iterator[Any]:
    try:
        yield client
    finally:
        with suppress(OSError):
            client.close(timeout=_SECONDS_TO_CLOSE)


def _check_versions(client: Any) -> None:
    """Scheduler and workers load our modules; so these must be there, and the same.

    Raises:
        RunError: they are not.
    """
    try:
        found = ask(client, client.get_versions, packages=["imgpipe"], seconds=_SECONDS_TO_TELL)
    except Exception as error:  # whatever another version of Dask answers
        raise RunError(f"the cluster does not tell its versions: {_told(error)}") from error
    here = _important(found["client"])
    for who, there in [("the scheduler", found["scheduler"]), *found["workers"].items()]:
        if _important(there) != here:
            raise RunError(
                f"{who} has {_named(_important(there))}, and here is {_named(here)}; install the same versions "
                "everywhere"
            )


def _important(found: Any) -> dict[str, str]:
    packages = found["packages"] if found else {}
    python = ".".join(str(packages.get("python")).split(".")[:2])
    return {"Python": python, **{name: packages.get(name) or "none" for name in ("distributed", "imgpipe")}}


def _named(versions: dict[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def _told(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


@contextmanager
def _quiet() -> Iterator[None]:
    """What befalls the cluster is told as items and errors, not by Dask's loggers."""
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(_NO_LOGGING)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
