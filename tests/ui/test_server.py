"""Who is who: the cookie of the web server, over its own protocol."""

from __future__ import annotations

import asyncio

import pytest
from starlette.requests import HTTPConnection

from cnnviz.ui.server import COOKIE, OwnerCookie


def owner_seen(*cookies: bytes) -> str | None:
    """The owner's cookie that a session gets to see when a browser sends these."""
    seen = []

    async def app(scope: dict, _receive: object, _send: object) -> None:
        seen.append(HTTPConnection(scope).cookies)

    headers = [(b"host", b"test"), *((b"cookie", value) for value in cookies)]
    scope = {"type": "websocket", "path": "/_stcore/stream", "headers": headers}
    asyncio.run(OwnerCookie(app)(scope, None, None))
    return seen[0].get(COOKIE)


def test_a_session_is_that_of_its_cookie() -> None:
    assert owner_seen(b"a=b; cnnviz_owner=me") == "me"


@pytest.mark.parametrize("cookies", [(), (b"a=b",), (b"cnnviz_owner=; a=b",), (b"cnnviz_owner",)])
def test_without_one_it_is_nobody_known(cookies: tuple[bytes, ...]) -> None:
    """Else it would be that of the terminal, with its trainings and without its limits."""
    first, second = owner_seen(*cookies), owner_seen(*cookies)
    assert first and second and first != second
