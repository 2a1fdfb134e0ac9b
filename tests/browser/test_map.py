"""The map of images in a real Chromium: pointer, lasso, fingers, keys, colours, quick reruns."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from cnnviz.figures.colours import class_colour, rgb
from tests.browser.conftest import ROOT, Person, free_port, settle
from tests.browser.map_page import CLASSES, colour_of, made

pytestmark = pytest.mark.browser
COUNT = 400


@pytest.fixture(scope="module")
def map_address():
    port = free_port()
    script = Path(__file__).with_name("map_page.py")
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.headless", "true"]
    command += ["--server.port", str(port), "--server.address", "127.0.0.1"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    server = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    address = f"http://127.0.0.1:{port}"
    for _attempt in range(300):
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=1).read()
            break
        time.sleep(0.1)
    yield address
    server.terminate()
    server.wait(15)


@pytest.fixture
def open_map(browser, map_address):
    people = []

    def open_(query: str = "", **how) -> Page:
        people.append(Person(browser, map_address, **how))
        page = people[-1].visit(f"?{query}")
        page.wait_for_selector("canvas[data-ready]")
        page.get_by_test_id("scatter").scroll_into_view_if_needed()
        return page

    yield open_
    for person in people:
        person.leave()


def positions(page: Page, count: int = COUNT) -> np.ndarray:
    """Where the points lie in the window, (n, 2) pixels."""
    found = page.get_by_test_id("scatter").evaluate(
        "(e, n) => Array.from({ length: n }, (_, i) => Object.values(e.pointPosition(i)))", count
    )
    return np.array(found)


def lonely(at: np.ndarray, far: float = 14) -> int:
    """A point that has no other near it."""
    distances = np.linalg.norm(at[:, None] - at[None], axis=2) + 1e9 * np.eye(len(at))
    return int(np.flatnonzero(distances.min(axis=1) > far)[0])


def frame_around(at: np.ndarray) -> np.ndarray:
    """A pentagon around many points of two classes, as far from all points as can be."""
    some = at[np.isin(np.arange(len(at)) % CLASSES, (1, 2))]
    middle, spread = some.mean(axis=0), some.std(axis=0)
    best, most = None, 0.0
    for size, turn in itertools.product(np.linspace(1.1, 1.9, 24), np.linspace(0, 1.2, 24)):
        angles = turn + 2 * np.pi * np.arange(5) / 5
        corners = middle + size * spread * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        corners = corners.round()
        nearest = min(abs(distance(corners, point)) for point in at)
        if nearest > most:
            best, most = corners, nearest
    assert most > 0.7, "every line passes through a point"
    return best


def distance(corners: np.ndarray, point: np.ndarray) -> float:
    """How far inside the closed line (positive) or outside it (negative) a point lies."""
    line = corners.astype(np.float32)[:, None]
    return cv2.pointPolygonTest(line, [float(v) for v in point], True)


def inside(corners: np.ndarray, at: np.ndarray) -> list[int]:
    return [i for i, point in enumerate(at) if distance(corners, point) > 0]


def drag(page: Page, corners: np.ndarray) -> None:
    page.mouse.move(*corners[0])
    page.mouse.down()
    for corner in corners[1:]:
        page.mouse.move(*corner, steps=4)
    page.mouse.up()


def expect_sent(page: Page, kind: str, value: int | list[int]) -> None:
    """The last event that reached Python is this one."""
    expect(page.locator(".st-key-events")).to_have_text(json.dumps([[kind, value]]))
    settle(page)


def test_hover_shows_the_image_of_that_point_and_a_click_sends_it(open_map):
    page = open_map()
    at = positions(page)
    # thumbnails lie on seven sheets of 64: one of the first and one of the last
    for i in (lonely(at[:60]), 384 + lonely(at[384:])):
        page.mouse.move(*at[i])
        card, thumb = page.get_by_test_id("scatter-card"), page.get_by_test_id("scatter-thumb")
        expect(card).to_have_text(f"class {i % CLASSES}", use_inner_text=True)
        expect(thumb).to_have_attribute("data-index", str(i))
        pixel = thumb.evaluate("e => [...e.getContext('2d').getImageData(16, 16, 1, 1).data]")
        assert np.abs(np.array(pixel[:3]) - colour_of(i)).max() <= 4
    page.mouse.click(*at[i])
    expect_sent(page, "clicked", i)


def test_a_lasso_catches_exactly_the_points_inside(open_map):
    page = open_map()
    at = positions(page)
    corners = frame_around(at)
    caught = inside(corners, at)
    assert 20 < len(caught) < COUNT - 20
    page.get_by_test_id("scatter-lasso").click()
    drag(page, corners)
    expect_sent(page, "lasso", caught)
    chosen = page.get_by_test_id("scatter-chosen")
    expect(chosen).to_have_text(f"{len(caught)} points chosen")
    # the rest is dimmed: a point outside shows hardly any of its colour
    outside = next(i for i in range(COUNT) if i not in caught)
    assert colourful(page, at[outside]) < 0.4 * colourful(page, at[caught[0]])
    # the next drag moves the map again, and the points stay chosen
    page.mouse.move(*at[caught[0]])
    page.mouse.down()
    page.mouse.move(*(at[caught[0]] + [30, 0]), steps=3)
    page.mouse.up()
    np.testing.assert_allclose(positions(page) - at, [[30, 0]] * COUNT, atol=1)
    expect(chosen).to_be_visible()
    page.get_by_test_id("scatter-clear").click()
    expect(chosen).to_be_hidden()
    expect_sent(page, "lasso", [])


def colourful(page: Page, at: np.ndarray) -> int:
    """How far apart red, green and blue are where the points are drawn."""
    red, green, blue = pixel(page, at)
    return max(red, green, blue) - min(red, green, blue)


def pixel(page: Page, at: np.ndarray) -> tuple[int, int, int]:
    """The colour of the lower canvas at a place of the window."""
    found = page.get_by_test_id("scatter").evaluate(
        """(e, [x, y]) => {
          const [box, below] = [e.getBoundingClientRect(), e.previousSibling]
          const scale = below.width / box.width
          return [...below.getContext("2d").getImageData(
            Math.round((x - box.left) * scale), Math.round((y - box.top) * scale), 1, 1).data]
        }""",
        at.tolist(),
    )
    return tuple(found[:3])


def test_shift_draws_too_hidden_classes_are_left_out_and_escape_takes_back(open_map):
    page = open_map()
    at = positions(page)
    corners = frame_around(at)
    page.get_by_test_id("class-1").click()
    page.keyboard.down("Shift")
    drag(page, corners)
    page.keyboard.up("Shift")
    expect_sent(page, "lasso", [i for i in inside(corners, at) if i % CLASSES != 1])
    page.get_by_test_id("scatter").press("Escape")
    expect(page.get_by_test_id("scatter-chosen")).to_be_hidden()
    expect_sent(page, "lasso", [])


def test_fingers_on_a_phone(open_map):
    page = open_map(width=390, height=844, has_touch=True)
    touch = page.context.new_cdp_session(page)

    def send(kind: str, *places: np.ndarray) -> None:
        points = [{"x": float(x), "y": float(y)} for x, y in places]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    at = positions(page)
    i = lonely(at)
    card = page.get_by_test_id("scatter-card")
    page.touchscreen.tap(*at[i])
    expect(card).to_be_visible()
    box = card.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 390
    expect(page.locator(".st-key-events")).to_have_text("[]")
    page.touchscreen.tap(*at[i])
    expect_sent(page, "clicked", i)
    corners = frame_around(at)
    page.get_by_test_id("scatter-lasso").tap()
    send("touchStart", corners[0])
    for start, end in zip(corners, corners[1:], strict=False):
        for share in (0.5, 1):
            send("touchMove", start + share * (end - start))
    send("touchEnd")
    expect(page.get_by_test_id("scatter-chosen")).to_be_visible()
    settle(page)
    expect_sent(page, "lasso", inside(corners, at))
    # two fingers that part make it larger, even while a line could be drawn
    page.get_by_test_id("scatter-lasso").tap()
    middle = at.mean(axis=0)
    send("touchStart", middle - [20, 0], middle + [20, 0])
    for reach in (30, 40):
        send("touchMove", middle - [reach, 0], middle + [reach, 0])
    send("touchEnd")
    assert np.ptp(positions(page), axis=0) == pytest.approx(2 * np.ptp(at, axis=0), rel=0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_regions_lie_behind_the_points_and_move_with_them(open_map, scheme):
    page = open_map("way=regions", color_scheme=scheme)
    points = made(COUNT)[0]
    scatter = page.get_by_test_id("scatter")

    def place(x: float, y: float) -> np.ndarray:
        """A place of the plane in the window, from where two far points lie."""
        at = positions(page)
        a, b = points[:, 0].argmin(), points[:, 0].argmax()
        scale = (at[b, 0] - at[a, 0]) / (points[b, 0] - points[a, 0])
        return at[a] + scale * (np.array([x, y]) - points[a]) * [1, -1]

    def regions() -> list[float]:
        """The share of blue over that of red below and above the middle, right of it."""
        low, high = points.min(axis=0), points.max(axis=0)
        x = (low[0] + high[0]) / 2 + 0.12 * (high - low).max()
        middle = (low[1] + high[1]) / 2
        found = [pixel(page, place(x, middle + side)) for side in (-0.9, 0.9)]
        return [blue - red for red, _green, blue in found]

    below, above = regions()
    assert rgb(class_colour(0))[2] > rgb(class_colour(0))[0]  # class 0 is blue, class 1 orange
    assert below > 15 and above < -15
    brightness = np.mean(pixel(page, place(*(points.min(axis=0) - 0.3))))
    assert brightness > 200 if scheme == "light" else brightness < 60
    scatter.hover()
    page.mouse.wheel(0, -200)
    page.wait_for_timeout(200)
    below, above = regions()
    assert below > 15 and above < -15
    # who switches from day to night sees the map change with the page
    page.get_by_test_id("scatter-reset").click()
    page.emulate_media(color_scheme="dark" if scheme == "light" else "light")
    for _attempt in range(100):
        now = np.mean(pixel(page, place(*(points.min(axis=0) - 0.3))))
        if abs(now - brightness) > 140:
            break
        page.wait_for_timeout(100)
    else:
        raise AssertionError("the map keeps the colours of the other theme")


def test_colours_by_numbers_and_groups(open_map):
    page = open_map("way=confidence")
    expect(page.get_by_test_id("scatter-scale")).to_have_text("unsuresure")
    at = positions(page)
    low, high = lonely(at[:80]), 320 + lonely(at[320:])
    red, _green, blue = pixel(page, at[low])
    assert blue > red
    red, _green, blue = pixel(page, at[high])
    assert red > blue
    page = open_map("way=right")
    legend = page.get_by_test_id("scatter-legend")
    expect(legend.get_by_role("button")).to_have_text(["recognised", "called something else"])
    at = positions(page)
    _points, labels, predicted = made(COUNT)
    page.get_by_test_id("class-0").click()  # only mistakes are left, and are all that is caught
    page.get_by_test_id("scatter-lasso").click()
    box = page.get_by_test_id("scatter").bounding_box()
    left, top = box["x"] + 6, box["y"] + 60
    right, bottom = box["x"] + box["width"] - 6, box["y"] + box["height"] - 6
    drag(page, np.array([[left, top], [right, top], [right, bottom], [left, bottom]]))
    everywhere = np.flatnonzero((at[:, 1] > top) & (labels != predicted))
    expect_sent(page, "lasso", everywhere.tolist())


def test_arrow_keys_go_to_the_nearest_point_that_way_and_enter_opens_it(open_map):
    page = open_map()
    scatter, heard = page.get_by_test_id("scatter"), page.get_by_test_id("scatter-heard")
    at = positions(page)
    scatter.focus()
    scatter.press("ArrowRight")
    box = scatter.bounding_box()
    middle = np.array([box["x"] + box["width"] / 2, box["y"] + box["height"] / 2])
    here = int(np.linalg.norm(at - middle, axis=1).argmin())
    expect(heard).to_have_text(f"class {here % CLASSES}")
    for key, (right, down) in {"ArrowUp": (0, -1), "ArrowLeft": (-1, 0)}.items():
        x, y = (at - at[here]).T
        ahead, aside = x * right + y * down, np.abs(x * down) + np.abs(y * right)
        far = np.where((ahead > 0) & (aside <= ahead), ahead**2 + 4 * aside**2, np.inf)
        here = int(far.argmin())
        scatter.press(key)
    expect(heard).to_contain_text(f"class {here % CLASSES}")
    scatter.press("Enter")
    expect_sent(page, "clicked", here)


def test_quick_reruns_leave_pointer_size_and_drag_alive(open_map):
    page = open_map()
    move = page.locator(".st-key-move button")
    scatter = page.get_by_test_id("scatter")
    for _ in range(20):
        move.evaluate("e => e.click()")
    page.wait_for_timeout(300)
    settle(page)
    page.wait_for_timeout(500)  # points glide to where they belong
    at = positions(page)
    i = lonely(at)
    # a script that runs while the map is dragged does not let go of it
    page.mouse.move(*at[i])
    page.mouse.down()
    page.mouse.move(*(at[i] + [20, 0]), steps=2)
    runs = int(page.locator(".st-key-runs").inner_text())
    page.evaluate("() => document.querySelector('.st-key-move button').click()")
    expect(page.locator(".st-key-runs")).to_have_text(str(runs + 1))
    page.wait_for_timeout(500)
    before = positions(page)
    page.mouse.move(*(at[i] + [60, 0]), steps=4)
    page.mouse.up()
    np.testing.assert_allclose(positions(page) - before, [[40, 0]] * COUNT, atol=1)
    # hover, click and the size of the canvas still follow
    at = positions(page)
    i = lonely(at)
    page.mouse.move(*at[i])
    expect(page.get_by_test_id("scatter-thumb")).to_have_attribute("data-index", str(i))
    page.mouse.click(*at[i])
    expect_sent(page, "clicked", i)
    page.set_viewport_size({"width": 600, "height": 800})
    page.wait_for_function("() => innerWidth === 600")
    page.wait_for_timeout(300)
    assert (
        scatter.evaluate("e => [e.width, e.clientWidth]")
        == [scatter.evaluate("e => e.previousSibling.width")] * 2
    )
