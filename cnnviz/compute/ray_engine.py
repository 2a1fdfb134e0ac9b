"""The Ray engine: the pool of workers on a cluster, with the same lanes, limits and sharing."""

from __future__ import annotations

from cnnviz import cluster
from cnnviz.compute import registry, sizing
from cnnviz.compute.answers import AnswerCache
from cnnviz.compute.local import BEYOND_BYTES, LONG_NICE
from cnnviz.compute.pool_engine import PoolEngine
from cnnviz.compute.ray_worker import RayWorker

WORKERS = "CNNVIZ_RAY_WORKERS"
CPUS = "CNNVIZ_RAY_CPUS_PER_WORKER"
GPUS = "CNNVIZ_RAY_GPUS_PER_WORKER"


class RayEngine(PoolEngine):
    """As many workers as ``$CNNVIZ_RAY_WORKERS`` says (2), spread over the nodes.

    Each reserves ``$CNNVIZ_RAY_CPUS_PER_WORKER`` (1) and ``$CNNVIZ_RAY_GPUS_PER_WORKER`` (0; a
    fraction lets several share a graphics card). A worker whose node dies is one that ended: what
    it was at is tried once more on another.

    Args:
        questions: the module with the registry (see ``compute.registry``).
        cache: where answers are looked up and kept; None for none.
        workers: how many; None for the setting.
        memory_limit: bytes that a worker may take up; None for a share of the smallest node's.

    Raises:
        BadInput: a setting is no number, or out of range.
        NotPossible: no cluster answers.
    """

    def __init__(
        self,
        questions: str = registry.MODULE,
        cache: AnswerCache | None = None,
        workers: int | None = None,
        memory_limit: int | None = None,
    ) -> None:
        count = workers or int(cluster.number(WORKERS, 2, least=1))
        cpus, gpus = cluster.number(CPUS, 1), cluster.number(GPUS, 0)
        limit = memory_limit or sizing.worker_memory(count, _smallest_node())

        def start(index: int, first: bool) -> RayWorker:
            return RayWorker(
                questions,
                nice=0 if first else LONG_NICE,
                warm_up=index == 0,
                name=f"compute-{index}.log",
                memory=limit + BEYOND_BYTES,
                cpus=cpus,
                gpus=gpus,
            )

        super().__init__(start, questions, cache, count, limit)


def _smallest_node() -> int:
    """Bytes of memory that a worker finds wherever it comes to be."""
    return int(min(node["Resources"].get("memory", 2.0**40) for node in cluster.alive_nodes()))
