"""One worker process, seen from the process that asks."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

from cnnviz import machine, storage
from cnnviz.compute import codec
from cnnviz.compute.sizing import worker_environment


class WorkerProcess:
    """Starts ``python -m cnnviz.compute.worker`` and speaks with it over a socket of their own.

    Never ``multiprocessing``: its spawn would run ``app.py`` again in each worker. The worker ends
    when the socket closes, thus also when this process is killed.

    Args:
        questions: the module with the registry.
        nice: how much the worker stands back behind other processes, 0 to 19.
        warm_up: whether it asks itself likely questions while it has nothing else to do.
        log: the file that gets all it prints; the worker keeps it short.
        memory: bytes of data that the system lets it have at most; None for no limit.

    Raises:
        OSError: it cannot be started.
    """

    def __init__(
        self, questions: str, nice: int, warm_up: bool, log: Path, memory: int | None = None
    ) -> None:
        ours, theirs = socket.socketpair()
        path = os.pathsep.join(filter(None, [str(storage.ROOT), os.environ.get("PYTHONPATH")]))
        environment = {
            **os.environ,
            **worker_environment(),
            "PYTHONPATH": path,
            "CNNVIZ_HOME": str(storage.home().resolve()),
        }
        channel = theirs.fileno()
        command = [sys.executable, "-m", "cnnviz.compute.worker"]
        command += ["--channel", str(channel), "--questions", questions, "--nice", str(nice)]
        command += ["--warm-up"] if warm_up else []
        command += ["--memory", str(memory)] if memory else []
        try:
            with log.open("ab") as output:
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    pass_fds=[channel],
                    env=environment,
                    cwd=storage.ROOT,
                    process_group=0,  # Ctrl-C ends the server, which ends its workers in order
                )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        self._connection = Connection(ours.detach())
        self._sending = threading.Lock()

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, message: dict) -> bool:
        """Send a message; False when the worker is gone."""
        return self.send_bytes(codec.encode(message))

    def send_bytes(self, data: bytes) -> bool:
        """The same with an encoded message."""
        try:
            with self._sending:
                self._connection.send_bytes(data)
        except (OSError, ValueError):
            return False
        return True

    def messages(self) -> Iterator[dict]:
        """What the worker sends, until it ends."""
        with contextlib.suppress(ValueError):  # damaged: nothing after it can be trusted
            yield from map(codec.decode, self.raw_messages())

    def raw_messages(self) -> Iterator[bytes]:
        """The same, still encoded."""
        while True:
            try:
                yield self._connection.recv_bytes()
            except (EOFError, OSError):
                return

    def memory(self) -> int:
        """Bytes that it takes up; 0 where that is not known."""
        return machine.resident_bytes(self.pid)

    def kill(self) -> None:
        """End it at once, whatever it does."""
        self._process.kill()

    def reap(self) -> int:
        """After the last message: make sure that it is gone; its exit status."""
        self._process.kill()
        status = self._process.wait()
        with self._sending:
            self._connection.close()
        return status
