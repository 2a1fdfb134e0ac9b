"""The class password: without it nobody sees a page, a picture, a file or a number of this server.

Set ``$CNNVIZ_CLASS_PASSWORD`` and every request, the WebSocket among them, needs a cookie that only
the right password brings; ``/api/health`` stays open. The cookie is sealed with the password and a
secret of the server: another password ends it.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import math
import os
import time
import unicodedata
from html import escape
from urllib.parse import parse_qs

from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from cnnviz.ui.language import _, n_, one_language
from cnnviz.ui.plain_page import form_bytes, language_of, local_path, page
from cnnviz.ui.server_key import is_signed, sign
from cnnviz.ui.tries import Tries, network_of

PASSWORD = "CNNVIZ_CLASS_PASSWORD"
COOKIE = "cnnviz_class"
PATH = "/sign-in"
OPEN = "/api/health"
REMEMBERED_S = 120 * 24 * 3600  # a course
_WRONG_TAKES_S = 0.4

# The address after "#" is never sent to a server; the browser brings it along by itself.
_SCRIPT = "document.forms[0].action += location.hash"


class ClassPassword:
    """Let through whoever has proved to know the password; everybody, where none is set."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._tries = Tries()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        password = _plain(os.environ.get(PASSWORD, ""))
        if not password or scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        if scope["type"] == "websocket":
            if _is_known(scope, password):
                await self.app(scope, receive, send)
            else:
                await receive()
                await send({"type": "websocket.close", "code": 4401})  # becomes a 403
            return
        if scope["path"] == OPEN:
            await self.app(scope, receive, send)
        elif scope["path"] == PATH:
            await (await self._sign_in(scope, receive, password))(scope, receive, send)
        elif _is_known(scope, password):
            await self.app(scope, receive, send)
        else:
            await _refusal(scope)(scope, receive, send)

    async def _sign_in(self, scope: Scope, receive: Receive, password: str) -> Response:
        if scope["method"] != "POST":
            if _is_known(scope, password):
                return RedirectResponse("/", 303)
            return _form(scope, "/")
        given = parse_qs((await form_bytes(receive) or b"").decode("utf-8", "replace"))
        onward = local_path(given.get("next", ["/"])[0])
        address = network_of((scope.get("client") or ("", 0))[0])
        # Looked at before the password: else whoever tries many would still learn the right one.
        if wait := self._tries.wait_s(address):
            return _form(scope, onward, 429, wait=math.ceil(wait))
        if not _same(_plain(given.get("password", [""])[0]), password):
            self._tries.wrong(address)
            await asyncio.sleep(_WRONG_TAKES_S)
            return _form(scope, onward, 401, wrong=True)
        answer = RedirectResponse(onward, 303, headers={"cache-control": "no-store"})
        until = int(time.time()) + REMEMBERED_S
        answer.set_cookie(
            COOKIE,
            f"{until}.{_seal(until, password)}",
            max_age=REMEMBERED_S,
            httponly=True,
            samesite="lax",
            secure=scope.get("scheme") == "https",
        )
        return answer


def _is_known(scope: Scope, password: str) -> bool:
    until, _dot, seal = HTTPConnection(scope).cookies.get(COOKIE, "").partition(".")
    if not (until.isascii() and until.isdigit() and len(until) < 12):
        return False
    return int(until) > time.time() and is_signed("class", f"{int(until)}\0{password}", seal)


def _seal(until: int, password: str) -> str:
    return sign("class", f"{until}\0{password}")


def _plain(password: str) -> str:
    """As it is compared: the same characters may be typed in two ways, and pasted with a space."""
    return unicodedata.normalize("NFC", password).strip()


def _same(given: str, wanted: str) -> bool:
    digests = (hashlib.sha256(text.encode()).digest() for text in (given, wanted))
    return hmac.compare_digest(*digests)


def _refusal(scope: Scope) -> Response:
    connection = HTTPConnection(scope)
    if scope["method"] == "GET" and "text/html" in connection.headers.get("accept", ""):
        asked = scope.get("raw_path", scope["path"].encode()).split(b"?")[0].decode("latin-1")
        query = scope["query_string"].decode("latin-1")
        return _form(scope, local_path(f"{asked}?{query}" if query else asked), 401)
    headers = {"cache-control": "no-store"}
    return PlainTextResponse("The class password is needed.", 401, headers=headers)


def _form(
    scope: Scope, onward: str, status: int = 200, wrong: bool = False, wait: int = 0
) -> Response:
    language = language_of(scope)
    with one_language(language):
        problem = ""
        if wrong:
            problem = _("That is not the password. Ask your teacher for it.")
        elif wait:
            problem = n_(
                "There were too many wrong passwords from here. Try again in {count} second.",
                "There were too many wrong passwords from here. Try again in {count} seconds.",
                wait,
            )
        said = (
            f'<p class="wrong" role="alert" id="problem">{escape(problem)}</p>' if problem else ""
        )
        about = ' aria-invalid="true" aria-describedby="problem"' if problem else ""
        explained = _("These pages are for your class. This browser remembers the password.")
        asked, enter = _("Password of the class"), _("Come in")  # Babel looks into no f-string
        body = (
            f"<p>{escape(explained)}</p>{said if problem else ''}"
            f'<form method="post" action="{PATH}">'
            f'<input type="hidden" name="next" value="{escape(onward)}">'
            f'<label for="password">{escape(asked)}</label>'
            '<input id="password" name="password" type="password" required autofocus '
            f'maxlength="200" autocomplete="current-password"{about}>'
            f'<button type="submit">{escape(enter)}</button></form>'
        )
        headers = {"retry-after": str(wait)} if wait else {}
        return page(_("Who is there?"), body, language, status, _SCRIPT, headers)
