"""From a number to exactly its images, in a real Chromium."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import settle

pytestmark = pytest.mark.browser
DIGITS = "model=shipped:mnist_lenet5"
FOLDS = ("show_chart", "balance", "table")
LANGUAGES = pytest.mark.parametrize("language", ["en-US", "zh-CN"])


# A few images come with their heat, more as a contact sheet.
TILES = ", ".join(f"[data-testid={kind}] [data-testid^=tile-]" for kind in ("grid", "sheet"))


def tiles_of(page: Page, count: int) -> list[str]:
    """What the images of the Mistakes page say, once they are there."""
    expect(page).to_have_url(re.compile("mistakes"))
    settle(page)
    tiles = page.locator(TILES)
    expect(tiles).to_have_count(count)
    return [tile.get_attribute("title") or tile.inner_text() for tile in tiles.all()]


@LANGUAGES
@pytest.mark.parametrize("shares", ["count", "column"])
def test_a_cell_opens_exactly_its_images(open_page, language, shares):
    """Whatever stands in the cells and however the classes are arranged."""
    arranged = "" if shares == "count" else "&arrange=alike"
    page = open_page(f"evaluation?{DIGITS}&cells={shares}{arranged}", locale=language)
    cell = page.get_by_test_id("cell-9-7")
    cell.hover()
    said = page.get_by_test_id("matrix-sentence").inner_text()
    count = int(cell.inner_text()) if shares == "count" else counted(said)
    cell.click()
    said = tiles_of(page, count)
    assert "true=9" in page.url and "called=7" in page.url
    assert all("9" in text and "7" in text for text in said)


def counted(sentence: str) -> int:
    """The number of images in “Of all that was called “7”, 0.4 % was “9” (4 images).”."""
    return int(re.search(r"[(（]\s*(\d+)", sentence)[1])


def test_the_story_opens_what_it_tells(open_page):
    page = open_page(f"evaluation?{DIGITS}")
    button = page.locator("[class*=st-key-story-0]").first.locator("button")
    true, called, count = re.search(r"(\d) → (\d): (\d+)", button.inner_text()).groups()
    button.click()
    tiles_of(page, int(count))
    assert f"true={true}" in page.url and f"called={called}" in page.url


def test_numbers_that_are_folded_away_open(open_page):
    page = open_page(f"evaluation?{DIGITS}")
    for fold in FOLDS:
        page.locator(f".st-key-fold-{fold} summary").click()
    drawn = {fold: page.locator(f".st-key-fold-{fold} .js-plotly-plot") for fold in FOLDS}
    expect(drawn["show_chart"]).to_have_count(1, timeout=120_000)
    expect(drawn["balance"]).to_have_count(2, timeout=120_000)


def test_a_row_of_the_table_opens_the_mistakes_of_its_class(open_page):
    page = open_page(f"evaluation?{DIGITS}")
    wrong = sum(
        int(page.get_by_test_id(f"cell-8-{called}").inner_text() or 0) for called in (*range(8), 9)
    )
    page.locator(".st-key-fold-table summary").click()
    table = page.locator(".st-key-class-numbers [data-testid=stDataFrameResizable]")
    table.scroll_into_view_if_needed()
    # A canvas: its head and rows are 35 pixels high. Sorted downwards, the eight is the second.
    for _click in range(2):
        table.click(position={"x": 100, "y": 17})
        settle(page)
    expect(page).to_have_url(re.compile("evaluation"))
    table.click(position={"x": 17, "y": 35 * 2 + 17})
    said = tiles_of(page, wrong)
    assert "true=8" in page.url and "called" not in page.url
    assert len(said) == wrong > 0
    page.get_by_test_id("stTopNavSection").filter(has_text="Many images").first.click()
    page.locator("a[href$=evaluation]").first.click()
    settle(page)
    page.locator(".st-key-fold-table summary").click()  # the table does not open them once more
    expect(table).to_be_visible(timeout=60_000)
    settle(page)
    expect(page).to_have_url(re.compile("evaluation"))


@pytest.mark.slow
def test_what_only_one_of_two_models_gets_right_opens(open_page, address):
    """Another moment of the same training is a second model of the same classes."""
    other = "shipped:mnist_lenet5@epoch-1"
    page = open_page(f"evaluation?{DIGITS}&other={other}")
    page.locator(".st-key-fold-compare_arrows summary").click()
    button = page.locator(".st-key-group-only_second button")
    expect(button).to_be_visible(timeout=240_000)  # the second model looks at all images
    count = int(re.search(r"([\d,]+)$", button.inner_text())[1].replace(",", ""))
    assert 0 < count < 200
    button.click()
    tiles_of(page, count)
    assert "show=only_second" in page.url
