"""Write every page as a picture: ``make screenshots``, then look at them.

Wide (1440) and narrow (390 pixels), light and dark, English and Chinese, into the git-ignored
``screenshots/``; ``--docs`` also renews the README's pictures in ``docs/pictures/``.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from itertools import product
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from cnnviz.ui.lesson import PAGES  # noqa: E402 - needs the path above
from tests.browser.conftest import CHROMIUM, FLAGS, serving, settle  # noqa: E402

SIZES = {"wide": (1440, 900), "narrow": (390, 844)}
LANGUAGES = {"en": "en-US", "zh": "zh-CN"}
MODEL = {"evaluation", "mistakes", "feature_space", "filters", "feature_maps"}
DOCS = {
    "home": "",
    "heatmaps": "heatmaps",
    "evaluation": "evaluation?model=shipped:fashion_mnist_vgg",
    "feature_space": "feature_space?model=shipped:fashion_mnist_vgg",
    "own": "train?net=own",
}
TRAINED = "train?epochs=6"  # started, and shown once it has ended


def shoot(
    browser: Browser,
    address: str,
    path: str,
    target: Path,
    train: bool = False,
    **options: object,
) -> None:
    """One picture of one page; ``train``: of a training that is started there and has ended."""
    context = browser.new_context(**options)
    page = context.new_page()
    page.goto(f"{address}/{path}")
    settle(page, timeout=240_000)
    if train:
        page.locator(".st-key-start-training button").click()
        page.locator(".st-key-look-inside button").wait_for(timeout=240_000)
    page.wait_for_timeout(1500)  # charts and components draw after the script has ended
    target.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=target)
    context.close()
    print(target)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--docs", action="store_true", help="only the README's pictures")
    parser.add_argument("pages", nargs="*", default=[p.key for p in PAGES])
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as home,
        serving(Path(home)) as (address, _pid),
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        if arguments.docs:
            for name, path in {**DOCS, "train": TRAINED}.items():
                high = 1400 if path.startswith("train") else 900
                shoot(
                    browser,
                    address,
                    path,
                    ROOT / "docs" / "pictures" / f"{name}.png",
                    train=path == TRAINED,
                    viewport={"width": 1440, "height": high},
                    locale="en-US",
                )
            return
        for key, size, scheme, language in product(
            arguments.pages, SIZES, ("light", "dark"), LANGUAGES
        ):
            path = "" if key == "home" else key
            if key in MODEL:
                path += "?model=shipped:fashion_mnist_vgg"
            width, height = SIZES[size]
            shoot(
                browser,
                address,
                path,
                ROOT / "screenshots" / f"{key}-{size}-{scheme}-{language}.png",
                viewport={"width": width, "height": height},
                locale=LANGUAGES[language],
                color_scheme=scheme,
            )


if __name__ == "__main__":
    main()
