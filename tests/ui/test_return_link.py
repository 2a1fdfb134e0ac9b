"""The private link: it brings a person's things back, by a form, and leaks nowhere."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from cnnviz import uploads
from cnnviz.ui.owner import COOKIE, link_of, new_cookie, owner_of
from cnnviz.ui.return_link import ROUTES
from cnnviz.ui.teacher import name_of


@pytest.fixture
def browser(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNVIZ_HOME", str(tmp_path))
    with TestClient(Starlette(routes=ROUTES), follow_redirects=False) as client:
        yield client


def key_of(cookie: str) -> str:
    return link_of(cookie).partition("#")[2]


def post(browser, **fields: str):
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return browser.post("/return", content=urlencode(fields), headers=headers)


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
    assert said.startswith(f"{COOKIE}={cookie};") and "HttpOnly" in said and "samesite=lax" in said


def test_who_has_things_here_is_told_how_to_find_them_again(browser):
    mine, other = new_cookie(), new_cookie()
    uploads.save_image(bytes_of_a_picture(), owner_of(mine))
    browser.cookies.set(COOKIE, mine)
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
    import numpy as np

    from cnnviz import images

    return images.encode_png(np.zeros((4, 4, 3), np.uint8))
