"""What a visitor waits for: ``python -m benchmarks.web``.

A live server on a free port of this machine, its answers precomputed (shipped models). Printed:
time from a second ``make run`` to the first page on screen; for every page, the time of a rerun of
its script (a change of the language, seen from the browser) and the bytes that a first visit brings
over the WebSocket and as pictures.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from cnnviz.ui.lesson import PAGES  # noqa: E402 - needs the path above
from tests.browser.conftest import CHROMIUM, FLAGS, free_port, serving, settle  # noqa: E402

RERUNS = 5


def start_to_first_page(browser: object, home: Path) -> float:
    """Seconds from ``make run`` to Home's picture."""
    port = free_port()
    started = time.perf_counter()
    server = subprocess.Popen(
        ["make", "--silent", "run", f"PORT={port}"],
        cwd=ROOT,
        env={**os.environ, "CNNVIZ_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    page = browser.new_page()
    try:
        while True:
            try:
                page.goto(f"http://127.0.0.1:{port}/")
                break
            except Exception:
                if time.perf_counter() - started > 60:
                    raise
                time.sleep(0.05)
        page.get_by_test_id("flow-photo").wait_for()
        return time.perf_counter() - started
    finally:
        page.close()
        os.killpg(server.pid, 15)
        server.wait()


def visit(browser: object, address: str, path: str) -> tuple[float, float, float, float]:
    """First visit (s), median rerun (s), WebSocket bytes and media bytes of the first visit."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    received = {"socket": 0, "media": 0}

    def count(payload: str | bytes) -> None:
        received["socket"] += len(payload)

    page.on("websocket", lambda ws: ws.on("framereceived", count))
    page.on(
        "response",
        lambda r: (
            received.__setitem__("media", received["media"] + len(r.body()))
            if r.url.startswith(f"{address}/media/")
            else None
        ),
    )
    started = time.perf_counter()
    page.goto(f"{address}/{path}")
    settle(page)
    first = time.perf_counter() - started
    page.wait_for_timeout(1000)
    socket, media = received["socket"], received["media"]
    reruns = []
    title, language = (
        page.locator("h1"),
        page.locator(".st-key-sidebar-language").get_by_role("radio"),
    )
    for attempt in range(RERUNS):
        before = title.inner_text()
        started = time.perf_counter()
        language.nth(1 - attempt % 2).click()  # the whole script runs again
        expect(title).not_to_have_text(before)
        settle(page)
        reruns.append(time.perf_counter() - started)
    context.close()
    return first, statistics.median(reruns), socket, media


def main() -> None:
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        times = [start_to_first_page(browser, Path(home)) for _attempt in range(3)]
        print(f"second make run → Home's picture: median {statistics.median(times):.1f} s of 3")
        with serving(Path(home)) as (address, _pid):
            print(f"{'page':<16}{'first visit':>12}{'rerun':>10}{'socket':>12}{'media':>12}")
            for page in PAGES:
                path = "" if page.key == "home" else page.key
                first, rerun, socket, media = visit(browser, address, path)
                print(
                    f"{page.key:<16}{first:>10.2f} s{rerun:>8.2f} s"
                    f"{socket / 1e3:>9.0f} kB{media / 1e3:>9.0f} kB"
                )


if __name__ == "__main__":
    main()
