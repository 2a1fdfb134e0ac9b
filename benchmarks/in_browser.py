"""A page of a real Chromium, with a server of its own, for what is measured on the screen."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import CHROMIUM, FLAGS, serving


@contextmanager
def fresh_page(timeout_s: float = 120.0) -> Iterator[tuple[Page, str]]:
    """An empty page, wide, in English, and the address of a server with an empty workspace."""
    with (
        tempfile.TemporaryDirectory() as home,
        serving(Path(home)) as (address, _pid),
        sync_playwright() as playwright,
    ):
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = chromium.new_page(viewport={"width": 1440, "height": 900}, locale="en-US")
        page.set_default_timeout(1000 * timeout_s)
        yield page, address
        chromium.close()
