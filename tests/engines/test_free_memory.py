"""What is free is the least of what the machine and the cgroups of this process have left."""

import pytest

from imgpipe.engines.free_memory import half_of_free_memory

GB = 1 << 30


@pytest.fixture
def kernel(told):
    return lambda files: told({"proc/meminfo": f"MemTotal: 99\nMemAvailable: {16 * GB >> 10} kB\n", **files})


def test_is_half_of_what_the_machine_has_available(kernel):
    assert half_of_free_memory(kernel({})) == 8 * GB


@pytest.mark.parametrize(
    ("limit", "usage"),
    [("memory.max", "memory.current"), ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes")],
)
def test_is_half_of_what_a_container_has_left(kernel, limit, usage):
    root = kernel({f"sys/fs/cgroup/{limit}": f"{3 * GB}\n", f"sys/fs/cgroup/{usage}": f"{GB}\n"})
    assert half_of_free_memory(root) == GB


def test_counts_a_cgroup_further_down(kernel):
    inner = "sys/fs/cgroup/user.slice/session.scope"
    root = kernel(
        {
            "proc/self/cgroup": "0::/user.slice/session.scope\n",
            f"{inner}/memory.max": f"{5 * GB}\n",
            f"{inner}/memory.current": f"{GB}\n",
            "sys/fs/cgroup/user.slice/memory.max": "max\n",
            "sys/fs/cgroup/user.slice/memory.current": "1\n",
        }
    )
    assert half_of_free_memory(root) == 2 * GB


@pytest.mark.parametrize("limited", ["batch.slice", "batch.slice/job:7", "batch.slice/job:7/step.scope"])
def test_counts_each_cgroup_on_the_way_whatever_it_is_called(kernel, limited):
    """Some container runtimes put a colon into the name."""
    root = kernel(
        {
            "proc/self/cgroup": "0::/batch.slice/job:7/step.scope\n",
            f"sys/fs/cgroup/{limited}/memory.max": f"{5 * GB}\n",
            f"sys/fs/cgroup/{limited}/memory.current": f"{GB}\n",
        }
    )
    assert half_of_free_memory(root) == 2 * GB


def test_counts_a_cgroup_of_version_1_further_down(kernel):
    root = kernel(
        {
            "proc/self/cgroup": "5:memory:/batch/job\n4:cpu,cpuacct:/other\n1:name=systemd:/else\n",
            "sys/fs/cgroup/memory/batch/job/memory.limit_in_bytes": f"{5 * GB}\n",
            "sys/fs/cgroup/memory/batch/job/memory.usage_in_bytes": f"{GB}\n",
            "sys/fs/cgroup/memory/other/memory.limit_in_bytes": f"{2 * GB}\n",
            "sys/fs/cgroup/memory/other/memory.usage_in_bytes": f"{GB}\n",
        }
    )
    assert half_of_free_memory(root) == 2 * GB


def test_without_a_limit_the_cgroup_does_not_count(kernel):
    root = kernel({"sys/fs/cgroup/memory.max": "max\n", "sys/fs/cgroup/memory.current": f"{GB}\n"})
    assert half_of_free_memory(root) == 8 * GB


def test_is_never_nothing(kernel):
    root = kernel({"sys/fs/cgroup/memory.max": "1000\n", "sys/fs/cgroup/memory.current": "5000\n"})
    assert half_of_free_memory(root) == 256 << 20


def test_where_nothing_is_told_it_is_a_modest_figure(tmp_path):
    assert half_of_free_memory(str(tmp_path)) == 2 * GB


def test_of_this_machine_is_some():
    assert half_of_free_memory() >= 256 << 20
