"""A compute worker: ``python -m cnnviz.compute.worker``, started and spoken to by the local engine.

It answers one question at a time on its main thread, and between two steps of a long one a quick
one that has come meanwhile; another thread listens for cancellation and ends the process when the
channel closes. Standard output belongs to libraries, never to messages.

Messages to a worker:   {"ask": number, "name", "parameters", "request"} · {"cancel": number}
Messages from a worker: {"ready": pid} · {"warm": name, "model"} · {"started": number} ·
{"report": number, "fraction", "text", "frame"} · {"done": number, "answer": bytes, "memory"} ·
{"done": number, "error": [code, template, values], "memory"}
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import importlib
import logging
import os
import queue
import resource
import shutil
import signal
import sys
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path

from cnnviz import logs
from cnnviz.compute import codec, registry
from cnnviz.compute.context import Context, Models
from cnnviz.compute.running import compute
from cnnviz.errors import CnnvizError
from cnnviz.machine import gpus, resident_bytes

LOG_BYTES = 2**20
_LOG_CHECK_SECONDS = 20.0
_GUESTS_SECONDS = 1.0  # between two steps of a long question
_NEXT_GUEST_SECONDS = 0.02
_QUIET_SECONDS = 1.0  # without a question, before the worker asks itself one

_log = logging.getLogger("cnnviz.compute")


class Worker:
    """The loop: wait for a question, answer it, and so on until the channel closes."""

    def __init__(self, connection: Connection, questions: str, warm_up: bool) -> None:
        self._connection, self._warm_up = connection, warm_up
        self._registry = registry.read_registry(questions)
        self._asked: queue.SimpleQueue[dict] = queue.SimpleQueue()
        self._cancelled: set[int] = set()
        self._models = Models()
        self._sending = threading.Lock()

    def run(self) -> None:
        threading.Thread(target=self._listen, daemon=True, name="listen").start()
        for module in self._registry.preload:
            importlib.import_module(module)
        self._send({"ready": os.getpid()})
        warm_up = list(self._registry.warm_up) if self._warm_up else []
        while True:
            try:
                message = self._asked.get(timeout=_QUIET_SECONDS if warm_up else None)
            except queue.Empty:
                self._ask_itself(*warm_up.pop(0))
            else:
                self._answer(message)

    def _ask_itself(self, name: str, parameters: dict) -> None:
        with contextlib.suppress(CnnvizError):
            kind = self._registry.questions[name]
            compute(kind, Context(self._models), kind.complete(parameters))
            self._send({"warm": name, "model": str(parameters.get("model") or "")})

    def _answer(self, message: dict, guest: bool = False) -> None:
        number = message["ask"]
        self._send({"started": number})
        kind = self._registry.questions[message["name"]]
        context = Context(
            self._models,
            send=lambda fraction, text, frame: self._send(
                {"report": number, "fraction": fraction, "text": text, "frame": frame}
            ),
            is_cancelled=lambda: number in self._cancelled,
            let_others=(lambda: None) if guest or not kind.yields else self._let_a_guest_in,
        )
        try:
            with logs.numbered(message["request"]):
                outcome = {"answer": compute(kind, context, message["parameters"])}
        except CnnvizError as error:
            outcome = {"error": [error.code, error.template, error.values]}
        self._cancelled.discard(number)
        self._send({"done": number, **outcome, "memory": resident_bytes()})

    def _let_a_guest_in(self) -> None:
        """Answer what was asked while a long question is being worked on: only quick ones are.

        Where many wait, the next one comes at once; after a while the long one goes on.
        """
        until = time.monotonic() + _GUESTS_SECONDS
        with contextlib.suppress(queue.Empty):
            message = self._asked.get_nowait()
            while True:
                self._answer(message, guest=True)
                if time.monotonic() > until:
                    return
                message = self._asked.get(timeout=_NEXT_GUEST_SECONDS)

    def _send(self, message: dict) -> None:
        data = codec.encode(message)
        try:
            with self._sending:
                self._connection.send_bytes(data)
        except OSError:
            os._exit(0)  # nobody is there any more

    def _listen(self) -> None:
        try:
            while True:
                if not self._connection.poll(_LOG_CHECK_SECONDS):
                    keep_log_short()
                    continue
                message = codec.decode(self._connection.recv_bytes())
                if "ask" in message:
                    self._asked.put(message)
                elif "cancel" in message:
                    self._cancelled.add(message["cancel"])
                keep_log_short()
        except (EOFError, OSError):
            os._exit(0)
        except BaseException:
            _log.exception("The channel broke")
            os._exit(1)


def keep_log_short(descriptor: int = 2, limit: int = LOG_BYTES) -> None:
    """Empty the file behind standard error when it has grown beyond the limit (bytes).

    What it held is kept beside it, under its name with ``.1``. It is opened for appending, so a
    worker and those that come after it go on at its new end.
    """
    with contextlib.suppress(OSError):
        if os.fstat(descriptor).st_size > limit:
            path = Path(f"/proc/self/fd/{descriptor}")
            if path.is_file():
                shutil.copyfile(path, f"{path.readlink()}.1")
            os.ftruncate(descriptor, 0)


def _settle(nice: int, memory: int | None) -> None:
    """Leave interrupts to the server, stand back behind it, and be the first to go when memory is
    short: a lost worker is replaced, a lost server is not."""
    if memory is not None and not gpus():  # a graphics card's driver maps far more than it uses
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    faulthandler.enable()
    logs.set_up()
    with contextlib.suppress(OSError):
        os.nice(nice)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--channel", type=int, required=True)
    parser.add_argument("--questions", default=registry.MODULE)
    parser.add_argument("--nice", type=int, default=0)
    parser.add_argument("--warm-up", action="store_true")
    parser.add_argument("--memory", type=int)
    options = parser.parse_args(arguments)
    _settle(options.nice, options.memory)
    os.set_inheritable(options.channel, False)
    Worker(Connection(options.channel), options.questions, options.warm_up).run()


if __name__ == "__main__":
    main(sys.argv[1:])
