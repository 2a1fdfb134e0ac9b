"""The class password, against a server that answers over real sockets."""

from __future__ import annotations

import contextlib
import http.client
import threading
import time
from urllib.parse import urlencode

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from cnnviz.ui import sign_in, tries
from cnnviz.ui.plain_page import language_of, local_path
from cnnviz.ui.sign_in import COOKIE, PASSWORD, ClassPassword
from cnnviz.ui.tries import Tries, network_of

WORD = "grüne Äpfel 7"


async def _page(request):
    return PlainTextResponse(f"inside {request.url.path}")


async def _socket(socket):
    await socket.accept()
    await socket.send_text("inside")
    await socket.close()


@pytest.fixture
def port(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNVIZ_HOME", str(tmp_path))
    monkeypatch.setenv(PASSWORD, WORD)
    monkeypatch.setattr(sign_in, "_WRONG_TAKES_S", 0.0)
    routes = [WebSocketRoute("/_stcore/stream", _socket)]
    methods = ["GET", "PUT", "POST", "DELETE"]
    routes.append(Route("/{path:path}", _page, methods=methods))
    app = ClassPassword(Starlette(routes=routes))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join(10)


def ask(port: int, path: str, method: str = "GET", body: str = "", **headers: str):
    """(status, headers, text) of one request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with contextlib.closing(connection):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body.encode(), {"accept": "text/html", **named})
        answer = connection.getresponse()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, found, answer.read().decode()


def sign(port: int, word: str, onward: str = "/", **headers: str):
    body = urlencode({"password": word, "next": onward})
    return ask(port, "/sign-in", "POST", body, **headers)


def cookie_of(headers: dict[str, str]) -> str:
    return headers["set-cookie"].split(";")[0]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/heatmaps?model=shipped:x"),
        ("GET", "/api/runs/0123456789abcdef01234567.zip"),
        ("GET", "/api/runs/0123456789abcdef01234567/live"),
        ("PUT", "/_stcore/upload_file/a/b"),
        ("GET", "/media/0123.png"),
        ("GET", "/static/js/index.js"),
        ("GET", "/_stcore/metrics"),
        ("GET", "/api/health/"),
        ("GET", "/api/health/../runs"),
        ("GET", "//api/health"),
        ("POST", "/api/anything"),
    ],
)
def test_nothing_is_answered_without_it(port, method, path):
    status, headers, text = ask(port, path, method)
    assert status == 401 and "inside" not in text and "set-cookie" not in headers
    status, _headers, text = ask(port, path, method, accept="*/*", cookie=f"{COOKIE}=1.2")
    assert status == 401 and "inside" not in text


def test_health_stays_open(port):
    assert ask(port, "/api/health")[2] == "inside /api/health"


def test_the_web_socket_is_refused_and_then_let_in(port):
    address = f"ws://127.0.0.1:{port}/_stcore/stream"
    for headers in ({}, {"cookie": f"{COOKIE}=9999999999.{'0' * 64}"}):
        with pytest.raises(InvalidStatus) as refused:
            connect(address, additional_headers=headers)
        assert refused.value.response.status_code == 403
    cookie = cookie_of(sign(port, WORD)[1])
    with connect(address, additional_headers={"cookie": cookie}) as socket:
        assert socket.recv() == "inside"


def test_the_right_one_leads_back_to_the_page_that_was_asked_for(port):
    status, headers, text = ask(port, "/runs?runs=a,b&lang=en")
    assert status == 401 and 'value="/runs?runs=a,b&amp;lang=en"' in text
    assert "no-store" in headers["cache-control"] and "default-src 'none'" in str(headers)
    status, headers, _text = sign(port, f"  {WORD} ", "/runs?runs=a,b&lang=en")
    assert status == 303 and headers["location"] == "/runs?runs=a,b&lang=en"
    said = headers["set-cookie"].lower()
    assert "httponly" in said and "samesite=lax" in said and "max-age=10368000" in said
    assert ask(port, "/runs", cookie=cookie_of(headers))[2] == "inside /runs"
    assert WORD not in said


def test_a_password_typed_with_combining_accents_is_the_same(port):
    assert sign(port, "gru\u0308ne A\u0308pfel 7")[0] == 303


def test_another_password_ends_it(port, monkeypatch):
    cookie = cookie_of(sign(port, WORD)[1])
    monkeypatch.setenv(PASSWORD, "another")
    assert ask(port, "/", cookie=cookie)[0] == 401
    monkeypatch.setenv(PASSWORD, WORD)
    assert ask(port, "/", cookie=cookie)[0] == 200
    monkeypatch.setenv(PASSWORD, "")
    assert ask(port, "/")[0] == 200, "without a password everybody may come in"


def test_a_cookie_cannot_be_prolonged_and_ends(port, monkeypatch):
    cookie = cookie_of(sign(port, WORD)[1])
    name, value = cookie.split("=")
    until, seal = value.split(".")
    assert ask(port, "/", cookie=f"{name}={int(until) + 1}.{seal}")[0] == 401
    later = time.time() + sign_in.REMEMBERED_S + 5
    monkeypatch.setattr(sign_in.time, "time", lambda: later)
    assert ask(port, "/", cookie=cookie)[0] == 401


def test_a_wrong_one_is_said_and_many_are_slowed_down(port):
    for _try in range(tries.WRONG_AT_ONCE):
        status, headers, text = sign(port, "guess", "/data")
        assert status == 401 and "That is not the password" in text and "set-cookie" not in headers
        assert 'value="/data"' in text
    status, headers, text = sign(port, WORD)
    assert status == 429 and "too many wrong passwords" in text and "set-cookie" not in headers
    assert 1 <= int(headers["retry-after"]) <= tries.A_TRY_EVERY_S


def test_tries_come_back_and_others_have_their_own():
    now = [0.0]
    left = Tries(lambda: now[0])
    for _try in range(tries.WRONG_AT_ONCE):
        assert left.wait_s("a") == 0
        left.wrong("a")
    assert left.wait_s("a") == pytest.approx(tries.A_TRY_EVERY_S) and left.wait_s("b") == 0
    now[0] += tries.A_TRY_EVERY_S
    assert left.wait_s("a") == 0
    left.wrong("a")
    assert left.wait_s("a") > 0
    for number in range(tries._MOST_ADDRESSES):
        left.wrong(f"10.{number}")
    assert len(left._spent) == tries._MOST_ADDRESSES


def test_an_ipv6_network_is_one_address():
    assert network_of("2001:db8::1") == network_of("2001:db8::2:3") != network_of("2001:db8:0:1::1")
    assert network_of("10.0.0.1") == "10.0.0.1" and network_of("") == ""


def test_a_form_without_end_is_not_read(port):
    assert sign(port, "x" * 10_000)[0] == 401


def test_it_speaks_the_browsers_language(port):
    assert 'lang="zh-CN"' in ask(port, "/", accept_language="zh-CN,zh;q=0.9,en;q=0.5")[2]
    assert 'lang="en"' in ask(port, "/", accept_language="de,en;q=0.8,zh;q=0.3")[2]


@pytest.mark.parametrize(
    ("said", "language"),
    [("", "en"), ("zh", "zh_CN"), ("en;q=0.1, zh-TW;q=0.2", "zh_CN"), ("zh;q=x,en", "en")],
)
def test_accept_language(said, language):
    headers = [(b"accept-language", said.encode())]
    assert language_of({"type": "http", "headers": headers}) == language


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "/\t/evil.example",
        "/a\r\nset-cookie: x=y",
        "evil",
        "",
        "/ümlaut",
        '/"><script>',
        "/a b",
    ],
)
def test_it_leads_nowhere_else(port, path):
    assert local_path(path) == "/"
    assert sign(port, WORD, path)[1]["location"] == "/"
