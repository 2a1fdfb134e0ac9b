"""Mistakes in a real Chromium: the sheet, the keys, marks that stay, a report without a network."""

from __future__ import annotations

import csv
import re
import zipfile

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
DIGITS = "model=shipped:mnist_lenet5"


def at_of(page: Page) -> str | None:
    found = re.search(r"[?&]at=(\d+)", page.url)
    return found and found[1]


def opened(page: Page, place: str) -> str:
    """The image is open at this place of the list; its index.

    Reasons and neighbours are looked for meanwhile, so the page may not come to rest.
    """
    expect(page.get_by_test_id("step-place")).to_have_text(re.compile(f"^{place} of "))
    expect(page).to_have_url(re.compile("at="))
    expect(page.get_by_test_id("sheet").locator("[aria-pressed=true]")).to_have_attribute(
        "data-testid", f"tile-{int(place) - 1}"
    )
    expect(page.locator(f".st-key-mark-{at_of(page)}")).to_be_visible()
    return at_of(page)


def test_a_tile_opens_its_image(open_page):
    page = open_page(f"mistakes?{DIGITS}&view=sheet&sort=place")
    sheet = page.get_by_test_id("sheet")
    expect(sheet).to_have_attribute("data-ready", "true")
    tile = sheet.get_by_test_id("tile-5")
    says = tile.get_attribute("aria-label")
    true, called = re.match("It is “(.+?)”, called “(.+?)”", says).groups()
    tile.click()
    opened(page, "6")
    heading = page.locator(".st-key-mistake h3").first.inner_text()
    assert true in heading and called in heading
    expect(tile).to_have_attribute("aria-pressed", "true")


def test_only_what_is_seen_is_drawn(open_page):
    page = open_page(f"mistakes?{DIGITS}&view=small&show=all")
    sheet = page.get_by_test_id("sheet")
    expect(sheet).to_have_attribute("data-ready", "true")
    expect(sheet.locator("canvas[data-painted]").first).to_be_visible()
    drawn = sheet.locator("[data-testid^=tile-]")
    assert 50 < drawn.count() < 900  # of a thousand on this page, of ten thousand in all
    sheet.evaluate("box => { box.scrollTop = box.scrollHeight }")
    expect(sheet.get_by_test_id("tile-999")).to_be_visible()
    expect(sheet.get_by_test_id("tile-0")).to_have_count(0)
    sheet.get_by_test_id("tile-999").focus()
    page.keyboard.press("Home")
    expect(sheet.get_by_test_id("tile-0")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(sheet.get_by_test_id("tile-1")).to_be_focused()


def test_keys_step_mark_and_close_but_not_while_typing(open_page):
    page = open_page(f"mistakes?{DIGITS}&view=sheet")
    page.get_by_test_id("tile-0").click()
    first = opened(page, "1")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")  # at once: neither is lost
    third = opened(page, "3")
    assert third != first
    page.keyboard.press("m")
    switch = page.locator(f".st-key-mark-{third} input")
    expect(switch).to_be_checked()
    note = page.locator(f".st-key-note-{third} textarea")
    note.fill("is it a 4?")
    note.press("ArrowLeft")
    note.press("m")
    note.press("Escape")
    assert at_of(page) == third
    page.locator("h1").click()
    page.keyboard.press("ArrowLeft")
    opened(page, "2")
    page.keyboard.press("ArrowRight")
    assert opened(page, "3") == third
    page.reload()
    expect(page.locator(f".st-key-mark-{third} input")).to_be_checked()
    expect(page.locator(f".st-key-note-{third} textarea")).to_have_value("is it a 4m?")
    page.locator("h1").click()
    page.keyboard.press("Escape")
    expect(page.locator(".st-key-mistake")).to_have_count(0)
    assert at_of(page) is None


def test_everything_can_be_taken_away(open_page, browser, tmp_path):
    page = open_page(f"mistakes?{DIGITS}&true=9&called=7")
    page.get_by_text("Take away", exact=True).click()
    page.locator(".st-key-make-report button").first.click()
    save = page.locator(".st-key-save-report button").first
    expect(save).to_be_visible(timeout=120_000)
    with page.expect_download() as download:
        save.click()
    name = download.value.suggested_filename
    assert re.fullmatch(r"mistakes-mnist_lenet5-\d{4}-\d\d-\d\d\.html", name)
    report = tmp_path / name
    download.value.save_as(report)
    with page.expect_download() as download:
        page.locator(".st-key-mistakes-csv button").first.click()
    download.value.save_as(tmp_path / "mistakes.csv")
    with (tmp_path / "mistakes.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {(r["true"], r["called"]) for r in rows} == {("9", "7")}
    with page.expect_download() as download:
        page.locator(".st-key-mistakes-zip button").first.click()
    download.value.save_as(tmp_path / "mistakes.zip")
    with zipfile.ZipFile(tmp_path / "mistakes.zip") as kept:
        assert len(kept.namelist()) == len(rows) + 1

    # Without a network the report is whole: nothing is asked for, every picture is there.
    context = browser.new_context(offline=True)
    alone = context.new_page()
    asked, problems = [], []
    alone.on("request", lambda r: asked.append(r.url) if not r.url.startswith("data:") else None)
    alone.on("console", lambda message: problems.append(message.text))
    alone.goto(report.as_uri())
    pictures = alone.evaluate("() => [...document.images].map((i) => i.naturalWidth)")
    assert len(pictures) >= 3 * len(rows) and min(pictures) > 0
    assert asked == [report.as_uri()] and problems == []
    expect(alone.locator("article.shown")).to_have_count(len(rows))
    wide = alone.evaluate("() => document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0
    context.close()
