"""From a click on “draw them” to the pictures of a layer's filters on the page:

    python -m benchmarks.first_filters [--pictures FOLDER]

A real Chromium and a server of its own. Nobody asked for the layers before. The first picture is
the noise that all begins with, the second shows the first steps. The bars: the first picture within
2 s, a useful one within 10 s; what is on the screen then is kept under
``--pictures`` to be looked at.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from playwright.sync_api import Page

from benchmarks.in_browser import fresh_page
from tests.browser.conftest import settle

LAYERS = {
    "shipped:mnist_lenet5": "relu_1",
    "shipped:fashion_mnist_vgg": "relu_3_1",
    "shipped:cifar10_resnet": "stage_3_block_1_relu",
    "shipped:imagenet_efficientnet_lite0": "block_3_2_expand_relu6",
}
SHOWN = "[...document.querySelectorAll('[data-testid=stMain] img')].map((i) => i.src).join('|')"
USEFUL_S = 10.0
END_S = 120.0


def watch(page: Page, picture: Path | None) -> list[float]:
    """Seconds from the click to each new picture."""
    before = page.evaluate(SHOWN)
    began = time.perf_counter()
    page.locator(".st-key-draw-filters button").click()
    frames: list[float] = []
    while (passed := time.perf_counter() - began) < END_S:
        now = page.evaluate(SHOWN)
        if now != before:
            frames.append(passed)
            before = now
        if picture is not None and passed > USEFUL_S:
            page.screenshot(path=picture)
            picture = None
        if passed > 2 and not page.locator("[data-testid=stProgress]").count() and frames:
            break
        page.wait_for_timeout(50)
    if picture is not None:
        page.screenshot(path=picture)
    return frames


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=Path)
    pictures = parser.parse_args().pictures
    with fresh_page() as (page, address):
        print(f"{'':36} {'first, s':>9} {'painted, s':>11} {'last, s':>9}   (bar: first 2.0)")
        for model, layer in LAYERS.items():
            page.goto(f"{address}/filters?model={model}&layer={layer}")
            settle(page)
            file = pictures and pictures / f"{model.partition(':')[2]}.png"
            frames = watch(page, file)
            if len(frames) < 2:
                raise SystemExit(f"{model}: only {len(frames)} pictures within {END_S:.0f} s.")
            print(f"{model:36} {frames[0]:9.2f} {frames[1]:11.2f} {frames[-1]:9.2f}", flush=True)


if __name__ == "__main__":
    main()
