"""People without browsers: sessions that speak Streamlit's own protocol over real WebSockets.

A browser a person would need more machine than the server that is measured. A session does what the
browser's side does with the server: it fetches the page (and with it its owner cookie), asks for
runs of the script, clicks buttons; while it watches a training it asks how that is, over one HTTP
connection that it keeps, and has the script run again where an answer says more than the page shows
(``cnnviz/ui/components/live.js``). It draws nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import random
import time
import urllib.request
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from streamlit.components.v2.bidi_component.main import _make_trigger_id
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

PATIENCE_S = 60.0
WATCHING = "cnnviz_live"  # the component that asks again and again
_AGAIN_S, _LOST_S = 1.0, 6.0  # as in live.js


class Line:
    """One HTTP connection, kept from question to question as browsers do."""

    def __init__(self, address: str) -> None:
        self._host, self._port = urlsplit(address).hostname, urlsplit(address).port
        self._ends: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def get(self, path: str) -> tuple[int, dict[str, str], bytes, int]:
        """(status, headers, body, bytes received); raises OSError and EOFError."""
        try:
            if self._ends is None:
                self._ends = await asyncio.open_connection(self._host, self._port)
            reader, writer = self._ends
            head = f"GET {path} HTTP/1.1\r\nHost: {self._host}\r\nAccept-Encoding: gzip\r\n\r\n"
            writer.write(head.encode())
            raw = await reader.readuntil(b"\r\n\r\n")
            first, *lines = raw.decode("latin-1").splitlines()
            pairs = (line.partition(": ") for line in lines if line)
            headers = {name.lower(): value for name, _colon, value in pairs}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
        except BaseException:
            self.close()
            raise
        received = len(raw) + len(body)
        if headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        return int(first.split()[1]), headers, body, received

    def close(self) -> None:
        if self._ends is not None:
            self._ends[1].close()
            self._ends = None


@dataclass
class Session:
    """One person with one open tab.

    ``reruns`` are seconds from asking for a run of the whole script to its end, ``redraws`` the
    same of those that became necessary while watching, ``polls`` from asking how a training is to
    the whole answer. ``steps`` are what answers said: (seconds since 1970, step). ``received``
    counts bytes of both lines, ``polled`` those of answers. ``errors`` are the sentences and
    tracebacks that the server has shown.
    """

    address: str
    reruns: list[float] = field(default_factory=list)
    redraws: list[float] = field(default_factory=list)
    polls: list[float] = field(default_factory=list)
    steps: list[tuple[float, int]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    received: int = 0
    polled: int = 0
    query: str = ""
    page: str = ""

    async def open(self, page: str, query: str = "") -> None:
        """Come to a page, ``query`` without the question mark, and wait until it is drawn."""
        self.page, self.query = page, query
        url = f"{self.address}/{page}?{query}"
        request = urllib.request.Request(url, headers={"Accept": "text/html"})
        answer = await asyncio.to_thread(urllib.request.urlopen, request, timeout=PATIENCE_S)
        cookies = [c.partition(";")[0] for c in answer.headers.get_all("Set-Cookie") or []]
        self._buttons: dict[str, str] = {}
        self._page_hash = ""
        self._busy = False  # a run of the script has been asked for, and has not ended
        self._finished = asyncio.Event()
        self._given: dict | None = None  # what the page was given to watch with
        self._drawn_at, self._at_least_every = 0.0, float("inf")
        self._fragment = self._component = ""
        self._watching: asyncio.Task | None = None
        self._line: ClientConnection = await connect(
            self.address.replace("http", "ws") + "/_stcore/stream",
            additional_headers={"Cookie": "; ".join(cookies)},
            origin=self.address,
            subprotocols=["streamlit"],
            max_size=None,
        )
        self._listening = asyncio.create_task(self._listen())
        await self.rerun()

    async def rerun(self, pressed: str | None = None) -> float:
        """Run the whole script, as if the button with the key ``pressed`` had been clicked.

        Returns the seconds until its end.
        """
        message = self._message()
        if pressed is not None:
            widget = message.rerun_script.widget_states.widgets.add()
            widget.id, widget.trigger_value = self._buttons[pressed], True
        self.reruns.append(await self._run(message))
        return self.reruns[-1]

    def sees(self, key: str) -> bool:
        """Whether there is a button with this key."""
        return key in self._buttons

    async def close(self) -> None:
        self._stop_watching()
        self._listening.cancel()
        await self._line.close()

    def _message(self) -> BackMsg:
        message = BackMsg()
        state = message.rerun_script
        state.query_string, state.page_script_hash = self.query, self._page_hash
        state.page_name = "" if self._page_hash else self.page
        state.context_info.locale, state.context_info.timezone = "en-US", "UTC"
        state.context_info.url = f"{self.address}/{self.page}"
        return message

    async def _run(self, message: BackMsg) -> float:
        """Seconds until a run of the script has ended; one thing after the other."""
        while self._busy:
            await asyncio.sleep(0.01)
        self._busy = True
        began = time.perf_counter()
        self._finished.clear()
        await self._line.send(message.SerializeToString())
        await asyncio.wait_for(self._finished.wait(), PATIENCE_S)
        return time.perf_counter() - began

    async def _listen(self) -> None:
        async for data in self._line:
            self.received += len(data)
            message = ForwardMsg()
            message.ParseFromString(data)
            self._take(message)

    def _take(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "new_session":
            if not message.metadata.run.fragment_ids:
                self._given = None  # until this run gives it again
        elif kind == "navigation":
            self._page_hash = message.navigation.page_script_hash
        elif kind == "delta":
            self._look_at(message.delta)
        elif kind == "page_info_changed":
            self.query = message.page_info_changed.query_string
        elif kind == "auto_rerun":
            self._at_least_every = message.auto_rerun.interval
        elif kind == "script_finished":
            self._end_of_run(message.script_finished)

    def _end_of_run(self, status: int) -> None:
        if status == ForwardMsg.FINISHED_EARLY_FOR_RERUN:
            return  # the run that follows is the one to wait for
        self._busy = False
        self._finished.set()
        if self._given is None:
            self._stop_watching()
        elif self._watching is None:
            self._watching = asyncio.create_task(self._watch())

    def _look_at(self, delta: object) -> None:
        element = delta.new_element
        kind = element.WhichOneof("type") if delta.HasField("new_element") else None
        if kind == "button":
            # a widget's id ends with the key that the page gave it
            self._buttons[element.button.id.split("-", 2)[-1]] = element.button.id
        elif kind == "bidi_component" and element.bidi_component.component_name == WATCHING:
            self._given = json.loads(element.bidi_component.json)
            self._drawn_at = time.monotonic()
            self._component, self._fragment = element.bidi_component.id, delta.fragment_id
        elif kind == "exception":
            self.errors.append(element.exception.message)
        elif kind == "alert" and element.alert.format == element.alert.ERROR:
            self.errors.append(element.alert.body)

    async def _watch(self) -> None:
        """What ``live.js`` does, on a page that is looked at."""
        line, told, path = Line(self.address), {}, ""
        asked: float | None = None  # when a run was asked for that has not come yet
        try:
            while (given := self._given) is not None:
                told = told if path == given["address"] else {}
                path = given["address"]
                if asked is not None and asked < self._drawn_at:
                    asked = None
                since = time.monotonic() - (asked or self._drawn_at)
                due = since > (_LOST_S if asked else _AGAIN_S)
                need = _outdated(told, given["drawn"]) if due else None
                query = {"lang": given["language"], "after": told.get("tag", "")}
                query |= {"ask": need} if need else {}
                began = time.perf_counter()
                answer = await line.get(
                    f"{path}?{urlencode(query | ({'ask': need} if need else {}))}"
                )
                self.polls.append(time.perf_counter() - began)
                status, headers, body, size = answer
                self.received += size
                self.polled += size
                if status == 200:
                    told = json.loads(body)
                    self.steps.append((time.time(), told["step"]))
                mine = given["drawn"]["buttons"] is not None and _outdated(told, given["drawn"])
                wanted = status == 404 or mine or (need and "x-turn" in headers)
                if (due and wanted) or time.monotonic() - self._drawn_at > self._at_least_every:
                    asked = time.monotonic()
                    await self._redraw()
                await asyncio.sleep(given["every"] * random.uniform(0.9, 1.1))
        finally:
            line.close()
            self._watching = None

    async def _redraw(self) -> None:
        """What a trigger of the component asks for."""
        message = self._message()
        message.rerun_script.fragment_id = self._fragment
        widget = message.rerun_script.widget_states.widgets.add()
        widget.id = _make_trigger_id(self._component, "events")
        widget.json_trigger_value = json.dumps([{"event": "changed", "value": 1}])
        with contextlib.suppress(OSError):
            self.redraws.append(await self._run(message))

    def _stop_watching(self) -> None:
        if self._watching is not None:
            self._watching.cancel()


def _outdated(told: dict, drawn: dict) -> str | None:
    """What of the page has to be drawn again."""
    if not told:
        return None
    if told["page"] != drawn["page"]:
        return "page"
    buttons = drawn["buttons"] is not None and told["buttons"] != drawn["buttons"]
    return "part" if told["part"] != drawn["part"] or buttons else None
