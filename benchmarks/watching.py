"""What ``cnnviz/ui/components/live.js`` does on a page where somebody watches a training."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import time
from collections.abc import Awaitable, Callable
from urllib.parse import urlencode

from benchmarks.lines import Line

COMPONENT = "cnnviz_live"  # the component that asks again and again
_AGAIN_S, _LOST_S = 1.0, 6.0  # as in live.js


class Watching:
    """Asks how a training is for as long as the page shows it.

    Args:
        address: of the server.
        redraw: has a part of the page drawn again.

    ``polls`` are seconds from asking to the whole answer, ``steps`` what answers said: (seconds
    since 1970, step); ``lost`` counts questions that nobody answered, ``refused`` are the statuses
    of the server's own failures. ``received`` counts bytes.
    """

    def __init__(self, address: str, redraw: Callable[[], Awaitable[None]]) -> None:
        self._address, self._redraw = address, redraw
        self.polls: list[float] = []
        self.steps: list[tuple[float, int]] = []
        self.refused: list[int] = []
        self.lost = self.received = 0
        self._given: dict | None = None  # what the page was given to watch with
        self._drawn_at = 0.0
        self.at_least_every = float("inf")  # seconds from one redraw to the next
        self._task: asyncio.Task | None = None

    @property
    def active(self) -> bool:
        """Whether the page shows something to watch."""
        return self._given is not None

    def forget(self) -> None:
        """A run of the script has begun: it gives anew what there is to watch."""
        self._given = None

    def give(self, given: dict) -> None:
        """The page shows the component, with this data."""
        self._given, self._drawn_at = given, time.monotonic()

    def settle(self) -> None:
        """A run of the script has ended: begin or stop to ask."""
        if self._given is None:
            self.stop()
        elif self._task is None:
            self._task = asyncio.create_task(self._watch())

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _watch(self) -> None:
        line, told, path = Line(self._address), {}, ""
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
                status, turn = 0, False
                with contextlib.suppress(OSError, EOFError):
                    status, turn, news = await self._poll(line, f"{path}?{urlencode(query)}")
                    told = news or told
                mine = given["drawn"]["buttons"] is not None and _outdated(told, given["drawn"])
                wanted = status == 404 or mine or (need and turn)
                if (due and wanted) or time.monotonic() - self._drawn_at > self.at_least_every:
                    asked = time.monotonic()
                    await self._redraw()
                await asyncio.sleep(given["every"] * random.uniform(0.9, 1.1))
        finally:
            line.close()
            self._task = None

    async def _poll(self, line: Line, path: str) -> tuple[int, bool, dict | None]:
        """(status, whether it is this page's turn to be drawn again, news if any)."""
        began = time.perf_counter()
        try:
            answer = await line.get(path)
        except (OSError, EOFError):
            self.lost += 1
            raise
        self.polls.append(time.perf_counter() - began)
        self.received += answer.received
        if answer.status >= 500:
            self.refused.append(answer.status)
        news = None
        if answer.status == 200:
            news = json.loads(answer.body)
            self.steps.append((time.time(), news["step"]))
        return answer.status, "x-turn" in answer.headers, news


def _outdated(told: dict, drawn: dict) -> str | None:
    """What of the page has to be drawn again."""
    if not told:
        return None
    if told["page"] != drawn["page"]:
        return "page"
    buttons = drawn["buttons"] is not None and told["buttons"] != drawn["buttons"]
    return "part" if told["part"] != drawn["part"] or buttons else None
