"""How fast a cluster would be, what would hold it back, and what a million pictures would cost.

Run it to make the table of docs/cluster.md anew; change the assumptions to your own figures first:

    python docs/examples/cluster_model.py
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Assumptions:
    """Figures of one's own pictures, machines and prices; docs/cluster.md says where these come from.

    Attributes:
        cores: of a node, each with a worker of one thread.
        core_seconds: that a picture takes on one core.
        efficiency: share of a core's time that a worker works on pictures.
        megabytes_in: of a picture as it is read.
        megabytes_out: of all its outputs.
        outputs: that a picture becomes.
        gigabits: a second, of a node's network.
        prefixes: of the object store over which the names are spread.
        gets: that one prefix takes a second.
        puts: likewise.
        tasks: that the scheduler hands out a second.
        pictures_a_task: at most.
        cores_a_second: a task is of a second, and of one more for each so many cores, 30 s at most.
        client: pictures that the client can plan, note in the journal and account for, a second.
        dollars_a_core_hour: of a node.
        dollars_a_get: of one request.
        dollars_a_put: likewise.
    """

    cores: int = 8
    core_seconds: float = 0.023
    efficiency: float = 0.9
    megabytes_in: float = 1.0
    megabytes_out: float = 0.07
    outputs: int = 1
    gigabits: float = 5.0
    prefixes: int = 1
    gets: float = 5500
    puts: float = 3500
    tasks: float = 200
    pictures_a_task: int = 256
    cores_a_second: float = 100
    client: float = 5000
    dollars_a_core_hour: float = 0.0446
    dollars_a_get: float = 0.0004 / 1000
    dollars_a_put: float = 0.005 / 1000


@dataclass(frozen=True)
class Estimate:
    """Of a cluster of so many nodes: pictures a second, what holds it back, and of a million hours and dollars."""

    nodes: int
    rate: float
    limit: str
    hours: float
    dollars: float


def estimate(nodes: int, given: Assumptions = Assumptions()) -> Estimate:
    """The slowest of all parts decides.

    >>> estimate(1).limit
    'cores'
    >>> round(estimate(1).rate)
    313
    """
    limits = parts(nodes, given)
    limit = min(limits, key=lambda name: limits[name])
    rate = limits[limit]
    hours = 1e6 / rate / 3600
    requests = 1e6 * (given.dollars_a_get + given.outputs * given.dollars_a_put)
    return Estimate(nodes, rate, limit, hours, hours * nodes * given.cores * given.dollars_a_core_hour + requests)


def parts(nodes: int, given: Assumptions) -> dict[str, float]:
    """Pictures a second that each part could do if the others took no time."""
    seconds_a_task = max(1.0, min(nodes * given.cores / given.cores_a_second, 30.0))
    a_task = min(given.pictures_a_task, max(1.0, seconds_a_task / given.core_seconds))
    megabytes = given.megabytes_in + given.megabytes_out
    return {
        "cores": nodes * given.cores * given.efficiency / given.core_seconds,
        "network of the nodes": nodes * given.gigabits * 125 / megabytes,
        "GET requests": given.prefixes * given.gets,
        "PUT requests": given.prefixes * given.puts / given.outputs,
        "scheduler": given.tasks * a_task,
        "client and journal": given.client,
    }


def table(given: Assumptions) -> list[str]:
    """Lines of Markdown."""
    lines = ["| nodes | cores | pictures/s | held back by | a million takes | and costs |", "|--:|--:|--:|---|--:|--:|"]
    for nodes in (1, 10, 100, 1000):
        found = estimate(nodes, given)
        took = f"{found.hours * 60:.0f} min"
        cores = nodes * given.cores
        lines.append(f"| {nodes} | {cores} | {found.rate:,.0f} | {found.limit} | {took} | ${found.dollars:,.2f} |")
    return lines


if __name__ == "__main__":
    print("One prefix:\n")
    print(*table(Assumptions()), sep="\n")
    print("\nNames spread over 16 prefixes:\n")
    print(*table(Assumptions(prefixes=16)), sep="\n")
