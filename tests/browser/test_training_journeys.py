"""The journeys through training, in a real Chromium: build, wait, steer, look back, compare, keep.

They begin with small trainings that take seconds; ``finished`` is one that all may look at.
"""

from __future__ import annotations

import ast
import hashlib
import re
import time
import zipfile

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Person, learning, serving, settle, started

pytestmark = pytest.mark.browser
SHORT = "train?data=mnist&net=lenet5&part=1000&epochs=3"
LONG = "train?data=mnist&net=lenet5&part=3000&epochs=300"
KEY = "seven oaks"


def button(page: Page, key: str) -> Locator:
    return page.locator(f".st-key-{key} button").first


def main(page: Page) -> Locator:
    return page.get_by_test_id("stMain")


@pytest.fixture(scope="module")
def me(browser, address):
    person = Person(browser, address)
    yield person
    person.leave()


@pytest.fixture(scope="module")
def finished(me) -> str:
    """The id of a training that has ended."""
    page = me.visit(SHORT)
    run = started(page)
    expect(button(page, "keep-model")).to_be_visible(timeout=120_000)
    page.close()
    return run


def test_build_a_network_and_see_it_learn(me):
    page = me.visit("train?data=mnist&net=own&part=1000&epochs=200")
    blocks = page.get_by_test_id("chain").get_by_role("button")
    start = button(page, "start-training")
    expect(blocks).to_have_count(8)
    expect(page.get_by_test_id("chain-summary")).to_contain_text("105,866")

    page.get_by_test_id("block-2").click()
    page.get_by_test_id("add-pool").click()
    expect(blocks).to_have_count(9)
    expect(page.get_by_test_id("block-3")).to_contain_text("7×7×16")
    expect(page.get_by_test_id("chain-summary")).to_contain_text("23,946")

    page.get_by_test_id("field-size").fill("8")
    page.get_by_test_id("field-size").press("Enter")
    expect(page.get_by_test_id("chain-problem")).to_contain_text("shrunk to nothing at block 7")
    expect(start).to_be_disabled()

    page.get_by_test_id("undo-block").click()
    expect(page.get_by_test_id("chain-problem")).to_have_count(0)
    expect(page.get_by_test_id("block-3")).to_contain_text("7×7×16")
    expect(start).to_be_enabled()
    settle(page)
    started(page)
    learning(page)
    button(page, "stop-training").click()
    expect(button(page, "look-inside")).to_be_visible()
    page.close()


def test_pause_go_on_change_the_rate_and_stop(me):
    page = me.visit(LONG)
    run = started(page)
    learning(page)

    button(page, "pause-training").click()
    expect(main(page)).to_contain_text("Paused at step")
    step = re.search(r"Paused at step ([\d,]+)", main(page).inner_text())[1]
    settle(page)
    button(page, "go-on-training").click()
    expect(main(page)).to_contain_text(f"paused at step {step}", timeout=60_000)
    expect(main(page)).to_contain_text(f"went on at step {step}")
    learning(page)

    button(page, "rate-training").click()
    button(page, "rate-tenth").click()
    expect(main(page)).to_contain_text("learning rate 0.0001 from step")
    page.keyboard.press("Escape")
    learning(page)

    button(page, "stop-training").click()
    expect(main(page)).to_contain_text("Stopped at step")
    expect(button(page, "keep-model")).to_be_visible()
    page.close()
    page = me.visit(f"runs?runs={run}")
    expect(main(page)).to_contain_text("Stopped at step")
    expect(main(page)).to_contain_text("learning rate 0.0001 from step")
    page.close()


@pytest.mark.slow
def test_more_trainings_than_slots(browser, tmp_path):
    """The second person sees their place and a film, and what they may not do."""
    with serving(tmp_path, CNNVIZ_TRAINING_SLOTS="1", CNNVIZ_TEACHER_KEY=KEY) as (address, _pid):
        ann, bob, teacher = (Person(browser, address) for _ in range(3))
        long = ann.visit(LONG)
        first = started(long)
        learning(long)

        waiting = bob.visit(LONG)
        second = started(waiting)
        expect(waiting.get_by_test_id("live-lead")).to_contain_text("It is next")
        film = waiting.get_by_test_id("film")
        expect(film).to_have_attribute("data-playing", "true")
        expect(film).not_to_have_attribute("data-step", film.get_attribute("data-step"))
        third = bob.visit(SHORT)
        started(third)
        expect(third.get_by_test_id("live-lead")).to_contain_text("place 2")
        button(third, "stop-training").click()
        expect(main(third)).to_contain_text("Stopped before it had learned anything")
        third.goto(f"{address}/train?run={first}")
        settle(third)
        learning(third)
        expect(third.locator(".st-key-stop-training, .st-key-pause-training")).to_have_count(0)

        desk = teacher.visit("runs")
        expect(button(desk, f"stop-{first}")).to_have_count(0)
        desk.get_by_role("button", name="I am the teacher").click()
        key = desk.get_by_label("The teacher's key")
        key.fill("seven elms")
        key.press("Enter")
        expect(desk.get_by_text("That is not the key.")).to_be_visible()
        expect(button(desk, f"stop-{first}")).to_have_count(0)
        key.fill(KEY)
        key.press("Enter")
        expect(button(desk, f"stop-{second}")).to_be_visible()
        button(desk, f"stop-{first}").click()

        expect(main(long)).to_contain_text("Stopped at step", timeout=60_000)
        learning(waiting)  # its turn has come, and nobody did anything on this page
        button(waiting, "stop-training").click()
        expect(button(waiting, "keep-model")).to_be_visible()
        for person in (ann, bob, teacher):
            person.leave()


def test_the_epoch_slider_drives_maps_and_heatmaps(me, finished):
    page = me.visit(f"feature_maps?model=run:{finished}&image=data:mnist/test/3")
    maps = page.locator("[data-testid=grid][data-ready] canvas").first
    trained = picture(maps)
    expect(page.locator(".st-key-moment-note")).to_have_count(0)
    button(page, "sidebar-before").click()
    expect(page.locator(".st-key-moment-note")).to_contain_text("epoch")
    changes(maps, trained)
    page.locator(".st-key-sidebar-epoch input").press("Home")
    expect(page.locator(".st-key-moment-note")).to_contain_text("untrained")

    expect(page).to_have_url(re.compile("step-0"))
    page.goto(page.url.replace("feature_maps", "heatmaps"))
    settle(page)
    expect(page.locator(".st-key-moment-note")).to_contain_text("untrained")
    heatmap = page.locator("[class*=st-key-crisp-heat-] img").first
    untrained = picture(heatmap)
    button(page, "sidebar-after").click()
    expect(page.locator(".st-key-moment-note")).to_contain_text("step 10")
    changes(heatmap, untrained)
    button(page, "note-trained").click()
    expect(page.locator(".st-key-moment-note")).to_have_count(0)
    settle(page)
    page.close()


def test_a_finished_training_plays_again(me, finished):
    page = me.visit(f"train?run={finished}")
    button(page, "replay-training").click()
    film = page.get_by_test_id("film")
    expect(film).to_have_attribute("data-playing", "true")
    page.get_by_test_id("film-speed-3").click()
    page.get_by_test_id("film-again").click()
    expect(page.get_by_test_id("film-step")).to_have_text(re.compile(r"^(\d+) / \1$"))
    expect(page.get_by_test_id("film-position")).to_have_value("1000")
    assert page.get_by_test_id("film-samples").locator("figure").count() == 9
    button(page, "replay-training").click()
    expect(film).to_have_count(0)
    expect(page.locator(".st-key-curve-loss .js-plotly-plot")).to_be_visible()
    page.close()


def test_a_pair_opens_side_by_side(me):
    page = me.visit("train?data=mnist&net=lenet5&part=300&epochs=3")
    button(page, "compare-rate").click()
    expect(page).to_have_url(re.compile(r"runs\?.*runs=[0-9a-f]{24}(,|%2C)[0-9a-f]{24}"))
    expect(page.get_by_role("heading", name="Side by side")).to_be_visible()
    expect(main(page).get_by_role("row").filter(has_text="finished")).to_have_count(
        2, timeout=120_000
    )
    expect(main(page)).to_contain_text("Look at the loss.")
    settle(page)
    chart = page.locator(".st-key-compared .js-plotly-plot")
    lines = chart.evaluate(
        "c => c._fullData.filter(d => d.x.length > 1 && d.line.width > 2).length"
    )
    assert lines == 2, "validation, as a thick line each"
    page.close()


def test_the_rate_that_was_found_is_taken(me):
    page = me.visit("train?data=mnist&net=lenet5&part=300&rate=0.0001")
    page.locator(".st-key-group-steps summary").click()
    button(page, "find-rate").click()
    take = button(page, "take-rate")
    expect(take).to_be_visible(timeout=90_000)
    rate = re.search(r"Take ([\d.e-]+)", take.inner_text())[1]
    take.click()
    if rate == "0.001":  # the usual one needs no place in the address
        expect(page).not_to_have_url(re.compile("rate="))
    else:
        expect(page).to_have_url(re.compile(rf"rate={re.escape(rate)}(&|$)"))
    expect(page.locator(".st-key-group-steps")).to_contain_text("This is the rate it will learn")
    expect(page.locator(".st-key-choice-rate")).to_contain_text(rate)
    page.close()


def test_code_downloads_a_new_name_and_the_end(me, finished):
    page = me.visit(f"runs?runs={finished}")
    page.locator(f".st-key-code-{finished} summary").click()
    code = page.locator(f".st-key-code-{finished}").get_by_test_id("stCode")
    expect(code).to_contain_text("import keras", timeout=90_000)
    with page.expect_download() as download:
        button(page, "save-code").click()
    with zipfile.ZipFile(download.value.path()) as project:
        script = next(n for n in project.namelist() if n.endswith("train.py"))
        ast.parse(project.read(script))
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert archive.testzip() is None
        assert any(name.endswith("events.jsonl") for name in archive.namelist())

    settle(page)
    button(page, "rename-run").click()
    page.get_by_label("Name").fill("Digits, quickly")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Digits, quickly")).to_be_visible()

    button(page, f"delete-{finished}").click()
    button(page, "delete-run").click()
    expect(page.get_by_role("heading", name="Digits, quickly")).to_have_count(0)
    page.goto(f"{me.address}/train?run={finished}")
    expect(main(page)).to_contain_text("There is no training called")
    page.close()


NARROW = ("train", "train?net=own", "train?net=transfer", "train?run={run}", "runs?runs={run}")


@pytest.mark.slow
def test_narrow_screens_cut_nothing_off(browser, address, finished):
    """Also for somebody else: the one who watches may see it all, too."""
    narrow = Person(browser, address, width=390)
    for path in NARROW:
        page = narrow.visit(path.format(run=finished))
        assert page.evaluate(TOO_WIDE) == [], path
    page = narrow.visit(LONG)
    started(page)
    learning(page)
    assert page.evaluate(TOO_WIDE) == []
    button(page, "stop-training").click()
    expect(button(page, "look-inside")).to_be_visible()
    narrow.leave()


TOO_WIDE = """() => {
  const main = document.querySelector('[data-testid=stMain]')
  const found = main.scrollWidth > innerWidth ? ['the page itself'] : []
  const scrolls = (e) => ['auto', 'scroll'].includes(getComputedStyle(e).overflowX)
  for (const e of main.querySelectorAll('*')) {
    const box = e.getBoundingClientRect()
    if (!e.checkVisibility({ checkOpacity: true })) continue
    if (e.closest('[style*="clip:"], [data-testid=stProgress]')) continue // heard; pushed aside
    if (box.right <= innerWidth + 1 && box.left >= -1) continue
    let around = e.parentElement
    while (around !== main && !scrolls(around)) around = around.parentElement
    if (around === main) found.push(`${e.tagName} ${e.className} ${e.textContent.slice(0, 40)}`)
  }
  return found.slice(0, 5)
}"""


def changes(image: Locator, before: str, seconds: float = 30) -> None:
    """An image comes to show something else."""
    deadline = time.monotonic() + seconds
    while picture(image) == before:
        assert time.monotonic() < deadline, "the picture stayed the same"
        image.page.wait_for_timeout(100)


def picture(image: Locator) -> str:
    """What an image shows, exactly."""
    expect(image).to_be_visible()
    pixels = image.evaluate(
        """async (i) => {
          if (i.decode) await i.decode()
          const canvas = document.createElement('canvas')
          ;[canvas.width, canvas.height] = [i.naturalWidth ?? i.width, i.naturalHeight ?? i.height]
          canvas.getContext('2d').drawImage(i, 0, 0)
          return canvas.toDataURL()
        }"""
    )
    return hashlib.sha256(pixels.encode()).hexdigest()
