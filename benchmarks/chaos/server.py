"""A web server that is started anew whenever it dies, as systemd or Docker would do it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from tests.browser.conftest import ROOT, free_port

AGAIN_AFTER_S = 1.0


class Server:
    """``python -m cnnviz serve`` with a home of its own.

    ``starts`` counts the times it was started, ``gaps`` are seconds from each death to the first
    answer.
    """

    def __init__(self, home: Path) -> None:
        self.home, self._port = home, free_port()
        self.address = f"http://127.0.0.1:{self._port}"
        self.starts = 0
        self.gaps: list[float] = []
        self._process: subprocess.Popen | None = None
        self._minding: asyncio.Task | None = None

    @property
    def pid(self) -> int:
        return self._process.pid

    async def __aenter__(self) -> Server:
        self._start()
        await self.answers()
        self._minding = asyncio.create_task(self._mind())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._minding.cancel()
        self._process.send_signal(signal.SIGTERM)
        try:
            await asyncio.to_thread(self._process.wait, 15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pid, kind in processes_of(self.home, self.pid):
            if kind != "web":  # trainings outlive their server
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    async def answers(self, patience: float = 60.0) -> None:
        """Wait until it is there; raises TimeoutError."""
        until = time.monotonic() + patience
        while not await asyncio.to_thread(self._is_there):
            if time.monotonic() > until:
                raise TimeoutError((self.home / "server.log").read_text()[-2000:])
            await asyncio.sleep(0.1)

    def _is_there(self) -> bool:
        try:
            urllib.request.urlopen(f"{self.address}/_stcore/health", timeout=2).read()
        except OSError:
            return False
        return True

    def _start(self) -> None:
        command = [sys.executable, "-m", "cnnviz", "serve", "--port", str(self._port)]
        with (self.home / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--address", "127.0.0.1"],
                cwd=ROOT,
                env={**os.environ, "CNNVIZ_HOME": str(self.home)},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.starts += 1

    async def _mind(self) -> None:
        died: float | None = None
        while True:
            await asyncio.sleep(0.1)
            if self._process.poll() is not None:
                died = died or time.monotonic()
                await asyncio.sleep(AGAIN_AFTER_S)
                self._start()
            elif died is not None and await asyncio.to_thread(self._is_there):
                self.gaps.append(time.monotonic() - died)
                died = None


def processes_of(home: Path, server: int) -> list[tuple[int, str]]:
    """(process id, kind) of everything at work under a home: ``web``, ``compute``, ``training``,
    ``vetting``."""
    found = [(server, "web")]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
            if b"cnnviz.models.sandbox" in command:
                if str(home).encode() in command:
                    found.append((int(process.name), "vetting"))
                continue
            if b"cnnviz.compute.worker" not in command and b"training.worker" not in command:
                continue
            ours = f"CNNVIZ_HOME={home.resolve()}\0".encode() in (process / "environ").read_bytes()
        except OSError:  # it has ended meanwhile
            continue
        if ours:
            kind = "compute" if b"cnnviz.compute.worker" in command else "training"
            found.append((int(process.name), kind))
    return found
