"""Runs of which one stage is slow on purpose."""

import time

import numpy as np
from PIL import Image

import imgpipe
import imgpipe.preload  # else the first picture of a process takes the time of imports
from imgpipe.engines import Workforce
from imgpipe.flow import Meter
from imgpipe.recipe import Recipe
from imgpipe.run import Options, execute, prepare
from imgpipe.storage.local import LocalFolder

SECONDS = 0.1


class SlowToRead(LocalFolder):
    def read(self, name):
        time.sleep(SECONDS)
        return super().read(name)

    def read_into(self, name, room):
        time.sleep(SECONDS)
        return super().read_into(name, room)


class SlowToWrite(LocalFolder):
    def put(self, name, data, like=None, **more):
        time.sleep(SECONDS)
        super().put(name, data, like, **more)


@imgpipe.filter
def burn(pixels: np.ndarray) -> np.ndarray:
    """Take the processor's time: half as much as reading and writing wait, as others want it too."""
    end = time.thread_time() + SECONDS / 2
    while time.thread_time() < end:
        pass
    return pixels


def make_pictures(folder, count):
    folder.mkdir()
    for number in range(count):
        Image.new("RGB", (16, 12), (number % 256, 0, 0)).save(folder / f"{number:03}.png")
    return folder


def flow_of(pictures, target, engine="threads", slow="", consume=list, **workforce):
    """How a run went in which a stage is slow: read, process or write; and its items."""
    recipe = Recipe([burn()] if slow == "process" else ["resize:width=8"])
    options = Options(engine=engine, workforce=Workforce(**{"cores": 1, **workforce}))
    plan = prepare(str(pictures), str(target), recipe, options)
    if slow == "read":
        plan = plan._replace(source=SlowToRead(str(pictures), "rename"))
    if slow == "write":
        plan = plan._replace(target=SlowToWrite(str(target), "rename"))
    meter = Meter()
    items = consume(execute(plan, recipe, options, meter=meter))
    return meter.flow(), items
