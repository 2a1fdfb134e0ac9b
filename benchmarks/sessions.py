"""People without browsers: sessions that speak Streamlit's own protocol over real WebSockets.

A browser a person would need more machine than the server that is measured. A session does what the
browser's side does with the server: it fetches the page (and with it its owner cookie), asks for
runs of the script, clicks buttons, fetches pictures, uploads files; while it watches a training it
asks how that is (``watching.py``). Where the server goes away it comes back by itself, as browsers
do: it asks again and again whether the server is there, connects anew, and has its page drawn. It
draws nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import time
from dataclasses import dataclass, field

from streamlit.components.v2.bidi_component.main import _make_trigger_id
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, WebSocketException

from benchmarks.drawn import Drawn
from benchmarks.lines import PATIENCE_S, Answer, Line
from benchmarks.watching import COMPONENT, Watching

_FIRST_TRY_S, _LAST_TRY_S = 0.5, 10.0  # between tries to come back, doubled each time
_XSRF = "_streamlit_xsrf"
_GONE = (OSError, EOFError, WebSocketException)


class Lost(Exception):
    """No answer comes: the connection broke (the session is coming back by itself), or the part of
    the page that it was about has gone."""


@dataclass
class Session:
    """One person with one open tab.

    ``reruns`` are seconds from asking for a run of the whole script to its end, ``redraws`` the
    same of those that became necessary while watching. ``errors`` are the sentences and tracebacks
    that the server has shown, and its refusals. ``returns`` are seconds from each loss of the
    connection to the moment when the page was drawn again. ``drawn`` is what the page shows.
    ``received`` counts bytes of the WebSocket. A run of the script may take ``patience`` seconds.
    """

    address: str
    patience: float = PATIENCE_S
    reruns: list[float] = field(default_factory=list)
    redraws: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    returns: list[float] = field(default_factory=list)
    losses: int = 0
    received: int = 0
    query: str = ""
    page: str = ""

    def __post_init__(self) -> None:
        self.watching = Watching(self.address, self._redraw)
        self.drawn = Drawn()
        self._http = Line(self.address)
        self._cookies: dict[str, str] = {}
        self._states: dict[str, WidgetState] = {}  # what its widgets are set to
        self._session_id = self._page_hash = ""
        self._busy = False  # a run of the script has been asked for, and has not ended
        self._finished = asyncio.Event()
        self._present = asyncio.Event()  # connected, with the page drawn
        self._closed = False
        self._urls: asyncio.Future | None = None
        self._fragment = self._component = ""  # of what is watched
        self._ticks: dict[str, float] = {}  # fragments that are run again and again: seconds
        self._ticking: asyncio.Task | None = None

    async def open(self, page: str, query: str = "") -> None:
        """Come to a page, ``query`` without the question mark, and wait until it is drawn.

        Raises Lost where the server goes away meanwhile, and OSError or EOFError where it is not
        there.
        """
        self.page, self.query = page, query
        for path in (f"/{page}?{query}", "/_stcore/health", "/_stcore/host-config"):
            answer = await self.get(path, {"Accept": "text/html"})
            if answer.status != 200:
                raise ConnectionError(f"{path}: status {answer.status}")
        await self._connect()
        await self.rerun()
        self._present.set()

    async def get(self, path: str, headers: dict[str, str] | None = None) -> Answer:
        """Fetch something with this person's cookies; refusals are noted among the errors."""
        answer = await self._http.get(path, {"Cookie": self._cookie_line(), **(headers or {})})
        self._cookies |= answer.cookies
        if answer.status >= 500:
            self.errors.append(f"{path.partition('?')[0]}: status {answer.status}")
        return answer

    async def go(self, page: str, query: str = "") -> float:
        """Another page, in the same tab; returns the seconds until it is drawn."""
        self.page, self.query = page, query
        self._page_hash = self.drawn.pages[page]
        return await self.rerun()

    async def rerun(self, pressed: str | None = None) -> float:
        """Run the whole script, as if the button with the key ``pressed`` had been clicked.

        Returns the seconds until its end. Raises Lost and KeyError (no such button).
        """
        self.reruns.append(await self._run(pressed))
        return self.reruns[-1]

    async def part(self) -> float:
        """Have the part of the page drawn again that shows a training; the seconds it takes."""
        return await self._run(fragment=self._fragment)

    def sees(self, key: str) -> bool:
        """Whether there is a button with this key."""
        return key in self.drawn.buttons

    async def upload(self, key: str, name: str, data: bytes) -> float:
        """Bring a file to the uploader with this key; the seconds of the run of the script."""
        self._urls = asyncio.get_running_loop().create_future()
        message = BackMsg()
        message.file_urls_request.request_id = secrets.token_hex(8)
        message.file_urls_request.file_names.append(name)
        message.file_urls_request.session_id = self._session_id
        await self._send(message)
        urls = await asyncio.wait_for(self._urls, PATIENCE_S)
        mark = secrets.token_hex(8)
        body = (
            f'--{mark}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode() + data
        headers = {
            "Cookie": self._cookie_line(),
            "X-Xsrftoken": self._cookies.get(_XSRF, ""),
            "Content-Type": f"multipart/form-data; boundary={mark}",
        }
        try:
            answer = await self._http.ask(
                "PUT", urls.upload_url, headers, body + f"\r\n--{mark}--\r\n".encode()
            )
        except (OSError, EOFError) as error:
            raise Lost from error
        if answer.status != 204:
            raise Lost(f"the upload was answered with status {answer.status}")
        state = WidgetState(id=self.drawn.uploaders[key])
        info = state.file_uploader_state_value.uploaded_file_info.add()
        info.name, info.size, info.file_id = name, len(data), urls.file_id
        info.file_urls.CopyFrom(urls)
        self._states[state.id] = state
        return await self.rerun()

    async def back(self) -> None:
        """Wait until the page is there again after a loss; raises TimeoutError."""
        await asyncio.wait_for(self._present.wait(), self.patience)

    async def pictures(self) -> dict[str, bytes]:
        """The page's pictures by the key of the container that they stand in."""
        found = {}
        for key, url in list(self.drawn.pictures.items()):
            answer = await self.get(url)
            if answer.status == 200:
                found[key] = answer.body
            elif answer.status != 404:  # of a page that has been drawn anew meanwhile
                self.errors.append(f"{self.page}: a picture has status {answer.status}")
        return found

    def another_tab(self) -> Session:
        """A session of the same person, to be opened."""
        other = Session(self.address, self.patience)
        other._cookies = dict(self._cookies)
        return other

    async def close(self) -> None:
        self._closed = True
        self.watching.stop()
        self._ticks.clear()
        self._listening.cancel()
        self._http.close()
        with contextlib.suppress(*_GONE):
            await self._socket.close()

    def _cookie_line(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self._cookies.items())

    async def _connect(self) -> None:
        protocols = ["streamlit", self._cookies.get(_XSRF) or "none", self._session_id]
        self._socket: ClientConnection = await connect(
            self.address.replace("http", "ws") + "/_stcore/stream",
            additional_headers={"Cookie": self._cookie_line()},
            origin=self.address,
            subprotocols=[p for p in protocols if p],
            max_size=None,
            ping_interval=None,  # browsers send none
        )
        self._busy = False
        self._listening = asyncio.create_task(self._listen(self._socket))

    async def _come_back(self) -> None:
        """Ask whether the server is there, later and later; then connect, and draw the page."""
        lost, wait = time.monotonic(), _FIRST_TRY_S
        while not self._closed:
            await asyncio.sleep(wait)
            wait = min(2 * wait, _LAST_TRY_S)
            try:
                if (await self._http.get("/_stcore/health")).status != 200:
                    continue
                await self._connect()
                await self._run()
            except (*_GONE, InvalidHandshake, Lost):
                continue
            self.returns.append(time.monotonic() - lost)
            self._present.set()
            return

    async def _run(self, pressed: str | None = None, fragment: str = "") -> float:
        """Seconds until a run of the script has ended; one thing after the other."""
        while self._busy:
            await asyncio.sleep(0.01)
        if fragment and fragment not in (self._fragment, *self._ticks):
            raise Lost  # its page has gone meanwhile; the server does not answer such a wish
        message = BackMsg()
        state = message.rerun_script
        state.query_string, state.page_script_hash = self.query, self._page_hash
        state.page_name = "" if self._page_hash else self.page
        state.context_info.locale, state.context_info.timezone = "en-US", "UTC"
        state.context_info.url = f"{self.address}/{self.page}"
        for kept in self._states.values():
            state.widget_states.widgets.add().CopyFrom(kept)
        if pressed is not None:
            widget = state.widget_states.widgets.add()
            widget.id, widget.trigger_value = self.drawn.buttons[pressed], True
        state.fragment_id = fragment
        if fragment and fragment == self._fragment:  # what a trigger of the component asks for
            widget = state.widget_states.widgets.add()
            widget.id = _make_trigger_id(self._component, "events")
            widget.json_trigger_value = json.dumps([{"event": "changed", "value": 1}])
        self._busy = True
        began, socket = time.perf_counter(), self._socket
        self._finished.clear()
        await self._send(message)
        try:
            await asyncio.wait_for(self._finished.wait(), self.patience)
        except TimeoutError:
            asked = f"a part of {self.page}" if fragment else f"{self.page}?{self.query}"
            self.errors.append(f"{asked}: not drawn within {self.patience:.0f} s")
            self._busy = False  # whoever comes next must not wait for it as well
            raise
        if self._socket is not socket or socket.close_code is not None:
            raise Lost
        return time.perf_counter() - began

    async def _send(self, message: BackMsg) -> None:
        try:
            await self._socket.send(message.SerializeToString())
        except _GONE as error:
            raise Lost from error

    async def _redraw(self) -> None:
        with contextlib.suppress(Lost, TimeoutError):
            self.redraws.append(await self.part())

    async def _tick(self) -> None:
        """Have parts of the page run again that show the progress of something."""
        while self._ticks:
            await asyncio.sleep(min(self._ticks.values()))
            for fragment in list(self._ticks):
                if fragment in self._ticks and self._present.is_set():
                    with contextlib.suppress(Lost, TimeoutError):
                        await self._run(fragment=fragment)

    async def _listen(self, socket: ClientConnection) -> None:
        with contextlib.suppress(*_GONE):
            async for data in socket:
                self.received += len(data)
                message = ForwardMsg()
                message.ParseFromString(data)
                self._take(message)
        was_here = self._present.is_set()
        self._present.clear()
        self._finished.set()  # whoever waits for the end of a run hears of the loss
        if self._urls is not None and not self._urls.done():
            self._urls.set_exception(Lost())
        if was_here and not self._closed:
            self.losses += 1
            self._returning = asyncio.create_task(self._come_back())

    def _take(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self._begin(message)
        elif kind == "navigation":
            self._page_hash = message.navigation.page_script_hash
            self.drawn.note_pages(message.navigation)
        elif kind == "delta":
            self._look_at(message)
        elif kind == "page_info_changed":
            self.query = message.page_info_changed.query_string
        elif kind == "auto_rerun":
            self.watching.at_least_every = message.auto_rerun.interval
            self._ticks[message.auto_rerun.fragment_id] = message.auto_rerun.interval
        elif kind == "file_urls_response" and self._urls is not None:
            self._urls.set_result(message.file_urls_response.file_urls[0])
        elif kind == "script_finished" and (
            message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN
        ):  # else the run that follows is the one to wait for
            self._busy = False
            self._finished.set()
            self._settle()

    def _settle(self) -> None:
        self.drawn.end()
        self.watching.settle()
        self._ticks.pop(self._fragment, None)  # whoever watches asks by other means
        if self._ticks and (self._ticking is None or self._ticking.done()):
            self._ticking = asyncio.create_task(self._tick())

    def _begin(self, message: ForwardMsg) -> None:
        identifier = message.new_session.initialize.session_id
        if identifier and identifier != self._session_id:
            self._session_id = identifier
            self._states.clear()  # files that were brought to a server that is gone
        fragments = list(message.metadata.run.fragment_ids)
        self.drawn.begin(fragments)
        if not fragments:
            self.watching.forget()
            self._ticks.clear()
            self._fragment = self._component = ""

    def _look_at(self, message: ForwardMsg) -> None:
        delta = message.delta
        self.drawn.take(delta, tuple(message.metadata.delta_path))
        element = delta.new_element
        kind = element.WhichOneof("type") if delta.HasField("new_element") else None
        if kind == "bidi_component" and element.bidi_component.component_name == COMPONENT:
            self.watching.give(json.loads(element.bidi_component.json))
            self._component, self._fragment = element.bidi_component.id, delta.fragment_id
        elif kind == "exception":
            self.errors.append(f"{self.page}: {element.exception.message}")
        elif kind == "alert" and element.alert.format == element.alert.ERROR:
            self.errors.append(f"{self.page}: {element.alert.body}")
