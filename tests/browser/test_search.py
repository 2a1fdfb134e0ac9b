"""A search in a real Chromium: ticked, started, watched, its best trial opened."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import run_of, settle

pytestmark = pytest.mark.browser
TINY = "train?data=mnist&net=lenet5&part=300&epochs=1&trials=4&try-rate=0.001~0.01"


@pytest.mark.slow
def test_four_tiny_trials(open_page, address):
    page = open_page(TINY)
    main = page.get_by_test_id("stMain")
    page.locator(".st-key-group-search summary").click()
    vary = page.locator(".st-key-choice-try")
    vary.get_by_role("button", name="Optimizer").click()
    expect(page).to_have_url(re.compile("try-optimizer=adam~sgd~adamw"))
    expect(main).to_contain_text("4 trials, 4 epochs in all")
    page.locator(".st-key-start-search button").click()
    expect(page).to_have_url(re.compile(r"run=[0-9a-f]{24}"))
    search = run_of(page)

    expect(main).to_contain_text("Best so far", timeout=120_000)
    chart = page.locator(f".st-key-parallel-{search[:8]}")
    expect(chart.locator(".scatterlayer .trace").first).to_be_visible()
    expect(main).to_contain_text("The best: trial", timeout=120_000)
    expect(chart.locator(".scatterlayer .trace")).to_have_count(4)
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible()
    expect(main).to_contain_text("test images it gets")

    page.locator(".st-key-open-best button").click()
    expect(main).to_contain_text("Trial")
    expect(page).not_to_have_url(re.compile(search))
    settle(page)
    page.locator(".st-key-back-to-search button").click()
    expect(page).to_have_url(re.compile(search))
    settle(page)
    page.locator(".st-key-look-inside button").click()
    page.wait_for_url(re.compile(r"model=run%3A|model=run:"))
    settle(page)
    page.goto(f"{address}/runs")
    settle(page)
    expect(main).to_contain_text("Search: Digits")
