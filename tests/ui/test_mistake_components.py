"""What the contact sheet and the stepper send to the browser, and take from it."""

import base64
import json

import numpy as np
import pytest

from cnnviz.figures.tiles import image_sprite
from cnnviz.ui.components import sheet, stepper

NAMES = [f"class {i}" for i in range(1000)]


class Mount:
    """Stands in for the browser: keeps what was sent, and can call back."""

    def __call__(self, *, key, data, **callbacks):
        self.sent, self.callbacks = data, callbacks


@pytest.fixture
def mounted(monkeypatch):
    def put(module, **state):
        mount = Mount()
        monkeypatch.setattr(module, "_mount", mount)
        monkeypatch.setattr(module.st, "session_state", {"k": state})
        return mount

    return put


def draw_sheet(n=6, on_click=None, **more):
    pictures = np.zeros((n, 4, 4, 1), np.uint8)
    sheet.sheet(
        [image_sprite(pictures)],
        np.arange(n) % 2 + 500,
        np.full(n, 7),
        np.linspace(0, 1, n),
        NAMES,
        ["#000000"] * 1000,
        key="k",
        on_click=on_click,
        **more,
    )


def test_only_the_classes_on_the_sheet_travel(mounted):
    browser = mounted(sheet)
    draw_sheet()
    sent = browser.sent
    assert sent["names"] == ["class 7", "class 500", "class 501"]
    assert np.frombuffer(base64.b64decode(sent["true"]), "<u2").tolist() == [1, 2, 1, 2, 1, 2]
    assert np.frombuffer(base64.b64decode(sent["called"]), "<u2").tolist() == [0] * 6
    assert np.frombuffer(base64.b64decode(sent["shares"]), "<u2").tolist()[-1] == 1000


def test_a_thousand_images_are_a_small_message(mounted):
    browser = mounted(sheet)
    draw_sheet(1000)
    assert len(json.dumps(browser.sent)) < 40_000


@pytest.mark.parametrize("clicked", [-1, 6, "3", None, 2.5, {"a": 1}])
def test_a_click_elsewhere_is_none(mounted, clicked):
    browser = mounted(sheet, clicked=clicked)
    opened = []
    draw_sheet(on_click=opened.append)
    browser.callbacks["on_clicked_change"]()
    assert opened == []


def test_a_click_opens_its_tile(mounted):
    browser = mounted(sheet, clicked=5)
    opened = []
    draw_sheet(on_click=opened.append)
    browser.callbacks["on_clicked_change"]()
    assert opened == [5]


def draw_stepper(index, **calls):
    kept = {"on_step": None, "on_close": None, "on_mark": None, **calls}
    stepper.stepper(np.arange(1000, 2000), index, key="k", **kept)


def test_the_browser_knows_the_neighbours_only(mounted):
    browser = mounted(stepper)
    draw_stepper(1500)
    assert browser.sent["at"] == 500 and browser.sent["count"] == 1000
    first, near = browser.sent["first"], browser.sent["near"]
    assert near[500 - first] == 1500 and len(near) == 121
    draw_stepper(3)  # not in the list: its first image is the way in
    assert browser.sent["at"] is None and browser.sent["near"][0] == 1000


@pytest.mark.parametrize(("sent", "taken"), [(1501, [1501]), (1900, []), ("1501", []), (None, [])])
def test_only_neighbours_are_stepped_to(mounted, sent, taken):
    browser = mounted(stepper, step=sent)
    steps = []
    draw_stepper(1500, on_step=steps.append)
    browser.callbacks["on_step_change"]()
    assert steps == taken
