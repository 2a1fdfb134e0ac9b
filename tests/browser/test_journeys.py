"""The main journeys, in a real Chromium against a live server."""

from __future__ import annotations

import io
import json
import re
import urllib.request

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from cnnviz.datasets.image_references import FOLDER as PHOTOS
from cnnviz.ui.language import catalogue
from cnnviz.ui.lesson import PAGES
from tests.browser.conftest import settle

pytestmark = pytest.mark.browser
DIGITS = "model=shipped:mnist_lenet5"
LANGUAGES = pytest.mark.parametrize(
    "language", ["en-US", pytest.param("zh-CN", marks=pytest.mark.slow)]
)


def heavy_modules(address: str) -> list[str]:
    """What of TensorFlow and Keras is in the web process."""
    return json.loads(urllib.request.urlopen(f"{address}/api/health").read())["heavy_modules"]


@pytest.mark.slow
def test_the_web_process_stays_light(open_page, address):
    """Neither TensorFlow nor Keras is in it after any page."""
    for page in PAGES:
        open_page("" if page.key == "home" else page.key)
        assert heavy_modules(address) == [], page.key


@LANGUAGES
def test_home_is_a_way_in(open_page, language):
    page = open_page("", locale=language)
    expect(page.get_by_test_id("flow-photo")).to_be_visible()
    expect(page.get_by_test_id("flow-answer-0")).to_be_visible()
    page.get_by_test_id("flow-tile-1-2").click()
    expect(page).to_have_url(re.compile("feature_maps"))
    settle(page)
    assert "layer=" in page.url and "channel=" in page.url


@pytest.mark.parametrize("language", ["en-US", "zh-CN"])
def test_upload_a_photo_and_see_its_heatmap(open_page, language):
    page = open_page("heatmaps", locale=language)
    before = pictures(page)
    page.locator(".st-key-change-image button").click()
    # sample, draw, paste, upload, camera
    page.get_by_role("dialog").get_by_role("radio").nth(3).click()
    page.locator(".st-key-image-upload input[type=file]").set_input_files(PHOTOS / "coffee.jpg")
    expect(page).to_have_url(re.compile(r"image=upload(:|%3A)[0-9a-f]{24}"))
    settle(page)
    name = catalogue("zh_CN")["espresso"] if language == "zh-CN" else "espresso"
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
    assert pictures(page) != before


def test_a_file_that_is_no_image_is_a_sentence(open_page, tmp_path):
    wrong = tmp_path / "photo.png"
    wrong.write_bytes(b"this is not a picture")
    page = open_page("heatmaps")
    page.locator(".st-key-change-image button").click()
    page.get_by_role("dialog").get_by_role("radio").nth(3).click()
    page.locator(".st-key-image-upload input[type=file]").set_input_files(wrong)
    expect(page.get_by_role("dialog")).to_contain_text("not an image")
    assert "image=" not in page.url


@LANGUAGES
def test_draw_a_digit(open_page, language):
    page = open_page(f"heatmaps?{DIGITS}", locale=language)
    page.locator(".st-key-change-image button").click()
    page.get_by_role("dialog").get_by_role("radio").nth(1).click()
    canvas = page.get_by_test_id("draw-canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    x = box["x"] + box["width"] / 2
    page.mouse.move(x, box["y"] + 0.15 * box["height"])
    page.mouse.down()
    page.mouse.move(x, box["y"] + 0.85 * box["height"], steps=12)
    page.mouse.up()
    page.get_by_test_id("draw-use").click()
    expect(page).to_have_url(re.compile(r"image=upload(:|%3A)"))
    settle(page)
    # a vertical stroke is a one
    expect(page.locator("[data-testid=stMain] h3").first).to_have_text("1")


def test_take_a_photo(open_page):
    page = open_page("heatmaps", permissions=["camera"])
    page.locator(".st-key-change-image button").click()
    page.get_by_role("dialog").get_by_role("radio").nth(4).click()
    # the button is there before the camera delivers its first picture
    page.wait_for_function("() => document.querySelector('video')?.readyState >= 2")
    page.get_by_role("button", name="Take Photo").click()
    expect(page).to_have_url(re.compile(r"image=upload(:|%3A)"))
    settle(page)


@LANGUAGES
def test_a_confusion_cell_opens_exactly_its_images(open_page, language):
    page = open_page(f"evaluation?{DIGITS}", locale=language)
    cell = page.get_by_test_id("cell-9-7")
    count = int(cell.inner_text())
    assert 1 <= count <= 24
    cell.click()
    expect(page).to_have_url(re.compile("mistakes"))
    settle(page)
    assert "true=9" in page.url and "called=7" in page.url
    tiles = page.locator("[data-testid=grid] [data-testid^=tile-]")
    expect(tiles).to_have_count(count)
    captions = page.get_by_test_id("grid").inner_text()
    assert captions.count("9 → 7") == count
    tiles.first.click()
    expect(page.locator(".st-key-mistake h3").first).to_contain_text("9")
    assert "at=" in page.url


@LANGUAGES
def test_hover_and_click_the_map(open_page, language):
    page = open_page(f"feature_space?{DIGITS}", locale=language)
    page.wait_for_selector("canvas[data-ready]")
    chart = page.get_by_test_id("scatter")
    chart.scroll_into_view_if_needed()
    at = chart.evaluate("(e, i) => e.pointPosition(i)", 7)
    page.mouse.move(at["x"], at["y"])
    expect(page.get_by_test_id("scatter-card")).to_be_visible()
    page.mouse.click(at["x"], at["y"])
    expect(page.locator(".st-key-point h3").first).to_be_visible()
    assert "at=" in page.url


@LANGUAGES
def test_train_watch_and_look_inside(open_page, address, language):
    """Four epochs on Clothes: the curve is on screen before they end, then every page opens it."""
    page = open_page("train?epochs=4", locale=language)
    page.locator(".st-key-start-training button").click()
    expect(page.get_by_test_id("live-curves")).to_be_visible(timeout=60_000)
    expect(page.locator(".st-key-stop-training button")).to_be_visible()  # still running
    run = re.search(r"run=([0-9a-f]{24})", page.url)[1]
    expect(page.locator(".st-key-keep-model button").first).to_be_visible(timeout=240_000)
    for lesson_page in PAGES:
        key = "" if lesson_page.key == "home" else lesson_page.key
        shown = open_page(f"{key}?model=run:{run}@best", locale=language)
        expect(shown.get_by_test_id("stAlertContentError")).to_have_count(0)
        shown.close()  # what it still computes is for nobody then
        assert heavy_modules(address) == [], key


def test_a_link_in_another_language_shows_the_same_view(open_page):
    page = open_page("heatmaps?model=shipped:mnist_lenet5&lang=zh_CN&image=data:mnist/test/3")
    expect(page.locator("h1")).to_have_text(re.compile("[\u4e00-\u9fff]"))
    expect(page.locator("[data-testid=stMain] h3").first).to_have_text("0")


@pytest.mark.slow
def test_narrow_screens_have_no_sideways_scrolling(open_page):
    for lesson_page in PAGES:
        page = open_page("" if lesson_page.key == "home" else lesson_page.key, width=390)
        wide = page.evaluate(
            "() => document.querySelector('[data-testid=stMain]').scrollWidth - innerWidth"
        )
        assert wide <= 0, lesson_page.key
        page.close()


def pictures(page: Page) -> list[bytes]:
    """What the images of the main area look like, coarsely."""
    found = []
    for image in page.locator("[data-testid=stMain] [data-testid=stImage] img").all():
        shot = Image.open(io.BytesIO(image.screenshot())).convert("L").resize((16, 16))
        found.append((np.asarray(shot) // 16).tobytes())
    return found
