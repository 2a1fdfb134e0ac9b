"""``GET /api/runs/<id>/live?after=<tag>``: how a training is right now, for all who watch it.

One answer a moment is made, in a thread, and shared: a look costs the web process about a
millisecond, while a run of a page's script costs twenty or more. Whoever has a run's unguessable id
may watch it, as with its page; nothing is to be found here that the page does not show.

A browser that has to run its page's script again asks for its turn with ``ask=part`` or
``ask=page``, so that sixty pages never do so at once; ``X-Turn`` in the answer grants it.
"""

from __future__ import annotations

import asyncio
import gzip
import itertools
import json
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from cnnviz import storage
from cnnviz.errors import NotFound
from cnnviz.runs.run import Run
from cnnviz.ui import training_live
from cnnviz.ui.language import LANGUAGES, one_language

FRESH_S = 0.4  # an answer is good for all who come so soon after it was made
TURN = "X-Turn"
_KEPT = 64  # answers in memory, of some ten kilobytes each
_COSTS = {"part": 1.0, "page": 4.0}  # of running the script, in turns
_TURNS_A_SECOND = 8.0
_HEADERS = {
    "cache-control": "no-store",
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "vary": "accept-encoding",
}


@dataclass(frozen=True)
class Answer:
    """What a run's viewers are told at a moment. ``tag`` changes whenever ``plain`` does."""

    tag: str
    plain: bytes
    packed: bytes
    made: float


class Turns:
    """So many turns a second, and no more saved up than those of one second."""

    def __init__(self, a_second: float) -> None:
        self._rate = self._left = a_second
        self._since = time.monotonic()

    def take(self, cost: float) -> bool:
        """Whether there are as many left; then they are taken."""
        now = time.monotonic()
        self._left = min(self._rate, self._left + self._rate * (now - self._since))
        self._since = now
        if self._left < cost:
            return False
        self._left -= cost
        return True


Key = tuple[str, str]  # a run's id and a language
_answers: OrderedDict[Key, Answer] = OrderedDict()
_coming: dict[Key, asyncio.Task[Answer]] = {}
_turns = Turns(_TURNS_A_SECOND)
_server = secrets.token_hex(4)  # tags of a server that was there before mean nothing
_numbers = itertools.count(1)


async def live(request: Request) -> Response:
    """The newest answer; 204 where it is the one that the browser has, 404 without such a run."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return PlainTextResponse("Only for pages of this server.", 403, headers=_HEADERS)
    query, run_id = request.query_params, request.path_params["run"]
    language = query.get("lang", "en")
    if not storage.is_id(run_id) or language not in LANGUAGES:
        return _nothing()
    try:
        answer = await _newest((run_id, language))
    except NotFound:
        return _nothing()
    headers = dict(_HEADERS)
    if (cost := _COSTS.get(query.get("ask", ""))) and _turns.take(cost):
        headers[TURN] = "1"
    if query.get("after") == answer.tag:
        return Response(status_code=204, headers=headers)
    body = answer.plain
    if "gzip" in request.headers.get("accept-encoding", ""):
        body, headers["content-encoding"] = answer.packed, "gzip"
    return Response(body, headers=headers, media_type="application/json")


def _nothing() -> Response:
    return PlainTextResponse("There is no training under this address (any more).", 404)


async def _newest(key: Key) -> Answer:
    known = _answers.get(key)
    if known and time.monotonic() - known.made < FRESH_S:
        return known
    if key not in _coming:  # whoever comes meanwhile waits for the same one
        _coming[key] = asyncio.create_task(_renew(key, known))
        _coming[key].add_done_callback(lambda _task: _coming.pop(key))
    return await asyncio.shield(_coming[key])


async def _renew(key: Key, known: Answer | None) -> Answer:
    try:
        made = await asyncio.to_thread(_make, key, known)
    except NotFound:
        _answers.pop(key, None)
        raise
    _answers[key] = made
    _answers.move_to_end(key)
    while len(_answers) > _KEPT:
        _answers.popitem(last=False)
    return made


def _make(key: Key, known: Answer | None) -> Answer:
    """Read what is new and write it down."""
    run_id, language = key
    with one_language(language):
        found = training_live.told(Run(run_id))
    text = json.dumps(found, separators=(",", ":"), allow_nan=False).encode()
    if known and known.plain[len(_tagged(known.tag)) :] == text[1:]:
        return Answer(known.tag, known.plain, known.packed, time.monotonic())
    tag = f"{_server}-{next(_numbers)}"
    plain = _tagged(tag) + text[1:]
    return Answer(tag, plain, gzip.compress(plain, 5), time.monotonic())


def _tagged(tag: str) -> bytes:
    """How the text of an answer begins."""
    return f'{{"tag":"{tag}",'.encode()


ROUTES = [Route(training_live.ADDRESS, live)]
