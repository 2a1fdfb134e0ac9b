"""From a click on “draw them” to the pictures of a layer's filters on the page:

    python -m benchmarks.first_filters [--pictures FOLDER]

A real Chromium and a server of its own. Nobody asked for the layers before. The bars: the first
picture within 2 s, a useful one within 10 s; what is on the screen then is kept under
``--pictures`` to be looked at.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import CHROMIUM, FLAGS, serving, settle

LAYERS = {
    "shipped:mnist_lenet5": "relu_1",
    "shipped:fashion_mnist_vgg": "relu_3_1",
    "shipped:cifar10_resnet": "stage_3_block_1_relu",
    "shipped:imagenet_efficientnet_lite0": "block_3_2_expand_relu6",
}
SHOWN = "[...document.querySelectorAll('[data-testid=stMain] img')].map((i) => i.src).join('|')"
USEFUL_S = 10.0
END_S = 120.0


def watch(page: Page, picture: Path | None) -> tuple[list[float], float]:
    """Seconds from the click to each new picture, and until all is done."""
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
    return frames, passed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=Path)
    pictures = parser.parse_args().pictures
    with (
        tempfile.TemporaryDirectory() as home,
        serving(Path(home)) as (address, _pid),
        sync_playwright() as playwright,
    ):
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = chromium.new_page(viewport={"width": 1440, "height": 900}, locale="en-US")
        page.set_default_timeout(60_000)
        print(f"{'':36} {'first, s':>9} {'last, s':>9} {'pictures':>9}   (bar: first 2.0)")
        for model, layer in LAYERS.items():
            page.goto(f"{address}/filters?model={model}&layer={layer}")
            settle(page)
            file = pictures and pictures / f"{model.partition(':')[2]}.png"
            frames, _ended = watch(page, file)
            print(f"{model:36} {frames[0]:9.2f} {frames[-1]:9.2f} {len(frames):9}", flush=True)
        chromium.close()


if __name__ == "__main__":
    main()
