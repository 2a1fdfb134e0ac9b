"""The local engine: a pool of worker processes on this machine."""

from __future__ import annotations

from cnnviz import storage
from cnnviz.compute import registry, sizing
from cnnviz.compute.answers import AnswerCache
from cnnviz.compute.pool_engine import PoolEngine
from cnnviz.compute.process import WorkerProcess

LONG_NICE = 10
BEYOND_BYTES = 10**9  # of data in one go, before a look at the worker's memory ends it


class LocalEngine(PoolEngine):
    """As many workers as this machine carries.

    Args:
        questions: the module with the registry (see ``compute.registry``).
        cache: where answers are looked up and kept; None for none.
        workers: how many; None for what the machine carries.
        memory_limit: bytes that a worker may take up; None for ``sizing.worker_memory``.
    """

    def __init__(
        self,
        questions: str = registry.MODULE,
        cache: AnswerCache | None = None,
        workers: int | None = None,
        memory_limit: int | None = None,
    ) -> None:
        count = workers or sizing.worker_count()
        limit = memory_limit or sizing.worker_memory(count)
        reserve = workers is None and sizing.has_reserve()

        def start(index: int, first: bool) -> WorkerProcess:
            folder = storage.home() / "logs"
            folder.mkdir(exist_ok=True)
            return WorkerProcess(
                questions,
                nice=0 if first else LONG_NICE,
                warm_up=index == 0,
                log=folder / f"compute-{index}.log",
                # The system's limit is the last resort: the engine has a sentence for people.
                memory=limit + BEYOND_BYTES,
            )

        super().__init__(start, questions, cache, count, limit, reserve)
