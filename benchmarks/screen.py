"""How old is what one sees: ``python -m benchmarks.screen [--people 30] [--seconds 30]``.

One real Chromium watches a training while sessions (``benchmarks/sessions.py``) watch it too, on
one machine that also trains. Printed: the seconds from an event in the training's diary until its
step is on the screen, and what else the browser asked for meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
from pathlib import Path

from playwright.async_api import async_playwright

from benchmarks.sessions import Session
from benchmarks.viewers import SETTLE_S, ages, batches_of, learning, started, stop
from tests.browser.conftest import CHROMIUM, FLAGS, serving

# Two frames after a change it has been painted.
NOTE = """(curves) => {
  window.seen = []
  new MutationObserver(() => {
    const step = Number(curves.dataset.step)
    requestAnimationFrame(() => requestAnimationFrame(() => seen.push([Date.now() / 1000, step])))
  }).observe(curves, { attributes: true, attributeFilter: ["data-step"] })
}"""


async def look(address: str, home: Path, people: int, seconds: float) -> None:
    teacher = Session(address)
    await teacher.open("train", "epochs=1000")
    run = await started(teacher)
    diary = await learning(home, run)
    viewers = [Session(address) for _person in range(people)]
    for viewer in viewers:
        await viewer.open("train", f"run={run}")
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = await chromium.new_page()
        await page.goto(f"{address}/train?run={run}")
        curves = page.get_by_test_id("live-curves")
        await curves.wait_for()
        await asyncio.sleep(SETTLE_S)
        polls: list[str] = []
        page.on("request", lambda request: polls.append(request.url))
        await curves.evaluate(NOTE)
        await asyncio.sleep(seconds)
        seen = [tuple(pair) for pair in await page.evaluate("window.seen")]
        await chromium.close()
    age = sorted(ages(seen, batches_of(diary)))
    print(f"{'others who watch':44} {people:8}")
    print(f"{'events seen':44} {len(age):8}")
    print(f"{'age of an event on the screen, p50, s':44} {statistics.median(age):8.2f}")
    late = age[int(0.99 * len(age))]
    print(f"{'age of an event on the screen, p99, s':44} {late:8.2f}   (bar: 2.00)")
    print(f"{'questions of the tab a second':44} {len(polls) / seconds:8.2f}")
    await stop(teacher, home, run)
    for viewer in [*viewers, teacher]:
        await viewer.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=30)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, serving(Path(home)) as (address, _pid):
        asyncio.run(look(address, Path(home), given.people, given.seconds))


if __name__ == "__main__":
    main()
