"""The model of docs/cluster.md: what it computes, and that the page shows that."""

import importlib.util
import subprocess
import sys
from dataclasses import replace

import pytest

from tests.docs.blocks import ROOT

SCRIPT = ROOT / "docs/examples/cluster_model.py"


@pytest.fixture(scope="module")
def model():
    spec = importlib.util.spec_from_file_location("cluster_model", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def test_the_page_shows_what_the_script_prints():
    done = subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() in (ROOT / "docs/cluster.md").read_text()


def test_until_something_else_holds_back_ten_nodes_are_ten_times_one_at_the_same_price(model):
    one, ten = model.estimate(1), model.estimate(10)
    assert ten.limit == one.limit == "cores"
    assert ten.rate == pytest.approx(10 * one.rate)
    assert ten.dollars == pytest.approx(one.dollars)


@pytest.mark.parametrize(
    ("changed", "limit"),
    [
        ({"gigabits": 0.1}, "network of the nodes"),
        ({"gets": 10}, "GET requests"),
        ({"puts": 10}, "PUT requests"),
        ({"outputs": 1000}, "PUT requests"),
        ({"tasks": 0.1}, "scheduler"),
        ({"client": 10}, "client and journal"),
    ],
)
def test_the_slowest_part_decides(model, changed, limit):
    given = replace(model.Assumptions(), **changed)
    found = model.estimate(10, given)
    assert found.limit == limit
    assert found.rate == min(model.parts(10, given).values())


def test_the_example_of_half_a_second_a_picture(model):
    found = model.estimate(100, model.Assumptions(core_seconds=0.5))
    assert (found.limit, found.rate) == ("cores", pytest.approx(1440))
