"""Page tests run in a pytest process of their own that never imports Keras.

Streamlit calls ``keras.backend.clear_session()`` after every script run when Keras is imported.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest, app_test

from cnnviz import storage

ROOT = Path(__file__).parents[2]


class NavigatedPages(PagesManager):
    """AppTest lets Streamlit read ``pages/`` by itself in every run, so that a page comes without
    its frame; a server does not (``frame.use_navigation``)."""

    def __init__(self, *arguments, **options) -> None:
        super().__init__(*arguments, **options)
        PagesManager.uses_pages_directory = False


@pytest.fixture(scope="session", autouse=True)
def workspace(tmp_path_factory):
    """All pages share one pool of workers and one workspace, empty for each file of tests."""
    patch = pytest.MonkeyPatch()
    patch.setattr(app_test, "PagesManager", NavigatedPages)
    patch.setenv("CNNVIZ_HOME", str(tmp_path_factory.mktemp("home")))
    # AppTest has a Mock where the browser's cookies and language are: every answer would be true.
    patch.setattr("streamlit.runtime.context._get_client_context", lambda: None)
    yield
    patch.undo()
    assert not {"tensorflow", "keras"} & set(sys.modules)


@pytest.fixture(scope="module", autouse=True)
def nothing_left(workspace):
    """Which files a process has tested before must not matter."""
    yield
    for kind in set(storage.KINDS) - {"cache"}:
        for entry in (storage.home() / kind).glob("*"):
            shutil.rmtree(entry, ignore_errors=True)


@pytest.fixture
def open_page():
    """``open_page("heatmaps", model="shipped:…")`` → an AppTest that has run that page."""

    def open_(key: str, **address: str) -> AppTest:
        at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
        for name, value in address.items():
            at.query_params[name] = value
        at.run()
        if key != "home":
            at.switch_page(f"pages/{key}.py")
            for name, value in address.items():
                at.query_params[name] = value
            at.run()
        return at

    return open_
