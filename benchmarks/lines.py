"""HTTP as browsers speak it: one connection, kept from question to question."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

PATIENCE_S = 60.0


@dataclass(frozen=True)
class Answer:
    """``received`` counts the bytes that came, head and body as they were sent."""

    status: int
    headers: Mapping[str, str]
    cookies: Mapping[str, str]
    body: bytes
    received: int


class Line:
    """A connection to ``address``; made anew where the server has closed it meanwhile."""

    def __init__(self, address: str) -> None:
        self._host, self._port = urlsplit(address).hostname, urlsplit(address).port
        self._ends: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._one_at_a_time = asyncio.Lock()

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Raises OSError and EOFError where nobody answers."""
        return await self.ask("GET", path, headers)

    async def ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        """Send a request and wait for the whole answer; raises OSError and EOFError."""
        sent = {"Host": f"{self._host}:{self._port}", "Accept-Encoding": "gzip", **(headers or {})}
        if body:
            sent["Content-Length"] = str(len(body))
        head = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
        request = f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body
        async with self._one_at_a_time:
            kept = self._ends is not None
            try:
                return await asyncio.wait_for(self._exchange(request), PATIENCE_S)
            except (OSError, EOFError) as error:
                self.close()
                if not kept or isinstance(error, TimeoutError):
                    raise
                return await asyncio.wait_for(self._exchange(request), PATIENCE_S)
            except BaseException:
                self.close()
                raise

    def close(self) -> None:
        if self._ends is not None:
            self._ends[1].close()
            self._ends = None

    async def _exchange(self, request: bytes) -> Answer:
        if self._ends is None:
            self._ends = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._ends
        writer.write(request)
        raw = await reader.readuntil(b"\r\n\r\n")
        first, *lines = raw.decode("latin-1").splitlines()
        pairs = [line.partition(": ")[::2] for line in lines if line]
        headers = {name.lower(): value for name, value in pairs}
        body, received = await _body(reader, headers)
        if headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        cookies = dict(
            value.partition(";")[0].split("=", 1)
            for name, value in pairs
            if name.lower() == "set-cookie"
        )
        return Answer(int(first.split()[1]), headers, cookies, body, len(raw) + received)


async def _body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> tuple[bytes, int]:
    """The body as it was sent, and the bytes that it took."""
    if headers.get("transfer-encoding") != "chunked":
        size = int(headers.get("content-length", 0))
        return await reader.readexactly(size), size
    parts, received = [], 0
    while True:
        line = await reader.readuntil(b"\r\n")
        size = int(line.partition(b";")[0], 16)
        part = await reader.readexactly(size + 2)
        received += len(line) + len(part)
        if not size:
            return b"".join(parts), received
        parts.append(part[:-2])
