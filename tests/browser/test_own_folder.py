"""A network and a folder that somebody brings meet: files in, pictures to confirm, a number out."""

from __future__ import annotations

import io
import re
import zipfile

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from cnnviz import images
from cnnviz.datasets.bundled import split_arrays
from cnnviz.storage import SHIPPED
from tests.browser.conftest import Person, settle

pytestmark = pytest.mark.browser
NAMES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
FOLDERS = {"sevens": 7, "One": 1, "eggs": 0}


def zipped() -> bytes:
    pictures, labels = split_arrays("mnist", "val")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, digit in FOLDERS.items():
            for i, index in enumerate(np.flatnonzero(labels == digit)[:20]):
                archive.writestr(f"{name}/{i}.png", images.encode_png(pictures[index]))
    return buffer.getvalue()


@pytest.fixture
def person(browser, address):
    someone = Person(browser, address)
    yield someone
    someone.leave()


def bring_the_network(page: Page) -> str:
    """Upload the shipped network for digits under other names; its reference."""
    file = SHIPPED / "mnist_lenet5" / "model.keras"
    page.locator(".st-key-model-upload input[type=file]").set_input_files(file)
    names = page.locator("[class*=st-key-names-]")
    expect(names).to_be_visible(timeout=120_000)
    settle(page)  # the box is drawn before the preview below it is there
    box = names.get_by_role("combobox")
    box.click()
    box.press_sequentially("I type")
    page.get_by_role("option", name="I type them in").click()
    typed = page.locator("[class*=st-key-typed-] textarea")
    typed.fill("\n".join(NAMES))
    typed.press("Control+Enter")
    settle(page)
    page.locator(".st-key-keep-model button").click()
    expect(page).to_have_url(re.compile(r"model=model(:|%3A)[0-9a-f]{24}"), timeout=120_000)
    return re.search(r"model=(model(?::|%3A)[0-9a-f]{24})", page.url)[1]


def test_an_own_network_meets_an_own_folder(person):
    page = person.visit("models")
    model = bring_the_network(page)

    page = person.visit(f"data?model={model}")
    page.locator(".st-key-data-upload input[type=file]").set_input_files(
        {"name": "mine.zip", "mimeType": "application/zip", "buffer": zipped()}
    )
    page.locator(".st-key-keep-data button").click()
    expect(page).to_have_url(re.compile(r"data=upload(:|%3A)[0-9a-f]{24}"), timeout=120_000)
    data = re.search(r"data=(upload(?::|%3A)[0-9a-f]{24})", page.url)[1]

    page = person.visit(f"evaluation?model={model}&data={data}")
    expect(page.get_by_role("heading", name="Which class is which?")).to_be_visible()
    main = page.get_by_test_id("stMain")
    expect(main).to_contain_text("This network knows 2 of your 3 classes.")
    assert "%" not in main.inner_text(), "no number before it is confirmed"
    pictures = main.locator("[data-testid=stHtml] img")
    expect(pictures).to_have_count(2 * len(FOLDERS))  # two of each class
    page.locator(".st-key-confirm-classes button").click()
    expect(page.get_by_role("heading", name="Which class is which?")).to_have_count(0)
    expect(main).to_contain_text("%", timeout=120_000)
    expect(main).to_contain_text("Left out: 2 of 6 test images.")

    other = person.visit(f"mistakes?model={model}&data={data}")  # it is not asked twice
    expect(other.get_by_role("heading", name="Which class is which?")).to_have_count(0)
    other.locator(".st-key-change-classes button").click()
    expect(other.get_by_role("heading", name="Which class is which?")).to_be_visible()
