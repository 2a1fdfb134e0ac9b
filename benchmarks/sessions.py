"""People without browsers: sessions that speak Streamlit's own protocol over real WebSockets.

A browser a person would need more machine than the server that is measured. A session does what the
browser's side does with the server: it fetches the page (and with it its owner cookie), asks for
runs of the script, runs fragments again at the pace that the server names, clicks buttons. It draws
nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import urllib.request
from dataclasses import dataclass, field

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

PATIENCE_S = 60.0


@dataclass
class Session:
    """One person with one open tab.

    ``reruns`` and ``polls`` are seconds from asking for a run of the script, or of a fragment at
    its pace, to the end of that run; ``received`` counts bytes; ``errors`` are the sentences and
    tracebacks that the server has shown; ``figures`` are the page's figures (``st.metric``) with
    the moment at which each came: (seconds since 1970, label, text).
    """

    address: str
    reruns: list[float] = field(default_factory=list)
    polls: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    figures: list[tuple[float, str, str]] = field(default_factory=list)
    received: int = 0
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
        self._asked: float | None = None
        self._asked_poll = False
        self._finished = asyncio.Event()
        self._pace: dict[str, asyncio.Task] = {}
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
        while self._asked is not None:  # a fragment runs: one thing after the other
            await asyncio.sleep(0.01)
        message = self._message()
        if pressed is not None:
            widget = message.rerun_script.widget_states.widgets.add()
            widget.id, widget.trigger_value = self._buttons[pressed], True
        began = time.perf_counter()
        self._finished.clear()
        await self._ask(message, poll=False)
        await asyncio.wait_for(self._finished.wait(), PATIENCE_S)
        self.reruns.append(time.perf_counter() - began)
        return self.reruns[-1]

    def sees(self, key: str) -> bool:
        """Whether there is a button with this key."""
        return key in self._buttons

    async def close(self) -> None:
        for task in [*self._pace.values(), self._listening]:
            task.cancel()
        await self._line.close()

    def _message(self) -> BackMsg:
        message = BackMsg()
        state = message.rerun_script
        state.query_string, state.page_script_hash = self.query, self._page_hash
        state.page_name = "" if self._page_hash else self.page
        state.context_info.locale, state.context_info.timezone = "en-US", "UTC"
        state.context_info.url = f"{self.address}/{self.page}"
        return message

    async def _ask(self, message: BackMsg, poll: bool) -> None:
        self._asked, self._asked_poll = time.perf_counter(), poll
        await self._line.send(message.SerializeToString())

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
                self._forget_paces()
        elif kind == "navigation":
            self._page_hash = message.navigation.page_script_hash
        elif kind == "delta":
            self._look_at(message.delta)
        elif kind == "page_info_changed":
            self.query = message.page_info_changed.query_string
        elif kind == "auto_rerun":
            again = message.auto_rerun
            if again.fragment_id not in self._pace:
                self._pace[again.fragment_id] = asyncio.create_task(
                    self._repeat(again.fragment_id, again.interval)
                )
        elif kind == "stop_auto_rerun":
            for fragment in message.stop_auto_rerun.fragment_ids:
                if task := self._pace.pop(fragment, None):
                    task.cancel()
        elif kind == "script_finished":
            self._end_of_run(message.script_finished)

    def _end_of_run(self, status: int) -> None:
        if status == ForwardMsg.FINISHED_EARLY_FOR_RERUN:
            return  # the run that follows is the one to wait for
        if self._asked is not None:
            if self._asked_poll:
                self.polls.append(time.perf_counter() - self._asked)
            self._asked = None
        self._finished.set()

    def _look_at(self, delta: object) -> None:
        element = delta.new_element
        kind = element.WhichOneof("type") if delta.HasField("new_element") else None
        if kind == "button":
            # a widget's id ends with the key that the page gave it
            self._buttons[element.button.id.split("-", 2)[-1]] = element.button.id
        elif kind == "metric":
            self.figures.append((time.time(), element.metric.label, element.metric.body))
        elif kind == "exception":
            self.errors.append(element.exception.message)
        elif kind == "alert" and element.alert.format == element.alert.ERROR:
            self.errors.append(element.alert.body)

    async def _repeat(self, fragment: str, interval: float) -> None:
        while True:
            await asyncio.sleep(interval)
            while self._asked is not None:  # the server, too, runs one thing after the other
                await asyncio.sleep(0.01)
            message = self._message()
            message.rerun_script.fragment_id = fragment
            message.rerun_script.is_auto_rerun = True
            with contextlib.suppress(OSError):
                await self._ask(message, poll=True)

    def _forget_paces(self) -> None:
        for task in self._pace.values():
            task.cancel()
        self._pace.clear()
