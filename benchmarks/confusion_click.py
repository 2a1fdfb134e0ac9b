"""From a cell of the confusion matrix to its images on the screen:

    python -m benchmarks.confusion_click [--rounds 7]

A real Chromium and a server of its own on this machine. The bar: less than a second.
"""

from __future__ import annotations

import argparse
import statistics
import time

from playwright.sync_api import Page

from benchmarks.in_browser import fresh_page
from tests.browser.conftest import settle

MODELS = {
    "shipped:mnist_lenet5": (9, 7),
    "shipped:fashion_mnist_vgg": (6, 0),
    "shipped:cifar10_resnet": (3, 5),
}

# Painted, on a contact sheet; a few images come in a grid with their heat.
IMAGES = "[data-testid=sheet] canvas[data-painted], [data-testid=grid] [data-testid^=tile-]"


def click(page: Page, address: str, model: str, cell: tuple[int, int]) -> float:
    """Seconds from the click until the first image of the cell is there."""
    page.goto(f"{address}/evaluation?model={model}")
    settle(page)
    place = page.get_by_test_id(f"cell-{cell[0]}-{cell[1]}")
    place.scroll_into_view_if_needed()
    began = time.perf_counter()
    place.click()
    page.wait_for_selector(IMAGES)
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    with fresh_page() as (page, address):
        for model, cell in MODELS.items():
            click(page, address, model, cell)  # the first visit reads and decodes the images
            times = [click(page, address, model, cell) for _round in range(rounds)]
            print(
                f"{model:<32} {statistics.median(times):6.2f} s, slowest {max(times):6.2f} s   "
                "(bar: 1.00)",
                flush=True,
            )


if __name__ == "__main__":
    main()
