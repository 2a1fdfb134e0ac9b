"""A real Ray cluster on this machine: a head that carries nothing heavy, and nodes that train."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

# Nothing is told to anybody; and this machine's memory is the business of others too.
os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_memory_monitor_refresh_ms": "0"}

STORE = 80 * 2**20  # bytes; the least that Ray takes is 75 MB


class Node:
    """One Ray node and the processes under it."""

    def __init__(self, started) -> None:
        self.started = started
        self.raylet = started.all_processes["raylet"][0].process.pid

    @property
    def name(self) -> str:
        return self.started.node_id

    def processes(self) -> list[int]:
        """The raylet, its workers, and what those have started."""
        children: dict[int, list[int]] = {}
        for path in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                fields = path.read_text().rpartition(")")[2].split()
                children.setdefault(int(fields[1]), []).append(int(path.parent.name))
        found = [self.raylet]
        for pid in found:
            found += children.get(pid, [])
        return found

    def of(self, module: str) -> list[int]:
        """Its processes that run a module."""
        return [pid for pid in self.processes() if module in _command(pid)]

    def die(self, sparing: str = "no module") -> None:
        """As when somebody pulls the plug; ``sparing`` leaves processes of a module alive."""
        for pid in [p for p in self.processes() if sparing not in _command(p)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


class Nodes:
    """The cluster: its address and the nodes that may carry work, without the head."""

    def __init__(self, cluster) -> None:
        self._cluster = cluster
        self.address = cluster.address
        self.carrying: list[Node] = []

    def add(self, cpus: int, **more) -> Node:
        """One more node."""
        started = self._cluster.add_node(num_cpus=cpus, object_store_memory=STORE, **more)
        self.carrying.append(Node(started))
        return self.carrying[-1]


@contextlib.contextmanager
def ray_nodes(home: Path, count: int = 2, cpus: int = 2, head: int = 0) -> Iterator[Nodes]:
    """A cluster chosen by the environment of this process, with a home, until the block ends."""
    import ray
    from ray.cluster_utils import Cluster

    before = dict(os.environ)
    made = Cluster(
        initialize_head=True,
        head_node_args={
            "num_cpus": head,
            "include_dashboard": False,
            "object_store_memory": STORE,
        },
    )
    nodes = Nodes(made)
    try:
        for _node in range(count):
            nodes.add(cpus)
        os.environ |= {"CNNVIZ_RAY": made.address, "CNNVIZ_HOME": str(home)}
        yield nodes
    finally:
        ray.shutdown()
        made.shutdown()
        for name in ("CNNVIZ_RAY", "CNNVIZ_HOME"):
            os.environ.pop(name, None)
            if name in before:
                os.environ[name] = before[name]


def wait_until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
    return found


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""
