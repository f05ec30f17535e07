"""How much may be under way."""

import os

import pytest

from imgpipe.engines import Workforce
from imgpipe.engines.workforce import usable_cores

MB = 1 << 20


@pytest.mark.parametrize(
    ("workforce", "most"),
    [
        (Workforce(memory=8 << 30), 6 * MB),
        (Workforce(memory=8 << 30, io_threads=8), 24 * MB),
        (Workforce(memory=8 << 30, readers=16), 48 * MB),
        (Workforce(memory=8 << 30, writers=16), 48 * MB),
        (Workforce(memory=160 * MB, readers=16), 10 * MB),
    ],
    ids=["disk", "threads", "remote input", "remote output", "little memory"],
)
def test_no_more_is_read_ahead_than_the_threads_need_and_the_memory_allows(workforce, most):
    assert workforce.bytes_ahead == most


@pytest.fixture
def eight_cores(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)


V1 = "cpu.cfs_quota_us", "cpu.cfs_period_us"


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({}, 8),
        ({"sys/fs/cgroup/cpu.max": "max 100000\n"}, 8),
        ({"sys/fs/cgroup/cpu.max": "250000 100000\n"}, 3),
        ({"sys/fs/cgroup/cpu.max": "10000 100000\n"}, 1),
        ({"sys/fs/cgroup/cpu.max": "0 0\n"}, 8),
        ({"sys/fs/cgroup/cpu.max": "nonsense"}, 8),
        (
            {
                "proc/self/cgroup": "0::/system.slice/imgpipe.service\n",
                "sys/fs/cgroup/system.slice/cpu.max": "600000 100000\n",
                "sys/fs/cgroup/system.slice/imgpipe.service/cpu.max": "200000 100000\n",
            },
            2,
        ),
        ({f"sys/fs/cgroup/cpu/{V1[0]}": "-1\n", f"sys/fs/cgroup/cpu/{V1[1]}": "100000\n"}, 8),
        ({f"sys/fs/cgroup/cpu/{V1[0]}": "400000\n", f"sys/fs/cgroup/cpu/{V1[1]}": "100000\n"}, 4),
        (
            {
                "proc/self/cgroup": "4:cpu,cpuacct:/job\n3:cpuset:/wrong\n",
                f"sys/fs/cgroup/cpu/job/{V1[0]}": "500000\n",
                f"sys/fs/cgroup/cpu/job/{V1[1]}": "100000\n",
                f"sys/fs/cgroup/cpu/wrong/{V1[0]}": "100000\n",
                f"sys/fs/cgroup/cpu/wrong/{V1[1]}": "100000\n",
            },
            5,
        ),
    ],
)
def test_the_quotas_of_cgroups_are_counted(files, cores, told, eight_cores):
    assert usable_cores(told(files)) == cores


def test_a_machine_has_a_core():
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)
