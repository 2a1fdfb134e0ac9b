"""A compute worker on a node of a Ray cluster: the process as ever, and an actor that relays.

The actor starts ``cnnviz.compute.worker`` beside itself and passes messages on as they are; it
never looks into them and never imports TensorFlow. Ray decides on which node it is, and with which
graphics card.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cnnviz import cluster, storage
from cnnviz.compute import codec
from cnnviz.compute.deaths import KILLED
from cnnviz.compute.process import WorkerProcess
from cnnviz.errors import NotPossible

START_S = 60.0  # until the cluster has found a node with room
_LISTEN_S = 5.0  # an answer at least that often, so that it is known who is alive
_LOOK_S = 0.25  # at the memory that the worker takes up
_NEWS = 0.05  # a change of its memory that is worth telling


class Host:
    """The actor. Its methods run in threads: one listens, others send."""

    def __init__(self) -> None:
        self._process: WorkerProcess | None = None
        self._messages: deque[bytes] = deque()
        self._news = threading.Condition()
        self._ended = False
        self._told = 0

    def start(self, questions: str, nice: int, warm_up: bool, log: str, memory: int) -> int:
        """Start the worker; its process id."""
        import ray

        # With none lent, Ray leaves the variable as it is: the worker would see every card.
        lent = ray.get_runtime_context().get_accelerator_ids().get("GPU", [])
        os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(lent)
        os.environ.pop("OMP_NUM_THREADS", None)  # Ray's idea of what a task may use
        os.environ.pop(cluster.VARIABLE, None)
        Path(log).parent.mkdir(exist_ok=True)
        self._process = WorkerProcess(questions, nice, warm_up, Path(log), memory)
        threading.Thread(target=self._listen, daemon=True).start()
        return self._process.pid

    def send(self, message: bytes) -> None:
        """Pass a message on to the worker."""
        self._process.send_bytes(message)

    def receive(self) -> tuple[list[bytes], int, bool]:
        """What the worker has said since, its memory in bytes, and whether it has ended.

        Waits until there is something to tell, but not for long.
        """
        with self._news:
            for _look in range(round(_LISTEN_S / _LOOK_S)):
                memory = self._process.memory()
                changed = abs(memory - self._told) > _NEWS * self._told
                if self._messages or self._ended or changed:
                    break
                self._news.wait(_LOOK_S)
            said = list(self._messages)
            self._messages.clear()
            self._told = memory
            return said, memory, self._ended

    def end(self) -> int:
        """End the worker at once; its exit status."""
        return self._process.reap()

    def _listen(self) -> None:
        for message in self._process.raw_messages():
            with self._news:
                self._messages.append(message)
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()


class RayWorker:
    """One worker somewhere on the cluster, seen from the process that asks (a ``pool.Process``).

    Args:
        questions: the module with the registry.
        nice: how much the worker stands back behind others on its node, 0 to 19.
        warm_up: whether it asks itself likely questions while it has nothing else to do.
        name: of its log, on the shared storage.
        memory: bytes of data that the system lets it have at most.
        cpus: that Ray reserves for it.
        gpus: likewise, in parts of graphics cards.

    Raises:
        OSError: no node has room for it, or it cannot be started there.
    """

    def __init__(
        self,
        questions: str,
        nice: int,
        warm_up: bool,
        name: str,
        memory: int,
        cpus: float,
        gpus: float,
    ) -> None:
        self._ray = cluster.connect()
        actor = self._ray.remote(
            num_cpus=cpus,
            num_gpus=gpus,
            max_restarts=0,
            concurrency_groups={"sending": 1, "listening": 1},  # in order, and none waits
            scheduling_strategy="SPREAD",  # a node that dies takes no more than it must
        )
        self._host: Any = actor(Host).remote()
        log = str(storage.home().resolve() / "logs" / name)
        self._memory, self._gone = 0, False
        try:
            started = self._host.start.remote(questions, nice, warm_up, log, memory)
            self.pid = cluster.answer(started, START_S)
        except (NotPossible, self._ray.exceptions.RayError) as error:
            self._ray.kill(self._host)
            raise OSError(f"no worker on the cluster: {error}") from error

    def send(self, message: dict) -> bool:
        """Send a message; whether it arrives is told by :meth:`messages`, which ends where not."""
        self._host.send.options(concurrency_group="sending").remote(codec.encode(message))
        return True

    def messages(self) -> Iterator[dict]:
        """What the worker sends, until it, its actor or its node ends."""
        receive = self._host.receive.options(concurrency_group="listening")
        ended = False
        while not ended:
            try:
                said, self._memory, ended = self._ray.get(receive.remote())
                yield from map(codec.decode, said)
            except ValueError:  # damaged: nothing after it can be trusted
                return
            except self._ray.exceptions.RayError:
                self._gone = True
                return

    def memory(self) -> int:
        """Bytes that it takes up, as of a moment ago."""
        return self._memory

    def kill(self) -> None:
        """End it at once, whatever it does."""
        self._host.end.remote()

    def reap(self) -> int:
        """After the last message: make sure that it is gone; its exit status.

        A node or actor that is gone counts as killed from outside.
        """
        try:
            return KILLED if self._gone else cluster.answer(self._host.end.remote())
        except (NotPossible, self._ray.exceptions.RayError):
            return KILLED
        finally:
            self._ray.kill(self._host)
