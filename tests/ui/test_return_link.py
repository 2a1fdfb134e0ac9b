"""The private link: it brings a person's things back, by a form, and leaks nowhere."""

from __future__ import annotations

import asyncio
import re
from urllib.parse import urlencode

import numpy as np
import pytest
from starlette.applications import Starlette

from cnnviz import images, uploads
from cnnviz.ui.owner import COOKIE, link_of, new_cookie, owner_of
from cnnviz.ui.return_link import ROUTES
from cnnviz.ui.teacher import name_of


class Answer:
    """What came back of one request: status, headers by their small names, text."""

    def __init__(self, sent: list[dict]) -> None:
        self.status_code = sent[0]["status"]
        self.headers = {k.decode().lower(): v.decode() for k, v in sent[0]["headers"]}
        self.text = b"".join(m.get("body", b"") for m in sent[1:]).decode()


class Browser:
    """Asks the routes over the web server's own protocol."""

    def __init__(self) -> None:
        self.headers: dict[str, str] = {"host": "test"}

    def get(self, path: str) -> Answer:
        return asyncio.run(self._ask("GET", path, b""))

    def post(self, path: str, content: str) -> Answer:
        return asyncio.run(self._ask("POST", path, content.encode()))

    async def _ask(self, method: str, path: str, body: bytes) -> Answer:
        sent: list[dict] = []
        raw = [(name.encode(), value.encode()) for name, value in self.headers.items()]
        scope = {"type": "http", "method": method, "path": path, "headers": raw}
        scope |= {"query_string": b"", "http_version": "1.1", "scheme": "http"}
        scope |= {"server": ("test", 80), "root_path": ""}

        async def receive() -> dict:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict) -> None:
            sent.append(message)

        await Starlette(routes=ROUTES)(scope, receive, send)
        return Answer(sent)


@pytest.fixture
def browser(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNVIZ_HOME", str(tmp_path))
    return Browser()


def key_of(cookie: str) -> str:
    return link_of(cookie).partition("#")[2]


def post(browser, **fields: str):
    return browser.post("/return", urlencode(fields))


def test_the_key_stands_where_browsers_do_not_send_it(browser):
    cookie = new_cookie()
    assert re.fullmatch(r"/return#[\w-]{32}\.[0-9a-f]{32}", link_of(cookie))
    answer = browser.get("/return")
    assert answer.status_code == 200 and cookie not in answer.text
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert "replaceState" in answer.text, "it does not stay in the history either"


def test_it_asks_and_then_brings_everything_back(browser):
    cookie = new_cookie()
    uploads.save_file(b"x", "a", owner_of(cookie))
    uploads.save_image(bytes_of_a_picture(), owner_of(cookie))
    asked = post(browser, key=key_of(cookie))
    assert asked.status_code == 200 and "set-cookie" not in asked.headers
    assert name_of(owner_of(cookie)) in asked.text and "1 image" in asked.text
    done = post(browser, key=key_of(cookie), sure="1")
    assert done.status_code == 303 and done.headers["location"] == "/your_things"
    said = done.headers["set-cookie"]
    assert said.startswith(f"{COOKIE}={cookie};")
    assert "HttpOnly" in said and "SameSite=lax" in said


def test_who_has_things_here_is_told_how_to_find_them_again(browser):
    mine, other = new_cookie(), new_cookie()
    uploads.save_image(bytes_of_a_picture(), owner_of(mine))
    browser.headers["cookie"] = f"{COOKIE}={mine}"
    asked = post(browser, key=key_of(other))
    assert link_of(mine) in asked.text and name_of(owner_of(mine)) in asked.text
    assert link_of(mine) not in post(browser, key=key_of(mine)).text


@pytest.mark.parametrize(
    "change",
    [
        lambda key: "",
        lambda key: key[:-1],
        lambda key: key[:-1] + ("0" if key[-1] != "0" else "1"),
        lambda key: ("a" if key[0] != "a" else "b") + key[1:],
        lambda key: "a" * 32 + "." + "0" * 32,
        lambda key: key + "\r\nset-cookie: x=y",
        lambda key: "../../" + key,
        lambda key: key.replace(".", ";"),
        lambda key: "ä" + key[1:],
    ],
)
def test_a_key_that_was_not_given_out_here_is_refused(browser, change):
    answer = post(browser, key=change(key_of(new_cookie())), sure="1")
    assert answer.status_code == 400 and "set-cookie" not in answer.headers
    assert "not complete, or not of this server" in answer.text


def test_no_other_site_makes_somebody_of_a_visitor(browser):
    for site in ("cross-site", "same-site"):
        browser.headers["sec-fetch-site"] = site
        answer = post(browser, key=key_of(new_cookie()), sure="1")
        assert answer.status_code == 403 and "set-cookie" not in answer.headers


def test_it_speaks_chinese_too(browser):
    browser.headers["accept-language"] = "zh-CN"
    assert 'lang="zh-CN"' in browser.get("/return").text


def test_another_server_does_not_take_it(browser, tmp_path, monkeypatch):
    key = key_of(new_cookie())
    monkeypatch.setenv("CNNVIZ_HOME", str(tmp_path / "another"))
    assert post(browser, key=key, sure="1").status_code == 400


def bytes_of_a_picture() -> bytes:
    return images.encode_png(np.zeros((4, 4, 3), np.uint8))
