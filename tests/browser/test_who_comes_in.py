"""The class password and the private link, as somebody with a browser meets them."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from cnnviz.storage import new_id
from cnnviz.ui.sign_in import PASSWORD
from tests.browser.conftest import Person, serving, settle

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def closed(tmp_path_factory):
    """A server of its own, with a password."""
    home = tmp_path_factory.mktemp("closed")
    with serving(home, CNNVIZ_WORKERS="1", **{PASSWORD: "open 芝麻"}) as (address, _pid):
        yield address


def test_the_password_leads_to_the_page_that_was_asked_for(browser, closed):
    person = Person(browser, closed, width=390, height=800)
    page = person.context.new_page()
    sockets = []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    page.goto(f"{closed}/models?lang=zh_CN#kept")
    expect(page.get_by_role("heading", name="Who is there?")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.fill("#password", "guess")
    page.click("button")
    expect(page.get_by_role("alert")).to_contain_text("That is not the password")
    assert not sockets
    page.fill("#password", "open 芝麻")
    page.click("button")
    settle(page)
    assert "/models" in page.url and "lang=zh_CN" in page.url and page.url.endswith("#kept")
    assert sockets, "the page came over its socket"
    cookies = {c["name"]: c for c in person.context.cookies()}
    assert cookies["cnnviz_class"]["httpOnly"] and cookies["cnnviz_owner"]["httpOnly"]
    page.reload()
    settle(page)
    person.leave()


def test_the_private_link_brings_everything_back_elsewhere(browser, closed):
    first = Person(browser, closed)
    page = first.context.new_page()
    page.goto(f"{closed}/your_things")
    page.fill("#password", "open 芝麻")
    page.click("button")
    settle(page)
    page.get_by_role("button", name="Show my private link").click()
    link = page.get_by_test_id("stCode").inner_text().strip()
    assert link.startswith(f"{closed}/return#")
    mine = {c["name"]: c["value"] for c in first.context.cookies()}["cnnviz_owner"]

    second = Person(browser, closed)
    other = second.context.new_page()
    asked, referrers = [], []
    other.on("request", lambda r: (asked.append(r.url), referrers.append(r.headers.get("referer"))))
    other.goto(link)
    other.fill("#password", "open 芝麻")
    other.click("button")
    expect(other.get_by_role("heading", name="Are these your things?")).to_be_visible()
    other.get_by_role("button", name="Yes, these are mine").click()
    settle(other)
    assert "/your_things" in other.url
    theirs = {c["name"]: c["value"] for c in second.context.cookies()}["cnnviz_owner"]
    assert theirs == mine
    key = link.partition("#")[2]
    assert not [url for url in asked if key in url.partition("#")[0]], "never sent in an address"
    assert not [r for r in referrers if r and key in r]
    first.leave()
    second.leave()


def test_a_dead_link_to_an_image_is_a_sentence(browser, closed):
    person = Person(browser, closed)
    page = person.context.new_page()
    page.goto(f"{closed}/heatmaps?image=upload:{new_id()}")
    page.fill("#password", "open 芝麻")
    page.click("button")
    settle(page)
    expect(page.get_by_test_id("stAlert").first).to_contain_text("is not kept (any more)")
    person.leave()
