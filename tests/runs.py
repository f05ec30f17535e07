"""Runs in this process, on calls that fail, and in a child that is killed at a call."""

import os
import signal
import warnings

from imgpipe.api import Report, process
from imgpipe.engines import ENGINES, Workforce
from imgpipe.options import Options
from imgpipe.recipe import Recipe
from imgpipe.run import execute, prepare
from imgpipe.storage.local import LocalFolder
from tests.folders import WatchedCalls

HERE = [name for name in ENGINES if name != "dask"]
"""Engines that write from this process, where tests stand in for the disk, and whose last look is taken here."""

SMALL = Recipe(["resize:width=12"], format="png")


def options(engine="serial", **more):
    return Options(engine=engine, workforce=Workforce(cores=1), **more)


def run(source, target, recipe=SMALL, engine="serial", **more):
    return process(source, target, recipe, options=options(engine, **more))


def run_with(calls, source, target, recipe=SMALL, engine="serial", **more):
    """As `run`, with these system calls on the side of the output."""
    chosen = options(engine, **more)
    plan = prepare(str(source), str(target), recipe, chosen)
    plan = plan._replace(target=LocalFolder(str(target), chosen.durability, calls))
    return Report(tuple(execute(plan, recipe, chosen)))


def ends(report):
    return {item.source.name: item.status.value for item in report.items}


def killed_at(call, source, target, recipe=SMALL, **more):
    """Run in a child that is killed before its changing call of that number; whether it came to its end."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        child = os.fork()
    if child == 0:
        try:

            def before(number):
                if number == call:
                    os.kill(os.getpid(), signal.SIGKILL)

            run_with(WatchedCalls(before), source, target, recipe, **more)
        finally:
            os._exit(0)
    return not os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
