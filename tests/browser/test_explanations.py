"""Journeys through the page of heatmaps: a method, a comparison, the patch, files, a link."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from cnnviz.ui.language import catalogue
from tests.browser.conftest import settle

pytestmark = pytest.mark.browser
DIGITS = "heatmaps?model=shipped:mnist_lenet5"


def headings(page: Page) -> list[str]:
    return page.locator("[data-testid=stMain] h3").all_inner_texts()


def choose(page: Page, view: str, text: str) -> None:
    page.locator(".st-key-choice-heat_view").get_by_text(text, exact=True).click()
    expect(page).to_have_url(re.compile(f"heat_view={view}"))
    settle(page)


@pytest.mark.parametrize("language", ["en-US", "zh-CN"])
def test_another_question_gives_another_picture(open_page, language):
    page = open_page(DIGITS, locale=language)
    picture = page.locator("[class*=st-key-crisp-heat] img").first
    before = picture.get_attribute("src")
    words = catalogue("zh_CN") if language == "zh-CN" else {}
    page.locator(".st-key-choice-heat_method input").fill("HiResCAM")
    page.get_by_role("option").filter(has_text="HiResCAM").first.click()
    expect(page).to_have_url(re.compile("heat_method=hires_cam"))
    expect(page.locator("[class*=st-key-crisp-heat] img").first).not_to_have_attribute(
        "src", before
    )
    heading = page.locator("[data-testid=stMain] h3").first
    expect(heading).to_have_text(words.get("7", "7"))


def test_methods_and_layers_side_by_side(open_page):
    page = open_page(DIGITS)
    choose(page, "methods", "Methods")
    expect(page.locator("[class*=st-key-crisp-heat] img")).to_have_count(5)
    choose(page, "layers", "Layer by layer")
    fields = [int(text.split(" ")[0]) for text in headings(page)]
    assert len(fields) >= 3 and fields == sorted(fields)


def test_the_patch_is_dragged_and_the_vote_follows(open_page):
    page = open_page(f"{DIGITS}&heat_view=patch&patch=100,100,300")
    board, patch = page.get_by_test_id("patch-board"), page.get_by_test_id("patch")
    sentence = page.get_by_test_id("patch-sentence")
    expect(board).to_have_attribute("data-answered", "100,100,300")
    expect(sentence).to_contain_text("almost nothing")  # a corner of the sheet is empty
    expect(page.get_by_test_id("patch-bar-0")).to_contain_text("7")
    patch.scroll_into_view_if_needed()
    stage, box = page.get_by_test_id("patch-stage").bounding_box(), patch.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    # The patch is cut off at the corner: what is seen of it has its middle at 125 thousandths.
    x, y = (stage[a] + 0.625 * stage[b] for a, b in (("x", "width"), ("y", "height")))
    page.mouse.move(x, y, steps=8)
    expect(board).not_to_have_attribute("data-answered", "100,100,300")  # while it is dragged
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"patch=\d+(,|%2C)\d+(,|%2C)300"))
    expect(board).to_have_attribute("data-answered", re.compile(r"^(59\d|60\d),(59\d|60\d),300$"))
    expect(sentence).to_contain_text(re.compile(r"takes 7 from 99\.9.+ down to \d\d"))
    before = board.get_attribute("data-answered")
    patch.focus()
    page.keyboard.press("ArrowDown")
    row, column, size = (int(n) for n in before.split(","))
    expect(board).to_have_attribute("data-answered", f"{row + 20},{column},{size}")
    expect(page).to_have_url(re.compile(f"patch={row + 20}"))
    page.get_by_test_id("patch-heat").click()
    expect(page.get_by_test_id("patch-heat")).to_have_attribute("aria-pressed", "true")


def test_the_patch_on_a_phone_is_moved_by_a_tap(open_page):
    page = open_page(f"{DIGITS}&heat_view=patch", width=390, has_touch=True, is_mobile=True)
    board = page.get_by_test_id("patch-board")
    expect(board).to_have_attribute("data-answered", "500,500,300")
    stage = page.get_by_test_id("patch-stage")
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    page.touchscreen.tap(box["x"] + 0.2 * box["width"], box["y"] + 0.8 * box["height"])
    expect(board).not_to_have_attribute("data-answered", "500,500,300")
    row, column, _size = (int(n) for n in board.get_attribute("data-answered").split(","))
    assert abs(row - 800) < 15 and abs(column - 200) < 15


def test_picture_and_numbers_can_be_taken_away(open_page):
    page = open_page(f"{DIGITS}&classes=7&heat_method=hires_cam")
    with page.expect_download() as wanted:
        page.locator("[class*=st-key-npy-] button").first.click()
    assert wanted.value.suggested_filename == "hires_cam-7-relu_2.npy"
    numbers = np.load(io.BytesIO(wanted.value.path().read_bytes()), allow_pickle=False)
    assert numbers.shape == (28, 28) and numbers.dtype == np.float32
    assert numbers.min() < 0 < numbers.max()
    with page.expect_download() as wanted:
        page.locator("[class*=st-key-png-] button").first.click()
    assert wanted.value.suggested_filename == "hires_cam-7-relu_2.png"
    picture = Image.open(wanted.value.path())
    assert picture.width > 2 * 400 and picture.height > 450


def test_a_link_shows_the_same_view_to_somebody_else(open_page):
    page = open_page(f"{DIGITS}&heat_view=layers&classes=4&against=9&heat_method=layer_cam")
    page.get_by_text("Link to this view").click()
    link = page.get_by_test_id("stCode").locator("code").inner_text().strip()
    other = open_page(link.partition("/heatmaps")[1].lstrip("/") + link.partition("/heatmaps")[2])
    assert headings(other) == headings(page)
    assert "rather than" in other.locator("[data-testid=stMain]").inner_text()


def test_trust_is_computed_when_it_is_asked_for(open_page):
    page = open_page(DIGITS)
    assert page.locator(".st-key-choice-trust").count() == 0
    page.locator(".st-key-fact_check-box summary").click()
    expect(page.locator(".st-key-choice-trust")).to_be_visible()
