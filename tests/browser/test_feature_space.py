"""The feature space in a real Chromium: a point opens its image, a lasso its gallery."""

from __future__ import annotations

import re

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import settle

pytestmark = pytest.mark.browser
MAP = "feature_space?model=shipped:mnist_lenet5&method=pca&count=500"
POSITIONS = "(e, n) => Array.from({length: n}, (_, i) => e.pointPosition(i)).map(p => [p.x, p.y])"


@pytest.fixture
def indices() -> np.ndarray:
    """Places in the split of the images on the map, in the order of its points."""
    from cnnviz.datasets.bundled import split_arrays
    from cnnviz.datasets.dataset import limit_indices

    return limit_indices(split_arrays("mnist", "test")[1], 500)


def opened(open_page, address: str = MAP, **how) -> tuple[Page, np.ndarray]:
    """The page with its star, and where the points lie in the window."""
    page = open_page(address, **how)
    expect(page.get_by_text("The star is")).to_be_visible(timeout=60_000)
    settle(page)
    chart = page.get_by_test_id("scatter")
    page.wait_for_selector("canvas[data-ready]")
    chart.scroll_into_view_if_needed()
    page.wait_for_timeout(400)
    return page, np.array(chart.evaluate(POSITIONS, int(chart.get_attribute("data-count"))))


def test_a_point_opens_exactly_its_image(open_page, indices):
    page, at = opened(open_page)
    assert len(at) == 500
    gaps = np.linalg.norm(at[:, None] - at[None], axis=-1) + 1e9 * np.eye(500)
    point = int(gaps.min(axis=1).argmax())  # the one that is farthest from all others
    page.mouse.move(*at[point])
    expect(page.get_by_test_id("scatter-card")).to_be_visible()
    page.mouse.click(*at[point])
    expect(page).to_have_url(re.compile(f"at={indices[point]}(&|$)"))
    expect(page.locator(".st-key-point h3").first).to_be_visible()
    expect(page.locator(".st-key-point")).to_contain_text(f"{indices[point]:,}")


def test_a_lasso_opens_a_gallery_of_exactly_those(open_page):
    page, at = opened(open_page)
    middle = at[int(np.linalg.norm(at - np.median(at, axis=0), axis=1).argmin())]
    reach = 14.0
    while (np.abs(at - middle).max(axis=1) < reach).sum() < 5:
        reach += 4
    inside = int((np.abs(at - middle).max(axis=1) < reach).sum())
    assert inside <= 24
    page.get_by_test_id("scatter-lasso").click()
    corners = middle + reach * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]])
    page.mouse.move(*corners[0])
    page.mouse.down()
    for corner in corners[1:]:
        page.mouse.move(*corner, steps=12)
    page.mouse.up()
    box = page.locator(".st-key-lasso")
    expect(box).to_contain_text(f"You drew around {inside} images")
    expect(box.locator("[data-testid=grid] [data-testid^=tile-]")).to_have_count(inside)
    page.get_by_test_id("scatter-clear").click()
    expect(box).to_have_count(0)


def test_another_image_lands_elsewhere_and_its_neighbours_open(open_page):
    page, _ = opened(open_page, f"{MAP}&image=data:mnist/train/3")
    tiles = page.locator(".st-key-landing-row [data-testid^=tile-]")
    expect(tiles).to_have_count(8)
    tiles.first.click()
    expect(page).to_have_url(re.compile(r"at=\d+"))
    expect(page.locator(".st-key-point h3").first).to_be_visible()


def test_narrow_and_dark(open_page):
    page, _ = opened(open_page, width=390, height=844, color_scheme="dark")
    wide = page.evaluate(
        "() => document.querySelector('[data-testid=stMain]').scrollWidth - innerWidth"
    )
    assert wide <= 0
